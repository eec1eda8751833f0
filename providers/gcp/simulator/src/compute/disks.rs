//! Persistent disks of a zone, or in two zones of a region.

use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::item::{Item, Phase, mentions};
use super::members::Member;
use super::place::{self, Level, Scope};
use super::rows::{aggregated, resource_table, verb};
use super::{read, usage, write, zones};
use crate::links;
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

pub(crate) const TABLE: Table = resource_table!(
    zonal "disks", "disks", DISKS,
    aggregated!("disks", DISKS),
    verb!("POST", "zones/{zone}/disks/{name}/setLabels", "disks.setLabels",
        |state, call| write::set_labels(state, call, &DISKS)),
    verb!("POST", "zones/{zone}/disks/{name}/resize", "disks.resize", resize),
);

pub(crate) const REGIONAL_TABLE: Table = resource_table!(
    regional "disks", "regionDisks", DISKS,
    verb!("POST", "regions/{region}/disks/{name}/setLabels", "regionDisks.setLabels",
        |state, call| write::set_labels(state, call, &DISKS)),
    verb!("POST", "regions/{region}/disks/{name}/resize", "regionDisks.resize", resize),
);

/// The types of disks.
const TYPES: &[&str] = &["pd-standard", "pd-balanced", "pd-ssd"];

pub(crate) static DISKS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("labels", Member::Labels),
        ("sizeGb", Member::Long),
        ("type", Member::Path),
        ("sourceImage", Member::Text),
        ("sourceSnapshot", Member::Link("snapshots")),
        ("replicaZones", Member::Texts),
        ("physicalBlockSizeBytes", Member::Long),
        ("users", Member::Output),
        ("labelFingerprint", Member::Output),
    ],
    properties: &["description", "sizeGb", "type"],
    seconds: [4, 5, 4],
    prepare,
    made: |state, path| usage::disk(state, path),
    changed: |state, path| usage::disk(state, path),
    removed: |state, item| usage::stop(state, &item.path()),
    status,
    show,
    // A snapshot names the disk that it was made of, and does without it.
    is_kept_by: |_, other| other.of.plural != "snapshots",
    ..Collection::plain(
        "disks",
        "compute#disk",
        &[Level::Zone, Level::Region],
        "disk",
    )
};

fn prepare(state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let usual = format!("{}/diskTypes/pd-standard", draft.scope);
    draft.default("type", json!(place::link(state, &usual)));
    let named = links::name(draft.text("type"));
    if !TYPES.contains(&named) {
        let why = "The referenced resource does not exist, or is not simulated.";
        return Err(ApiError::bad_member("type", &json!(named), why));
    }
    draft.default("sizeGb", json!("500"));
    check_size(&draft.document["sizeGb"])?;
    draft.default("physicalBlockSizeBytes", json!("4096"));
    check_replicas(state, draft)
}

/// A disk of a region is in two of its zones, and one of a zone in no other.
fn check_replicas(state: &State, draft: &mut Draft) -> Result<(), ApiError> {
    let given = draft.document.get("replicaZones").cloned();
    let links = given.as_ref().and_then(Value::as_array);
    let zones: Vec<String> = links
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|link| links::name(link).to_owned())
        .collect();
    let wrong = |why: &str| {
        let given = given.clone().unwrap_or_default();
        ApiError::bad_member("replicaZones", &given, why)
    };
    let Scope::Region(region) = &draft.scope else {
        return if zones.is_empty() {
            Ok(())
        } else {
            Err(wrong("Only a regional disk has replica zones."))
        };
    };
    let here = |zone: &String| zones::is_zone(zone) && zones::region_of(zone) == region;
    if zones.len() != 2 || zones[0] == zones[1] || !zones.iter().all(here) {
        return Err(wrong(
            "Exactly 2 replica zones of the region must be specified.",
        ));
    }
    let links = zones
        .iter()
        .map(|zone| place::link(state, &format!("zones/{zone}")));
    let links: Vec<String> = links.collect();
    draft
        .document
        .insert("replicaZones".to_owned(), json!(links));
    Ok(())
}

fn check_size(size: &Value) -> Result<(), ApiError> {
    let gib = size.as_str().and_then(|text| text.parse().ok());
    if gib.is_some_and(|gib: i64| (1..=65_536).contains(&gib)) {
        return Ok(());
    }
    let why = "Disk size must be between 1 and 65536 GB.";
    Err(ApiError::bad_member("sizeGb", size, why))
}

fn status(_state: &State, item: &Item) -> String {
    let word = match item.phase {
        Phase::Making => "CREATING",
        Phase::Ready => "READY",
        Phase::Deleting => "DELETING",
    };
    word.to_owned()
}

fn show(state: &State, item: &Item, shown: &mut Object) {
    let link = place::link(state, &item.path());
    let instances = state.compute.items.all();
    let users =
        instances.filter(|other| other.list("disks").iter().any(|disk| mentions(disk, &link)));
    let users: Vec<String> = users.map(|user| place::link(state, &user.path())).collect();
    if !users.is_empty() {
        shown.insert("users".to_owned(), json!(users));
    }
}

fn resize(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let wanted = body.get("sizeGb").unwrap_or(&Value::Null);
    let text = wanted
        .as_str()
        .map_or_else(|| wanted.to_string(), str::to_owned);
    let size = json!(text);
    check_size(&size)?;
    let item = read::found(state, call, &DISKS)?;
    let current: i64 = item.text("sizeGb").parse().unwrap_or(0);
    if text.parse().is_ok_and(|size: i64| size <= current) {
        let why = "The new size must be larger than the current one.";
        return Err(ApiError::bad_member("sizeGb", &size, why));
    }
    let changes = Object::from_iter([("sizeGb".to_owned(), size)]);
    write::change(state, call, &DISKS, "resizeDisk", changes, None)
}
