//! What operations do: in the middle machines appear, at the end what was asked for is there, gone, or failed.

use jiff::SignedDuration;
use kubeproof_kubernetes_simulator::server::ApiServer;
use kubeproof_simkit::operation::{Failure, Operation};
use serde_json::json;

use super::cluster::{Cluster, Condition, Status};
use super::operations::{Change, Detail};
use super::{Event, autoscaler, resources, usage, versions};
use crate::state::{self, State};
use crate::wire::Object;

/// Seconds until a cluster that could not be made removes itself. "It will be automatically deleted" (container.v1
/// discovery, Cluster.status), and nothing says when.
const VANISHES: SignedDuration = SignedDuration::from_secs(3600);

/// The operation with this name and what it changes, if its cluster still is the one that it was begun for.
fn known(state: &State, name: &str) -> Option<(Operation, Detail)> {
    let operation = state.container.operations.get(name)?.clone();
    let detail = state.container.details.get(name)?.clone();
    let (key, id) = &detail.cluster;
    let cluster = state.container.clusters.get(key)?;
    (cluster.id == *id).then_some((operation, detail))
}

/// Whether a failure means that there are no machines to be had.
fn lacks_machines(failure: Option<&Failure>) -> bool {
    failure.is_some_and(|failure| failure.code.starts_with("GCE_"))
}

/// Half of an operation is done: firewall rules, groups and machines appear.
pub(super) fn halfway(state: &mut State, name: &str) {
    let Some((operation, detail)) = known(state, name) else {
        return;
    };
    let key = detail.cluster.0.as_str();
    let with_machines = !lacks_machines(operation.will_fail());
    match &detail.change {
        Change::CreateCluster { .. } => {
            resources::add_of_cluster(state, key);
            let pools = state.container.clusters.get(key).cloned();
            for pool in pools.iter().flat_map(|cluster| &cluster.pools) {
                resources::add_of_pool(state, key, &pool.name, with_machines);
            }
        }
        Change::CreatePool(pool) => resources::add_of_pool(state, key, pool, with_machines),
        _ => {}
    }
}

/// An operation is due.
pub(super) fn ended(state: &mut State, name: &str) {
    let now = state.now;
    let Some((_, detail)) = known(state, name) else {
        state.container.operations.end(name, now);
        return;
    };
    let Some(operation) = state.container.operations.end(name, now) else {
        return;
    };
    let key = detail.cluster.0.clone();
    match operation.failure() {
        Some(failure) => failed(state, &key, &detail.change, failure),
        None => succeeded(state, &key, detail.change),
    }
}

fn succeeded(state: &mut State, key: &str, change: Change) {
    match change {
        Change::CreateCluster { .. } => ready(state, key),
        Change::DeleteCluster { is_partial } => gone(state, key, is_partial),
        Change::CreatePool(pool) => {
            resources::sync(state, key, &pool);
            settle(state, key, &pool, Status::Running);
        }
        Change::DeletePool(pool) => {
            resources::remove_of_pool(state, key, &pool);
            if let Some(cluster) = state.container.clusters.get_mut(key) {
                cluster.pools.retain(|one| one.name != pool);
            }
        }
        Change::Resize(pool, size) => {
            resources::resize(state, key, &pool, size);
            settle(state, key, &pool, Status::Running);
        }
        Change::Version(version) => change_cluster(state, key, |cluster| cluster.version = version),
        Change::PoolVersion(pool, version) => {
            change_cluster(state, key, |cluster| {
                if let Some(pool) = cluster.pool_mut(&pool) {
                    pool.version = version;
                }
            });
            settle(state, key, &pool, Status::Running);
        }
        Change::Members(members) => {
            change_cluster(state, key, |cluster| cluster.document.extend(members));
            resources::relabel(state, key);
            usage::start(state, key);
        }
        Change::PoolMembers(pool, members) => {
            change_pool(state, key, &pool, members);
            // The limits of its size may be new.
            autoscaler::watch(state, key);
        }
    }
}

/// A change of a cluster has ended.
fn change_cluster(state: &mut State, key: &str, change: impl FnOnce(&mut Cluster)) {
    if let Some(cluster) = state.container.clusters.get_mut(key) {
        change(cluster);
        if cluster.status == Status::Reconciling {
            cluster.status = Status::Running;
        }
    }
}

fn change_pool(state: &mut State, key: &str, name: &str, members: Object) {
    let cluster = state.container.clusters.get_mut(key);
    if let Some(pool) = cluster.and_then(|cluster| cluster.pool_mut(name)) {
        pool.document.extend(members);
    }
    settle(state, key, name, Status::Running);
}

fn settle(state: &mut State, key: &str, name: &str, status: Status) {
    let cluster = state.container.clusters.get_mut(key);
    if let Some(pool) = cluster.and_then(|cluster| cluster.pool_mut(name)) {
        pool.status = status;
    }
}

/// A cluster runs: it has an API server, and its nodes join.
fn ready(state: &mut State, key: &str) {
    let (seed, now) = (state.setup.seed, state.now);
    let Some(cluster) = state.container.clusters.get_mut(key) else {
        return;
    };
    cluster.status = Status::Running;
    cluster.was_ready = true;
    let digits = u64::from_str_radix(cluster.hash(), 16).unwrap_or(0);
    let version = versions::minor(&cluster.version);
    let server = ApiServer::new(&cluster.name, &version, seed ^ digits, now);
    let pools: Vec<String> = cluster.pools.iter().map(|pool| pool.name.clone()).collect();
    for pool in &mut cluster.pools {
        pool.status = Status::Running;
    }
    state.container.servers.insert(key.to_owned(), server);
    for pool in pools {
        resources::sync(state, key, &pool);
    }
}

/// A cluster is deleted: most of what belongs to it goes with it.
fn gone(state: &mut State, key: &str, is_partial: bool) {
    state.container.servers.remove(key);
    resources::remove_of_cluster(state, key, is_partial);
    usage::stop(state, key);
    state.container.clusters.remove(key);
    usage::credit(state);
}

/// An operation has failed: what it leaves says so.
fn failed(state: &mut State, key: &str, change: &Change, failure: &Failure) {
    let condition = Condition {
        code: failure.code.clone(),
        message: failure.message.clone(),
    };
    let now = state.now;
    let Some(cluster) = state.container.clusters.get_mut(key) else {
        return;
    };
    match change {
        Change::CreateCluster { vanishes: true } => gone(state, key, false),
        Change::CreateCluster { vanishes: false } => {
            cluster.status = Status::Error;
            for pool in &mut cluster.pools {
                pool.status = Status::Error;
            }
            cluster.conditions.push(condition);
            let event = Event::Vanished(key.to_owned(), cluster.id.clone());
            let at = now.saturating_add(VANISHES).unwrap_or(now);
            state.timers.at(at, state::Event::Container(event));
            usage::stop(state, key);
            usage::credit(state);
        }
        Change::DeleteCluster { .. } => {
            cluster.status = Status::Error;
            cluster.conditions.push(condition);
        }
        Change::CreatePool(pool) => {
            if let Some(pool) = cluster.pool_mut(pool) {
                pool.status = Status::Error;
                pool.conditions.push(condition);
            }
        }
        Change::DeletePool(pool) | Change::Resize(pool, _) | Change::PoolVersion(pool, _) => {
            if let Some(pool) = cluster.pool_mut(pool) {
                pool.status = Status::RunningWithError;
                pool.conditions.push(condition);
            }
            if cluster.status == Status::Reconciling {
                cluster.status = Status::Running;
            }
        }
        Change::PoolMembers(pool, _) => {
            if let Some(pool) = cluster.pool_mut(pool) {
                pool.status = Status::Running;
            }
        }
        Change::Version(_) | Change::Members(_) => cluster.status = Status::Running,
    }
}

/// A cluster that could not be made removes itself, unless it is being deleted.
pub(super) fn vanished(state: &mut State, key: &str, id: &str) {
    let cluster = state.container.clusters.get(key);
    if cluster.is_some_and(|cluster| cluster.id == *id && cluster.status == Status::Error) {
        gone(state, key, false);
    }
}

/// The labels of what belongs to a cluster, with its own.
pub(crate) fn labels(cluster: &Cluster) -> serde_json::Map<String, serde_json::Value> {
    let own = [
        ("goog-k8s-cluster-name", cluster.name.as_str()),
        ("goog-k8s-cluster-location", cluster.location.as_str()),
    ];
    let own = own.map(|(key, value)| (key.to_owned(), json!(value)));
    let given = cluster.labels().into_iter();
    let given = given.map(|(key, value)| (key, json!(value)));
    given.chain(own).collect()
}
