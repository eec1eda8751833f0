//! Managed disks and snapshots. A disk is billed by the tier that its size fits into.

use serde_json::json;

use crate::arm::rows::kind_table;
use crate::arm::{Begins, Kind};
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;
use crate::{billing, prices};

pub(crate) const TABLE: Table = kind_table!("compute", "Microsoft.Compute", "disks", DISKS);
pub(crate) const SNAPSHOT_TABLE: Table =
    kind_table!("compute", "Microsoft.Compute", "snapshots", SNAPSHOTS);

pub(crate) static DISKS: Kind = Kind {
    members: &[
        "creationData",
        "diskSizeGB",
        "encryption",
        "maxShares",
        "networkAccessPolicy",
        "osType",
        "publicNetworkAccess",
    ],
    further: &["managedBy", "sku", "zones"],
    properties: &["diskSizeGB"],
    described: |_, item| vec![("sku", item.sku("name").to_owned())],
    begins: Begins::Accepted,
    in_use: "OperationNotAllowed",
    prepare: |_, _, draft| {
        if draft.property("diskSizeGB").as_u64().is_none() {
            return Err(ApiError::invalid(
                "Required parameter 'disk.diskSizeGB' is missing (null).",
            ));
        }
        draft
            .document
            .entry("sku")
            .or_insert_with(|| json!({"name": "Standard_LRS"}));
        Ok(())
    },
    made: bill,
    changed: bill,
    show: |_, item, properties| {
        let is_attached = item.document.contains_key("managedBy");
        properties.insert(
            "diskState".to_owned(),
            json!(if is_attached {
                "Attached"
            } else {
                "Unattached"
            }),
        );
        properties.insert("uniqueId".to_owned(), json!(item.unique));
        properties.insert(
            "timeCreated".to_owned(),
            json!(crate::wire::time(item.created)),
        );
    },
    ..Kind::plain("Microsoft.Compute", &["disks"], "managed_disk")
};

pub(crate) static SNAPSHOTS: Kind = Kind {
    members: &["creationData", "diskSizeGB", "incremental"],
    further: &["sku"],
    begins: Begins::Accepted,
    made: |state, _| {
        state.unpriced.insert("snapshots".to_owned());
    },
    ..Kind::plain("Microsoft.Compute", &["snapshots"], "snapshot")
};

/// Bills a disk by its tier.
fn bill(state: &mut State, key: &str) {
    let Some(item) = state.arm.items.get(key).cloned() else {
        return;
    };
    let kind = item
        .document
        .get("sku")
        .and_then(|sku| sku["name"].as_str())
        .unwrap_or_default();
    let gib = item.number("diskSizeGB");
    let sold = (prices::disk(kind, gib), &*format!("{gib} GiB of {kind}"));
    billing::meter(state, key, &item, key, sold);
}
