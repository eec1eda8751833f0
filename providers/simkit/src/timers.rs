//! Timers: events that happen later, in order of time and then of creation.
//!
//! A simulator's asynchronous state changes are entries here; `advance` takes out those that are due.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// A queue of future events.
#[derive(Clone, Debug)]
pub struct Timers<E> {
    due: BTreeMap<(Timestamp, u64), E>,
    next: u64,
}

impl<E> Default for Timers<E> {
    fn default() -> Self {
        Self {
            due: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<E> Timers<E> {
    /// Schedules `event` at `at`.
    pub fn at(&mut self, at: Timestamp, event: E) {
        self.due.insert((at, self.next), event);
        self.next += 1;
    }

    /// Takes out the earliest event that is due at `now`, with the time at which it happens. Call it
    /// until it is `None`: an event may add others that are due too.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, E)> {
        let (&(at, _), _) = self
            .due
            .first_key_value()
            .filter(|((at, _), _)| *at <= now)?;
        self.due.pop_first().map(|(_, event)| (at, event))
    }
}
