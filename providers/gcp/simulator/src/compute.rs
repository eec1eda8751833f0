//! Compute Engine, version 1: networks and machines, made and removed by operations.
//!
//! Each collection of resources is a value that says what its members are and what follows from them; reading,
//! writing and deleting is written once.

mod collection;
mod filter;
mod item;
mod members;
mod networks;
mod operations;
mod place;
mod read;
mod rows;
mod write;
mod zones;

use std::collections::BTreeMap;

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
const COLLECTIONS: &[&Collection] = &[&networks::NETWORKS];

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "compute",
    host: "compute.googleapis.com",
    base: "/compute/v1",
    is_optional: true,
    errors: ErrorShape::Reasons,
    tables: &[networks::TABLE, operations::TABLE, zones::TABLE],
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
