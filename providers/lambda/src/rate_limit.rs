//! The rate limiter: one request a second, one launch in twelve, as the account allows.
//!
//! It waits before a call; retries wait after one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Between two requests: the limit, and a little more for network jitter.
const REQUEST: Duration = Duration::from_millis(1050);
/// Between two launches.
const LAUNCH: Duration = Duration::from_millis(12_250);

/// A bucket of one token for requests and one for launches.
#[derive(Debug, Default)]
pub struct RateLimiter {
    next: Mutex<(Option<Instant>, Option<Instant>)>,
}

impl RateLimiter {
    /// Waits for a turn. Turns are granted in the order of the requests.
    pub async fn turn(&self, launch: bool) {
        let at = self.take(Instant::now(), launch);
        tokio::time::sleep_until(at).await;
    }

    fn take(&self, now: Instant, launch: bool) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let free = |at: Option<Instant>| at.unwrap_or(now).max(now);
        let at = if launch {
            free(next.0).max(free(next.1))
        } else {
            free(next.0)
        };
        next.0 = Some(at + REQUEST);
        if launch {
            next.1 = Some(at + LAUNCH);
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_are_a_second_apart_and_launches_twelve() {
        let (limiter, begun) = (RateLimiter::default(), Instant::now());
        let mut seen = Vec::new();
        for launch in [false, true, false, true, false] {
            limiter.turn(launch).await;
            seen.push(begun.elapsed().as_millis());
        }
        assert_eq!(seen, [0, 1050, 2100, 13_300, 14_350]);
    }
}
