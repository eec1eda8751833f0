//! `AssumeRole`: by the account's user, or by a session of another role.

use serde_json::Value;

use super::session::{self, Session};
use super::{Caller, caller};
use crate::iam::role_checks::{self, statements, texts};
use crate::iam::roles::Role;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

pub(super) fn answer(state: &mut State, call: &Call) -> Outcome {
    let arn = call.params.need("RoleArn")?.to_owned();
    let who = caller(state, &call.access_key).unwrap_or(Caller::User);
    let refused = AwsError::new(
        403,
        "AccessDenied",
        format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            who.arn()
        ),
    );
    // A role that does not exist, or does not yet, answers as one that refuses.
    if !role_checks::is_seen(state, &arn) {
        return Err(refused);
    }
    let role = state
        .iam
        .roles
        .values()
        .find(|role| role.arn == arn)
        .cloned();
    let role = role.filter(|role| trusts(role, &who)).ok_or(refused)?;
    let session = session::begin(state, call, &role)?;
    Ok(Answer::Xml(node(&session)))
}

fn node(session: &Session) -> Node {
    session.node().text("PackedPolicySize", 0)
}

/// Whether a role's trust policy names the caller, its role, or the account.
fn trusts(role: &Role, who: &Caller<'_>) -> bool {
    let Ok(trust) = serde_json::from_str::<Value>(&role.trust) else {
        return false;
    };
    let account = format!("arn:aws:iam::{ACCOUNT_ID}:root");
    let names = [
        who.arn(),
        who.principal_arn(),
        account,
        ACCOUNT_ID.to_owned(),
        "*".to_owned(),
    ];
    statements(&trust).iter().any(|statement| {
        let principals = match &statement["Principal"] {
            Value::String(all) => vec![all.as_str()],
            given => texts(&given["AWS"]),
        };
        let action = |one: &&str| {
            one.eq_ignore_ascii_case("sts:AssumeRole")
                || matches!(*one, "sts:*" | "*" | "sts:Assume*")
        };
        // A condition that is not understood does not hold.
        statement["Effect"] == "Allow"
            && statement["Condition"].is_null()
            && principals
                .iter()
                .any(|one| names.iter().any(|name| name == one))
            && texts(&statement["Action"]).iter().any(action)
    })
}
