//! Errors: what was tried, what happened, and what to do next.

use kubeproof_contract::transport::TransportError;

/// What went wrong, for callers that decide on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The API server answered with this HTTP status.
    Status(u16),
    /// No answer came: the request may or may not have been applied.
    NoAnswer,
    /// It did not happen in time.
    Timeout,
    /// The observed state is not the requested one.
    Refuted,
    /// The order or the access is invalid.
    Usage,
}

/// Why an operation on a cluster failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {message}; {next}")]
pub struct KubernetesError {
    /// What was tried, and where: `create job kp/probe`.
    pub what: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub next: String,
    /// What went wrong, for decisions.
    pub cause: Cause,
}

impl KubernetesError {
    /// An error that does not come from an API call.
    pub fn new(what: &str, cause: Cause, message: impl Into<String>, next: &str) -> Self {
        Self {
            what: what.to_owned(),
            message: message.into(),
            next: next.to_owned(),
            cause,
        }
    }

    /// The error of a call.
    pub fn of_call(what: &str, error: &kube::Error) -> Self {
        let (cause, message) = match error {
            kube::Error::Api(status) => {
                let reason = if status.reason.is_empty() {
                    "no reason"
                } else {
                    status.reason.as_str()
                };
                let message = format!("{} ({}, {reason})", status.message, status.code);
                (Cause::Status(status.code), message)
            }
            kube::Error::Service(inner) => match inner.downcast_ref::<TransportError>() {
                Some(transport) => (Cause::NoAnswer, transport.to_string()),
                None => (Cause::NoAnswer, inner.to_string()),
            },
            other => (Cause::NoAnswer, other.to_string()),
        };
        let next = match cause {
            Cause::Status(401) => {
                "check that the token is valid and that the cluster knows its owner"
            }
            Cause::Status(403) => "give the caller the right that the message names",
            Cause::Status(404) => "check that it still exists",
            Cause::Status(409) => "remove the other one, or wait until it is gone",
            Cause::Status(429) => "wait and try again",
            Cause::Status(500..) => "check the control plane's health and try again",
            Cause::NoAnswer => "check the server's address and the network, and try again",
            _ => "correct the request",
        };
        Self::new(what, cause, message, next)
    }

    /// Whether the same call may succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self.cause, Cause::NoAnswer | Cause::Status(429 | 500..))
    }
}
