//! Scale sets and their instances. Only clusters make them here; a caller may read and delete them.

use kubeproof_simkit::router::{Operation, on};
use serde_json::{Value, json};

use super::disks::DISKS;
use crate::arm::{self, Item, Kind, Place, children, read, reference};
use crate::route::{Table, table};
use crate::state::State;
use crate::wire::insert;
use crate::{aks, billing, prices};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    Operation::not_simulated("PUT", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}", "compute.virtualMachineScaleSets.createOrUpdate"),
    on("GET", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}", "compute.virtualMachineScaleSets.get", |state, call| read::get(state, call, &SCALE_SETS)),
    on("DELETE", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}", "compute.virtualMachineScaleSets.delete", |state, call| arm::delete(state, call, &SCALE_SETS)),
    on("GET", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets", "compute.virtualMachineScaleSets.list", |state, call| read::of_group(state, call, &SCALE_SETS)),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachineScaleSets", "compute.virtualMachineScaleSets.listAll", |state, call| read::all(state, call, &SCALE_SETS)),
    on("GET", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}/virtualMachines", "compute.virtualMachineScaleSetVMs.list", |state, call| read::parts(state, call, &MACHINES, &SCALE_SETS)),
    on("GET", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}/virtualMachines/{instance}", "compute.virtualMachineScaleSetVMs.get", |state, call| read::get(state, call, &MACHINES)),
]);

pub(crate) static SCALE_SETS: Kind = Kind {
    further: &["identity", "sku", "zones"],
    described: |state, item| {
        let priority = &item.property("virtualMachineProfile")["priority"];
        vec![
            ("size", item.sku("name").to_owned()),
            ("capacity", children(state, &item.key()).len().to_string()),
            ("priority", priority.as_str().unwrap_or_default().to_owned()),
        ]
    },
    seconds: [60, 60, 60],
    removed: |state, item, _| aks::machines_gone(state, &item.key()),
    show: |state, item, properties| {
        let count = children(state, &item.key()).len();
        let mut sku = item.document.get("sku").cloned().unwrap_or_default();
        insert(&mut sku, "capacity", json!(count));
        properties.insert("#outer".to_owned(), json!({ "sku": sku }));
        properties.insert("uniqueId".to_owned(), json!(item.unique));
    },
    ..Kind::plain("Microsoft.Compute", &["virtualMachineScaleSets"], "vmss")
};

pub(crate) static MACHINES: Kind = Kind {
    further: &["instanceId", "sku", "zones"],
    made: bill,
    removed: |state, item, _| {
        let disk = item.text("#disk").to_owned();
        arm::remove(state, &disk.to_ascii_lowercase());
    },
    show: |_, _, properties| {
        properties.remove("#disk");
    },
    ..Kind::plain(
        "Microsoft.Compute",
        &["virtualMachineScaleSets", "virtualMachines"],
        "",
    )
};

/// How the disks of a scale set's instances are: none where they are on the machine itself.
fn disk_of(set: &Item) -> Option<(u32, String)> {
    let profile = &set.property("virtualMachineProfile")["storageProfile"]["osDisk"];
    let gib = u32::try_from(profile["diskSizeGB"].as_u64()?).ok()?;
    let sku = profile["managedDisk"]["storageAccountType"].as_str()?;
    Some((gib, sku.to_owned()))
}

/// Gives a scale set so many instances: the newest go first.
pub(crate) fn scale(state: &mut State, key: &str, count: u32) {
    let count = usize::try_from(count).unwrap_or(0);
    let mut instances = children(state, key);
    for surplus in instances
        .split_off(count.min(instances.len()))
        .into_iter()
        .rev()
    {
        arm::remove(state, &surplus);
    }
    for _ in instances.len()..count {
        add_instance(state, key);
    }
}

fn add_instance(state: &mut State, key: &str) {
    let Some(set) = state.arm.items.get(key).cloned() else {
        return;
    };
    let used: Vec<usize> = children(state, key)
        .iter()
        .filter_map(|key| key.rsplit('/').next()?.parse().ok())
        .collect();
    let number = (0..=used.len())
        .find(|number| !used.contains(number))
        .unwrap_or_default();
    let instance = number.to_string();
    let computer = format!("{}{number:06}", set.name);
    let zones = set
        .document
        .get("zones")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let zone = zones.get(number % zones.len().max(1)).cloned();
    let digits = state.ids.hex(32);
    let disk = disk_of(&set).map(|(gib, sku)| {
        let name = format!("{}_{}_OsDisk_1_{digits}", set.name, set.name);
        let place = Place {
            group: &set.group,
            location: &set.location,
            names: &[&name],
        };
        let owner = format!("{}/virtualMachines/{instance}", set.id);
        let document = json!({
            "sku": {"name": sku}, "managedBy": owner,
            "properties": {"diskSizeGB": gib, "osType": "Linux", "creationData": {"createOption": "FromImage"}},
        });
        arm::add(state, &DISKS, &place, set.tags.clone(), document)
    });
    let place = Place {
        group: &set.group,
        location: &set.location,
        names: &[&set.name, &instance],
    };
    let disk_id = disk
        .as_ref()
        .and_then(|key| state.arm.items.get(key))
        .map(|disk| disk.id.clone());
    let mut document = json!({
        "instanceId": instance, "sku": set.document.get("sku"),
        "properties": {
            "vmId": state.ids.uuid(), "#disk": disk.unwrap_or_default(),
            "osProfile": {"computerName": computer},
            "storageProfile": {"osDisk": {"osType": "Linux", "createOption": "FromImage", "managedDisk": disk_id.as_deref().map(reference)}},
            "latestModelApplied": true,
        },
    });
    if let Some(zone) = zone {
        document["zones"] = json!([zone]);
    }
    arm::add(state, &MACHINES, &place, set.tags.clone(), document);
}

/// The name that an instance has in its cluster.
pub(crate) fn computer(item: &Item) -> &str {
    item.property("osProfile")["computerName"]
        .as_str()
        .unwrap_or_default()
}

/// Whether an instance may be taken away, as its scale set says.
pub(crate) fn is_spot(state: &State, machine: &Item) -> bool {
    let set = machine
        .parent
        .as_ref()
        .and_then(|key| state.arm.items.get(key));
    set.is_some_and(|set| set.property("virtualMachineProfile")["priority"] == "Spot")
}

/// Bills an instance by the second: on bills it is its scale set that is used. Whether at least five minutes are billed
/// is not known for sure.
fn bill(state: &mut State, key: &str) {
    let Some(item) = state.arm.items.get(key).cloned() else {
        return;
    };
    let size = item
        .document
        .get("sku")
        .and_then(|sku| sku["name"].as_str())
        .unwrap_or_default();
    let is_spot = is_spot(state, &item);
    let spot = if is_spot { "spot " } else { "" };
    let price = if is_spot {
        prices::spot_machine(size)
    } else {
        prices::machine(size)
    };
    let sold = (price, &*format!("{spot}machine {size}"));
    let set = item.parent.clone().unwrap_or_default();
    billing::meter(state, key, &item, &set, sold);
}
