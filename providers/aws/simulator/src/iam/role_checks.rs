//! Whether another service can use a role yet: it must exist, trust the service and have policies,
//! and each change becomes visible to other services only after a while.
//!
//! The role's own API is consistent with itself.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::roles::Role;
use crate::state::State;

/// What a service requires of a role that is passed to it.
#[derive(Clone, Copy, Debug)]
pub struct RoleRequirements<'a> {
    /// The service that will assume it, such as `eks.amazonaws.com`.
    pub principal: &'a str,
    /// Groups of policies: of each group, the first policy or one of its alternatives must be attached.
    pub policies: &'a [&'a [&'a str]],
}

/// Why a role cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The service does not see the role (yet).
    Unseen,
    /// It does not trust the service.
    Untrusting,
    /// It lacks these policies (yet): ARNs.
    Lacking(Vec<String>),
}

/// Whether the services see that a role meets the requirements.
///
/// # Errors
/// What is missing, in the order in which AWS checks.
pub fn role_is_usable(
    state: &State,
    arn: &str,
    requirements: RoleRequirements<'_>,
) -> Result<(), Unusable> {
    let role = state
        .iam
        .roles
        .values()
        .find(|role| role.arn == arn)
        .ok_or(Unusable::Unseen)?;
    if !seen(state, role.created_at) {
        return Err(Unusable::Unseen);
    }
    if !trusts(role, requirements.principal) {
        return Err(Unusable::Untrusting);
    }
    let holds = |arn: &&str| {
        role.attached
            .get(*arn)
            .is_some_and(|since| seen(state, *since))
    };
    let lacking: Vec<String> = requirements
        .policies
        .iter()
        .filter(|alternatives| !alternatives.iter().any(&holds))
        .filter_map(|alternatives| alternatives.first().map(|arn| (*arn).to_owned()))
        .collect();
    if lacking.is_empty() {
        Ok(())
    } else {
        Err(Unusable::Lacking(lacking))
    }
}

/// Whether the other services know a role of this ARN yet.
pub fn is_seen(state: &State, arn: &str) -> bool {
    let mut roles = state.iam.roles.values();
    roles.any(|role| role.arn == arn && seen(state, role.created_at))
}

/// Whether a change made at `at` has reached the other services.
fn seen(state: &State, at: Timestamp) -> bool {
    let wait = SignedDuration::try_from(state.durations.iam_propagation);
    state.now >= at + wait.unwrap_or(SignedDuration::MAX)
}

/// Whether a role trusts the tokens of an issuer, and the account has a provider for it.
pub fn trusts_issuer(state: &State, arn: &str, issuer: &str) -> bool {
    let host = issuer.strip_prefix("https://").unwrap_or(issuer);
    let provider = super::arn(&format!("oidc-provider/{host}"));
    let mut roles = state.iam.roles.values();
    let role = roles.find(|role| role.arn == arn);
    let trust = role.and_then(|role| serde_json::from_str::<Value>(&role.trust).ok());
    let Some(trust) = trust.filter(|_| state.iam.oidc.contains_key(&provider)) else {
        return false;
    };
    statements(&trust).iter().any(|statement| {
        statement["Effect"] == "Allow"
            && texts(&statement["Principal"]["Federated"]).contains(&provider.as_str())
    })
}

fn trusts(role: &Role, principal: &str) -> bool {
    let Ok(trust) = serde_json::from_str::<Value>(&role.trust) else {
        return false;
    };
    statements(&trust).iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && texts(&statement["Principal"]["Service"]).contains(&principal)
            && texts(&statement["Action"]).iter().any(|action| {
                action.eq_ignore_ascii_case("sts:AssumeRole") || matches!(*action, "sts:*" | "*")
            })
    })
}

/// The statements of a policy document, one or many.
pub fn statements(document: &Value) -> Vec<&Value> {
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    }
}

/// A text or a list of texts.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
