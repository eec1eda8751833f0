//! The client of Lambda Cloud's API: its address, key, routes, rate limits and errors.

pub mod types;

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::rate_limit::RateLimiter;
use kubeproof_cloudkit::rest::{BoxError, RestApi, RestClient, RestError, enveloped};
use kubeproof_cloudkit::{Applied, Cause, Classify};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::route::Route;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::credentials::KEY;
use crate::dialect::{ROUTES, SERVICE};

/// Between two requests: the limit of the account, and a little more for network jitter.
const REQUEST: Duration = Duration::from_millis(1050);
/// Between two launches.
const LAUNCH: Duration = Duration::from_millis(12_250);
/// Refused for lack of capacity.
pub(crate) const NO_CAPACITY: &str = "instance-operations/launch/insufficient-capacity";

/// A client of one actor.
pub type Api = RestClient<LambdaApi>;

/// A client over a connection. The API documents no delay of its lists.
pub fn client(connection: &Connection) -> Api {
    RestClient::new(LambdaApi::default(), connection, Duration::ZERO)
}

#[derive(Debug)]
pub struct LambdaApi(RateLimiter<2>);

impl Default for LambdaApi {
    fn default() -> Self {
        Self(RateLimiter::new([REQUEST, LAUNCH]))
    }
}

impl Classify for LambdaApi {
    fn classify(&self, status: u16, code: &str, _: &str) -> (Cause, Applied) {
        let cause = match (status, code) {
            (429, _) => Cause::Throttled,
            (501, _) => Cause::Other,
            (400..=499, "global/object-does-not-exist") => Cause::NotFound,
            (400..=499, "global/duplicate") => Cause::AlreadyExists,
            (400..=499, "global/quota-exceeded") => Cause::QuotaExceeded,
            (400..=499, NO_CAPACITY) => Cause::NoCapacity,
            (400..=499, code) if code.ends_with("-in-use") => Cause::InUse,
            // A key that is no longer valid too: only a person can make another.
            (401 | 403, code) if !code.is_empty() => Cause::Denied,
            (400..=499, code) if !code.is_empty() => Cause::Other,
            _ => return (Cause::Server, Applied::Unknown),
        };
        (cause, Applied::No)
    }
}

impl RestApi for LambdaApi {
    const SERVICE: &'static str = SERVICE;
    const BASE: &'static str = "https://cloud.lambda.ai/api/v1";
    const ROUTES: &'static [Route] = ROUTES;

    async fn authorization(&self, connection: &Connection) -> Result<String, BoxError> {
        let (key, _) = KEY.find(connection)?;
        Ok(format!("Bearer {}", key.expose()))
    }

    async fn turn(&self, operation: &str) {
        let is_launch = operation == "LaunchInstance";
        self.0.turn(if is_launch { &[0, 1] } else { &[0] }).await;
    }

    fn read_error(answer: &Response<Bytes>) -> RestError {
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        RestError::of(&body["error"], answer)
    }

    fn decode<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
        enveloped(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_the_api_has_a_cause() {
        let check = |status: u16, code: &str, cause: Cause, applied: Applied| {
            let seen = LambdaApi::default().classify(status, code, "");
            assert_eq!(seen, (cause, applied), "{status} {code}");
        };
        let refused = Applied::No;
        check(429, "global/rate-limit-exceeded", Cause::Throttled, refused);
        check(
            404,
            "global/object-does-not-exist",
            Cause::NotFound,
            refused,
        );
        check(409, "global/duplicate", Cause::AlreadyExists, refused);
        check(400, "global/quota-exceeded", Cause::QuotaExceeded, refused);
        check(400, NO_CAPACITY, Cause::NoCapacity, refused);
        let in_use = "firewall-rulesets/firewall-ruleset-in-use";
        check(409, in_use, Cause::InUse, refused);
        check(401, "global/invalid-api-key", Cause::Denied, refused);
        check(501, "", Cause::Other, refused);
        // A proxy answers without a code.
        check(404, "", Cause::Server, Applied::Unknown);
        check(502, "", Cause::Server, Applied::Unknown);
    }
}
