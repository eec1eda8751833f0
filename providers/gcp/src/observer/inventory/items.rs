//! An item of Compute Engine as a resource.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::{Lifetime, Resource};
use serde_json::Value;

use super::super::lists;
use crate::api::types::last;

/// States of what is being deleted. An instance that is `STOPPING` may only stop, and its disk is billed on.
const ENDING: &[&str] = &["DELETING"];

/// How the value of a member is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// As it is.
    Text,
    /// The name at the end of a link.
    Last,
    /// The names at the ends of links, or words, with spaces between them.
    Names,
    /// The names at the ends of the links `group` of objects, with spaces between them.
    Groups,
    /// How many there are.
    Count,
}

/// A property: its name, the member that it is read from, and how.
pub(crate) type Property = (&'static str, &'static str, Read);

/// What items of all types show where they have it.
const COMMON: &[Property] = &[
    ("description", "/description", Read::Text),
    ("network", "/network", Read::Last),
];

/// An item as a resource.
///
/// # Errors
/// When it has no name: then the list is not what we take it for.
pub(super) fn resource(
    name: &'static str,
    item: &Value,
    properties: &[Property],
) -> Result<Resource, CallError> {
    let id = text(item, "name").ok_or_else(|| {
        let scope = lists::scope_of(item);
        CallError::state(
            "list",
            format!("a {name} in {scope} is shown without a name"),
        )
    })?;
    let state = text(item, "status").unwrap_or_default();
    let mut resource = Resource::new(name, id, lists::scope_of(item))
        .named(id.to_owned())
        .tagged(labels(&item["labels"]))
        .in_state(state, Lifetime::of_state(state, ENDING, &[]));
    resource.incarnation = text(item, "id").map(str::to_owned);
    resource.created_at = text(item, "creationTimestamp").and_then(|at| at.parse().ok());
    // A template's labels are those of its machines.
    if let Some(of_machines) = item.pointer("/properties/labels") {
        resource.tags = labels(of_machines);
    }
    for (property, member, read) in COMMON.iter().chain(properties) {
        let value = item.pointer(member).map(|value| shown(value, *read));
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            resource = resource.with(property, value);
        }
    }
    Ok(resource)
}

/// A member that is text and not empty.
pub(super) fn text<'v>(item: &'v Value, member: &str) -> Option<&'v str> {
    item[member].as_str().filter(|text| !text.is_empty())
}

pub(super) fn labels(value: &Value) -> BTreeMap<String, String> {
    let all = value.as_object().into_iter().flatten();
    all.map(|(key, value)| (key.clone(), shown(value, Read::Text)))
        .collect()
}

fn shown(value: &Value, read: Read) -> String {
    match (value, read) {
        (Value::Null, _) => String::new(),
        (Value::String(text), Read::Text) => text.clone(),
        (Value::String(link), _) => last(link).unwrap_or_default().to_owned(),
        (Value::Array(all), Read::Count) => all.len().to_string(),
        (Value::Array(all), Read::Groups) => {
            let names = all.iter().map(|one| shown(&one["group"], Read::Last));
            names.collect::<Vec<_>>().join(" ")
        }
        (Value::Array(all), Read::Names) => {
            let names: Vec<String> = all.iter().map(|one| shown(one, Read::Last)).collect();
            names.join(" ")
        }
        (other, _) => other.to_string(),
    }
}

/// The peerings of a network, each named after both.
pub(super) fn peerings(network: &Value) -> Vec<Resource> {
    let name = text(network, "name").unwrap_or_default();
    let all = network["peerings"].as_array().into_iter().flatten();
    all.filter_map(|peering| {
        let own = text(peering, "name")?;
        let state = text(peering, "state").unwrap_or_default();
        let with = peering["network"].as_str().and_then(last);
        Some(
            Resource::new("network_peering", format!("{name}/{own}"), "global")
                .named(own.to_owned())
                .in_state(state, Lifetime::Alive)
                .with("network", name)
                .with("peer_network", with.unwrap_or_default()),
        )
    })
    .collect()
}

/// The ranges of a subnetwork that Kubernetes Engine has added for a cluster: their names begin with `gke-`. Others are
/// its maker's, and go with it.
pub(super) fn ranges(subnetwork: &Value) -> Vec<Resource> {
    let name = text(subnetwork, "name").unwrap_or_default();
    let all = subnetwork["secondaryIpRanges"]
        .as_array()
        .into_iter()
        .flatten();
    all.filter_map(|range| {
        let own = text(range, "rangeName").filter(|own| own.starts_with("gke-"))?;
        let scope = lists::scope_of(subnetwork);
        Some(
            Resource::new("secondary_range", format!("{name}/{own}"), scope)
                .named(own.to_owned())
                .with("subnetwork", name)
                .with(
                    "ip_cidr_range",
                    text(range, "ipCidrRange").unwrap_or_default(),
                ),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::scope::Scope;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_is_identified_by_name_place_and_unique_id() {
        let item = json!({
            "name": "d", "id": "42", "status": "DELETING", "sizeGb": "30", "labels": {"a": "b"},
            "zone": "https://c/projects/p/zones/us-east1-b",
            "type": "https://c/projects/p/zones/us-east1-b/diskTypes/pd-ssd",
            "users": ["https://c/projects/p/zones/us-east1-b/instances/i", "x/instances/j"],
            "creationTimestamp": "2026-11-27T01:02:03.000-08:00", "description": "",
        });
        let properties = [
            ("size_gb", "/sizeGb", Read::Text),
            ("disk_type", "/type", Read::Last),
            ("users", "/users", Read::Names),
            ("absent", "/absent", Read::Text),
        ];
        let disk = resource("disk", &item, &properties).expect("a disk");
        assert_eq!(disk.scope, Scope::new("us-east1/us-east1-b"));
        assert_eq!((&*disk.id, disk.incarnation.as_deref()), ("d", Some("42")));
        assert_eq!(disk.lifetime, Lifetime::Ending);
        assert_eq!(disk.tags["a"], "b");
        assert!(disk.created_at.is_some());
        let expected = [("disk_type", "pd-ssd"), ("size_gb", "30"), ("users", "i j")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(disk.properties, expected.into());
    }

    #[test]
    fn an_item_without_a_name_is_an_error_and_not_left_out() {
        assert!(resource("disk", &json!({"id": "42"}), &[]).is_err());
        assert!(resource("disk", &json!({"name": ""}), &[]).is_err());
    }

    #[test]
    fn a_machine_that_stops_is_not_being_deleted() {
        let check = |status: &str, expected: Lifetime| {
            let item = json!({"name": "i", "status": status});
            let seen = resource("instance", &item, &[]).expect("an instance");
            assert_eq!(seen.lifetime, expected, "{status}");
        };
        check("TERMINATED", Lifetime::Alive);
        check("STOPPING", Lifetime::Alive);
        check("RUNNING", Lifetime::Alive);
    }

    #[test]
    fn a_network_shows_its_peerings() {
        let network = json!({"name": "n", "peerings": [
            {"name": "gke-n1-peer", "network": "https://c/projects/q/global/networks/m", "state": "ACTIVE"},
        ]});
        let seen = peerings(&network);
        assert_eq!(seen.len(), 1);
        assert_eq!((&*seen[0].id, &*seen[0].state), ("n/gke-n1-peer", "ACTIVE"));
        assert_eq!(seen[0].properties["peer_network"], "m");
        assert!(peerings(&json!({"name": "n"})).is_empty());
    }
    #[test]
    fn a_subnetwork_shows_the_ranges_that_a_cluster_added() {
        let range = |name: &str| json!({"rangeName": name, "ipCidrRange": "10.192.0.0/17"});
        let subnetwork = json!({
            "name": "default", "region": "https://c/projects/p/regions/us-east1",
            "secondaryIpRanges": [range("pods"), range("gke-kp-r1-pods-0a1b2c3d")],
        });
        let seen = ranges(&subnetwork);
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].id, "default/gke-kp-r1-pods-0a1b2c3d");
        assert_eq!(seen[0].scope, Scope::new("us-east1"));
        assert_eq!(seen[0].properties["ip_cidr_range"], "10.192.0.0/17");
        assert!(ranges(&json!({"name": "n"})).is_empty());
    }
}
