//! Whether the caller may do what a trial does: give roles above all, which a contributor may not.

use serde::Deserialize;

use super::Judged;
use crate::api::Api;
use crate::permissions;
use crate::spec::AksSpec;

/// What one of the caller's roles allows, and what it takes away again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Permission {
    actions: Vec<String>,
    not_actions: Vec<String>,
}

impl Permission {
    fn allows(&self, action: &str) -> bool {
        let names = |patterns: &[String]| {
            let mut all = patterns.iter();
            all.any(|pattern| permissions::names(pattern, action))
        };
        names(&self.actions) && !names(&self.not_actions)
    }
}

pub(super) async fn judge(api: &Api, spec: &AksSpec) -> Judged {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for scope in scopes(spec) {
        let granted: Vec<Permission> = api
            .list("permissions.listForScope", &[&scope], None)
            .await?;
        let missing = missing(spec, &granted);
        seen = permissions::needed(spec).count() - missing.len();
        if !missing.is_empty() {
            wrong.push(format!("at {scope} missing: {}", missing.join(", ")));
        }
    }
    Ok((wrong, format!("{seen} actions are permitted")))
}

/// Where a trial acts: in the subscription, and in the network of others, which may have its own roles.
fn scopes(spec: &AksSpec) -> Vec<String> {
    let subscription = format!("/subscriptions/{}", spec.subscription.0);
    let network = spec
        .network
        .as_ref()
        .map(|network| format!("{subscription}/resourceGroups/{}", network.resource_group.0));
    [Some(subscription), network]
        .into_iter()
        .flatten()
        .collect()
}

/// The actions that none of the caller's roles allows.
fn missing(spec: &AksSpec, granted: &[Permission]) -> Vec<&'static str> {
    let is_allowed = |action: &&str| granted.iter().any(|one| one.allows(action));
    permissions::needed(spec)
        .filter(|action| !is_allowed(action))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::tests::spec;

    fn permission(actions: &[&str], not_actions: &[&str]) -> Permission {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        Permission {
            actions: owned(actions),
            not_actions: owned(not_actions),
        }
    }

    #[test]
    fn a_contributor_may_not_give_roles_and_another_role_of_the_caller_may() {
        let contributor = permission(
            &["*"],
            &[
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/*/Delete",
            ],
        );
        let administrator = permission(&["Microsoft.Authorization/*"], &[]);
        let spec = spec(json!({}));
        let check = |granted: &[Permission], expected: &[&str]| {
            assert_eq!(missing(&spec, granted), expected);
        };
        check(&[permission(&["*"], &[])], &[]);
        let roles = [
            "Microsoft.Authorization/roleAssignments/delete",
            "Microsoft.Authorization/roleAssignments/write",
        ];
        check(std::slice::from_ref(&contributor), &roles);
        check(&[contributor, administrator], &[]);
        assert_eq!(
            missing(&spec, &[]).len(),
            permissions::needed(&spec).count()
        );
    }
}
