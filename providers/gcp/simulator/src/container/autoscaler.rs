//! The cluster autoscaler: a node pool grows for pods that fit on no node, and shrinks when nodes are idle, within the
//! limits that it was given.
//!
//! One node comes or goes at a time. A pool without nodes does not grow: only its nodes tell which pods would fit.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::cluster::{Cluster, Status};
use super::pool::Pool;
use super::{Event, resources};
use crate::state::{self, State};
use crate::{compute, links};

/// From a pod that fits nowhere to a node for it: a few seconds to see it, the rest for the machine to start.
const GROWS: SignedDuration = SignedDuration::from_secs(90);
/// How long a node is idle before it is removed: the autoscaler's default.
const SHRINKS: SignedDuration = SignedDuration::from_mins(10);

/// A node more or less in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    pool: String,
    /// The managed instance group.
    manager: String,
    /// The machine that goes; without one, one comes.
    goes: Option<String>,
}

/// The limits of a pool that is scaled: nodes in each zone.
fn limits(pool: &Pool) -> Option<(u64, u64)> {
    let given = pool.document.get("autoscaling")?;
    if given["enabled"] != json!(true) {
        return None;
    }
    let number = |member: &str| given[member].as_u64().unwrap_or(0);
    Some((number("minNodeCount"), number("maxNodeCount")))
}

/// Sees to it that what a cluster's autoscaler has to do is done in time.
pub(super) fn watch(state: &mut State, key: &str) {
    let Some(cluster) = state.container.clusters.get(key) else {
        return;
    };
    if state.container.scaling.contains(key) {
        return;
    }
    let Some(step) = step(state, key, cluster) else {
        return;
    };
    let (delay, id) = (
        if step.goes.is_some() { SHRINKS } else { GROWS },
        cluster.id.clone(),
    );
    let at = state.now.saturating_add(delay).unwrap_or(state.now);
    let event = Event::Scaled(key.to_owned(), id, step.goes);
    state.timers.at(at, state::Event::Container(event));
    state.container.scaling.insert(key.to_owned());
}

/// The next step of a cluster: growth comes first.
fn step(state: &State, key: &str, cluster: &Cluster) -> Option<Step> {
    let server = state.container.servers.get(key)?;
    let scaled: Vec<(&Pool, (u64, u64))> = cluster
        .pools
        .iter()
        .filter(|pool| pool.status == Status::Running)
        .filter_map(|pool| Some((pool, limits(pool)?)))
        .collect();
    if scaled.is_empty() {
        return None;
    }
    let crowded = server.crowded_nodes();
    let grows = scaled.iter().find_map(|(pool, (_, most))| {
        let has_pods = |path: &String| crowded.iter().any(|node| node == links::name(path));
        let smallest = pool.managers.iter().min_by_key(|path| size(state, path))?;
        (pool.nodes.iter().any(has_pods) && size(state, smallest) < *most).then(|| Step {
            pool: pool.name.clone(),
            manager: smallest.clone(),
            goes: None,
        })
    });
    grows.or_else(|| {
        let idle = server.idle_nodes();
        scaled.iter().find_map(|(pool, (least, _))| {
            let large = pool.managers.iter();
            let mut large = large.filter(|path| size(state, path) > *least);
            large.find_map(|manager| {
                let machines = compute::instances_of(state, manager);
                let is_idle = |path: &String| idle.iter().any(|node| node == links::name(path));
                Some(Step {
                    pool: pool.name.clone(),
                    manager: manager.clone(),
                    goes: Some(machines.into_iter().find(is_idle)?),
                })
            })
        })
    })
}

/// How many machines a managed instance group is to have.
fn size(state: &State, manager: &str) -> u64 {
    let size = compute::member_of(state, manager, "targetSize");
    size.as_ref().and_then(Value::as_u64).unwrap_or(0)
}

/// A step is due, if it still is the one to take.
pub(super) fn scaled(state: &mut State, key: &str, id: &str, goes: Option<&str>) {
    state.container.scaling.remove(key);
    let Some(cluster) = state.container.clusters.get(key) else {
        return;
    };
    let step = step(state, key, cluster).filter(|step| step.goes.as_deref() == goes);
    let Some(step) = step.filter(|_| cluster.id == id) else {
        return watch(state, key);
    };
    let before = size(state, &step.manager);
    let after = match &step.goes {
        Some(machine) => {
            compute::remove(state, machine);
            before.saturating_sub(1)
        }
        None => before + 1,
    };
    compute::set(state, &step.manager, "targetSize", json!(after));
    resources::sync(state, key, &step.pool);
    watch(state, key);
}
