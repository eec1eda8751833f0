//! `SimulatePrincipalPolicy` and `GetUser`: who the caller is and what it may do.

use super::{arn, date, no_such_entity, paged};
use crate::policy::{Decision, allows};
use crate::state::State;
use crate::sts::{CALLER_ID, CALLER_NAME};
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

pub(super) fn answer(state: &State, params: &Params) -> Outcome {
    let source = params.need("PolicySourceArn")?;
    if source != arn(&format!("user/{CALLER_NAME}")) {
        return Err(no_such_entity(format!(
            "The entity {source} cannot be found."
        )));
    }
    let resources = params.list("ResourceArns");
    let resource = resources.first().map_or("*", String::as_str);
    let actions = params.list("ActionNames");
    let members = actions.iter().map(|action| {
        Node::new()
            .text("EvalActionName", action)
            .text("EvalResourceName", resource)
            .text("EvalDecision", decide(state, action, resource))
            .list("MatchedStatements", "member", [])
            .list("MissingContextValues", "member", [])
    });
    paged(
        state,
        params,
        "SimulatePrincipalPolicy",
        "EvaluationResults",
        members.collect(),
    )
}

pub(super) fn user(state: &State, params: &Params) -> Outcome {
    let name = params.get("UserName").unwrap_or(CALLER_NAME);
    if name != CALLER_NAME {
        return Err(no_such_entity(format!(
            "The user with name {name} cannot be found."
        )));
    }
    let user = Node::new()
        .text("Path", "/")
        .text("UserName", name)
        .text("UserId", CALLER_ID)
        .text("Arn", arn(&format!("user/{name}")))
        .text("CreateDate", date(state.setup.start));
    Ok(Answer::Xml(Node::new().node("User", user)))
}

/// IAM's name for the decision of the caller's policy; an account without a policy allows everything.
fn decide(state: &State, action: &str, resource: &str) -> &'static str {
    match state
        .setup
        .policy
        .as_ref()
        .map(|policy| allows(policy, action, resource))
    {
        None | Some(Decision::Allowed) => "allowed",
        Some(Decision::ImplicitDeny) => "implicitDeny",
        Some(Decision::ExplicitDeny) => "explicitDeny",
    }
}
