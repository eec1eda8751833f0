//! The policies of a role: attached ones by ARN, inline ones by name. Both block the role's deletion.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{aws_policies, document, done, no_such_entity, paged, roles};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The most policies attached to one role (AWS's default quota).
const ATTACHED_MAX: usize = 10;

pub(super) fn attach(state: &mut State, params: &Params) -> Outcome {
    let arn = params.need("PolicyArn")?.to_owned();
    let now = state.now;
    roles::find(state, params.need("RoleName")?)?;
    if !aws_policies::exists(&arn) && !state.iam.policies.contains_key(&arn) {
        return Err(no_such_entity(format!(
            "Policy {arn} does not exist or is not attachable."
        )));
    }
    let role = roles::find_mut(state, params)?;
    check_modifiable(role)?;
    if role.attached.len() >= ATTACHED_MAX && !role.attached.contains_key(&arn) {
        return Err(AwsError::new(
            409,
            "LimitExceeded",
            format!("Cannot exceed quota for PoliciesPerRole: {ATTACHED_MAX}"),
        ));
    }
    // Attaching it again succeeds and changes nothing.
    role.attached.entry(arn).or_insert(now);
    Ok(done())
}

fn check_modifiable(role: &roles::Role) -> Result<(), AwsError> {
    if role.path.starts_with("/aws-service-role/") {
        let message = "Cannot perform the operation on the protected role";
        return Err(AwsError::new(400, "UnmodifiableEntity", message));
    }
    Ok(())
}

pub(super) fn detach(state: &mut State, params: &Params) -> Outcome {
    let arn = params.need("PolicyArn")?.to_owned();
    let role = roles::find_mut(state, params)?;
    check_modifiable(role)?;
    if role.attached.remove(&arn).is_none() {
        return Err(no_such_entity(format!("Policy {arn} was not found.")));
    }
    Ok(done())
}

pub(super) fn list_attached(state: &State, params: &Params) -> Outcome {
    let role = roles::find(state, params.need("RoleName")?)?;
    let members = role.attached.keys().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        Node::new().text("PolicyName", name).text("PolicyArn", arn)
    });
    paged(
        state,
        params,
        "ListAttachedRolePolicies",
        "AttachedPolicies",
        members.collect(),
    )
}

pub(super) fn put_inline(state: &mut State, params: &Params) -> Outcome {
    let name = params.need("PolicyName")?.to_owned();
    let text = params.need("PolicyDocument")?.to_owned();
    document(&text)?;
    roles::find_mut(state, params)?.inline.insert(name, text);
    Ok(done())
}

pub(super) fn get_inline(state: &State, params: &Params) -> Outcome {
    let role = roles::find(state, params.need("RoleName")?)?;
    let name = params.need("PolicyName")?;
    let text = role.inline.get(name).ok_or_else(|| missing_inline(name))?;
    let node = Node::new()
        .text("RoleName", &role.name)
        .text("PolicyName", name)
        .text(
            "PolicyDocument",
            utf8_percent_encode(text, NON_ALPHANUMERIC),
        );
    Ok(Answer::Xml(node))
}

fn missing_inline(name: &str) -> AwsError {
    no_such_entity(format!("The role policy with name {name} cannot be found."))
}

pub(super) fn list_inline(state: &State, params: &Params) -> Outcome {
    let role = roles::find(state, params.need("RoleName")?)?;
    let members = role.inline.keys().map(Node::of_text).collect();
    paged(state, params, "ListRolePolicies", "PolicyNames", members)
}

pub(super) fn delete_inline(state: &mut State, params: &Params) -> Outcome {
    let name = params.need("PolicyName")?.to_owned();
    let role = roles::find_mut(state, params)?;
    role.inline
        .remove(&name)
        .ok_or_else(|| missing_inline(&name))?;
    Ok(done())
}
