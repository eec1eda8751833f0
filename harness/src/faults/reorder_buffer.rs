//! A reorder buffer: threads add numbered results in any order, and it passes them on in sequence. Few of them wait.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use kubeproof_contract::mutex::lock;

/// Passes numbered items on in sequence.
pub(super) struct ReorderBuffer<'a, T> {
    state: Mutex<State<'a, T>>,
    moved: Condvar,
    window: usize,
}

struct State<'a, T> {
    next: usize,
    waiting: BTreeMap<usize, T>,
    ended: bool,
    taken: usize,
    take: Box<dyn FnMut(T) + Send + 'a>,
}

impl<'a, T> ReorderBuffer<'a, T> {
    /// Hands each item to `take` in the order of their numbers, from 0. At most `window` wait.
    pub(super) fn new(window: usize, take: impl FnMut(T) + Send + 'a) -> Self {
        Self {
            state: Mutex::new(State {
                next: 0,
                waiting: BTreeMap::new(),
                ended: false,
                taken: 0,
                take: Box::new(take),
            }),
            moved: Condvar::new(),
            window: window.max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a, T>> {
        lock(&self.state)
    }

    /// Adds an item; blocks while too many before it are missing.
    pub(super) fn add(&self, number: usize, thing: T) {
        let mut state = self.lock();
        while !state.ended && number >= state.next + self.window {
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.insert(number, thing);
        let mut moved = false;
        loop {
            let next = state.next;
            let Some(thing) = state.waiting.remove(&next) else {
                break;
            };
            state.hand_over(thing);
            state.next += 1;
            moved = true;
        }
        drop(state);
        if moved {
            self.moved.notify_all();
        }
    }

    /// Stops waiting, because one of the items will not come.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.moved.notify_all();
    }

    /// Hands over the items that still wait, in order. Returns how many were handed over in total.
    pub(super) fn finish(self) -> usize {
        let mut state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for thing in std::mem::take(&mut state.waiting).into_values() {
            state.hand_over(thing);
        }
        state.taken
    }
}

impl<T> State<'_, T> {
    fn hand_over(&mut self, thing: T) {
        self.taken += 1;
        (self.take)(thing);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn items_added_in_any_order_come_out_in_sequence() {
        let mut seen = Vec::new();
        let next = AtomicUsize::new(0);
        let ordered = ReorderBuffer::new(3, |number| seen.push(number));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= 1000 {
                            return;
                        }
                        ordered.add(number, number);
                    }
                });
            }
        });
        assert_eq!(ordered.finish(), 1000);
        assert!(seen.iter().copied().eq(0..1000), "{seen:?}");
    }

    #[test]
    fn an_item_that_is_too_early_waits_for_the_missing_ones() {
        let (mut seen, ordered_window) = (Vec::new(), 2);
        let ordered = ReorderBuffer::new(ordered_window, |number| seen.push(number));
        let brought = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                ordered.add(2, 2);
                brought.fetch_add(1, Ordering::SeqCst);
            });
            ordered.add(1, 1);
            // As long as 0 is missing, 2 is outside the window.
            assert_eq!(brought.load(Ordering::SeqCst), 0);
            ordered.add(0, 0);
        });
        assert_eq!(ordered.finish(), 3);
        assert_eq!(seen, [0, 1, 2]);
    }

    #[test]
    fn after_an_end_no_thread_waits_and_nothing_is_lost() {
        let mut seen = Vec::new();
        let ordered = ReorderBuffer::new(1, |number| seen.push(number));
        std::thread::scope(|scope| {
            scope.spawn(|| ordered.add(5, 5));
            scope.spawn(|| ordered.add(7, 7));
            ordered.end();
        });
        assert_eq!(ordered.finish(), 2);
        assert_eq!(seen, [5, 7]);
    }
}
