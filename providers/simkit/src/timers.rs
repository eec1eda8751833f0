//! Timers: events that happen later, in order of time and then of creation.
//!
//! A simulator's asynchronous state changes are entries here; `advance` takes out those that are due.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// Most events of one advance: one that renews itself without letting time pass would never end.
const EVENTS_MAX: usize = 1_000_000;

/// Advances a simulated account to `to`: lets each event that is due `happen` at its time. `clockwork` is where the
/// account has its timers and its time.
pub fn run_due<C, E>(
    account: &mut C,
    to: Timestamp,
    clockwork: impl Fn(&mut C) -> (&mut Timers<E>, &mut Timestamp),
    mut happen: impl FnMut(&mut C, E),
) {
    for _ in 0..EVENTS_MAX {
        let (timers, now) = clockwork(account);
        let Some((at, event)) = timers.pop_due(to) else {
            break;
        };
        *now = at.max(*now);
        happen(account, event);
    }
    let (_, now) = clockwork(account);
    *now = to.max(*now);
}

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

    /// Schedules `event` this many seconds after `now`; at once where no such time exists.
    pub fn after(&mut self, now: Timestamp, seconds: i64, event: E) {
        let at = now.checked_add(SignedDuration::from_secs(seconds));
        self.at(at.unwrap_or(now), event);
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Account {
        timers: Timers<(&'static str, i64)>,
        now: Timestamp,
        seen: Vec<(&'static str, i64)>,
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Advances an account with these events (their time, name, and after how long they return) to this second, and
    /// returns what happened.
    fn run(events: &[(i64, &'static str, i64)], to: i64) -> Account {
        let mut timers = Timers::default();
        for (second, name, again) in events {
            timers.at(at(*second), (*name, *again));
        }
        let (now, seen) = (at(5), Vec::new());
        let mut account = Account { timers, now, seen };
        run_due(
            &mut account,
            at(to),
            |account| (&mut account.timers, &mut account.now),
            |account, (name, again)| {
                account.seen.push((name, account.now.as_second()));
                if again >= 0 {
                    let next = at(account.now.as_second() + again);
                    account.timers.at(next, (name, again));
                }
            },
        );
        account
    }

    #[test]
    fn what_is_due_happens_at_its_time_and_time_never_goes_back() {
        let account = run(
            &[
                (20, "b", -1),
                (10, "a", -1),
                (31, "late", -1),
                (2, "old", -1),
            ],
            30,
        );
        assert_eq!(account.seen, [("old", 5), ("a", 10), ("b", 20)]);
        assert_eq!(account.now, at(30));
        assert_eq!(run(&[], 1).now, at(5));
    }

    #[test]
    fn an_event_after_the_end_of_time_is_due_at_once() {
        let due = |seconds| {
            let mut timers = Timers::default();
            timers.after(at(10), seconds, "a");
            timers.pop_due(Timestamp::MAX).map(|(at, _)| at.as_second())
        };
        assert_eq!(due(5), Some(15));
        assert_eq!(due(i64::MAX), Some(10));
    }

    #[test]
    fn an_event_may_add_others_that_are_due_too() {
        let account = run(&[(10, "a", 8)], 30);
        assert_eq!(account.seen, [("a", 10), ("a", 18), ("a", 26)]);
    }

    #[test]
    fn an_event_that_renews_itself_at_once_does_not_run_for_ever() {
        assert_eq!(run(&[(10, "a", 0)], 30).seen.len(), EVENTS_MAX);
    }
}
