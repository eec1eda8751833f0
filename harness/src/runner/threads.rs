//! Work on many items by threads that share nothing, with the results in the order of the items.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use kubeproof_contract::mutex::lock;

/// Works on each item, at most `jobs` at a time. A thread to which `work` gives `None` takes no more items; what was not
/// worked on is `None`.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> Option<R> + Sync,
) -> Vec<Option<R>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(result) = items.get(index).and_then(&work) else {
                        return;
                    };
                    lock(&done)[index] = Some(result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items_and_nothing_is_begun_after_a_stop() {
        let items: Vec<usize> = (0..50).collect();
        let all = each(&items, 4, |item| Some(item * 2));
        let expected: Vec<Option<usize>> = items.iter().map(|item| Some(item * 2)).collect();
        assert_eq!(all, expected);
        let some = each(&items, 1, |item| (*item < 3).then_some(*item));
        assert_eq!(some[..4], [Some(0), Some(1), Some(2), None]);
        assert!(some[4..].iter().all(Option::is_none));
        assert!(each(&[], 4, |item: &usize| Some(*item)).is_empty());
    }
}
