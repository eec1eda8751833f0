//! The rate limit of the Hub: so many calls in a fixed window of five minutes, with the headers that say what is left.
//!
//! Source: huggingface.co/docs/hub/rate-limits. The API of Inference Endpoints has no documented limit, and none here.
//! It is counted by the caller's clock: by the cloud's in memory, and by the real one over sockets.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::cloud::ReceivedAt;
use kubeproof_simkit::rest::ApiError;

/// The length of a window, seconds.
const WINDOW: i64 = 300;

/// The calls of a window.
#[derive(Clone, Copy, Debug)]
struct Window {
    began: Timestamp,
    calls: u32,
}

/// The windows of both kinds of callers, which share no clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RateLimit {
    in_memory: Option<Window>,
    over_sockets: Option<Window>,
}

/// What is left of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) calls: u32,
    /// Until the next window, seconds.
    pub(crate) seconds: i64,
}

impl RateLimit {
    /// Counts a call, of which there may be `most` in a window.
    pub(crate) fn admit(
        &mut self,
        request: &Request<Bytes>,
        now: Timestamp,
        most: u32,
    ) -> Result<Left, ApiError> {
        let (window, now) = match request.extensions().get::<ReceivedAt>() {
            Some(received) => (&mut self.over_sockets, received.at),
            None => (&mut self.in_memory, now),
        };
        let length = SignedDuration::from_secs(WINDOW);
        let current = window.filter(|one| {
            let since = now.duration_since(one.began);
            // A real clock may have been set back.
            since < length && since > -length
        });
        let mut current = current.unwrap_or(Window {
            began: now,
            calls: 0,
        });
        let seconds = WINDOW - now.duration_since(current.began).as_secs();
        if current.calls >= most {
            let message = "We had to rate limit you. Retry after the time in the RateLimit header";
            let wait = u64::try_from(seconds).unwrap_or(0);
            return Err(ApiError::new(429, "", message).retry_after(wait));
        }
        current.calls += 1;
        *window = Some(current);
        Ok(Left {
            calls: most - current.calls,
            seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lets_so_many_calls_through_and_the_next_one_again() {
        let mut limit = RateLimit::default();
        let mut check = |second: i64, expected: Result<(u32, i64), u64>| {
            let at = Timestamp::from_second(second).unwrap();
            let seen = limit.admit(&Request::new(Bytes::new()), at, 2);
            let seen = seen
                .map(|left| (left.calls, left.seconds))
                .map_err(|error| error.retry_after.unwrap_or_default());
            assert_eq!(seen, expected, "{second}");
        };
        check(10, Ok((1, 300)));
        check(20, Ok((0, 290)));
        check(300, Err(10));
        check(310, Ok((1, 300)));
    }

    #[test]
    fn callers_over_sockets_are_counted_by_the_real_clock() {
        let mut limit = RateLimit::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut request = Request::new(Bytes::new());
        request.extensions_mut().insert(ReceivedAt { at: at(1000) });
        assert!(limit.admit(&request, at(0), 1).is_ok());
        assert!(limit.admit(&request, at(10_000), 1).is_err());
        let in_memory = Request::new(Bytes::new());
        assert!(limit.admit(&in_memory, at(10_000), 1).is_ok());
        // The machine's clock has been set back by longer than a window.
        request.extensions_mut().insert(ReceivedAt { at: at(600) });
        assert!(limit.admit(&request, at(0), 1).is_ok());
    }
}
