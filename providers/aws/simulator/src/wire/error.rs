//! AWS errors as values: code, status and message; each protocol formats them in its own way.

use kubeproof_simkit::injected::UnknownFault;
use serde_json::{Map, Value};

#[derive(Clone, Debug, PartialEq)]
pub struct AwsError {
    /// HTTP status.
    pub status: u16,
    /// The error code, such as `InvalidVpcID.NotFound`.
    pub code: String,
    pub message: String,
    /// Further members of a JSON error body (`clusterName`, …).
    pub extra: Map<String, Value>,
}

impl AwsError {
    /// An error with this status and code.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            extra: Map::new(),
        }
    }

    /// The same with one more member in a JSON body.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    /// 501: an operation that the simulator does not know. Never an empty success.
    pub fn unknown_operation(service: &str, operation: &str) -> Self {
        Self::new(
            501,
            "NotImplemented",
            format!("the kubeproof simulator does not know {service}:{operation}"),
        )
    }

    /// 501: a fault that the simulator cannot carry out.
    pub fn unknown_fault(fault: &UnknownFault) -> Self {
        let message = format!("the kubeproof simulator does not know {fault}");
        Self::new(501, "NotImplemented", message)
    }

    /// 501: a service that the simulator does not know.
    pub fn unknown_service(service: &str, operation: &str) -> Self {
        Self::new(
            501,
            "NotImplemented",
            format!(
                "the kubeproof simulator does not know the service {service} ({service}:{operation})"
            ),
        )
    }
}
