//! Resource Manager: what all resources have in common, and the operations that change them.
//!
//! Each resource type is a [`Kind`]; reading, writing and deleting is written once.

mod accepted;
mod checked;
mod item;
mod kind;
mod operations;
pub(crate) mod read;
pub(crate) mod rows;
mod users;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::resource::Resource;
use kubeproof_simkit::operation::Operations;
use kubeproof_simkit::store::Store;
use serde_json::{Value, json};

use crate::state;
use crate::wire::{ApiError, Object};
use crate::{aks, authorization, compute, identity, locks, network};

pub(crate) use accepted::accepted;
pub(crate) use item::{Item, Phase, texts};
pub(crate) use kind::{Begins, Child, Draft, Kind, is_unsaid};
pub(crate) use operations::{
    Begun, Change, Detail, OPERATIONS, begin, ended, halfway, late_success, operation_of,
};
pub(crate) use users::users;
pub(crate) use write::{check_idle, delete, patch, put};

/// The resource types, in the order in which resources appear in the inventory.
pub(crate) const KINDS: &[&Kind] = &[
    &network::vnets::VNETS,
    &network::vnets::SUBNETS,
    &network::security::GROUPS,
    &network::security::ROUTE_TABLES,
    &network::addresses::ADDRESSES,
    &network::addresses::NAT_GATEWAYS,
    &network::balancers::BALANCERS,
    &network::interfaces::INTERFACES,
    &network::dns::ZONES,
    &network::dns::LINKS,
    &identity::IDENTITIES,
    &identity::CREDENTIALS,
    &compute::disks::DISKS,
    &compute::disks::SNAPSHOTS,
    &compute::scale_sets::SCALE_SETS,
    &compute::scale_sets::MACHINES,
    &aks::cluster::CLUSTERS,
    &aks::pool::POOLS,
];

/// The state of Resource Manager.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// All resources, by their ids in lower case.
    pub(crate) items: Store<Item>,
    pub(crate) operations: Operations,
    /// What is known of each operation besides.
    pub(crate) details: BTreeMap<String, Detail>,
    /// The unique ids of resources that use up no quota.
    pub(crate) exempt: BTreeSet<String>,
    /// How many public addresses were given.
    pub(crate) addresses: u32,
}

/// Where a new resource goes, when no call makes it.
pub(crate) struct Place<'a> {
    pub(crate) group: &'a str,
    pub(crate) location: &'a str,
    /// The names of the resources that it is a part of, and its own.
    pub(crate) names: &'a [&'a str],
}

/// Adds a resource that is there at once: what another service or an owner made. Returns its key.
pub(crate) fn add(
    state: &mut state::State,
    kind: &'static Kind,
    place: &Place<'_>,
    tags: Object,
    document: Value,
) -> String {
    let id = kind.id(&state.subscription_path(), place.group, place.names);
    let document = document.as_object().cloned().unwrap_or_default();
    let mut item = Item::new(state, kind, &id, place.group, place.location);
    item.tags = tags;
    item.document = document;
    item.phase = Phase::Succeeded;
    item.is_made = true;
    let key = item.key();
    state.arm.items.insert(key.clone(), item);
    (kind.made)(state, &key);
    key
}

/// Removes a resource at once, with its parts and with what hangs on it.
pub(crate) fn remove(state: &mut state::State, key: &str) {
    remove_with(state, key, false);
}

fn remove_with(state: &mut state::State, key: &str, is_partial: bool) {
    for child in children(state, key) {
        remove_with(state, &child, is_partial);
    }
    let Some(item) = state.arm.items.remove(key) else {
        return;
    };
    state.meter.stop(key, state.now);
    authorization::scope_gone(state, &item.id);
    locks::scope_gone(state, &item.id);
    (item.kind.removed)(state, &item, is_partial);
}

/// The keys of the direct parts of a resource.
pub(crate) fn children(state: &state::State, key: &str) -> Vec<String> {
    let items = state.arm.items.all();
    let parts = items.filter(|item| item.parent.as_deref() == Some(key));
    parts.map(Item::key).collect()
}

/// The keys of all resources in a group, without parts of others.
pub(crate) fn keys_of_group(state: &state::State, group: &str) -> Vec<String> {
    let items = state.arm.items.all();
    let here = items.filter(|item| item.parent.is_none() && item.group.eq_ignore_ascii_case(group));
    // Clusters go first: they have groups of their own.
    let mut keys: Vec<String> = here.map(Item::key).collect();
    keys.sort_by_key(|key| !key.contains("/managedclusters/"));
    keys
}

/// A resource of a group that is being deleted shows it.
pub(crate) fn begin_removal(state: &mut state::State, key: &str) {
    if let Some(item) = state.arm.items.get_mut(key) {
        item.phase = Phase::Deleting;
    }
}

/// A resource of a group whose deletion stopped stays.
pub(crate) fn end_removal(state: &mut state::State, key: &str) {
    if let Some(item) = state.arm.items.get_mut(key) {
        item.phase = Phase::Succeeded;
    }
}

/// A member of a resource's properties is replaced at once.
pub(crate) fn set(state: &mut state::State, key: &str, member: &str, value: Value) {
    let now = state.now;
    if let Some(item) = state.arm.items.get_mut(key) {
        item.set_property(member, value);
        item.changed = now;
    }
}

/// The tags in a body, checked.
pub(crate) fn tags(body: &Object) -> Result<Object, ApiError> {
    let given = match body.get("tags") {
        None | Some(Value::Null) => return Ok(Object::new()),
        Some(Value::Object(given)) => given.clone(),
        Some(_) => {
            return Err(ApiError::new(
                400,
                "InvalidTagFormat",
                "The tags are no object.",
            ));
        }
    };
    if given.len() > 50 {
        let message = format!(
            "The number of tags '{}' exceeds the limit of 50.",
            given.len()
        );
        return Err(ApiError::new(400, "TooManyTags", message));
    }
    for (key, value) in &given {
        let is_key =
            !key.is_empty() && key.len() <= 512 && !key.contains(|c| "<>%&\\?/".contains(c));
        if !is_key {
            let message = format!("The tag name '{key}' has invalid characters or is too long.");
            return Err(ApiError::new(400, "InvalidTagNameCharacters", message));
        }
        if value.as_str().is_none_or(|value| value.len() > 256) {
            let message = format!("The value of tag '{key}' is no text of at most 256 characters.");
            return Err(ApiError::new(400, "InvalidTagValueLength", message));
        }
    }
    Ok(given)
}

/// All resources as an auditor sees them.
pub(crate) fn inventory(state: &state::State) -> Vec<Resource> {
    let all = KINDS.iter().filter(|kind| !kind.resource_type.is_empty());
    let all = all.flat_map(|kind| {
        let items = state.arm.items.all();
        items.filter(move |item| item.is(kind))
    });
    all.map(|item| item.resource(state)).collect()
}

/// The whole state of a resource as text; empty if it is not one of Resource Manager's types.
pub(crate) fn canonical(state: &state::State, resource: &Resource) -> String {
    let item = state.arm.items.get(&resource.id);
    item.map_or_else(String::new, |item| {
        let parts = state
            .arm
            .items
            .all()
            .filter(|part| part.id.starts_with(&item.id));
        let documents: Vec<String> = parts
            .map(|part| format!("{:?}{:?}", part.document, part.given))
            .collect();
        format!("{:?}{}", item.tags, documents.join(" "))
    })
}

/// A list in a resource's properties; empty if there is none.
pub(crate) fn list_of(state: &state::State, key: &str, member: &str) -> Vec<Value> {
    let item = state.arm.items.get(key);
    let list = item.and_then(|item| item.property(member).as_array().cloned());
    list.unwrap_or_default()
}

/// A reference to another resource.
pub(crate) fn reference(id: &str) -> Value {
    json!({ "id": id })
}
