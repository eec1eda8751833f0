//! Answers on the wire: documents, texts and streams of events, and the two shapes of errors.
//!
//! Inference Endpoints answer `{"error": "Bad Request: …", "code": "BAD_REQUEST"}`, as public notes of calls in 2026 show
//! (reference/api/judges.md, section 5). The Hub answers `{"error": …}`, with the code and the message in headers too
//! (`hf_raise_for_status` of `huggingface_hub` 2.4.0).

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use kubeproof_simkit::cloud::NextPart;
use kubeproof_simkit::rest::ApiError;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What follows an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing: it is whole.
    Ends,
    /// It is to be asked for again after this time.
    AskAgain(Duration),
    /// More of it.
    More(NextPart),
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) content: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) then: Then,
}

/// An answer, or a refusal.
pub(crate) type Outcome = Result<Answer, ApiError>;

impl Answer {
    fn new(status: u16, content_type: &'static str, content: String) -> Self {
        Self {
            status,
            content_type,
            content,
            headers: Vec::new(),
            then: Then::Ends,
        }
    }

    /// A document.
    pub(crate) fn json(document: &Value) -> Self {
        Self::new(200, "application/json", document.to_string())
    }

    /// A text.
    pub(crate) fn text(text: String) -> Self {
        Self::new(200, "text/plain; charset=utf-8", text)
    }

    /// A stream of events.
    pub(crate) fn events(events: String) -> Self {
        Self::new(200, "text/event-stream", events)
    }

    /// Nothing, with this status.
    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, "", String::new())
    }

    /// No answer yet.
    pub(crate) fn ask_again(after: Duration) -> Self {
        Self {
            then: Then::AskAgain(after),
            ..Self::empty(200)
        }
    }

    /// The same with another status.
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers
            .push((HeaderName::from_static(name), value.into()));
        self
    }
}

/// The shape of an API's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorShape {
    Endpoints,
    Hub,
}

/// A refusal with this status, of which only the message is to be told.
pub(crate) fn refused(status: u16, message: impl Into<String>) -> ApiError {
    ApiError::new(status, "", message)
}

/// 400.
pub(crate) fn bad_request(message: impl Into<String>) -> ApiError {
    refused(400, message)
}

/// A document as a typed value. What the real service may know and the simulator does not is refused by its name.
pub(crate) fn typed<T: DeserializeOwned>(document: Value) -> Result<T, ApiError> {
    serde_json::from_value(document).map_err(|error| malformed(&error))
}

/// The body of a request as a typed value.
pub(crate) fn body<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| malformed(&error))
}

fn malformed(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    if text.starts_with("unknown field") {
        return ApiError::not_simulated(format!("a member of the body: {text}"));
    }
    bad_request(format!("Failed to deserialize the JSON body: {text}"))
}

/// The name of a status, and the code that Inference Endpoints give for it.
const STATUSES: &[(u16, &str, &str)] = &[
    (400, "Bad Request", "BAD_REQUEST"),
    (401, "Unauthorized", "UNAUTHORIZED"),
    (402, "Payment Required", "PAYMENT_REQUIRED"),
    (403, "Forbidden", "FORBIDDEN"),
    (404, "Not Found", "NOT_FOUND"),
    (409, "Conflict", "CONFLICT"),
    (422, "Unprocessable Entity", "UNPROCESSABLE_ENTITY"),
    (429, "Too Many Requests", "TOO_MANY_REQUESTS"),
    (501, "Not Implemented", "NOT_IMPLEMENTED"),
    (503, "Service Unavailable", "SERVICE_UNAVAILABLE"),
];

fn refusal(error: &ApiError, shape: ErrorShape) -> Answer {
    let known = STATUSES.iter().find(|(status, ..)| *status == error.status);
    let (_, name, code) = known.copied().unwrap_or((500, "Error", "ERROR"));
    match shape {
        ErrorShape::Endpoints => {
            let text = format!("{name}: {}", error.message);
            Answer::json(&json!({"error": text, "code": code})).status(error.status)
        }
        ErrorShape::Hub => {
            let document = json!({ "error": error.message });
            let mut answer = Answer::json(&document).status(error.status);
            if !error.code.is_empty() {
                answer = answer.with("x-error-code", error.code.clone());
            }
            answer.with("x-error-message", error.message.clone())
        }
    }
}

/// The answer to an outcome, without what follows it.
pub(crate) fn answered(outcome: Outcome, shape: ErrorShape) -> Answer {
    outcome.unwrap_or_else(|error| {
        let mut answer = refusal(&error, shape);
        if let Some(seconds) = error.retry_after {
            answer = answer.with("retry-after", seconds.to_string());
        }
        answer
    })
}

/// An answer as bytes.
pub(crate) fn write(answer: &Answer) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(answer.content.clone()));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if !answer.content_type.is_empty() {
        let value = HeaderValue::from_static(answer.content_type);
        headers.insert(header::CONTENT_TYPE, value);
    }
    for (name, value) in &answer.headers {
        // What a client wrote, and what cannot stand in a header, is not repeated there.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_api_has_its_own_shape_of_errors() {
        let error = || ApiError::new(404, "RepoNotFound", "no `a`").retry_after(3);
        let check = |shape, text: &str, code: Option<&str>| {
            let response = write(&answered(Err(error()), shape));
            assert_eq!(response.status().as_u16(), 404);
            let seen: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(seen, serde_json::from_str::<Value>(text).unwrap());
            let header = response.headers().get("x-error-code");
            assert_eq!(header.map(|it| it.to_str().unwrap()), code);
            assert_eq!(response.headers()["retry-after"], "3");
        };
        let endpoints = r#"{"code":"NOT_FOUND","error":"Not Found: no `a`"}"#;
        check(ErrorShape::Endpoints, endpoints, None);
        check(
            ErrorShape::Hub,
            r#"{"error":"no `a`"}"#,
            Some("RepoNotFound"),
        );
    }

    #[test]
    fn an_unknown_member_is_named_and_a_wrong_one_is_the_clients_fault() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct New {
            #[expect(dead_code, reason = "only its type counts")]
            size: u8,
        }
        let check = |document: Value, status: u16, word: &str| {
            let error = typed::<New>(document).unwrap_err();
            assert_eq!(error.status, status);
            assert!(error.message.contains(word), "{}", error.message);
        };
        check(json!({"size": 1, "colour": 2}), 501, "`colour`");
        check(json!({"size": "1"}), 400, "invalid type");
        check(json!({}), 400, "missing field `size`");
    }
}
