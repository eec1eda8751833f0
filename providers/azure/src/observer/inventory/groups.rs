//! Resource groups: those that were made for a cluster's nodes, and all others.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::Resource;
use serde_json::Value;

use super::items::{id, in_state, made_at, tags, text};
use crate::api::Api;

/// All groups of the subscription, those of nodes or the others.
pub(super) async fn list(
    api: &Api,
    subscription: &str,
    of_nodes: bool,
    name: &'static str,
) -> Result<Vec<Resource>, CallError> {
    let expand = [("$expand", "createdTime")];
    let all: Vec<Value> = api
        .list_by("resourceGroups.list", &[subscription], &expand)
        .await?;
    let meant = all.iter().filter(|group| is_of_nodes(group) == of_nodes);
    meant.map(|group| resource(name, group)).collect()
}

fn is_of_nodes(group: &Value) -> bool {
    text(group, "managedBy").is_some()
}

fn resource(name: &'static str, group: &Value) -> Result<Resource, CallError> {
    let mut resource = Resource::new(name, id(name, group)?, "global")
        .named(text(group, "name").map(str::to_owned))
        .tagged(tags(group));
    for (property, member) in [("location", "location"), ("managed_by", "managedBy")] {
        if let Some(value) = text(group, member) {
            resource = resource.with(property, value);
        }
    }
    let state = text(&group["properties"], "provisioningState");
    let resource = in_state(resource, state.unwrap_or_default());
    Ok(made_at(resource, text(group, "createdTime")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_group_of_nodes_is_known_by_the_cluster_that_it_was_made_for() {
        let group = json!({"id": "/subscriptions/S/resourceGroups/MC_a", "name": "MC_a",
            "managedBy": "/subscriptions/S/x", "createdTime": "2026-11-27T01:02:03Z"});
        assert!(is_of_nodes(&group));
        assert!(!is_of_nodes(&json!({"managedBy": ""})));
        let seen = resource("node_resource_group", &group).unwrap();
        assert_eq!(seen.id, "/subscriptions/s/resourcegroups/mc_a");
        assert_eq!(seen.properties["managed_by"], "/subscriptions/S/x");
        assert!(seen.incarnation.is_some());
        assert!(resource("resource_group", &json!({"name": "g"})).is_err());
    }
}
