//! The project's service accounts, and the members of its policy.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::{Lifetime, RETAINED_PROPERTY, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::READ;
use super::items::text;
use crate::api::Api;

/// The most accounts of one page.
const PAGE: (&str, &str) = ("pageSize", "100");
/// The domains of accounts that Google makes when an API is enabled, and keeps when it is disabled.
const OF_GOOGLE: &[&str] = &["@container-engine-robot.iam.gserviceaccount.com"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountPage {
    #[serde(default)]
    accounts: Vec<Value>,
    next_page_token: Option<String>,
}

/// All service accounts of the project.
pub(super) async fn accounts(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    let parameters = [project];
    let query = [PAGE];
    let call = RestCall::new("projects.serviceAccounts.list", &parameters).with_query(&query);
    let take = |page: AccountPage| Ok((page.accounts, page.next_page_token));
    let all: Vec<Value> = api.iam.all_pages(call, "pageToken", take).await?;
    all.iter().map(account).collect()
}

fn account(shown: &Value) -> Result<Resource, CallError> {
    let email = text(shown, "email")
        .ok_or_else(|| CallError::state("list", "a service account is shown without an address"))?;
    let state = if shown["disabled"] == true {
        "DISABLED"
    } else {
        ""
    };
    let mut resource = Resource::new("service_account", email, "global")
        .named(email.to_owned())
        .in_state(state, Lifetime::Alive);
    if let Some(id) = text(shown, "uniqueId") {
        resource = resource.with("unique_id", id);
        resource.incarnation = Some(id.to_owned());
    }
    if let Some(description) = text(shown, "description") {
        resource = resource.with("description", description);
    }
    Ok(resource)
}

/// The policy of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy(pub(crate) Value);

/// Reads the project's policy, conditions included.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn read_policy(api: &Api, project: &str) -> Result<Policy, CallError> {
    let body = json!({"options": {"requestedPolicyVersion": 3}});
    let parameters = [project];
    let call = RestCall::new("projects.getIamPolicy", &parameters).with_body(&body);
    Ok(Policy(api.projects.call(READ, call).await?))
}

/// What a condition is called, which tells two bindings of one role apart; `None` without a condition.
pub(crate) fn condition_title(binding: &Value) -> Option<&str> {
    let condition = Some(&binding["condition"]).filter(|one| !one.is_null())?;
    Some(condition["title"].as_str().unwrap_or_default())
}

/// The bindings of the project: one for each role and member.
pub(super) async fn bindings(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    let Policy(policy) = read_policy(api, project).await?;
    Ok(bindings_of(&policy))
}

fn bindings_of(policy: &Value) -> Vec<Resource> {
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    let each = |binding: &Value| {
        let members = binding["members"].as_array().into_iter().flatten();
        let members = members.filter_map(Value::as_str);
        members
            .map(|member| of_member(binding, member))
            .collect::<Vec<_>>()
    };
    bindings.flat_map(each).collect()
}

fn of_member(binding: &Value, member: &str) -> Resource {
    let role = binding["role"].as_str().unwrap_or_default();
    let mut resource = Resource::new("iam_binding", format!("{role}/{member}"), "global")
        .named(member.to_owned())
        .with("role", role);
    if let Some(title) = condition_title(binding) {
        resource.incarnation = Some(title.to_owned());
        resource = resource.with("condition", &binding["condition"]);
    }
    if OF_GOOGLE.iter().any(|domain| member.ends_with(domain)) {
        let why = "Google's own account: it is made with the API, and stays when that is disabled";
        resource = resource.with(RETAINED_PROPERTY, why);
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_with_and_without_a_condition_has_two_bindings() {
        let policy = json!({"bindings": [
            {"role": "roles/viewer", "members": ["user:a", "user:b"]},
            {"role": "roles/viewer", "members": ["user:a"], "condition": {"title": "t"}},
            {"role": "roles/empty"},
        ]});
        let seen = bindings_of(&policy);
        let keys: Vec<(&str, Option<&str>)> = seen
            .iter()
            .map(|one| (one.id.as_str(), one.incarnation.as_deref()))
            .collect();
        let expected = [
            ("roles/viewer/user:a", None),
            ("roles/viewer/user:b", None),
            ("roles/viewer/user:a", Some("t")),
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn only_accounts_of_google_stay() {
        let check = |member: &str, expected: bool| {
            let seen = of_member(&json!({"role": "roles/r"}), member);
            assert_eq!(
                seen.properties.contains_key(RETAINED_PROPERTY),
                expected,
                "{member}"
            );
        };
        check(
            "serviceAccount:service-1@container-engine-robot.iam.gserviceaccount.com",
            true,
        );
        check(
            "serviceAccount:kp-r1-nodes@p.iam.gserviceaccount.com",
            false,
        );
        check("user:container-engine-robot@example.com", false);
    }

    #[test]
    fn an_account_is_identified_by_its_unique_id_too() {
        let seen = account(&json!({"email": "a@p", "uniqueId": "7", "disabled": true}));
        let seen = seen.expect("an account");
        assert_eq!(
            (seen.incarnation.as_deref(), &*seen.state),
            (Some("7"), "DISABLED")
        );
        assert!(account(&json!({"uniqueId": "7"})).is_err());
    }
}
