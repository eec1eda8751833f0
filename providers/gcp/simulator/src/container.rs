//! Kubernetes Engine, version 1: clusters and node pools, made and removed by operations, and the API servers of
//! clusters.

mod autoscaler;
mod cloud_controller;
mod cluster;
mod create;
mod delete;
mod ingress;
mod input;
mod kubernetes;
mod lifecycle;
mod operations;
mod pods;
mod pool;
mod pool_create;
mod pool_update;
mod resources;
mod shown;
mod update;
mod usage;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::resource::Resource;
use kubeproof_kubernetes_simulator::server::ApiServer;
use kubeproof_simkit::operation::Operations;
use kubeproof_simkit::store::Store;

use crate::route::Service;
use crate::state;
use crate::wire::ErrorShape;
use cluster::Cluster;
use operations::Detail;

pub(crate) use create::fastest_ready;
pub(crate) use kubernetes::{advance, answer, carry_out, cluster_of, hosts};
pub(crate) use resources::sync_all;
pub(crate) use usage::exempt_all;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "container",
    host: "container.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[
        create::TABLE,
        delete::TABLE,
        operations::TABLE,
        pool_create::TABLE,
        pool_update::TABLE,
        shown::TABLE,
        update::TABLE,
        versions::TABLE,
    ],
};

/// The state of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// The clusters, by location and name.
    clusters: Store<Cluster>,
    /// Their API servers, by the same key.
    servers: BTreeMap<String, ApiServer>,
    operations: Operations,
    /// What Kubernetes Engine knows of each operation besides.
    details: BTreeMap<String, Detail>,
    /// The ids of clusters that use up no credit of a run.
    exempt: BTreeSet<String>,
    /// The keys of clusters whose autoscaler is about to do something.
    scaling: BTreeSet<String>,
    /// The pods of each Autopilot cluster that are or were billed.
    pods: BTreeMap<String, BTreeSet<String>>,
    /// The changes of each API server that the cloud's controllers have seen.
    seen: BTreeMap<String, u64>,
}

/// What happens later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Half of an operation is done: machines appear.
    Halfway(String),
    /// An operation ends.
    Ended(String),
    /// A cluster that could not be made removes itself: its key and id.
    Vanished(String, String),
    /// An autoscaler acts: the key and id of its cluster, and the machine that goes; without one, one comes.
    Scaled(String, String, Option<String>),
}

/// Lets an event happen.
pub(crate) fn happen(state: &mut state::State, event: Event) {
    match event {
        Event::Halfway(operation) => lifecycle::halfway(state, &operation),
        Event::Ended(operation) => lifecycle::ended(state, &operation),
        Event::Vanished(key, id) => lifecycle::vanished(state, &key, &id),
        Event::Scaled(key, id, goes) => autoscaler::scaled(state, &key, &id, goes.as_deref()),
    }
}

/// All clusters as an auditor sees them.
pub(crate) fn inventory(state: &state::State) -> Vec<Resource> {
    state
        .container
        .clusters
        .all()
        .map(Cluster::resource)
        .collect()
}

/// The whole state of a cluster as text; empty if the resource is none.
pub(crate) fn canonical(state: &state::State, resource: &Resource) -> String {
    let mut clusters = state.container.clusters.entries();
    let found = clusters.find(|(_, cluster)| cluster.resource().is_same(resource));
    found.map_or_else(String::new, |(key, cluster)| {
        let objects = state.container.servers.get(key).map(ApiServer::changes);
        format!("{cluster:?} {objects:?}")
    })
}
