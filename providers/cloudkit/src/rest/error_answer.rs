//! What an answer with an error says.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, header};
use serde_json::Value;

/// What an error answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestError {
    /// The cloud's error code; empty when there is none.
    pub code: String,
    /// The cloud's message; empty when there is none.
    pub message: String,
    /// What the cloud suggests to do; empty when it suggests nothing.
    pub suggestion: String,
    /// How long the cloud asks us to wait.
    pub retry_after: Option<Duration>,
}

impl RestError {
    /// The error with the members `code`, `message` and `suggestion` of a part of the answer's body.
    pub fn of(part: &Value, answer: &Response<Bytes>) -> Self {
        let text = |name: &str| part[name].as_str().unwrap_or_default().to_owned();
        Self {
            code: text("code"),
            message: text("message"),
            suggestion: text("suggestion"),
            retry_after: retry_after(answer),
        }
    }
}

/// The seconds of a `Retry-After` header.
pub fn retry_after(answer: &Response<Bytes>) -> Option<Duration> {
    let header = answer.headers().get(header::RETRY_AFTER)?;
    let seconds = header.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
