//! Quotas of regions and of the project: limits, and what is used.

use kubeproof_simkit::operation::Failure;
use serde_json::{Value, json};

use super::item::Item;
use super::machine_types;
use crate::links;
use crate::state::State;

/// The limit of a region's quota in this project.
fn limit(state: &State, metric: &str) -> u64 {
    match metric {
        "CPUS" => u64::from(state.setup.cpus_max),
        "DISKS_TOTAL_GB" => 4096,
        "SSD_TOTAL_GB" => 500,
        "INSTANCES" => 720,
        "IN_USE_ADDRESSES" | "STATIC_ADDRESSES" => 8,
        "INSTANCE_GROUP_MANAGERS" => 100,
        _ => 0,
    }
}

/// The quotas of a region.
const REGIONAL: &[&str] = &[
    "CPUS",
    "DISKS_TOTAL_GB",
    "SSD_TOTAL_GB",
    "INSTANCES",
    "IN_USE_ADDRESSES",
    "STATIC_ADDRESSES",
    "INSTANCE_GROUP_MANAGERS",
];

/// The quotas of the project as a whole: their collections and limits.
const GLOBAL: &[(&str, &str, u32)] = &[
    ("NETWORKS", "networks", 0),
    ("FIREWALLS", "firewalls", 100),
    ("ROUTES", "routes", 250),
    ("INSTANCE_TEMPLATES", "instanceTemplates", 100),
    ("SUBNETWORKS", "subnetworks", 100),
    ("ROUTERS", "routers", 10),
    ("FORWARDING_RULES", "forwardingRules", 15),
    ("TARGET_POOLS", "targetPools", 50),
    ("HEALTH_CHECKS", "healthChecks", 50),
    ("BACKEND_SERVICES", "backendServices", 9),
];

/// The resources that count: what was there before a run does not use up its quotas.
fn counted(state: &State) -> impl Iterator<Item = &Item> {
    let items = state.compute.items.all();
    items.filter(|item| !state.compute.exempt.contains(&item.id))
}

/// How much of a region's quota one resource uses.
fn share(item: &Item, metric: &str) -> u64 {
    let gib = || item.text("sizeGb").parse().unwrap_or(0);
    match (metric, item.of.plural) {
        ("CPUS", "instances") => {
            let found = machine_types::find(item.text("machineType"));
            found.map_or(0, |found| u64::from(found.vcpus))
        }
        ("DISKS_TOTAL_GB", "disks") if links::name(item.text("type")) == "pd-standard" => gib(),
        ("SSD_TOTAL_GB", "disks") if links::name(item.text("type")) != "pd-standard" => gib(),
        ("IN_USE_ADDRESSES", "instances") => {
            let interfaces = item.list("networkInterfaces").iter();
            let public = interfaces.filter(|one| one["accessConfigs"][0]["natIP"].is_string());
            public.count() as u64
        }
        ("INSTANCES", "instances")
        | ("STATIC_ADDRESSES", "addresses")
        | ("INSTANCE_GROUP_MANAGERS", "instanceGroupManagers") => 1,
        _ => 0,
    }
}

fn used(state: &State, region: &str, metric: &str) -> u64 {
    let here = counted(state).filter(|item| item.scope.region() == Some(region));
    here.map(|item| share(item, metric)).sum()
}

/// The first quota of a region that these further uses would exceed.
pub(crate) fn exceeded(state: &State, region: &str, further: &[(&str, u64)]) -> Option<Failure> {
    let (metric, limit) = over(state, region, further)?;
    let message = format!("Quota '{metric}' exceeded. Limit: {limit}.0 in region {region}.");
    Some(Failure::new("QUOTA_EXCEEDED", message))
}

/// The first quota of a region that these further uses would exceed, and its limit.
pub(crate) fn over<'m>(
    state: &State,
    region: &str,
    further: &[(&'m str, u64)],
) -> Option<(&'m str, u64)> {
    let mut further = further.iter();
    let (metric, _) = further.find(|(metric, more)| {
        used(state, region, metric).saturating_add(*more) > limit(state, metric)
    })?;
    Some((*metric, limit(state, metric)))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "quotas are small, and doubles on the wire"
)]
fn shown(metric: &str, limit: u64, used: u64) -> Value {
    json!({"metric": metric, "limit": limit as f64, "usage": used as f64})
}

/// The quotas of a region as the API shows them.
pub(crate) fn of_region(state: &State, region: &str) -> Vec<Value> {
    let all = REGIONAL.iter();
    all.map(|metric| shown(metric, limit(state, metric), used(state, region, metric)))
        .collect()
}

/// The quotas of the project as the API shows them.
pub(crate) fn of_project(state: &State) -> Vec<Value> {
    let all = GLOBAL.iter().map(|(metric, plural, limit)| {
        let items = counted(state).filter(|item| item.of.plural == *plural);
        let limit = match *metric {
            "NETWORKS" => state.setup.networks_max,
            _ => *limit,
        };
        shown(metric, u64::from(limit), items.count() as u64)
    });
    all.collect()
}

/// Whether one more resource of a collection would exceed the project's quota: the quota and its limit.
pub(crate) fn over_global(state: &State, plural: &str) -> Option<(&'static str, u32)> {
    let (metric, _, limit) = GLOBAL.iter().find(|(_, of, _)| *of == plural)?;
    let limit = match *metric {
        "NETWORKS" => state.setup.networks_max,
        _ => *limit,
    };
    let items = counted(state).filter(|item| item.of.plural == plural);
    let is_over = u32::try_from(items.count()).is_ok_and(|count| count >= limit);
    is_over.then_some((metric, limit))
}
