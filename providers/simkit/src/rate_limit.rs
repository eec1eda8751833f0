//! Rate limits of an account: each lets one call through in its interval.
//!
//! They are counted by the caller's clock: by the cloud's in memory, and by the real one over sockets, where a
//! client that waits a second waits a real one, however fast the cloud's clock runs and even while it stands.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};

use crate::cloud::ReceivedAt;

/// When each limit last let a call through.
type LastAdmitted<const N: usize> = [Option<Timestamp>; N];

/// The limits of both kinds of callers, which share no clock.
#[derive(Clone, Copy, Debug)]
pub struct RateLimits<const N: usize> {
    intervals: [SignedDuration; N],
    in_memory: LastAdmitted<N>,
    over_sockets: LastAdmitted<N>,
}

/// A call that came too early: so many seconds to wait, rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooEarly {
    /// How long to wait.
    pub seconds: u64,
}

impl<const N: usize> RateLimits<N> {
    /// Limits with these intervals between two calls.
    pub const fn new(intervals: [SignedDuration; N]) -> Self {
        Self {
            intervals,
            in_memory: [None; N],
            over_sockets: [None; N],
        }
    }

    /// Admits a request under these limits, by their place in the list. `now` is the cloud's time. A refused
    /// request uses up no limit.
    ///
    /// # Errors
    /// With the time to wait for the first limit that does not let it through.
    pub fn admit(
        &mut self,
        request: &Request<Bytes>,
        now: Timestamp,
        limits: &[usize],
    ) -> Result<(), TooEarly> {
        let (last, now) = match request.extensions().get::<ReceivedAt>() {
            Some(received) => (&mut self.over_sockets, received.at),
            None => (&mut self.in_memory, now),
        };
        let all = self.intervals.iter().zip(last).enumerate();
        let mut applying: Vec<_> = all
            .filter(|(place, _)| limits.contains(place))
            .map(|(_, limit)| limit)
            .collect();
        let left = applying.iter().find_map(|(interval, last)| {
            let since = now.duration_since((**last)?);
            // A real clock may have been set back. Concurrent requests may also be reordered, but by less.
            let is_within = since < **interval && since > -**interval;
            is_within.then(|| **interval - since)
        });
        if let Some(left) = left {
            let seconds = u64::try_from(left.as_secs()).unwrap_or(0) + 1;
            return Err(TooEarly { seconds });
        }
        for (_, last) in &mut applying {
            **last = Some(now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: SignedDuration = SignedDuration::from_secs(1);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    /// A request that arrives at this time by its caller's clock, and the cloud's time.
    fn arriving(ms: i64, over_socket: bool) -> (Request<Bytes>, Timestamp) {
        let mut request = Request::new(Bytes::new());
        if over_socket {
            request.extensions_mut().insert(ReceivedAt { at: at(ms) });
            return (request, at(0));
        }
        (request, at(ms))
    }

    #[test]
    fn each_limit_is_kept_by_both_clocks_and_a_refused_call_uses_none_up() {
        for over_socket in [false, true] {
            let mut limits = RateLimits::new([SECOND, SignedDuration::from_secs(12)]);
            let mut check = |ms, places: &[usize], expected| {
                let (request, now) = arriving(ms, over_socket);
                let seen = limits.admit(&request, now, places);
                assert_eq!(seen.err().map(|early| early.seconds), expected, "{ms}");
            };
            check(0, &[0, 1], None);
            check(999, &[0], Some(1));
            check(1000, &[0], None);
            check(2500, &[0, 1], Some(10));
            check(11_999, &[0, 1], Some(1));
            check(12_000, &[0, 1], None);
        }
    }

    #[test]
    fn a_real_clock_that_goes_back_or_jumps_ahead_bars_no_caller_for_longer_than_a_limit() {
        let mut limits = RateLimits::new([SECOND]);
        let mut check = |ms, expected| {
            let (request, now) = arriving(ms, true);
            let admitted = limits.admit(&request, now, &[0]).is_ok();
            assert_eq!(admitted, expected, "{ms} ms");
        };
        check(3_600_000, true);
        // The machine's clock has been set back by an hour.
        check(0, true);
        check(500, false);
        check(1000, true);
    }
}
