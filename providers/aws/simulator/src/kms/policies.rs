//! Key policies: each key has one, named `default`.
//!
//! KMS refuses a policy that locks the caller out, and one that names principals which it does not (yet) know.

use serde_json::{Value, json};

use super::{done, keys, need, not_found, paged};
use crate::iam::role_checks::{self, statements, texts};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::sts;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// The only name of a key policy.
const NAME: &str = "default";

/// The policy of a key that is made without one: the account decides by IAM.
pub(super) fn usual() -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT_ID}:root") },
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

/// Refuses a policy that KMS would not take.
///
/// # Errors
/// `MalformedPolicyDocumentException`.
pub(super) fn admit(state: &State, call: &Call, text: &str) -> Result<(), AwsError> {
    let malformed = |message: &str| AwsError::new(400, "MalformedPolicyDocumentException", message);
    let document: Value =
        serde_json::from_str(text).map_err(|_| malformed("Policy is not valid JSON."))?;
    let all = statements(&document);
    if all.is_empty() {
        return Err(malformed("Policy has no statement."));
    }
    if all.iter().any(|one| one.get("Principal").is_none()) {
        return Err(malformed("Policy contains a statement with no principal."));
    }
    let principals = || all.iter().flat_map(|one| principals(one));
    if !principals().all(|one| is_known(state, one)) {
        let message = "Policy contains a statement with one or more invalid principals.";
        return Err(malformed(message));
    }
    let bypass = call.json["BypassPolicyLockoutSafetyCheck"].as_bool() == Some(true);
    if !bypass && !all.iter().any(|one| keeps_the_caller(one)) {
        let message =
            "The new key policy will not allow you to update the key policy in the future.";
        return Err(malformed(message));
    }
    Ok(())
}

fn principals(statement: &Value) -> Vec<&str> {
    match &statement["Principal"] {
        Value::String(all) => vec![all.as_str()],
        given => texts(&given["AWS"]),
    }
}

/// Whether KMS knows a principal: roles only some seconds after they were made.
fn is_known(state: &State, principal: &str) -> bool {
    let Some(rest) = principal.strip_prefix(&format!("arn:aws:iam::{ACCOUNT_ID}:")) else {
        // Accounts by number, everyone, sessions and other accounts.
        return true;
    };
    match rest.split_once('/') {
        Some(("role", _)) => role_checks::is_seen(state, principal),
        Some(("user", _)) => principal == sts::caller_arn(),
        _ => rest == "root",
    }
}

/// Whether a statement lets the caller change the policy again.
fn keeps_the_caller(statement: &Value) -> bool {
    let caller = sts::caller_arn();
    let root = format!("arn:aws:iam::{ACCOUNT_ID}:root");
    let of_caller = |one: &str| one == "*" || one == caller || one == root || one == ACCOUNT_ID;
    let action = |one: &str| matches!(one, "*" | "kms:*" | "kms:Put*" | "kms:PutKeyPolicy");
    statement["Effect"] == "Allow"
        && principals(statement).into_iter().any(of_caller)
        && texts(&statement["Action"]).into_iter().any(action)
}

fn check_name(call: &Call) -> Result<(), AwsError> {
    match call.json["PolicyName"].as_str() {
        None | Some(NAME) => Ok(()),
        Some(_) => Err(not_found("No such policy exists".to_owned())),
    }
}

pub(super) fn get(state: &mut State, call: &Call) -> Outcome {
    check_name(call)?;
    let policy = &keys::named(state, call)?.policy;
    Ok(Answer::Json(
        json!({ "Policy": policy, "PolicyName": NAME }),
    ))
}

pub(super) fn put(state: &mut State, call: &Call) -> Outcome {
    check_name(call)?;
    let text = need(call, "Policy")?.to_owned();
    keys::named(state, call)?;
    admit(state, call, &text)?;
    keys::changeable(state, call)?.policy = text;
    done()
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    keys::named(state, call)?;
    paged(state, call, "PolicyNames", vec![json!(NAME)])
}
