//! Changing node pools: size, autoscaling, management, version.

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::cluster::{Cluster, Status, found};
use super::create::{check_quota, no_machines};
use super::operations::{self, Change};
use super::pool::Pool;
use super::shown::{absent_pool, pool_etag};
use super::versions;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{pool}:setSize", "container.projects.locations.clusters.nodePools.setSize", set_size),
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{pool}:setAutoscaling", "container.projects.locations.clusters.nodePools.setAutoscaling", set_autoscaling),
    on("POST", "/projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{pool}:setManagement", "container.projects.locations.clusters.nodePools.setManagement", set_management),
    on("PUT", "/projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{pool}", "container.projects.locations.clusters.nodePools.update", update),
    on("POST", "/projects/{project}/zones/{zone}/clusters/{cluster}/nodePools/{pool}/setSize", "container.projects.zones.clusters.nodePools.setSize", set_size),
]);

/// Seconds of a change of size, of a change without work on nodes, and of a new version for each node.
const RESIZE: i64 = 90;
const SETTINGS: i64 = 20;
const UPGRADE_NODE: i64 = 150;

/// The members that say which pool is meant, in bodies of older clients.
const ADDRESS: &[&str] = &["name", "projectId", "zone", "clusterId", "nodePoolId"];

/// The body of a call without the members that repeat the path.
fn asked(call: &Call<'_>) -> Result<Object, ApiError> {
    let mut body = body(call.request)?;
    body.retain(|name, _| !ADDRESS.contains(&name.as_str()));
    Ok(body)
}

/// The pool that a call names, in a cluster that nothing else changes.
fn idle<'s>(state: &'s State, call: &Call<'_>) -> Result<(&'s Cluster, &'s Pool), ApiError> {
    let name = call.parameter(3);
    let cluster = found(state, call.parameter(1), call.parameter(2))?;
    let pool = cluster.pool(name);
    let pool = pool.ok_or_else(|| absent_pool(state, cluster, name))?;
    operations::check_idle(state, cluster)?;
    Ok((cluster, pool))
}

/// Marks a pool as being changed.
fn reconciling(state: &mut State, key: &str, name: &str) {
    let cluster = state.container.clusters.get_mut(key);
    if let Some(pool) = cluster.and_then(|cluster| cluster.pool_mut(name)) {
        pool.status = Status::Reconciling;
    }
}

fn set_size(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = asked(call)?;
    let count = body.get("nodeCount").and_then(Value::as_i64).unwrap_or(0);
    let size = u32::try_from(count).ok().filter(|size| *size <= 1000);
    let size = size.ok_or_else(|| ApiError::invalid("node_count must be between 0 and 1000."))?;
    let (cluster, pool) = idle(state, call)?;
    let mut further = pool.clone();
    further.size = size.saturating_sub(pool.size);
    check_quota(state, cluster, &further)?;
    let zones = pool.locations(&cluster.locations());
    let (key, name) = (cluster.key(), pool.name.clone());
    let failure = if further.size > 0 {
        no_machines(state, call, &zones)
    } else {
        None
    };
    reconciling(state, &key, &name);
    let kind = ("SET_NODE_POOL_SIZE", RESIZE);
    Ok(operations::begin(
        state,
        call,
        &key,
        kind,
        Change::Resize(name, size),
        failure,
    ))
}

/// Replaces a member of the pool.
fn set(state: &mut State, call: &Call<'_>, member: &str, kind: &'static str) -> Outcome {
    let mut body = asked(call)?;
    let value = body.remove(member).unwrap_or_else(|| json!({}));
    if !value.is_object() {
        return Err(ApiError::bad_member(member, &value, "Must be an object."));
    }
    let (cluster, pool) = idle(state, call)?;
    let (key, name) = (cluster.key(), pool.name.clone());
    reconciling(state, &key, &name);
    let members = Object::from_iter([(member.to_owned(), value)]);
    let change = Change::PoolMembers(name, members);
    Ok(operations::begin(
        state,
        call,
        &key,
        (kind, SETTINGS),
        change,
        None,
    ))
}

fn set_autoscaling(state: &mut State, call: &Call<'_>) -> Outcome {
    // There is no type of operation for it alone.
    set(state, call, "autoscaling", "UPDATE_CLUSTER")
}

fn set_management(state: &mut State, call: &Call<'_>) -> Outcome {
    set(state, call, "management", "SET_NODE_POOL_MANAGEMENT")
}

/// PUT: a new version of the nodes, or other settings of the pool.
fn update(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut body = asked(call)?;
    let etag = body.remove("etag");
    let (cluster, pool) = idle(state, call)?;
    let current = pool_etag(state, cluster, pool);
    if etag.is_some_and(|etag| etag != json!("") && etag != json!(current)) {
        return Err(ApiError::new(
            409,
            "ABORTED",
            "aborted",
            "The etag of the node pool does not match the one given.",
        ));
    }
    let (key, name) = (cluster.key(), pool.name.clone());
    let nodes = i64::try_from(pool.locations(&cluster.locations()).len()).unwrap_or(i64::MAX);
    let nodes = nodes.saturating_mul(i64::from(pool.size));
    let seconds = UPGRADE_NODE.saturating_mul(nodes.max(1));
    let change = match body.remove("nodeVersion") {
        Some(version) => {
            let asked = version.as_str().unwrap_or_default();
            let version = match asked {
                "-" => cluster.version.clone(),
                asked => versions::resolved(asked, None)?,
            };
            Change::PoolVersion(name.clone(), version)
        }
        None => Change::PoolMembers(name.clone(), settings(pool, &mut body)),
    };
    body.remove("imageType");
    if let Some(unknown) = body.keys().next() {
        let what = format!("{} with {unknown}", call.name);
        return Err(ApiError::not_simulated(&what));
    }
    reconciling(state, &key, &name);
    Ok(operations::begin(
        state,
        call,
        &key,
        ("UPGRADE_NODES", seconds),
        change,
        None,
    ))
}

/// The settings of a pool that an update may replace: those that change nothing on its machines.
fn settings(pool: &Pool, body: &mut Object) -> Object {
    let mut members = Object::new();
    if let Some(value) = body.remove("upgradeSettings") {
        members.insert("upgradeSettings".to_owned(), value);
    }
    if let Some(value) = body.remove("workloadMetadataConfig") {
        let mut config = pool.document.get("config").cloned().unwrap_or_default();
        config["workloadMetadataConfig"] = value;
        members.insert("config".to_owned(), config);
    }
    members
}
