//! Resource groups: those that were made for a cluster's nodes, and all others.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource};
use serde_json::Value;

use super::items::{id, in_state, made_at, tags, text};
use crate::api::Api;

/// The group that Azure makes by itself, with the first network of a subscription (Network Watcher, overview).
pub(super) const WATCHERS: &str = "networkwatcherrg";
/// Why what is made for watching networks stays.
pub(super) const WATCHERS_STAY: &str =
    "Azure makes it with the first network of a location, and keeps it";

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
    if text(group, "name").is_some_and(|name| name.eq_ignore_ascii_case(WATCHERS)) {
        resource = resource.with(RETAINED_PROPERTY, WATCHERS_STAY);
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

    #[test]
    fn only_the_group_of_network_watchers_stays() {
        let check = |name: &str, expected: bool| {
            let group = json!({"id": "/subscriptions/s/resourceGroups/g", "name": name});
            let seen = resource("resource_group", &group).unwrap();
            let stays = seen.properties.contains_key(RETAINED_PROPERTY);
            assert_eq!(stays, expected, "{name}");
        };
        check("NetworkWatcherRG", true);
        check("networkwatcherrg", true);
        check("NetworkWatcherRG-2", false);
    }
}
