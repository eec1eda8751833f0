//! How often cost data may be asked for. Too many questions are refused, with a header of the service's own that says
//! how long to wait: there is no `Retry-After`.
//!
//! The limit, twelve questions in ten seconds, is general knowledge and was read in no source.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_simkit::cloud::ReceivedAt;

use crate::wire::ApiError;

/// The most questions of a window, and its length in seconds.
const MOST: usize = 12;
const WINDOW: i64 = 10;
/// The header that says how long to wait.
pub(crate) const RETRY_AFTER: &str = "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after";
/// The header of another limit, which asks for less here: the longest wait counts.
pub(crate) const ENTITY_RETRY_AFTER: &str =
    "x-ms-ratelimit-microsoft.costmanagement-entity-retry-after";
/// The header that says what is left.
pub(crate) const REMAINING: &str = "x-ms-ratelimit-remaining-microsoft.costmanagement-qpu";

/// When the last questions came, of both kinds of callers, which share no clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queries([Vec<Timestamp>; 2]);

impl Queries {
    /// Admits a question; returns how many more are admitted now.
    ///
    /// # Errors
    /// 429 when there were too many, with the time to wait.
    pub(crate) fn admit(
        &mut self,
        request: &Request<Bytes>,
        now: Timestamp,
    ) -> Result<usize, ApiError> {
        let (caller, now) = match request.extensions().get::<ReceivedAt>() {
            Some(received) => (1, received.at),
            None => (0, now),
        };
        let last = &mut self.0[caller];
        // A real clock may have been set back.
        last.retain(|at| (0..WINDOW).contains(&now.duration_since(*at).as_secs()));
        if last.len() < MOST {
            last.push(now);
            return Ok(MOST - last.len());
        }
        let oldest = last.first().copied().unwrap_or(now);
        let wait = WINDOW - now.duration_since(oldest).as_secs();
        let message = "Too many requests. Please retry after some time.";
        Err(ApiError::new(429, "429", message)
            .header(RETRY_AFTER, wait.to_string())
            .header(ENTITY_RETRY_AFTER, "1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_questions_are_refused_until_the_window_is_over() {
        let mut queries = Queries::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut ask = |second| {
            let admitted = queries.admit(&Request::new(Bytes::new()), at(second));
            admitted.map_err(|error| (error.status, error.headers[0].clone()))
        };
        for left in (0..12).rev() {
            assert_eq!(ask(100), Ok(left));
        }
        let refused = |wait: &str| Err((429, (RETRY_AFTER, wait.to_owned())));
        assert_eq!(ask(103), refused("7"));
        assert_eq!(ask(109), refused("1"));
        assert_eq!(ask(110), Ok(11));
    }
}
