//! Permissions: whether the caller's policy allows a call.
//!
//! One operation can need several permissions: tagging at creation and passing a role are asked for
//! by name, as AWS does, so that a policy that a rehearsal accepts is not too narrow.

use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::sts::caller_arn;
use crate::wire::call::{Call, Protocol};
use crate::wire::error::AwsError;

mod document;
mod needs;

pub use document::{Decision, Question, allows, decide, matches};
pub use needs::{Need, needs};

/// Admits a call, or refuses it as AWS words it.
///
/// # Errors
/// `UnauthorizedOperation` (EC2) or `AccessDenied` when the policy does not allow the call.
pub fn admit(state: &State, call: &Call) -> Result<(), AwsError> {
    let Some(policy) = &state.setup.policy else {
        return Ok(());
    };
    for need in needs(state, call) {
        let question = Question {
            action: &need.action,
            resource: &need.resource,
            context: &need.context,
        };
        let decision = decide(policy, &question);
        if decision != Decision::Allowed {
            return Err(refusal(call, &need, decision));
        }
    }
    Ok(())
}

fn refusal(call: &Call, need: &Need, decision: Decision) -> AwsError {
    let reason = if decision == Decision::ExplicitDeny {
        "with an explicit deny in an identity-based policy".to_owned()
    } else {
        format!(
            "because no identity-based policy allows the {} action",
            need.action
        )
    };
    let resource = if need.resource == "*" {
        String::new()
    } else {
        format!(" on resource: {}", need.resource)
    };
    let message = format!(
        "User: {} is not authorized to perform: {}{resource} {reason}",
        caller_arn(),
        need.action
    );
    match call.protocol {
        Protocol::Ec2 => AwsError::new(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {message}"),
        ),
        Protocol::Query(_) => AwsError::new(403, "AccessDenied", message),
        Protocol::Rest => AwsError::new(403, "AccessDeniedException", message),
        Protocol::Json => AwsError::new(400, "AccessDeniedException", message),
    }
}

/// The ARN of a resource of IAM.
fn iam_arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT_ID}:{resource}")
}
