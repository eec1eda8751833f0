//! SimulatePrincipalPolicy and GetUser: what the caller is and may do.
//!
//! Apart from the other operations because they are about the caller, not about stored things.

use serde_json::Value;

use super::{arn, date, no_such_entity, paged, usable};
use crate::state::State;
use crate::sts::{CALLER_ID, CALLER_NAME};
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

pub(super) fn answer(state: &State, params: &Params) -> Outcome {
    let source = params.need("PolicySourceArn")?;
    if source != arn(&format!("user/{CALLER_NAME}")) {
        return Err(no_such_entity(format!("The entity {source} cannot be found.")));
    }
    let resources = params.list("ResourceArns");
    let resource = resources.first().map_or("*", String::as_str);
    let actions = params.list("ActionNames");
    let members = actions.iter().map(|action| {
        Node::new()
            .text("EvalActionName", action)
            .text("EvalResourceName", resource)
            .text("EvalDecision", decide(state.setup.policy.as_ref(), action))
            .list("MatchedStatements", "member", [])
            .list("MissingContextValues", "member", [])
    });
    paged(state, params, "SimulatePrincipalPolicy", "EvaluationResults", members.collect())
}

pub(super) fn user(state: &State, params: &Params) -> Outcome {
    let name = params.get("UserName").unwrap_or(CALLER_NAME);
    if name != CALLER_NAME {
        return Err(no_such_entity(format!("The user with name {name} cannot be found.")));
    }
    let user = Node::new()
        .text("Path", "/")
        .text("UserName", name)
        .text("UserId", CALLER_ID)
        .text("Arn", arn(&format!("user/{name}")))
        .text("CreateDate", date(state.setup.start));
    Ok(Answer::Xml(Node::new().node("User", user)))
}

/// IAM's decision by action alone: deny beats allow, and no word is an implicit deny.
fn decide(policy: Option<&Value>, action: &str) -> &'static str {
    let Some(policy) = policy else { return "allowed" };
    let applies = |effect: &str| {
        usable::statements(policy).into_iter().any(|statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && usable::texts(&statement["Action"]).iter().any(|pattern| matches(pattern, action))
        })
    };
    if applies("Deny") {
        "explicitDeny"
    } else if applies("Allow") {
        "allowed"
    } else {
        "implicitDeny"
    }
}

/// Whether a pattern with `*` covers an action; case does not count.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == action,
        Some((head, tail)) => {
            // One star in an action pattern is what policies have; the tail is taken literally.
            action.len() >= head.len() + tail.len()
                && action.starts_with(head)
                && action.ends_with(tail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::decide;
    use serde_json::json;

    fn check(action: &str, expected: &str) {
        let policy = json!({"Statement": [
            {"Effect": "Allow", "Action": ["ec2:*", "eks:Describe*"], "Resource": "*"},
            {"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "*"},
        ]});
        assert_eq!(decide(Some(&policy), action), expected, "{action}");
    }

    #[test]
    fn a_deny_beats_an_allow_and_no_word_is_an_implicit_deny() {
        check("ec2:CreateVpc", "allowed");
        check("ec2:DeleteVpc", "explicitDeny");
        check("eks:DescribeCluster", "allowed");
        check("eks:CreateCluster", "implicitDeny");
    }
}
