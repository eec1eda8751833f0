//! Managed disks and snapshots. A disk is billed by the tier that its size fits into.

use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{Rounding, Usage};
use serde_json::json;

use crate::arm::{Begins, Kind};
use crate::arm::rows::kind_table;
use crate::prices;
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const TABLE: Table = kind_table!("compute", "Microsoft.Compute", "disks", DISKS);
pub(crate) const SNAPSHOT_TABLE: Table =
    kind_table!("compute", "Microsoft.Compute", "snapshots", SNAPSHOTS);

/// Hours of a month in prices, as the clouds' calculators have it.
const HOURS: u32 = 730;

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
    let Some(item) = state.arm.items.get(key) else {
        return;
    };
    let sku = item
        .document
        .get("sku")
        .and_then(|sku| sku["name"].as_str())
        .unwrap_or_default();
    let gib = item.number("diskSizeGB");
    let priced = prices::disk(sku, gib).filter(|_| prices::is_known(&item.location));
    let Some((tier, month)) = priced else {
        state
            .unpriced
            .insert(format!("{gib} GiB of {sku} in {}", item.location));
        return;
    };
    let usage = Usage {
        line: "disks".to_owned(),
        service: "Storage".to_owned(),
        usage_type: tier.to_owned(),
        unit: "1/Month".to_owned(),
        usd_per_unit: month / Decimal::from(HOURS),
        amount: Decimal::ONE,
        rounding: Rounding::Seconds { min_seconds: 0 },
        resource_id: item.key(),
        tags: item.tags(),
        run_id: item
            .run()
            .or_else(|| crate::aks::run_of_group(state, &item.group)),
    };
    state.meter.start(key, usage, state.now);
}
