//! What is changed of a role after its creation: whom it trusts, its description, its longest session.

use super::done;
use super::roles::{self, check_trust, find_mut};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The bounds of a session, seconds (IAM API reference, `UpdateRole`).
const SESSION_SECONDS: std::ops::RangeInclusive<i64> = 3600..=43200;

pub(super) fn set_trust(state: &mut State, params: &Params) -> Outcome {
    let trust = params.need("PolicyDocument")?.to_owned();
    check_trust(&trust)?;
    changeable(state, params)?.trust = trust;
    Ok(done())
}

/// A service-linked role is its service's.
fn changeable<'a>(state: &'a mut State, params: &Params) -> Result<&'a mut roles::Role, AwsError> {
    let role = find_mut(state, params)?;
    if role.path.starts_with("/aws-service-role/") {
        let message =
            "Cannot perform the operation on the protected role: it is a service-linked role";
        return Err(AwsError::new(400, "UnmodifiableEntity", message));
    }
    Ok(role)
}

pub(super) fn update(state: &mut State, params: &Params) -> Outcome {
    let seconds = params.number("MaxSessionDuration")?;
    if seconds.is_some_and(|seconds| !SESSION_SECONDS.contains(&seconds)) {
        let message = "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: \
                       Member must have a value between 3600 and 43200";
        return Err(AwsError::new(400, "ValidationError", message));
    }
    let role = changeable(state, params)?;
    role.max_session_seconds = seconds.unwrap_or(role.max_session_seconds);
    if let Some(text) = params.get("Description") {
        role.description = Some(text.to_owned());
    }
    Ok(done())
}

pub(super) fn set_description(state: &mut State, params: &Params) -> Outcome {
    let text = params.get("Description").unwrap_or_default().to_owned();
    let role = find_mut(state, params)?;
    role.description = Some(text);
    Ok(Answer::Xml(
        Node::new().node("Role", roles::node(role, true)),
    ))
}
