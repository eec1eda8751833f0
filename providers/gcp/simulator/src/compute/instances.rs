//! Machines: their disks and addresses, starting and stopping, and what keeps one from being made.

use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::operation::Failure;
use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::item::{Item, Phase};
use super::members::Member;
use super::place::{self, Level};
use super::rows::{aggregated, resource_table, verb};
use super::{
    addresses, machine_types, managers, operations, quota, read, subnetworks, usage, write,
};
use crate::links;
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body, time};

pub(crate) const TABLE: Table = resource_table!(
    zonal "instances", "instances", INSTANCES,
    aggregated!("instances", INSTANCES),
    verb!("POST", "zones/{zone}/instances/{name}/setLabels", "instances.setLabels",
        |state, call| write::set_labels(state, call, &INSTANCES)),
    verb!("POST", "zones/{zone}/instances/{name}/setTags", "instances.setTags", set_tags),
    verb!("POST", "zones/{zone}/instances/{name}/setMetadata", "instances.setMetadata", set_metadata),
    verb!("POST", "zones/{zone}/instances/{name}/stop", "instances.stop", stop),
    verb!("POST", "zones/{zone}/instances/{name}/start", "instances.start", start),
);

pub(crate) static INSTANCES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("machineType", Member::Path),
        ("disks", Member::Objects),
        ("networkInterfaces", Member::Objects),
        ("labels", Member::Labels),
        ("tags", Member::Object),
        ("metadata", Member::Object),
        ("serviceAccounts", Member::Objects),
        ("scheduling", Member::Object),
        ("canIpForward", Member::Flag),
        ("shieldedInstanceConfig", Member::Object),
    ],
    properties: &["description", "machineType"],
    seconds: [25, 10, 35],
    prepare,
    failure,
    made,
    changed: |state, path| {
        let item = state.compute.items.get(path);
        if item.is_some_and(|item| item.text("status") == "RUNNING") {
            usage::instance(state, path);
        } else {
            usage::stop(state, path);
            usage::gateways(state);
        }
    },
    removed,
    // A group, a pool or a route does not keep its members.
    is_kept_by: |_, _| false,
    status,
    show,
    ..Collection::plain("instances", "compute#instance", &[Level::Zone], "instance")
};

fn prepare(state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let kind = draft.required("machineType")?.clone();
    if machine_types::find(draft.text("machineType")).is_none() {
        let why = "The referenced resource does not exist, or is not simulated.";
        return Err(ApiError::bad_member("machineType", &kind, why));
    }
    let interfaces = draft.document.remove("networkInterfaces");
    let interfaces = interfaces.unwrap_or_else(|| json!([{}]));
    let interfaces = connected(state, draft, interfaces)?;
    draft
        .document
        .insert("networkInterfaces".to_owned(), interfaces);
    if draft
        .required("disks")?
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        return Err(ApiError::invalid("At least one disk must be specified."));
    }
    draft.default("canIpForward", json!(false));
    draft.default("deletionProtection", json!(false));
    draft.default("startRestricted", json!(false));
    draft.default("cpuPlatform", json!("Intel Broadwell"));
    draft.default("lastStartTimestamp", json!(time(state.now)));
    draft.default(
        "scheduling",
        json!({"onHostMaintenance": "MIGRATE", "automaticRestart": true, "preemptible": false,
               "provisioningModel": "STANDARD"}),
    );
    Ok(())
}

/// Interfaces with their network, subnetwork and addresses.
fn connected(state: &mut State, draft: &Draft, interfaces: Value) -> Result<Value, ApiError> {
    let Value::Array(mut interfaces) = interfaces else {
        return Err(ApiError::invalid("networkInterfaces must be a list."));
    };
    let region = draft.scope.region().unwrap_or_default().to_owned();
    for (index, interface) in interfaces.iter_mut().enumerate() {
        let member = format!("networkInterfaces[{index}]");
        let given = interface["subnetwork"].as_str().map(str::to_owned);
        let network = interface["network"].as_str().map(str::to_owned);
        let subnetwork = match given {
            Some(link) => link,
            None => {
                let default = || place::link(state, "global/networks/default");
                let network = network.unwrap_or_else(default);
                let found = subnetworks::in_region(state, &network, &region);
                found.ok_or_else(|| {
                    let why = "The network has no subnetwork in the region.";
                    ApiError::bad_member(&format!("{member}.network"), &json!(network), why)
                })?
            }
        };
        let path = links::below_project(&subnetwork).to_owned();
        let Some(item) = state.compute.items.get(&path) else {
            return Err(super::members::absent(state, &path));
        };
        let network = item.text("network").to_owned();
        let address = subnetworks::free_address(state, &subnetwork);
        let public: Option<String> = interface["accessConfigs"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
            .then(|| addresses::public(state));
        interface["kind"] = json!("compute#networkInterface");
        interface["name"] = json!(format!("nic{index}"));
        interface["network"] = json!(network);
        interface["subnetwork"] = json!(subnetwork);
        interface["networkIP"] = json!(address);
        interface["stackType"] = json!("IPV4_ONLY");
        if let Some(public) = public {
            interface["accessConfigs"] = json!([{
                "kind": "compute#accessConfig", "type": "ONE_TO_ONE_NAT",
                "name": "external-nat", "natIP": public, "networkTier": "PREMIUM",
            }]);
        }
    }
    Ok(Value::Array(interfaces))
}

/// A quota that is used up or a zone without machines shows in the operation.
fn failure(state: &State, draft: &Draft, injected: &InjectedFault) -> Option<Failure> {
    let zone = draft.scope.name();
    if injected.take_capacity() || state.setup.exhausted_zones.iter().any(|one| one == zone) {
        return Some(stock_out(state, zone));
    }
    let region = draft.scope.region()?;
    let vcpus = machine_types::find(draft.text("machineType"))?.vcpus;
    quota::exceeded(
        state,
        region,
        &[("CPUS", u64::from(vcpus)), ("INSTANCES", 1)],
    )
}

/// A zone has no machines to give.
pub(crate) fn stock_out(state: &State, zone: &str) -> Failure {
    let project = &state.setup.project;
    Failure::new(
        "ZONE_RESOURCE_POOL_EXHAUSTED",
        format!(
            "The zone 'projects/{project}/zones/{zone}' does not have enough resources available to fulfill the \
             request. Try a different zone, or try again later."
        ),
    )
}

/// A machine starts: disks that it describes are made, and it is billed.
fn made(state: &mut State, path: &str) {
    let Some(item) = state.compute.items.get(path) else {
        return;
    };
    let (scope, name, labels) = (item.scope.clone(), item.name.clone(), item.labels());
    let description = item.text("description").to_owned();
    let mut disks = item.list("disks").to_vec();
    for (index, disk) in disks.iter_mut().enumerate() {
        let described = disk["initializeParams"].clone();
        if !disk["source"].is_string() {
            let disk_name = match described["diskName"].as_str() {
                Some(given) => given.to_owned(),
                None if index == 0 => name.clone(),
                None => format!("{name}-{index}"),
            };
            let size = &described["diskSizeGb"];
            let size = size.as_str().map(str::to_owned);
            let size = size.or_else(|| described["diskSizeGb"].as_i64().map(|one| one.to_string()));
            let kind = described["diskType"].as_str().unwrap_or("pd-standard");
            let kind = format!("{scope}/diskTypes/{}", links::name(kind));
            let document = json!({
                "labels": labels, "sizeGb": size.unwrap_or_else(|| "10".to_owned()),
                "type": place::link(state, &kind), "description": description,
            });
            let path = format!("{scope}/disks/{disk_name}");
            write::add(state, &path, document);
            disk["source"] = json!(place::link(state, &path));
            disk["diskSizeGb"] = state
                .compute
                .items
                .get(&path)
                .map_or(Value::Null, |disk| json!(disk.text("sizeGb")));
        }
        let is_boot = disk["boot"].as_bool().unwrap_or(index == 0);
        let is_temporary = disk["autoDelete"].as_bool().unwrap_or(false);
        let mut attached = json!({
            "kind": "compute#attachedDisk", "type": "PERSISTENT", "mode": "READ_WRITE",
            "source": disk["source"], "deviceName": format!("persistent-disk-{index}"), "index": index,
            "boot": is_boot, "autoDelete": is_temporary, "interface": "SCSI",
        });
        if disk["diskSizeGb"].is_string() {
            attached["diskSizeGb"] = disk["diskSizeGb"].clone();
        }
        *disk = attached;
    }
    if let Some(item) = state.compute.items.get_mut(path) {
        item.document.insert("disks".to_owned(), json!(disks));
        item.document.insert("status".to_owned(), json!("RUNNING"));
    }
    usage::instance(state, path);
}

/// A machine is gone: the disks that it was made with go with it.
fn removed(state: &mut State, item: &Item) {
    usage::stop(state, &item.path());
    for disk in item.list("disks") {
        if disk["autoDelete"] == true
            && let Some(source) = disk["source"].as_str()
        {
            write::remove(state, links::below_project(source));
        }
    }
    usage::gateways(state);
    managers::lost(state, item);
}

fn status(_state: &State, item: &Item) -> String {
    let word = match item.phase {
        Phase::Making => "PROVISIONING",
        Phase::Ready => item.text("status"),
        Phase::Deleting => "STOPPING",
    };
    word.to_owned()
}

fn show(_state: &State, item: &Item, shown: &mut Object) {
    shown.insert(
        "fingerprint".to_owned(),
        json!(operations::fingerprint(&item.document)),
    );
    for member in ["tags", "metadata"] {
        let mut object = match item.document.get(member) {
            Some(Value::Object(object)) => object.clone(),
            _ => Object::new(),
        };
        object.remove("fingerprint");
        let fingerprint = operations::fingerprint(&object);
        object.insert("fingerprint".to_owned(), json!(fingerprint));
        if member == "metadata" {
            object.insert("kind".to_owned(), json!("compute#metadata"));
        }
        shown.insert(member.to_owned(), Value::Object(object));
    }
}

fn set_tags(state: &mut State, call: &Call<'_>) -> Outcome {
    replace(state, call, "tags", "setTags")
}

fn set_metadata(state: &mut State, call: &Call<'_>) -> Outcome {
    replace(state, call, "metadata", "setMetadata")
}

/// Replaces tags or metadata, when the fingerprint given is that of the current ones.
fn replace(state: &mut State, call: &Call<'_>, member: &str, kind: &'static str) -> Outcome {
    let body = body(call.request)?;
    let shown = read::found(state, call, &INSTANCES)?.shown(state);
    if body.get("fingerprint") != Some(&shown[member]["fingerprint"]) {
        return Err(write::condition_not_met("Fingerprint"));
    }
    let changes = Object::from_iter([(member.to_owned(), Value::Object(body))]);
    write::change(state, call, &INSTANCES, kind, changes, None)
}

fn stop(state: &mut State, call: &Call<'_>) -> Outcome {
    let changes = Object::from_iter([("status".to_owned(), json!("TERMINATED"))]);
    write::change(state, call, &INSTANCES, "stop", changes, None)
}

fn start(state: &mut State, call: &Call<'_>) -> Outcome {
    let changes = Object::from_iter([("status".to_owned(), json!("RUNNING"))]);
    write::change(state, call, &INSTANCES, "start", changes, None)
}
