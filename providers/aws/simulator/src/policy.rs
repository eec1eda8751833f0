//! Permissions: whether the caller's policy allows a call.
//!
//! One operation can need several permissions: tagging at creation and passing a role are checked separately,
//! as AWS does, so that a policy that a rehearsal accepts is not too narrow.

use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::sts::{self, Caller, session};
use crate::wire::call::{Call, Protocol};
use crate::wire::error::AwsError;

mod document;
mod ec2_resources;
mod required_actions;

pub use document::{Decision, Question, allows, decide, matches};
pub use required_actions::{RequiredAction, required_actions};

/// Admits a call, or refuses it with AWS's wording.
///
/// # Errors
/// `UnauthorizedOperation` (EC2) or `AccessDenied` when the policy does not allow the call.
pub fn admit(state: &State, call: &Call) -> Result<(), AwsError> {
    let caller = sts::caller(state, &call.access_key).unwrap_or(Caller::User);
    let decide = |question: &Question<'_>| match (&caller, &state.setup.policy) {
        (Caller::Role(session), _) => session::decide(state, session, question),
        (Caller::User, Some(policy)) => Ok(decide(policy, question)),
        (Caller::User, None) => Ok(Decision::Allowed),
        (Caller::Limited, _) => Ok(match &state.setup.limit {
            Some(limit) => decide(limit, question),
            None => Decision::ImplicitDeny,
        }),
    };
    if state.setup.policy.is_none() && matches!(caller, Caller::User) {
        return Ok(());
    }
    for required in required_actions(state, call) {
        let question = Question {
            action: &required.action,
            resource: &required.resource,
            context: &required.context,
        };
        let decision = decide(&question)?;
        if decision != Decision::Allowed {
            return Err(refusal(call, &required, decision, &caller.arn()));
        }
    }
    Ok(())
}

fn refusal(call: &Call, required: &RequiredAction, decision: Decision, caller: &str) -> AwsError {
    let reason = if decision == Decision::ExplicitDeny {
        "with an explicit deny in an identity-based policy".to_owned()
    } else {
        format!(
            "because no identity-based policy allows the {} action",
            required.action
        )
    };
    let resource = if required.resource == "*" {
        String::new()
    } else {
        format!(" on resource: {}", required.resource)
    };
    let message = format!(
        "User: {caller} is not authorized to perform: {}{resource} {reason}",
        required.action
    );
    match call.protocol {
        Protocol::Ec2 => AwsError::new(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {message}"),
        ),
        Protocol::Query(_) | Protocol::RestXml => AwsError::new(403, "AccessDenied", message),
        Protocol::Rest => AwsError::new(403, "AccessDeniedException", message),
        Protocol::Json | Protocol::Json10 => AwsError::new(400, "AccessDeniedException", message),
    }
}

/// The ARN of an IAM resource.
fn iam_arn(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT_ID}:{resource}")
}
