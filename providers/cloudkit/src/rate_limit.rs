//! Waiting before a call so that the cloud's published rate limit is never met.

use std::sync::Mutex;
use std::time::Duration;

use kubeproof_contract::mutex::lock;
use tokio::time::Instant;

/// Limits that some calls share: each limit lets one call through in its interval, in the order in which the calls
/// ask.
#[derive(Debug)]
pub struct RateLimiter<const N: usize> {
    intervals: [Duration; N],
    next: Mutex<[Option<Instant>; N]>,
}

impl<const N: usize> RateLimiter<N> {
    /// Limits with these intervals between two calls.
    pub const fn new(intervals: [Duration; N]) -> Self {
        Self {
            intervals,
            next: Mutex::new([None; N]),
        }
    }

    /// Waits until these limits, by their place in the list, let a call through.
    pub async fn turn(&self, limits: &[usize]) {
        let at = self.take(Instant::now(), limits);
        tokio::time::sleep_until(at).await;
    }

    fn take(&self, now: Instant, limits: &[usize]) -> Instant {
        let mut next = lock(&self.next);
        let free = limits.iter().filter_map(|&limit| *next.get(limit)?);
        let at = free.fold(now, Instant::max);
        for (index, interval) in self.intervals.iter().enumerate() {
            if limits.contains(&index) {
                next[index] = Some(at + *interval);
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_limit_is_kept_and_a_call_under_two_keeps_both() {
        let limiter =
            RateLimiter::new([Duration::from_millis(1050), Duration::from_millis(12_250)]);
        let begun = Instant::now();
        let mut seen = Vec::new();
        for limits in [&[0][..], &[0, 1], &[0], &[0, 1], &[0]] {
            limiter.turn(limits).await;
            seen.push(begun.elapsed().as_millis());
        }
        assert_eq!(seen, [0, 1050, 2100, 13_300, 14_350]);
    }
}
