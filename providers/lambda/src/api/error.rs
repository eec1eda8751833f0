//! Call errors: why a call failed, and whether it may have been applied.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, header};
use kubeproof_contract::transport::TransportError;
use serde_json::Value;

/// Whether a failed call was applied, not applied, or unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// A definite refusal: not applied.
    Rejected,
    /// Too many requests, or no connection: not applied, worth repeating later.
    RetryLater,
    /// No usable answer: the call may or may not have been applied, or may even be applied later.
    Unknown,
    /// Not a call at all: a wait timed out, or a state is unusable.
    Internal,
}

/// A call or a wait that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The operation, or what was being done.
    pub call: String,
    /// The cloud's error code, empty when there is none.
    pub code: String,
    /// The cloud's message, or the client's own.
    pub message: String,
    /// The cloud's suggestion, empty when there is none.
    pub suggestion: String,
    /// Whether the call was applied.
    pub outcome: CallOutcome,
    /// How long the cloud asks the client to wait.
    pub retry_after: Option<Duration>,
}

impl CallError {
    /// An error that did not come from a call.
    pub fn internal(what: &str, message: impl Into<String>) -> Self {
        Self {
            call: what.to_owned(),
            code: String::new(),
            message: message.into(),
            suggestion: String::new(),
            outcome: CallOutcome::Internal,
            retry_after: None,
        }
    }

    pub(crate) fn no_answer(call: &str, message: &str) -> Self {
        Self {
            outcome: CallOutcome::Unknown,
            ..Self::internal(call, message)
        }
    }

    pub(crate) fn from_transport(call: &str, error: &TransportError) -> Self {
        let outcome = match error {
            TransportError::Connect(_) => CallOutcome::RetryLater,
            TransportError::Lost(_) | TransportError::Timeout(_) => CallOutcome::Unknown,
        };
        Self {
            outcome,
            ..Self::internal(call, error.to_string())
        }
    }

    pub(crate) fn from_answer(call: &str, answer: &Response<Bytes>) -> Self {
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let text = |pointer: &str| {
            let value = body.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let code = text("/error/code");
        let outcome = match status {
            429 => CallOutcome::RetryLater,
            501 => CallOutcome::Rejected,
            400..=499 if !code.is_empty() => CallOutcome::Rejected,
            _ => CallOutcome::Unknown,
        };
        let retry_after = answer.headers().get(header::RETRY_AFTER);
        let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let message = match text("/error/message") {
            empty if empty.is_empty() => format!("status {status}"),
            message => message,
        };
        Self {
            suggestion: text("/error/suggestion"),
            code,
            outcome,
            retry_after: seconds.map(Duration::from_secs),
            ..Self::internal(call, message)
        }
    }

    /// Whether a call that is harmless twice is worth repeating.
    pub fn is_transient(&self) -> bool {
        matches!(self.outcome, CallOutcome::RetryLater | CallOutcome::Unknown)
    }

    /// Whether the resource does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code == "global/object-does-not-exist"
    }

    /// Whether the resource is still in use, so that a deletion may succeed later.
    pub fn is_in_use(&self) -> bool {
        self.code.ends_with("-in-use")
    }

    /// Whether there is no capacity.
    pub fn is_capacity(&self) -> bool {
        self.code == "instance-operations/launch/insufficient-capacity"
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.message)?;
        if !self.code.is_empty() {
            write!(f, " ({})", self.code)?;
        }
        if !self.suggestion.is_empty() {
            write!(f, " {}", self.suggestion)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_carries_the_clouds_own_code_and_suggestion() {
        let body = r#"{"error":{"code":"global/quota-exceeded","message":"Used up.","suggestion":"Ask Support."}}"#;
        let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = http::StatusCode::BAD_REQUEST;
        let error = CallError::from_answer("LaunchInstance", &answer);
        assert_eq!(error.outcome, CallOutcome::Rejected);
        assert_eq!(
            error.to_string(),
            "LaunchInstance: Used up. (global/quota-exceeded) Ask Support."
        );
        *answer.status_mut() = http::StatusCode::BAD_GATEWAY;
        assert_eq!(
            CallError::from_answer("LaunchInstance", &answer).outcome,
            CallOutcome::Unknown
        );
    }
}
