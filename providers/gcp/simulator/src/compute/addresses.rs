//! Reserved addresses, in a region or global.

use serde_json::json;

use super::collection::{Collection, Draft};
use super::item::Item;
use super::members::Member;
use super::place::{self, Level};
use super::rows::{aggregated, resource_table, verb};
use super::{subnetworks, usage, write};
use crate::route::Table;
use crate::state::State;
use crate::wire::{ApiError, Object};

pub(crate) const TABLE: Table = resource_table!(
    regional "addresses", "addresses", ADDRESSES,
    aggregated!("addresses", ADDRESSES),
    verb!("POST", "regions/{region}/addresses/{name}/setLabels", "addresses.setLabels",
        |state, call| write::set_labels(state, call, &ADDRESSES)),
);

pub(crate) const GLOBAL_TABLE: Table = resource_table!(
    global "addresses", "globalAddresses", ADDRESSES,
    verb!("POST", "global/addresses/{name}/setLabels", "globalAddresses.setLabels",
        |state, call| write::set_labels(state, call, &ADDRESSES)),
);

pub(crate) static ADDRESSES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("address", Member::Text),
        ("addressType", Member::Word(&["EXTERNAL", "INTERNAL"])),
        ("ipVersion", Member::Word(&["IPV4"])),
        ("labels", Member::Labels),
        ("network", Member::Link("networks")),
        ("networkTier", Member::Word(&["PREMIUM", "STANDARD"])),
        ("prefixLength", Member::Number),
        ("purpose", Member::Text),
        ("subnetwork", Member::Link("subnetworks")),
    ],
    properties: &["description", "address", "addressType"],
    seconds: [5, 5, 6],
    prepare,
    made: |state, path| usage::address(state, path),
    removed: |state, item| usage::stop(state, &item.path()),
    status,
    show,
    ..Collection::plain(
        "addresses",
        "compute#address",
        &[Level::Global, Level::Region],
        "address",
    )
};

fn prepare(state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.default("addressType", json!("EXTERNAL"));
    if draft.text("addressType") == "EXTERNAL" {
        draft.default("networkTier", json!("PREMIUM"));
        let free = public(state);
        draft.default("address", json!(free));
        return Ok(());
    }
    let free = subnetworks::free_address(state, draft.text("subnetwork"));
    // A range for the peering of services is asked for by its length.
    if let Some(free) = free.filter(|_| !draft.document.contains_key("prefixLength")) {
        draft.default("address", json!(free));
    }
    Ok(())
}

/// A public address that was not given before.
pub(crate) fn public(state: &mut State) -> String {
    state.compute.addresses += 1;
    let [_, one, two, three] = state.compute.addresses.to_be_bytes();
    format!("34.{}.{two}.{three}", 16 + one % 64)
}

/// Who uses an address.
pub(crate) fn users(state: &State, item: &Item) -> Vec<String> {
    let (address, link) = (item.text("address"), place::link(state, &item.path()));
    let items = state.compute.items.all();
    let users = items.filter(|other| {
        let is_rule = other.of.plural == "forwardingRules"
            && (other.text("IPAddress") == address || other.text("IPAddress") == link);
        let is_instance = other.list("networkInterfaces").iter().any(|interface| {
            interface["accessConfigs"][0]["natIP"] == address || interface["networkIP"] == address
        });
        !address.is_empty() && (is_rule || is_instance)
    });
    users.map(|user| place::link(state, &user.path())).collect()
}

fn status(state: &State, item: &Item) -> String {
    let is_used = !users(state, item).is_empty();
    let word = if is_used { "IN_USE" } else { "RESERVED" };
    word.to_owned()
}

fn show(state: &State, item: &Item, shown: &mut Object) {
    let users = users(state, item);
    if !users.is_empty() {
        shown.insert("users".to_owned(), json!(users));
    }
}
