//! The rate limits: one request a second, one launch in twelve seconds.
//!
//! Apart from the services because the limits hold for the account, whoever calls.

use jiff::{SignedDuration, Timestamp};

use crate::wire::ApiError;

const REQUEST: SignedDuration = SignedDuration::from_secs(1);
const LAUNCH: SignedDuration = SignedDuration::from_secs(12);

/// When something was last let through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    request: Option<Timestamp>,
    launch: Option<Timestamp>,
}

impl Limits {
    /// Lets a request through, or says when to come again.
    pub(crate) fn admit(&mut self, now: Timestamp, is_launch: bool) -> Result<(), ApiError> {
        let wait = |last: Option<Timestamp>, pause: SignedDuration| {
            let left = pause - last.map_or(SignedDuration::MAX, |last| now.duration_since(last));
            left.is_positive().then_some(left)
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

    #[test]
    fn one_request_a_second_and_one_launch_in_twelve_seconds() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let mut limits = Limits::default();
        let mut check = |ms, launch, expected| {
            assert_eq!(limits.admit(at(ms), launch).is_ok(), expected, "{ms} ms");
        };
        check(0, true, true);
        check(999, false, false);
        check(1000, false, true);
        check(2500, true, false);
        check(11_999, true, false);
        check(12_000, true, true);
    }
}
