//! Regions and zones.

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::read::listed;
use super::{place, quota};
use crate::links;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Outcome};

/// Some of the real regions, with the letters of their zones.
const REGIONS: &[(&str, &[&str])] = &[
    ("us-central1", &["a", "b", "c", "f"]),
    ("us-east1", &["b", "c", "d"]),
    ("us-west1", &["a", "b", "c"]),
    ("europe-west1", &["b", "c", "d"]),
    ("europe-west4", &["a", "b", "c"]),
    ("asia-southeast1", &["a", "b", "c"]),
];

/// When regions and zones were made, as real ones say.
const CREATED: &str = "1969-12-31T16:00:00.000-08:00";

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/zones", "compute.zones.list", list_zones),
    on("GET", "/projects/{project}/zones/{zone}", "compute.zones.get", get_zone),
    on("GET", "/projects/{project}/regions", "compute.regions.list", list_regions),
    on("GET", "/projects/{project}", "compute.projects.get", get_project),
    on("GET", "/projects/{project}/regions/{region}", "compute.regions.get", get_region),
]);

/// The names of all regions.
pub(crate) fn regions() -> impl Iterator<Item = String> {
    REGIONS.iter().map(|(name, _)| (*name).to_owned())
}

/// The names of all zones.
pub(crate) fn zones() -> impl Iterator<Item = String> {
    regions().flat_map(|region| zones_of(&region))
}

/// The zones of a region.
pub(crate) fn zones_of(region: &str) -> Vec<String> {
    let found = REGIONS.iter().find(|(name, _)| *name == region);
    let letters = found.map_or(&[][..], |(_, letters)| letters);
    let named = letters.iter().map(|letter| format!("{region}-{letter}"));
    named.collect()
}

/// The region of a zone: its name without the letter.
pub(crate) fn region_of(zone: &str) -> &str {
    zone.rsplit_once('-').map_or(zone, |(region, _)| region)
}

pub(crate) fn is_region(name: &str) -> bool {
    REGIONS.iter().any(|(region, _)| *region == name)
}

pub(crate) fn is_zone(name: &str) -> bool {
    zones().any(|zone| zone == name)
}

/// A made-up but stable id.
fn id(name: &str) -> String {
    let sum = name
        .bytes()
        .fold(2000_u64, |sum, byte| sum * 7 % 100_000 + u64::from(byte));
    sum.to_string()
}

fn zone(state: &State, name: &str) -> Value {
    let path = format!("zones/{name}");
    json!({
        "kind": "compute#zone", "id": id(name), "creationTimestamp": CREATED, "name": name,
        "description": name, "status": "UP",
        "region": place::link(state, &format!("regions/{}", region_of(name))),
        "selfLink": place::link(state, &path),
        "supportsPzs": false, "availableCpuPlatforms": ["Intel Broadwell", "Intel Cascade Lake"],
    })
}

fn region(state: &State, name: &str) -> Value {
    let path = format!("regions/{name}");
    let zones = zones_of(name).into_iter();
    let zones = zones.map(|zone| place::link(state, &format!("zones/{zone}")));
    json!({
        "kind": "compute#region", "id": id(name), "creationTimestamp": CREATED, "name": name,
        "description": name, "status": "UP", "selfLink": place::link(state, &path),
        "zones": zones.collect::<Vec<_>>(), "quotas": quota::of_region(state, name), "supportsPzs": false,
    })
}

fn unknown(state: &State, path: &str) -> ApiError {
    let project = &state.setup.project;
    ApiError::not_found(format!(
        "The resource 'projects/{project}/{path}' was not found"
    ))
}

fn get_zone(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.parameter(1);
    if !is_zone(name) {
        return Err(unknown(state, &format!("zones/{name}")));
    }
    Ok(zone(state, name))
}

fn get_region(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.parameter(1);
    if !is_region(name) {
        return Err(unknown(state, &format!("regions/{name}")));
    }
    Ok(region(state, name))
}

fn list_zones(state: &mut State, call: &Call<'_>) -> Outcome {
    let all = zones().map(|name| zone(state, &name));
    listed(state, call, "compute#zoneList", all.collect())
}

fn list_regions(state: &mut State, call: &Call<'_>) -> Outcome {
    let all = regions().map(|name| region(state, &name));
    listed(state, call, "compute#regionList", all.collect())
}

fn get_project(state: &mut State, _call: &Call<'_>) -> Outcome {
    let (project, number) = (&state.setup.project, state.setup.project_number);
    Ok(json!({
        "kind": "compute#project", "id": number.to_string(), "name": project,
        "creationTimestamp": CREATED, "defaultNetworkTier": "PREMIUM", "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "defaultServiceAccount": format!("{number}-compute@developer.gserviceaccount.com"),
        "selfLink": format!("{}projects/{project}", links::COMPUTE),
        "quotas": quota::of_project(state),
        "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": "AAAAAAAAAAA="},
    }))
}
