//! Machine types.

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::place::{self, Level, Place};
use super::read::listed;
use super::{members, zones};
use crate::links;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{Object, Outcome};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/zones/{zone}/machineTypes", "compute.machineTypes.list", list),
    on("GET", "/projects/{project}/zones/{zone}/machineTypes/{name}", "compute.machineTypes.get", get),
    on("GET", "/projects/{project}/aggregated/machineTypes", "compute.machineTypes.aggregatedList", aggregated),
]);

/// A machine type.
#[derive(Debug)]
pub(crate) struct MachineType {
    pub(crate) name: &'static str,
    pub(crate) vcpus: u32,
    pub(crate) memory_mib: u32,
    /// The GPUs that come with it.
    pub(crate) gpus: Option<(&'static str, u32)>,
}

const fn plain(name: &'static str, vcpus: u32, memory_mib: u32) -> MachineType {
    MachineType {
        name,
        vcpus,
        memory_mib,
        gpus: None,
    }
}

const fn with_gpus(mut of: MachineType, kind: &'static str, count: u32) -> MachineType {
    of.gpus = Some((kind, count));
    of
}

/// Those whose prices are known.
const TYPES: &[MachineType] = &[
    plain("e2-micro", 2, 1024),
    plain("e2-small", 2, 2048),
    plain("e2-medium", 2, 4096),
    plain("e2-standard-2", 2, 8192),
    plain("e2-standard-4", 4, 16_384),
    plain("e2-standard-8", 8, 32_768),
    plain("n1-standard-1", 1, 3840),
    plain("n1-standard-2", 2, 7680),
    plain("n1-standard-4", 4, 15_360),
    plain("n2-standard-2", 2, 8192),
    plain("n2-standard-4", 4, 16_384),
    with_gpus(plain("g2-standard-4", 4, 16_384), "nvidia-l4", 1),
    with_gpus(plain("a2-highgpu-1g", 12, 87_040), "nvidia-tesla-a100", 1),
    with_gpus(
        plain("a3-highgpu-8g", 208, 1_916_928),
        "nvidia-h100-80gb",
        8,
    ),
];

/// The machine type that a link or a name leads to.
pub(crate) fn find(link: &str) -> Option<&'static MachineType> {
    let name = links::name(link);
    TYPES.iter().find(|one| one.name == name)
}

fn shown(state: &State, zone: &str, of: &MachineType) -> Value {
    let path = format!("zones/{zone}/machineTypes/{}", of.name);
    let number = 1000 + u64::from(of.vcpus) * 1_000_000 + u64::from(of.memory_mib);
    let mut shown = json!({
        "kind": "compute#machineType", "id": number.to_string(), "name": of.name,
        "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
        "description": format!("{} vCPUs, {} GB RAM", of.vcpus, of.memory_mib / 1024),
        "guestCpus": of.vcpus, "memoryMb": of.memory_mib, "imageSpaceGb": 0,
        "maximumPersistentDisks": 128, "maximumPersistentDisksSizeGb": "263168",
        "zone": zone, "isSharedCpu": of.name.ends_with("micro") || of.name.ends_with("small") || of.name.ends_with("medium"),
        "selfLink": place::link(state, &path),
    });
    if let Some((kind, count)) = of.gpus {
        shown["accelerators"] =
            json!([{"guestAcceleratorType": kind, "guestAcceleratorCount": count}]);
    }
    shown
}

fn all_of(state: &State, zone: &str) -> Vec<Value> {
    TYPES.iter().map(|one| shown(state, zone, one)).collect()
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let place = Place::of(call.request.uri().path())?;
    let all = all_of(state, place.scope.name());
    listed(state, call, "compute#machineTypeList", all)
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let place = Place::of(call.request.uri().path())?;
    match find(&place.name) {
        Some(found) => Ok(shown(state, place.scope.name(), found)),
        None => {
            let path = format!("{}/machineTypes/{}", place.scope, place.name);
            Err(members::absent(state, &path))
        }
    }
}

/// All types are in all zones, on one page.
fn aggregated(state: &mut State, call: &Call<'_>) -> Outcome {
    let zones = zones::zones();
    let scopes = Level::Zone.scopes().into_iter().zip(zones);
    let by_scope: Object = scopes
        .map(|(scope, zone)| {
            let types = json!({"machineTypes": all_of(state, &zone)});
            (scope.to_string(), types)
        })
        .collect();
    let below = links::below_project(call.request.uri().path());
    Ok(json!({
        "kind": "compute#machineTypeAggregatedList",
        "id": format!("projects/{}/{below}", state.setup.project),
        "selfLink": place::link(state, below), "items": by_scope,
    }))
}
