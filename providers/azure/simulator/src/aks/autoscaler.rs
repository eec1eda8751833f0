//! The cluster autoscaler: an agent pool grows for pods that fit on no node, and shrinks when nodes are idle, within the
//! limits that it was given.
//!
//! One node comes or goes at a time. A pool without nodes does not grow: only its nodes tell which pods would fit.

use jiff::SignedDuration;
use serde_json::json;

use super::node_group::{set_key, sync_all};
use super::nodes::sync_nodes;
use crate::arm::{self, Item, Phase, children};
use crate::compute::scale_sets::computer;
use crate::state::{Event, State};
use crate::usages;

/// From a pod that fits nowhere to a node for it: a few seconds to see it, the rest for the machine to start.
const GROWS: SignedDuration = SignedDuration::from_secs(90);
/// How long a node is idle before it is removed: the autoscaler's default (AKS, `scale-down-unneeded-time`).
const SHRINKS: SignedDuration = SignedDuration::from_mins(10);

/// A node more or less in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    /// The key of the pool.
    pool: String,
    /// The key of the machine that goes; without one, one comes.
    goes: Option<String>,
}

/// The limits of a pool that is scaled.
fn limits(pool: &Item) -> Option<(u32, u32)> {
    let is_scaled = pool.property("enableAutoScaling") == &json!(true);
    is_scaled.then(|| (pool.number("minCount"), pool.number("maxCount")))
}

/// Sees to it that what a cluster's autoscaler has to do is done in time.
pub(super) fn watch(state: &mut State, key: &str) {
    if state.aks.scaling.contains(key) {
        return;
    }
    let Some(cluster) = state.arm.items.get(key) else {
        return;
    };
    let Some(step) = step(state, cluster) else {
        return;
    };
    let delay = if step.goes.is_some() { SHRINKS } else { GROWS };
    let event = Event::Scaled(key.to_owned(), cluster.unique.clone(), step.goes);
    let at = state.now.saturating_add(delay).unwrap_or(state.now);
    state.timers.at(at, event);
    state.aks.scaling.insert(key.to_owned());
}

/// The next step of a cluster: growth comes first.
fn step(state: &State, cluster: &Item) -> Option<Step> {
    let running = state.aks.running.get(&cluster.key())?;
    let pools = children(state, &cluster.key());
    let pools = pools.iter().filter_map(|key| state.arm.items.get(key));
    let scaled: Vec<(&Item, (u32, u32))> = pools
        .filter(|pool| pool.phase == Phase::Succeeded)
        .filter_map(|pool| Some((pool, limits(pool)?)))
        .collect();
    if scaled.is_empty() {
        return None;
    }
    let machines = |pool: &Item| -> Vec<&Item> {
        let keys = children(state, &set_key(state, cluster, &pool.name));
        keys.iter()
            .filter_map(|key| state.arm.items.get(key))
            .collect()
    };
    let crowded = running.server.crowded_nodes();
    let grows = scaled.iter().find_map(|(pool, (_, most))| {
        let machines = machines(pool);
        let is_crowded = |one: &&Item| crowded.iter().any(|node| node == computer(one));
        let count = u32::try_from(machines.len()).unwrap_or(u32::MAX);
        (machines.iter().any(is_crowded) && count < *most).then(|| Step {
            pool: pool.key(),
            goes: None,
        })
    });
    let idle = running.server.idle_nodes();
    grows.or_else(|| {
        scaled.iter().find_map(|(pool, (least, _))| {
            let machines = machines(pool);
            let is_large = u32::try_from(machines.len()).is_ok_and(|count| count > *least);
            let mut idle_ones = machines.into_iter().rev();
            let goes = idle_ones.find(|one| idle.iter().any(|node| node == computer(one)))?;
            is_large.then(|| Step {
                pool: pool.key(),
                goes: Some(goes.key()),
            })
        })
    })
}

/// A step is due, if it still is the one to take.
pub(crate) fn scaled(state: &mut State, key: &str, unique: &str, goes: Option<&str>) {
    state.aks.scaling.remove(key);
    let cluster = state.arm.items.get(key).cloned();
    let Some(cluster) = cluster.filter(|cluster| cluster.unique == unique) else {
        return;
    };
    let step = step(state, &cluster).filter(|step| step.goes.as_deref() == goes);
    let Some(step) = step else {
        return watch(state, key);
    };
    let Some(pool) = state.arm.items.get(&step.pool).cloned() else {
        return;
    };
    let count = pool.number("count");
    let machines = (pool.text("vmSize"), pool.text("scaleSetPriority") == "Spot");
    if let Some(machine) = &step.goes {
        arm::remove(state, machine);
        set_count(state, &step.pool, count.saturating_sub(1));
        sync_nodes(state, &cluster);
    } else if usages::check(state, &pool.location, machines, 1).is_ok() {
        set_count(state, &step.pool, count + 1);
        sync_all(state, key);
    }
    watch(state, key);
}

/// The number of nodes that a pool shows.
fn set_count(state: &mut State, pool: &str, count: u32) {
    arm::set(state, pool, "count", json!(count));
}
