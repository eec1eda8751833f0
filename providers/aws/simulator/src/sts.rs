//! STS: who the caller is.
//!
//! The one identity of a simulated account is defined here, so that IAM and EKS agree on it.

use crate::iam;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The user that the known access key belongs to.
pub const CALLER_NAME: &str = "kubeproof";
/// That user's id.
pub const CALLER_ID: &str = "AIDAKUBEPROOFREHEARSE";

pub fn caller_arn() -> String {
    iam::arn(&format!("user/{CALLER_NAME}"))
}

/// Answers one call, including a presigned GET, whose parameters are in the query.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(_state: &mut State, call: &Call) -> Outcome {
    match call.action.as_str() {
        "GetCallerIdentity" => Ok(Answer::Xml(
            Node::new()
                .text("Arn", caller_arn())
                .text("UserId", CALLER_ID)
                .text("Account", ACCOUNT_ID),
        )),
        other => Err(AwsError::unknown_operation("sts", other)),
    }
}
