//! Creating node pools.

use kubeproof_simkit::router::on;
use serde_json::Value;

use super::cluster::found;
use super::create::{check_quota, no_machines};
use super::input;
use super::operations::{self, Change};
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Outcome, body};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}/nodePools", "container.projects.locations.clusters.nodePools.create", create),
    on("POST", "/projects/{project}/zones/{zone}/clusters/{cluster}/nodePools", "container.projects.zones.clusters.nodePools.create", create),
]);

/// Seconds until a node pool runs.
const POOL: i64 = 120;

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let asked = body.get("nodePool").unwrap_or(&Value::Null);
    if !asked.is_object() {
        return Err(ApiError::required("nodePool"));
    }
    let cluster = found(state, call.parameter(1), call.parameter(2))?;
    if cluster.is_autopilot() {
        return Err(ApiError::invalid(
            "Autopilot clusters do not support creating node pools.",
        ));
    }
    let pool = input::pool(state, call, cluster, asked)?;
    if cluster.pool(&pool.name).is_some() {
        let (project, path) = (&state.setup.project, cluster.path());
        let message = format!(
            "Already exists: projects/{project}/{path}/nodePools/{}.",
            pool.name
        );
        return Err(ApiError::exists(message));
    }
    operations::check_idle(state, cluster)?;
    check_quota(state, cluster, &pool)?;
    let failure = no_machines(state, call, &pool.locations(&cluster.locations()));
    let (key, name) = (cluster.key(), pool.name.clone());
    if let Some(cluster) = state.container.clusters.get_mut(&key) {
        cluster.pools.push(pool);
    }
    let kind = ("CREATE_NODE_POOL", POOL);
    Ok(operations::begin(
        state,
        call,
        &key,
        kind,
        Change::CreatePool(name),
        failure,
    ))
}
