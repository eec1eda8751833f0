//! Stopping a cluster and starting it again: a stopped one has no machines, and its API server does not answer.
//!
//! That the disks of machines go with them, and that a stopped control plane costs nothing, is assumed: neither was measured.

use serde_json::json;

use super::cluster::CLUSTERS;
use super::node_group;
use crate::arm::{self, Begun, Change, Item, Phase, read};
use crate::locks;
use crate::network::addresses::give;
use crate::route::Call;
use crate::state::State;
use crate::wire::{Answer, ApiError, Outcome};

/// Seconds of a stop and of a start: made up.
const STOP: i64 = 120;
const START: i64 = 180;

/// Whether a cluster is stopped.
pub(super) fn is_stopped(cluster: &Item) -> bool {
    cluster.property("powerState")["code"] == "Stopped"
}

/// Refuses what a stopped cluster cannot do.
pub(super) fn check_runs(cluster: &Item) -> Result<(), ApiError> {
    if !is_stopped(cluster) {
        return Ok(());
    }
    let message = format!(
        "The cluster '{}' is stopped. Start it before another change.",
        cluster.name
    );
    Err(ApiError::conflict("OperationNotAllowed", message))
}

/// Begins to stop a cluster, or to start it.
pub(super) fn switch(state: &mut State, call: &Call<'_>, runs: bool) -> Outcome {
    let cluster = read::found(state, call, &CLUSTERS)?.clone();
    locks::check(state, &cluster.id, false)?;
    let key = cluster.key();
    arm::check_idle(state, &CLUSTERS, &key, Some(&cluster))?;
    if is_stopped(&cluster) != runs {
        return Ok(Answer::empty(204));
    }
    let (kind, seconds, phase) = if runs {
        ("Start", START, Phase::Starting)
    } else {
        ("Stop", STOP, Phase::Stopping)
    };
    if let Some(item) = state.arm.items.get_mut(&key) {
        item.phase = phase;
    }
    let begun = Begun {
        key,
        unique: cluster.unique,
        location: cluster.location,
        kind,
        seconds,
        change: Change::Power { runs },
        failure: None,
    };
    let operation = arm::begin(state, call, begun);
    Ok(arm::accepted(state, call, &operation, CLUSTERS.namespace))
}

/// A cluster was stopped or started.
pub(crate) fn switched(state: &mut State, key: &str, runs: bool) {
    let code = if runs { "Running" } else { "Stopped" };
    give(state, key, "powerState", json!({ "code": code }));
    node_group::sync_all(state, key);
    super::cluster::bill(state, key);
}
