//! The deletion of a binding: one member of one role leaves the project's policy, and everything else in it stays.

use std::time::Duration;

use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Deletion;
use crate::api::errors::ABORTED;
use crate::observer::inventory::{Policy, condition_title, read_policy};

/// How often the policy is read and written anew because someone else was faster.
const ATTEMPTS: usize = 12;
const PAUSE: Duration = Duration::from_secs(2);

impl Deletion<'_> {
    pub(super) async fn binding(&self) -> Result<(), CallError> {
        let mut last = CallError::state("change the project's policy", "never tried");
        for _ in 0..ATTEMPTS {
            let Policy(mut policy) = read_policy(&self.api, self.project).await?;
            let title = self.resource.incarnation.as_deref();
            if !unbind(&mut policy, &self.resource.id, title) {
                return Ok(());
            }
            policy["version"] = json!(3);
            let body = json!({ "policy": policy });
            let parameters = [self.project];
            let call = RestCall::new("projects.setIamPolicy", &parameters).with_body(&body);
            // Written twice it does no harm: the etag of the second is old by then.
            let policy = RetryPolicy::IDEMPOTENT;
            match self.api.projects.call::<IgnoredAny>(policy, call).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is(ABORTED) => last = error,
                Err(error) => return Err(error),
            }
            self.session().sleep(PAUSE).await?;
        }
        Err(last)
    }
}

/// Takes the member of this `ROLE/MEMBER` out of the binding with a condition of this title, or without one; a binding
/// without members goes. Returns whether it was there.
fn unbind(policy: &mut Value, id: &str, title: Option<&str>) -> bool {
    let Some(bindings) = policy["bindings"].as_array_mut() else {
        return false;
    };
    let mut changed = false;
    for binding in bindings.iter_mut() {
        let role = binding["role"].as_str().unwrap_or_default();
        let Some(member) = id
            .strip_prefix(role)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        if condition_title(binding) != title {
            continue;
        }
        let member = json!(member);
        if let Some(members) = binding["members"].as_array_mut() {
            let before = members.len();
            members.retain(|one| *one != member);
            changed |= members.len() != before;
        }
    }
    if changed {
        let is_empty = |binding: &Value| binding["members"].as_array().is_none_or(Vec::is_empty);
        bindings.retain(|binding| !is_empty(binding));
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_of_one_binding_goes_and_all_else_stays() {
        let conditional =
            json!({"role": "roles/v", "members": ["user:a"], "condition": {"title": "t"}});
        let other = json!({"role": "roles/vw", "members": ["user:a"]});
        let before = |members: &[&str]| {
            json!({"etag": "E", "bindings": [
                {"role": "roles/v", "members": members}, conditional, other,
            ]})
        };
        let check = |id: &str, title: Option<&str>, expected: Option<Value>| {
            let mut policy = before(&["user:a", "user:b"]);
            let changed = unbind(&mut policy, id, title);
            assert_eq!(changed, expected.is_some(), "{id}");
            assert_eq!(
                policy,
                expected.unwrap_or_else(|| before(&["user:a", "user:b"]))
            );
        };
        check("roles/v/user:a", None, Some(before(&["user:b"])));
        let without = json!({"etag": "E", "bindings": [
            {"role": "roles/v", "members": ["user:a", "user:b"]}, other,
        ]});
        check("roles/v/user:a", Some("t"), Some(without));
        check("roles/v/user:c", None, None);
        check("roles/v/user:a", Some("u"), None);
    }
}
