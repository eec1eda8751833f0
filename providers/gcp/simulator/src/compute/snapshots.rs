//! Snapshots of disks, which outlive the disk and the cluster that it was made for.

use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::item::{Item, Phase};
use super::members::Member;
use super::place::Level;
use super::rows::{resource_table, verb};
use super::write;
use crate::links;
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const TABLE: Table = resource_table!(
    global "snapshots", "snapshots", SNAPSHOTS,
    verb!("POST", "global/snapshots/{name}/setLabels", "snapshots.setLabels",
        |state, call| write::set_labels(state, call, &SNAPSHOTS)),
);

pub(crate) static SNAPSHOTS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("labels", Member::Labels),
        ("sourceDisk", Member::Link("disks")),
        ("snapshotType", Member::Word(&["STANDARD", "ARCHIVE"])),
        ("storageLocations", Member::Texts),
        ("diskSizeGb", Member::Output),
        ("sourceDiskId", Member::Output),
        ("storageBytes", Member::Output),
        ("storageBytesStatus", Member::Output),
        ("labelFingerprint", Member::Output),
    ],
    properties: &["description", "sourceDisk", "storageBytes"],
    seconds: [20, 5, 5],
    prepare,
    made: |state, _| {
        // No price page was read for them.
        state.unpriced.insert("snapshots".to_owned());
    },
    // A disk may go while it was made from a snapshot, and a snapshot while a disk was made from it.
    is_kept_by: |_, _| false,
    status,
    ..Collection::plain(
        "snapshots",
        "compute#snapshot",
        &[Level::Global],
        "snapshot",
    )
};

fn prepare(state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let link = draft.required("sourceDisk")?.as_str().unwrap_or_default();
    let disk = state.compute.items.get(links::below_project(link));
    let (size, id, region) = disk.map_or((json!("0"), 0, None), |disk| {
        let size = disk.document.get("sizeGb").cloned();
        let region = disk.scope.region().map(str::to_owned);
        (size.unwrap_or(Value::Null), disk.id, region)
    });
    draft.document.insert("diskSizeGb".to_owned(), size);
    draft
        .document
        .insert("sourceDiskId".to_owned(), json!(id.to_string()));
    // Nothing was written since: the simulated disks have no content.
    draft.default("storageBytes", json!("0"));
    draft.default("storageBytesStatus", json!("UP_TO_DATE"));
    draft.default("snapshotType", json!("STANDARD"));
    draft.default(
        "storageLocations",
        json!(region.into_iter().collect::<Vec<_>>()),
    );
    Ok(())
}

fn status(_: &State, item: &Item) -> String {
    let word = match item.phase {
        Phase::Making => "CREATING",
        Phase::Ready => "READY",
        Phase::Deleting => "DELETING",
    };
    word.to_owned()
}
