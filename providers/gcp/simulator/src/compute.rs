//! Compute Engine, version 1: networks and machines, made and removed by operations.
//!
//! Each collection of resources is a value that says what its members are and what follows from them; reading,
//! writing and deleting is written once.

mod addresses;
mod backend_services;
mod collection;
mod disks;
mod endpoint_groups;
mod filter;
mod firewalls;
mod forwarding_rules;
mod groups;
mod health_checks;
mod instances;
mod item;
mod machine_types;
mod managers;
mod members;
mod networks;
mod operations;
mod place;
mod quota;
mod read;
mod routers;
mod routes;
mod rows;
mod subnetworks;
mod target_pools;
mod templates;
mod usage;
mod write;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::resource::Resource;
use kubeproof_simkit::idempotency::Tokens;
use kubeproof_simkit::operation::Operations;
use kubeproof_simkit::store::Store;
use serde_json::Value;

use crate::route::Service;
use crate::state;
use crate::wire::ErrorShape;
use collection::Collection;
use item::Item;
use operations::Detail;

/// The collections, in the order in which their resources appear in the inventory.
const COLLECTIONS: &[&Collection] = &[
    &networks::NETWORKS,
    &subnetworks::SUBNETWORKS,
    &routes::ROUTES,
    &firewalls::FIREWALLS,
    &routers::ROUTERS,
    &addresses::ADDRESSES,
    &disks::DISKS,
    &instances::INSTANCES,
    &templates::TEMPLATES,
    &groups::GROUPS,
    &managers::MANAGERS,
    &forwarding_rules::FORWARDING_RULES,
    &target_pools::TARGET_POOLS,
    &backend_services::BACKEND_SERVICES,
    &health_checks::HEALTH_CHECKS,
    &health_checks::HTTP_HEALTH_CHECKS,
    &endpoint_groups::ENDPOINT_GROUPS,
];

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "compute",
    host: "compute.googleapis.com",
    base: "/compute/v1",
    is_optional: true,
    errors: ErrorShape::Reasons,
    tables: &[
        addresses::TABLE,
        addresses::GLOBAL_TABLE,
        backend_services::TABLE,
        backend_services::GLOBAL_TABLE,
        disks::TABLE,
        endpoint_groups::TABLE,
        firewalls::TABLE,
        forwarding_rules::TABLE,
        forwarding_rules::GLOBAL_TABLE,
        groups::TABLE,
        health_checks::TABLE,
        health_checks::REGIONAL_TABLE,
        health_checks::HTTP_TABLE,
        instances::TABLE,
        machine_types::TABLE,
        managers::TABLE,
        networks::TABLE,
        operations::TABLE,
        routers::TABLE,
        routes::TABLE,
        subnetworks::TABLE,
        target_pools::TABLE,
        templates::TABLE,
        zones::TABLE,
    ],
};

/// The state of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// All resources, by their path below the project.
    items: Store<Item>,
    operations: Operations,
    /// What Compute Engine knows of each operation besides.
    details: BTreeMap<String, Detail>,
    tokens: Tokens,
    /// How many public addresses were given.
    addresses: u32,
    /// The ids of resources that use up no quota.
    exempt: BTreeSet<u64>,
}

/// What happens later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// An operation ends.
    Ended(String),
}

/// Lets an event happen.
pub(crate) fn happen(state: &mut state::State, event: Event) {
    match event {
        Event::Ended(operation) => operations::ended(state, &operation),
    }
}

/// Adds a resource that is there at once, with no operation: what another service or an owner made.
pub(crate) fn add(state: &mut state::State, path: &str, document: Value) {
    write::add(state, path, document);
}

/// Has all that exists use up no quota.
pub(crate) fn exempt_all(state: &mut state::State) {
    let ids = state.compute.items.all().map(|item| item.id);
    state.compute.exempt = ids.collect();
}

/// All resources as an auditor sees them.
pub(crate) fn inventory(state: &state::State) -> Vec<Resource> {
    let all = COLLECTIONS.iter().flat_map(|of| {
        let items = state.compute.items.all();
        items.filter(move |item| std::ptr::eq(item.of, *of))
    });
    all.map(Item::resource).collect()
}

/// The whole state of a resource as text; empty if it is not one of this service.
pub(crate) fn canonical(state: &state::State, resource: &Resource) -> String {
    let mut items = state.compute.items.all();
    let found = items.find(|item| item.resource().is_same(resource));
    found.map_or_else(String::new, |item| format!("{:?}", item.document))
}
