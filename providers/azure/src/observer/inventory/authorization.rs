//! What hangs on scopes: role assignments, roles of the subscription's own, locks, and diagnostic settings.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::Resource;
use serde_json::Value;

use super::items::{id, made_at, text};
use crate::api::Api;

/// All assignments in the subscription, and those above that it inherits.
pub(super) async fn assignments(api: &Api, subscription: &str) -> Result<Vec<Resource>, CallError> {
    let operation = "roleAssignments.listForSubscription";
    let all: Vec<Value> = api.list(operation, &[subscription], None).await?;
    all.iter().map(assignment).collect()
}

fn assignment(shown: &Value) -> Result<Resource, CallError> {
    let properties = &shown["properties"];
    let last = |member: &str| text(properties, member).and_then(|id| id.rsplit('/').next());
    let mut resource = on_scope("role_assignment", shown)?;
    for (property, value) in [
        ("scope", text(properties, "scope")),
        ("principal_id", text(properties, "principalId")),
        ("principal_type", text(properties, "principalType")),
        ("role", last("roleDefinitionId")),
        ("created_by", text(properties, "createdBy")),
        ("description", text(properties, "description")),
    ] {
        if let Some(value) = value {
            resource = resource.with(property, value);
        }
    }
    Ok(made_at(resource, text(properties, "createdOn")))
}

/// The roles that were made for this subscription: those of the cloud itself are everywhere.
pub(super) async fn roles(api: &Api, subscription: &str) -> Result<Vec<Resource>, CallError> {
    let filter = Some("type eq 'CustomRole'");
    let all: Vec<Value> = api
        .list("roleDefinitions.list", &[subscription], filter)
        .await?;
    all.iter().map(role).collect()
}

fn role(shown: &Value) -> Result<Resource, CallError> {
    let properties = &shown["properties"];
    let resource = Resource::new("role_definition", id("role_definition", shown)?, "global");
    let resource = resource.named(text(properties, "roleName").map(str::to_owned));
    Ok(made_at(resource, text(properties, "createdOn")))
}

/// All locks in the subscription.
pub(super) async fn locks(api: &Api, subscription: &str) -> Result<Vec<Resource>, CallError> {
    let operation = "managementLocks.listAtSubscriptionLevel";
    let all: Vec<Value> = api.list(operation, &[subscription], None).await?;
    all.iter().map(lock).collect()
}

fn lock(shown: &Value) -> Result<Resource, CallError> {
    let scope = text(shown, "id").and_then(scope_in);
    let mut resource = on_scope("management_lock", shown)?;
    for (property, value) in [
        ("level", text(&shown["properties"], "level")),
        ("scope", scope),
    ] {
        if let Some(value) = value {
            resource = resource.with(property, value);
        }
    }
    Ok(resource)
}

/// The diagnostic settings of the subscription and of its clusters.
pub(super) async fn diagnostic_settings(
    api: &Api,
    subscription: &str,
) -> Result<Vec<Resource>, CallError> {
    let clusters: Vec<Value> = api
        .list("managedClusters.list", &[subscription], None)
        .await?;
    let mut scopes = vec![format!("/subscriptions/{subscription}")];
    scopes.extend(
        clusters
            .iter()
            .filter_map(|one| text(one, "id"))
            .map(str::to_owned),
    );
    let mut all = Vec::new();
    for scope in scopes {
        let found: Result<Vec<Value>, CallError> =
            api.list("diagnosticSettings.list", &[&scope], None).await;
        let found = match found {
            // A cluster that has gone meanwhile has none.
            Err(error) if error.is_not_found() => Vec::new(),
            found => found?,
        };
        for one in &found {
            let resource = on_scope("diagnostic_setting", one)?;
            all.push(resource.with("scope", scope.as_str()));
        }
    }
    Ok(all)
}

/// Something that has no tags, named by the last part of its id.
fn on_scope(name: &'static str, shown: &Value) -> Result<Resource, CallError> {
    let resource = Resource::new(name, id(name, shown)?, "global");
    Ok(resource.named(text(shown, "name").map(str::to_owned)))
}

/// The scope that something hangs on, by its id.
pub(crate) fn scope_in(id: &str) -> Option<&str> {
    let at = id.to_ascii_lowercase().rfind("/providers/")?;
    id.get(..at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SUBNET: &str =
        "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/v/subnets/s";

    #[test]
    fn an_assignment_says_who_has_which_role_where() {
        let id = format!("{SUBNET}/providers/Microsoft.Authorization/roleAssignments/A1");
        let shown = json!({"id": id, "name": "A1", "properties": {
            "roleDefinitionId": "/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions/r",
            "principalId": "p", "principalType": "ServicePrincipal", "scope": SUBNET,
            "createdOn": "2026-11-27T01:02:03.5Z", "createdBy": "c",
        }});
        let seen = assignment(&shown).unwrap();
        assert_eq!(seen.id, id.to_lowercase());
        assert_eq!(seen.incarnation.as_deref(), Some("2026-11-27T01:02:03.5Z"));
        let of = |name: &str| seen.properties.get(name).map(String::as_str);
        assert_eq!(
            (of("scope"), of("principal_id"), of("role")),
            (Some(SUBNET), Some("p"), Some("r"))
        );
        assert!(assignment(&json!({"name": "A1"})).is_err());
    }

    #[test]
    fn a_lock_says_what_it_is_for() {
        let id = format!("{SUBNET}/providers/Microsoft.Authorization/locks/keep");
        let shown = json!({"id": id, "name": "keep", "properties": {"level": "ReadOnly"}});
        let seen = lock(&shown).unwrap();
        assert_eq!(seen.properties["scope"], SUBNET);
        assert_eq!(seen.properties["level"], "ReadOnly");
        assert_eq!(scope_in("/subscriptions/s"), None);
    }
}
