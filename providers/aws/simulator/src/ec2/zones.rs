//! Regions and availability zones. Neither list has pages.

use std::sync::LazyLock;

use crate::ec2::describe::list;
use crate::ec2::{Operations, errors, filters};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;
use crate::wire::xml::Node;

/// All regions, except those that need an opt-in.
static REGIONS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let rows = include_str!("../../../regions.csv").lines().skip(1);
    rows.filter_map(|row| row.split(',').next()).collect()
});

/// The operations on regions and zones.
pub const OPERATIONS: Operations = &[
    ("DescribeRegions", describe_regions),
    ("DescribeAvailabilityZones", describe_zones),
];

/// An item with the values that filters compare with.
type Item = (Node, Vec<(&'static str, String)>);

fn answer(state: &State, call: &Call, set: &str, known: &[&str], items: Vec<Item>) -> Outcome {
    let conditions = call.params.filters();
    for (name, _) in &conditions {
        filters::admit(name, known)?;
    }
    let nodes = items.into_iter().filter(|(_, values)| {
        conditions.iter().all(|(name, patterns)| {
            let found = values.iter().filter(|(known, _)| known == name);
            let held: Vec<String> = found.map(|(_, value)| value.clone()).collect();
            filters::matches(&held, patterns)
        })
    });
    list(
        state,
        call,
        set,
        nodes.map(|(node, _)| node).collect(),
        false,
    )
}

/// Only the region of the account is enabled: the others refuse every call. Regions requested by name or with
/// `AllRegions` are listed all the same.
fn describe_regions(state: &mut State, call: &Call) -> Outcome {
    let wanted = call.params.list("RegionName");
    let enabled = state.setup.region.clone();
    let known_region = |name: &str| REGIONS.contains(&name) || name == enabled;
    if let Some(unknown) = wanted.iter().find(|name| !known_region(name)) {
        return Err(errors::bad_value(unknown, "regionName", "No such region."));
    }
    let all = call.params.get("AllRegions") == Some("true") || !wanted.is_empty();
    let mut regions = REGIONS.to_vec();
    if !regions.contains(&enabled.as_str()) {
        regions.push(&enabled);
    }
    let items = regions
        .iter()
        .filter(|region| wanted.is_empty() || wanted.iter().any(|name| name == *region))
        .filter(|region| all || **region == enabled)
        .map(|region| {
            let endpoint = format!("ec2.{region}.amazonaws.com");
            let status = if *region == enabled {
                "opt-in-not-required"
            } else {
                "not-opted-in"
            };
            let node = Node::new()
                .text("regionName", region)
                .text("regionEndpoint", &endpoint)
                .text("optInStatus", status);
            let values = vec![
                ("region-name", (*region).to_owned()),
                ("endpoint", endpoint),
                ("opt-in-status", status.to_owned()),
            ];
            (node, values)
        });
    let known = ["region-name", "endpoint", "opt-in-status"];
    answer(state, call, "regionInfo", &known, items.collect())
}

fn describe_zones(state: &mut State, call: &Call) -> Outcome {
    let (names, ids) = (call.params.list("ZoneName"), call.params.list("ZoneId"));
    let zones = state.setup.zones();
    for name in &names {
        if !zones.iter().any(|(zone, _)| zone == name) {
            return Err(errors::bad_value(name, "availabilityZone", "No such zone."));
        }
    }
    let region = state.setup.region.clone();
    let items = zones
        .into_iter()
        .filter(|(name, id)| {
            (names.is_empty() || names.contains(name)) && (ids.is_empty() || ids.contains(id))
        })
        .map(|(name, id)| {
            let group = format!("{region}-zg-1");
            let node = Node::new()
                .text("zoneName", &name)
                .text("zoneId", &id)
                .text("zoneState", "available")
                .text("regionName", &region)
                .text("zoneType", "availability-zone")
                .text("optInStatus", "opt-in-not-required")
                .text("groupName", &group)
                .text("networkBorderGroup", &region)
                .list("messageSet", "item", []);
            let values = vec![
                ("zone-name", name),
                ("zone-id", id),
                ("state", "available".to_owned()),
                ("zone-type", "availability-zone".to_owned()),
                ("region-name", region.clone()),
                ("opt-in-status", "opt-in-not-required".to_owned()),
                ("group-name", group),
            ];
            (node, values)
        });
    let known = [
        "zone-name",
        "zone-id",
        "state",
        "zone-type",
        "region-name",
        "opt-in-status",
        "group-name",
        "message",
    ];
    answer(state, call, "availabilityZoneInfo", &known, items.collect())
}
