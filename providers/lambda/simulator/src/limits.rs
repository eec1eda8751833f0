//! The rate limits: one request a second, one launch in twelve seconds, for the whole account.
//!
//! They are counted by the caller's clock: by the cloud's in memory, and by the real one over sockets, where a
//! client that waits a second waits a real one, however fast the cloud's clock runs and even while it stands.

use jiff::{SignedDuration, Timestamp};

use crate::wire::ApiError;

const REQUEST: SignedDuration = SignedDuration::from_secs(1);
const LAUNCH: SignedDuration = SignedDuration::from_secs(12);

/// When a request arrived, by its caller's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrivalTime {
    /// In memory, by the cloud's clock.
    InMemory(Timestamp),
    /// Over a socket, in real time.
    OverSocket(Timestamp),
}

/// The limits of both kinds of callers, which share no clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    in_memory: LastAdmitted,
    over_sockets: LastAdmitted,
}

impl Limits {
    /// Admits a request, or tells the caller when to retry.
    pub(crate) fn admit(&mut self, arrived: ArrivalTime, is_launch: bool) -> Result<(), ApiError> {
        match arrived {
            ArrivalTime::InMemory(now) => self.in_memory.admit(now, is_launch),
            ArrivalTime::OverSocket(now) => self.over_sockets.admit(now, is_launch),
        }
    }
}

/// When a request was last admitted.
#[derive(Clone, Copy, Debug, Default)]
struct LastAdmitted {
    request: Option<Timestamp>,
    launch: Option<Timestamp>,
}

impl LastAdmitted {
    fn admit(&mut self, now: Timestamp, is_launch: bool) -> Result<(), ApiError> {
        let wait = |last: Option<Timestamp>, pause: SignedDuration| {
            let since = now.duration_since(last?);
            // A real clock may have been set back. Concurrent requests may also be reordered, but by less.
            let is_within = since < pause && since > -pause;
            is_within.then(|| pause - since)
        };
        let left =
            wait(self.request, REQUEST).or_else(|| wait(self.launch, LAUNCH).filter(|_| is_launch));
        if let Some(left) = left {
            let seconds = u64::try_from(left.as_secs()).unwrap_or(0) + 1;
            let message = "Too many requests: 1 request per second, 1 launch per 12 seconds.";
            return Err(ApiError::new(429, "global/rate-limit-exceeded", message)
                .suggest("Wait before you try again.")
                .retry_after(seconds));
        }
        self.request = Some(now);
        if is_launch {
            self.launch = Some(now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn one_request_a_second_and_one_launch_in_twelve_seconds() {
        for clock in [ArrivalTime::InMemory, ArrivalTime::OverSocket] {
            let mut limits = Limits::default();
            let mut check = |ms, launch, expected| {
                let arrived = clock(at(ms));
                assert_eq!(
                    limits.admit(arrived, launch).is_ok(),
                    expected,
                    "{arrived:?}"
                );
            };
            check(0, true, true);
            check(999, false, false);
            check(1000, false, true);
            check(2500, true, false);
            check(11_999, true, false);
            check(12_000, true, true);
        }
    }

    #[test]
    fn a_real_clock_that_goes_back_or_jumps_ahead_bars_no_caller_for_longer_than_a_limit() {
        let mut limits = Limits::default();
        let mut check = |ms, expected| {
            let admitted = limits.admit(ArrivalTime::OverSocket(at(ms)), false).is_ok();
            assert_eq!(admitted, expected, "{ms} ms");
        };
        check(3_600_000, true);
        // The machine's clock has been set back by an hour.
        check(0, true);
        check(500, false);
        check(1000, true);
    }
}
