//! The nodes' service account, and the one role that it has in the project.
//!
//! The project's policy belongs to all of its users: it is read, changed in one place and written with the etag that was
//! read, again when someone else was faster.

use std::time::Duration;

use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{READ, Work, apis, asked};
use crate::api::errors::ABORTED;
use crate::api::types::ServiceAccount;
use crate::marks;

/// What a node needs, and no more.
const ROLE: &str = "roles/container.defaultNodeServiceAccount";
/// The API that accounts belong to.
const API: &str = "iam.googleapis.com";
/// How often a policy is read and written anew because someone else was faster.
const ATTEMPTS: usize = 12;
const PAUSE: Duration = Duration::from_secs(2);
/// A role for an account that other services do not know yet.
const BIND: RetryPolicy = RetryPolicy::propagation(is_unknown_account);

/// Whether an error says that a service account is not known, which takes a minute after it was made.
pub(super) fn is_unknown_account(error: &CallError) -> bool {
    let message = error.message.to_lowercase();
    message.contains("service account") && matches!(error.cause, Cause::Other | Cause::Denied)
}

fn id(work: &Work) -> String {
    work.run().name("nodes")
}

/// The address of the nodes' service account.
pub(super) fn email(work: &Work) -> String {
    format!("{}@{}.iam.gserviceaccount.com", id(work), work.project())
}

fn member(work: &Work) -> String {
    format!("serviceAccount:{}", email(work))
}

/// The account with its role: its address.
pub(super) async fn ensure(work: &Work) -> Result<String, CallError> {
    let find = || async { find(work).await };
    let make = || async {
        let body = json!({
            "accountId": id(work),
            "serviceAccount": {
                "displayName": "nodes of a kubeproof run",
                "description": marks::description(work.run()),
            },
        });
        asked::note(work).await?;
        let project = [work.project()];
        let call = RestCall::new("projects.serviceAccounts.create", &project).with_body(&body);
        let policy = RetryPolicy::IDEMPOTENT.while_not_propagated();
        work.api.iam.call(policy, call).await
    };
    let is_taken = |error: &CallError| error.cause == Cause::AlreadyExists;
    let windows = LookupWindows::DEFAULT;
    let account: ServiceAccount =
        create_or_adopt(work.session(), windows, find, make, is_taken).await?;
    work.session()
        .record("serviceAccounts/nodes", &account.email);
    let member = member(work);
    change_policy(work, |policy| bind(policy, &member)).await?;
    Ok(account.email)
}

/// The run's account, if it exists.
async fn find(work: &Work) -> Result<Option<ServiceAccount>, CallError> {
    let email = email(work);
    let parameters = [work.project(), email.as_str()];
    let call = RestCall::new("projects.serviceAccounts.get", &parameters);
    let read = match work.api.iam.call::<ServiceAccount>(READ, call).await {
        Err(error) if error.is_not_found() => Ok(None),
        result => result.map(Some),
    };
    let found = apis::nothing_if_disabled(work, API, read).await?;
    Ok(found.filter(|found| marks::are_of(work.run(), &marks::described(&found.description))))
}

/// The addresses of the run's accounts: one or none.
pub(super) async fn list(work: &Work) -> Result<Vec<String>, CallError> {
    Ok(find(work).await?.into_iter().map(|one| one.email).collect())
}

/// Deletes an account. Its name can be used again only with another unique id.
pub(super) async fn delete(
    work: &Work,
    email: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let parameters = [work.project(), email.as_str()];
    let call = RestCall::new("projects.serviceAccounts.delete", &parameters);
    ignore_not_found(work.api.iam.call::<IgnoredAny>(policy, call).await)
}

/// The bindings of the run's account in the project's policy, by role and member.
pub(super) async fn bindings(work: &Work) -> Result<Vec<String>, CallError> {
    let policy = read_policy(work).await?;
    let email = email(work);
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    let mine = bindings.flat_map(|binding| {
        let role = binding["role"].as_str().unwrap_or_default();
        let own = members(binding).filter(|member| is_member(member, &email));
        own.map(move |member| format!("{role}/{member}"))
    });
    Ok(mine.collect())
}

/// Takes the run's account out of the project's policy.
pub(super) async fn unbind_all(work: &Work) -> Result<(), CallError> {
    let email = email(work);
    change_policy(work, |policy| unbind(policy, &email)).await
}

async fn read_policy(work: &Work) -> Result<Value, CallError> {
    // Version 3 shows conditions, which a policy that is written back must not lose.
    let body = json!({"options": {"requestedPolicyVersion": 3}});
    let project = [work.project()];
    let call = RestCall::new("projects.getIamPolicy", &project).with_body(&body);
    work.api.projects.call(READ, call).await
}

/// Reads the policy, changes it and writes it back, until no one else was faster. `change` says whether anything had
/// to be changed.
async fn change_policy(
    work: &Work,
    change: impl Fn(&mut Value) -> bool + Send + Sync,
) -> Result<(), CallError> {
    let mut last = CallError::state("change the project's policy", "never tried");
    for _ in 0..ATTEMPTS {
        let mut policy = read_policy(work).await?;
        if !change(&mut policy) {
            return Ok(());
        }
        policy["version"] = json!(3);
        let body = json!({ "policy": policy });
        let project = [work.project()];
        let call = RestCall::new("projects.setIamPolicy", &project).with_body(&body);
        // Written twice it does no harm: the etag of the second is old by then.
        match work.api.projects.call::<IgnoredAny>(BIND, call).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is(ABORTED) => last = error,
            Err(error) => return Err(error),
        }
        work.session().sleep(PAUSE).await?;
    }
    Err(last)
}

fn members(binding: &Value) -> impl Iterator<Item = &str> {
    let members = binding["members"].as_array().into_iter().flatten();
    members.filter_map(Value::as_str)
}

/// Whether a member is this account, or what is left of it in a policy after it was deleted.
fn is_member(member: &str, email: &str) -> bool {
    let deleted = |member: &str| {
        let rest = member.strip_prefix("deleted:serviceAccount:")?;
        rest.split_once("?uid=").map(|(email, _)| email.to_owned())
    };
    member.strip_prefix("serviceAccount:") == Some(email)
        || deleted(member).as_deref() == Some(email)
}

/// Adds a member to the role's binding without a condition. Returns whether it was not there.
fn bind(policy: &mut Value, member: &str) -> bool {
    if !policy["bindings"].is_array() {
        policy["bindings"] = json!([]);
    }
    let Some(bindings) = policy["bindings"].as_array_mut() else {
        return false;
    };
    let mut fitting = bindings.iter_mut();
    let found = fitting.find(|one| one["role"] == ROLE && one["condition"].is_null());
    let Some(binding) = found else {
        bindings.push(json!({"role": ROLE, "members": [member]}));
        return true;
    };
    if members(binding).any(|known| known == member) {
        return false;
    }
    match binding["members"].as_array_mut() {
        Some(members) => members.push(json!(member)),
        None => binding["members"] = json!([member]),
    }
    true
}

/// Takes an account out of all bindings, and bindings without members away. Returns whether it was there.
fn unbind(policy: &mut Value, email: &str) -> bool {
    let Some(bindings) = policy["bindings"].as_array_mut() else {
        return false;
    };
    let mut changed = false;
    for binding in bindings.iter_mut() {
        if let Some(members) = binding["members"].as_array_mut() {
            let before = members.len();
            members.retain(|one| !one.as_str().is_some_and(|member| is_member(member, email)));
            changed |= members.len() != before;
        }
    }
    if changed {
        bindings.retain(|binding| members(binding).next().is_some());
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "kp-r1-nodes@p.iam.gserviceaccount.com";

    fn bound(before: Value) -> (bool, Value) {
        let mut policy = before;
        let changed = bind(&mut policy, &format!("serviceAccount:{EMAIL}"));
        (changed, policy)
    }

    #[test]
    fn a_member_is_added_once_and_nothing_else_is_changed() {
        let other =
            json!({"role": "roles/owner", "members": ["user:a"], "condition": {"title": "t"}});
        let conditional = json!({"role": ROLE, "members": ["user:b"], "condition": {"title": "t"}});
        let before = json!({"etag": "E", "auditConfigs": [1], "bindings": [other, conditional]});
        let (changed, after) = bound(before.clone());
        assert!(changed);
        let own = json!({"role": ROLE, "members": [format!("serviceAccount:{EMAIL}")]});
        let mut expected = before;
        expected["bindings"] = json!([other, conditional, own]);
        assert_eq!(after, expected);
        assert_eq!(bound(after.clone()), (false, after));
        assert!(bound(json!({"etag": "E"})).0);
    }

    #[test]
    fn an_account_and_what_is_left_of_it_are_taken_out_and_others_stay() {
        let gone = format!("deleted:serviceAccount:{EMAIL}?uid=1");
        let longer = format!("serviceAccount:x{EMAIL}");
        let mut policy = json!({"bindings": [
            {"role": ROLE, "members": ["user:a", format!("serviceAccount:{EMAIL}")]},
            {"role": "roles/viewer", "members": [gone]},
            {"role": "roles/editor", "members": [longer]},
        ]});
        assert!(unbind(&mut policy, EMAIL));
        let expected = json!({"bindings": [
            {"role": ROLE, "members": ["user:a"]},
            {"role": "roles/editor", "members": [longer]},
        ]});
        assert_eq!(policy, expected);
        assert!(!unbind(&mut policy, EMAIL));
    }
}
