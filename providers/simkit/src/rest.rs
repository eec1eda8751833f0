//! A JSON REST API: reading the body of a request, refusals, and how an answer is written.
//!
//! What a refusal is called and what shape it has on the wire is the cloud's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::injected::UnknownFault;

/// The code of what the real cloud may support and the simulator does not.
const NOT_SIMULATED: &str = "kubeproof/not-simulated";

/// A call that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The cloud's code.
    pub code: String,
    /// The cloud's message.
    pub message: String,
    /// What the cloud suggests to do, if anything.
    pub suggestion: Option<&'static str>,
    /// How many seconds the caller is asked to wait.
    pub retry_after: Option<u64>,
}

impl ApiError {
    /// A refusal with this status, code and message.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            suggestion: None,
            retry_after: None,
        }
    }

    /// The same with a suggestion.
    #[must_use]
    pub fn suggest(self, suggestion: &'static str) -> Self {
        Self {
            suggestion: Some(suggestion),
            ..self
        }
    }

    /// The same with a time to wait, seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// 501, by name: something that the real cloud may support and the simulator does not.
    pub fn not_simulated(what: impl std::fmt::Display) -> Self {
        Self::new(501, NOT_SIMULATED, format!("not simulated: {what}"))
    }
}

impl From<UnknownFault> for ApiError {
    fn from(unknown: UnknownFault) -> Self {
        Self::not_simulated(unknown)
    }
}

/// The body of a request.
///
/// # Errors
/// Names the member that is missing, unknown or of a wrong type.
pub fn body<T: DeserializeOwned>(request: &Request<Bytes>) -> serde_json::Result<T> {
    serde_json::from_slice(request.body())
}

/// An answer with a JSON document.
pub fn answer(status: u16, document: &Value, retry_after: Option<u64>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(document.to_string()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The secret that a request is sent with: a bearer token, or the user of HTTP Basic with an empty password.
pub fn secret(request: &Request<Bytes>) -> Option<String> {
    let given = request.headers().get(header::AUTHORIZATION)?;
    let given = given.to_str().ok()?;
    if let Some(token) = given.strip_prefix("Bearer ") {
        return Some(token.to_owned());
    }
    let encoded = given.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    text.strip_suffix(':').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(authorization: Option<&str>, body: &str) -> Request<Bytes> {
        let mut request = Request::post("/");
        if let Some(given) = authorization {
            request = request.header(header::AUTHORIZATION, given);
        }
        request.body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn a_secret_is_a_bearer_token_or_a_user_without_a_password() {
        let check = |given: Option<&str>, expected: Option<&str>| {
            assert_eq!(
                secret(&request(given, "")).as_deref(),
                expected,
                "{given:?}"
            );
        };
        check(Some("Bearer s"), Some("s"));
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        check(Some(&basic("s:")), Some("s"));
        check(Some(&basic("s:password")), None);
        check(Some("Basic !"), None);
        check(Some("Digest s"), None);
        check(None, None);
    }

    #[test]
    fn a_body_that_does_not_fit_is_refused_by_the_name_of_the_member() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct New {
            #[expect(dead_code, reason = "only its type counts")]
            size: u8,
        }
        let check = |text: &str, expected: &str| {
            let error = body::<New>(&request(None, text)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("{}", "missing field `size`");
        check(r#"{"size": "a"}"#, "invalid type: string \"a\"");
        check(r#"{"size": 1, "colour": 2}"#, "unknown field `colour`");
        check("", "EOF");
    }

    #[test]
    fn a_refusal_says_how_long_to_wait_in_its_header() {
        let refused = ApiError::new(429, "slow-down", "Too fast.").retry_after(7);
        let response = answer(refused.status, &json!({}), refused.retry_after);
        assert_eq!(response.status().as_u16(), 429);
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
        assert!(
            !answer(200, &json!({}), None)
                .headers()
                .contains_key(header::RETRY_AFTER)
        );
        let unknown = ApiError::from(UnknownFault("explode".to_owned()));
        assert_eq!(
            (unknown.status, unknown.message.as_str()),
            (501, "not simulated: the fault `explode`")
        );
    }
}
