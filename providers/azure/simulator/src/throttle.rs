//! Throttling: reads, writes and deletions of a subscription each have a bucket that is refilled every second.
//!
//! The sizes are those that Resource Manager documents since 2024, for one caller of one subscription. They are counted
//! by the caller's clock: by the cloud's in memory, and by the real one over sockets.

use bytes::Bytes;
use http::{Method, Request};
use jiff::Timestamp;
use kubeproof_simkit::cloud::ReceivedAt;

use crate::wire::ApiError;

/// The kinds of calls: what they are called in headers, how many fit into their bucket, and how many are refilled a
/// second.
const KINDS: [(&str, i64, i64); 3] = [
    ("x-ms-ratelimit-remaining-subscription-reads", 250, 25),
    ("x-ms-ratelimit-remaining-subscription-writes", 200, 10),
    ("x-ms-ratelimit-remaining-subscription-deletes", 200, 10),
];

/// What is left in a bucket, and when that was.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: i64,
    at: Timestamp,
}

/// The buckets of both kinds of callers, which share no clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buckets([[Option<Bucket>; 3]; 2]);

impl Buckets {
    /// Admits a call: the header that says what is left, and that number.
    ///
    /// # Errors
    /// 429 when nothing is left, with the time to wait.
    pub(crate) fn admit(
        &mut self,
        request: &Request<Bytes>,
        now: Timestamp,
    ) -> Result<(&'static str, String), ApiError> {
        let (caller, now) = match request.extensions().get::<ReceivedAt>() {
            Some(received) => (1, received.at),
            None => (0, now),
        };
        let kind = match *request.method() {
            Method::GET | Method::HEAD => 0,
            Method::DELETE => 2,
            _ => 1,
        };
        let (header, most, each_second) = KINDS[kind];
        let bucket = &mut self.0[caller][kind];
        let last = bucket.unwrap_or(Bucket {
            left: most,
            at: now,
        });
        let seconds = now.duration_since(last.at).as_secs().clamp(0, most);
        // Parts of a second count with the next call.
        let at = if seconds > 0 { now } else { last.at };
        let left = (last.left + seconds * each_second).min(most);
        if left < 1 {
            let mut refused = ApiError::new(
                429,
                "SubscriptionRequestsThrottled",
                "Number of requests for the subscription exceeded the limit. Please try again later.",
            );
            refused.retry_after = Some(1);
            return Err(refused);
        }
        *bucket = Some(Bucket { left: left - 1, at });
        Ok((header, (left - 1).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_runs_dry_and_is_refilled() {
        let mut buckets = Buckets::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut send = |method: &str, second| {
            let request = Request::builder()
                .method(method)
                .body(Bytes::new())
                .unwrap();
            let admitted = buckets.admit(&request, at(second));
            admitted
                .map(|(_, left)| left)
                .map_err(|error| (error.status, error.retry_after))
        };
        assert_eq!(send("PUT", 0), Ok("199".to_owned()));
        for _ in 0..199 {
            send("PUT", 0).unwrap();
        }
        assert_eq!(send("POST", 0), Err((429, Some(1))));
        assert_eq!(send("GET", 0), Ok("249".to_owned()));
        assert_eq!(send("PUT", 1), Ok("9".to_owned()));
        assert_eq!(send("PUT", 3600), Ok("199".to_owned()));
    }
}
