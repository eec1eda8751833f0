//! A failed call, and what it says about the call's effect.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, header};
use kubeproof_contract::transport::TransportError;
use serde_json::Value;

/// What a failed call says about its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A definite refusal: not applied.
    Refused,
    /// Too many requests, or no connection: not applied, worth repeating later.
    Later,
    /// No usable answer: it may or may not have been applied, or even be applied later.
    Unclear,
    /// Not a call at all: a wait of ours ended, or a state that we cannot use.
    Ours,
}

/// A call or a wait that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The operation, or what we were doing.
    pub call: String,
    /// The cloud's error code, empty when there is none.
    pub code: String,
    /// The cloud's message, or ours.
    pub message: String,
    /// The cloud's suggestion, empty when there is none.
    pub suggestion: String,
    /// What it says about the call's effect.
    pub fate: Fate,
    /// How long the cloud asks us to wait.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// A problem that is not a call's.
    pub fn ours(what: &str, message: impl Into<String>) -> Self {
        Self {
            call: what.to_owned(),
            code: String::new(),
            message: message.into(),
            suggestion: String::new(),
            fate: Fate::Ours,
            retry_after: None,
        }
    }

    pub(crate) fn silent(call: &str, message: &str) -> Self {
        Self {
            fate: Fate::Unclear,
            ..Self::ours(call, message)
        }
    }

    pub(crate) fn of_transport(call: &str, error: &TransportError) -> Self {
        let fate = match error {
            TransportError::Connect(_) => Fate::Later,
            TransportError::Lost(_) | TransportError::Timeout(_) => Fate::Unclear,
        };
        Self {
            fate,
            ..Self::ours(call, error.to_string())
        }
    }

    pub(crate) fn of_answer(call: &str, answer: &Response<Bytes>) -> Self {
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let text = |pointer: &str| {
            let value = body.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let code = text("/error/code");
        let fate = match status {
            429 => Fate::Later,
            501 => Fate::Refused,
            400..=499 if !code.is_empty() => Fate::Refused,
            _ => Fate::Unclear,
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
            fate,
            retry_after: seconds.map(Duration::from_secs),
            ..Self::ours(call, message)
        }
    }

    /// Whether a call that does no harm twice is worth repeating.
    pub fn may_pass(&self) -> bool {
        matches!(self.fate, Fate::Later | Fate::Unclear)
    }

    /// Whether the cloud says that the thing does not exist.
    pub fn is_absent(&self) -> bool {
        self.code == "global/object-does-not-exist"
    }

    /// Whether the thing is still in use, so that a deletion may succeed later.
    pub fn is_in_use(&self) -> bool {
        self.code.ends_with("-in-use")
    }

    /// Whether there is no machine to be had there.
    pub fn is_capacity(&self) -> bool {
        self.code == "instance-operations/launch/insufficient-capacity"
    }
}

impl fmt::Display for Problem {
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
        let problem = Problem::of_answer("LaunchInstance", &answer);
        assert_eq!(problem.fate, Fate::Refused);
        assert_eq!(
            problem.to_string(),
            "LaunchInstance: Used up. (global/quota-exceeded) Ask Support."
        );
        *answer.status_mut() = http::StatusCode::BAD_GATEWAY;
        assert_eq!(
            Problem::of_answer("LaunchInstance", &answer).fate,
            Fate::Unclear
        );
    }
}
