//! Deleting clusters and node pools.

use kubeproof_simkit::router::on;

use super::cluster::{Status, found};
use super::operations::{self, Change};
use super::shown::absent_pool;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::Outcome;

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("DELETE", "/projects/{project}/locations/{location}/clusters/{cluster}", "container.projects.locations.clusters.delete", delete),
    on("DELETE", "/projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{pool}", "container.projects.locations.clusters.nodePools.delete", delete_pool),
    on("DELETE", "/projects/{project}/zones/{zone}/clusters/{cluster}", "container.projects.zones.clusters.delete", delete),
    on("DELETE", "/projects/{project}/zones/{zone}/clusters/{cluster}/nodePools/{pool}", "container.projects.zones.clusters.nodePools.delete", delete_pool),
]);

/// Seconds until a cluster, and a node pool, is gone.
const CLUSTER: i64 = 240;
const POOL: i64 = 150;

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let cluster = found(state, call.parameter(1), call.parameter(2))?;
    operations::check_idle(state, cluster)?;
    let key = cluster.key();
    if let Some(cluster) = state.container.clusters.get_mut(&key) {
        cluster.status = Status::Stopping;
    }
    let is_partial = call.injected.take_partial();
    let change = Change::DeleteCluster { is_partial };
    let kind = ("DELETE_CLUSTER", CLUSTER);
    Ok(operations::begin(state, call, &key, kind, change, None))
}

fn delete_pool(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.parameter(3);
    let cluster = found(state, call.parameter(1), call.parameter(2))?;
    if cluster.pool(name).is_none() {
        return Err(absent_pool(state, cluster, name));
    }
    operations::check_idle(state, cluster)?;
    let key = cluster.key();
    let pool = state.container.clusters.get_mut(&key);
    if let Some(pool) = pool.and_then(|cluster| cluster.pool_mut(name)) {
        pool.status = Status::Stopping;
    }
    let change = Change::DeletePool(name.to_owned());
    let kind = ("DELETE_NODE_POOL", POOL);
    Ok(operations::begin(state, call, &key, kind, change, None))
}
