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
mod list_only;
pub(crate) mod machine_types;
mod managers;
pub(crate) mod members;
mod networks;
mod operations;
mod place;
pub(crate) mod quota;
mod read;
mod routers;
mod routes;
mod rows;
mod snapshots;
mod stream_proxies;
mod subnetworks;
mod target_pools;
mod templates;
mod url_maps;
mod usage;
mod write;
pub(crate) mod zones;

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::resource::Resource;
use kubeproof_simkit::idempotency::Tokens;
use kubeproof_simkit::operation::Operations;
use kubeproof_simkit::store::Store;
use serde_json::Value;

use crate::route::Service;
use crate::state;
use crate::wire::{ErrorShape, Object};
use collection::Collection;
use item::{Item, Phase};
use operations::Detail;

pub(crate) use addresses::public as public_address;
pub(crate) use managers::instances_of;
pub(crate) use operations::{fingerprint, operation_name};
pub(crate) use place::link;
pub(crate) use subnetworks::in_region as subnetwork_in;
pub(crate) use write::is_name;

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
    &url_maps::URL_MAPS,
    &url_maps::HTTP_PROXIES,
    &url_maps::HTTPS_PROXIES,
    &stream_proxies::TCP_PROXIES,
    &stream_proxies::SSL_PROXIES,
    &stream_proxies::GRPC_PROXIES,
    &url_maps::CERTIFICATES,
    &snapshots::SNAPSHOTS,
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
        disks::REGIONAL_TABLE,
        endpoint_groups::TABLE,
        firewalls::TABLE,
        forwarding_rules::TABLE,
        forwarding_rules::GLOBAL_TABLE,
        groups::TABLE,
        health_checks::TABLE,
        health_checks::REGIONAL_TABLE,
        health_checks::HTTP_TABLE,
        instances::TABLE,
        list_only::AUTOSCALERS_TABLE,
        list_only::POLICIES_TABLE,
        list_only::RESERVATIONS_TABLE,
        machine_types::TABLE,
        managers::TABLE,
        networks::TABLE,
        operations::TABLE,
        routers::TABLE,
        routes::TABLE,
        snapshots::TABLE,
        stream_proxies::GRPC_TABLE,
        stream_proxies::SSL_TABLE,
        stream_proxies::TCP_TABLE,
        subnetworks::TABLE,
        target_pools::TABLE,
        templates::TABLE,
        url_maps::CERTIFICATES_TABLE,
        url_maps::HTTP_PROXIES_TABLE,
        url_maps::HTTPS_PROXIES_TABLE,
        url_maps::URL_MAPS_TABLE,
        zones::TABLE,
    ],
};

/// Seconds of a network and then a subnetwork in it.
pub(crate) fn fastest_network() -> i64 {
    networks::NETWORKS.seconds[0] + subnetworks::SUBNETWORKS.seconds[0]
}

/// Whether a resource exists that was made after the project began.
pub(crate) fn is_own(state: &state::State, path: &str) -> bool {
    let item = state.compute.items.get(path);
    item.is_some_and(|item| !state.compute.exempt.contains(&item.id))
}

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
    /// A managed instance group replaces what it lost.
    Replaced(String),
}

/// Lets an event happen.
pub(crate) fn happen(state: &mut state::State, event: Event) {
    match event {
        Event::Ended(operation) => operations::ended(state, &operation),
        Event::Replaced(manager) => managers::converge(state, &manager),
    }
}

/// Adds a resource that is there at once, with no operation: what another service or an owner made.
pub(crate) fn add(state: &mut state::State, path: &str, document: Value) {
    write::add(state, path, document);
}

/// The hidden member that names the cluster that a resource was made for, by its id.
pub(crate) const CLUSTER_MARK: &str = "#cluster";
/// The hidden member that names the run of a resource that says it nowhere else.
pub(crate) const RUN_MARK: &str = "#run";

/// Removes a resource at once, with what goes with it.
pub(crate) fn remove(state: &mut state::State, path: &str) {
    write::remove(state, path);
}

/// Replaces a member of a resource at once; null removes it.
pub(crate) fn set(state: &mut state::State, path: &str, member: &str, value: Value) {
    let members = Object::from_iter([(member.to_owned(), value)]);
    write::apply(state, path, members);
}

/// Replaces the labels of a resource at once; the bill shows them from now on.
pub(crate) fn relabel(state: &mut state::State, path: &str, labels: &Object) {
    let Some(item) = state.compute.items.get_mut(path) else {
        return;
    };
    let labels = Value::Object(labels.clone());
    item.document.insert("labels".to_owned(), labels);
    let (name, tags) = (item.name.clone(), item.labels());
    state.meter.retag(&name, &tags);
}

/// A list in a resource; empty if there is none.
pub(crate) fn list_of(state: &state::State, path: &str, member: &str) -> Vec<Value> {
    let item = state.compute.items.get(path);
    item.map_or_else(Vec::new, |item| item.list(member).to_vec())
}

/// A text in a resource; empty if there is none.
pub(crate) fn text_of(state: &state::State, path: &str, member: &str) -> String {
    let item = state.compute.items.get(path);
    item.map_or_else(String::new, |item| item.text(member).to_owned())
}

/// A member of a resource, as it is.
pub(crate) fn member_of(state: &state::State, path: &str, member: &str) -> Option<Value> {
    state.compute.items.get(path)?.document.get(member).cloned()
}

/// Whether another resource refers to this one and keeps it.
pub(crate) fn is_used(state: &state::State, path: &str) -> bool {
    let item = state.compute.items.get(path);
    item.is_some_and(|item| write::in_use(state, item).is_some())
}

/// Whether a resource exists, and no operation on it is under way.
pub(crate) fn is_ready(state: &state::State, path: &str) -> bool {
    let item = state.compute.items.get(path);
    item.is_some_and(|item| item.phase == Phase::Ready)
}

/// The paths of the resources that were made for the workload of a cluster.
pub(crate) fn marked(state: &state::State, cluster: &str) -> Vec<String> {
    let items = state.compute.items.all();
    let marked = items.filter(|item| item.text(CLUSTER_MARK) == cluster);
    marked.map(Item::path).collect()
}

/// The further ranges of a subnetwork, by their names.
pub(crate) fn ranges(state: &state::State, subnetwork: &str) -> BTreeMap<String, String> {
    let ranges = list_of(state, subnetwork, "secondaryIpRanges").into_iter();
    let named = ranges.filter_map(|range| {
        let text = |member: &str| range.get(member)?.as_str().map(str::to_owned);
        Some((text("rangeName")?, text("ipCidrRange")?))
    });
    named.collect()
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
    let ranges = state
        .compute
        .items
        .all()
        .flat_map(subnetworks::added_ranges);
    all.map(|item| item.resource(state)).chain(ranges).collect()
}

/// The whole state of a resource as text; empty if it is not one of this service.
pub(crate) fn canonical(state: &state::State, resource: &Resource) -> String {
    if resource.resource_type == subnetworks::ADDED_RANGE {
        return resource.properties["ip_cidr_range"].clone();
    }
    let mut items = state.compute.items.all();
    let found = items.find(|item| {
        item.of.resource_type == resource.resource_type
            && item.name == resource.id
            && item.scope.of_inventory() == resource.scope
    });
    found.map_or_else(String::new, |item| format!("{:?}", item.document))
}
