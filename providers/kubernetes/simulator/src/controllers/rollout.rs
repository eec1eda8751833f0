//! How a deployment moves its pods from the replica sets of old templates to that of the newest one.

use serde_json::Value;

use crate::api::delete::{Propagation, remove};
use crate::cluster::Cluster;
use crate::controllers::deployments::{CONTROLLER, REPLICA_SETS, part, replica_sets};
use crate::controllers::workload::owned;
use crate::json::{number, set, text};
use crate::node::pod_status::finished;
use crate::store::Key;

/// How many old replica sets are kept if the deployment does not say.
const KEPT: i64 = 10;

/// Annotates a replica set with what it needs to know of its deployment.
pub(crate) fn annotate(object: &mut Value, deployment: &Value, wanted: i64) {
    let surge = surge(deployment, wanted);
    for (name, count) in [
        ("desired-replicas", wanted),
        ("max-replicas", wanted + surge),
    ] {
        let pointer = format!("/metadata/annotations/deployment.kubernetes.io~1{name}");
        set(object, &pointer, count.to_string());
    }
}

fn rolling<'a>(deployment: &'a Value, name: &str) -> Option<&'a Value> {
    deployment.pointer(&format!("/spec/strategy/rollingUpdate/{name}"))
}

fn is_recreated(deployment: &Value) -> bool {
    text(deployment, "/spec/strategy/type") == "Recreate"
}

/// How many pods there may be beyond the wanted ones.
fn surge(deployment: &Value, wanted: i64) -> i64 {
    part(rolling(deployment, "maxSurge"), wanted, true)
}

/// How many of the wanted pods may be unavailable. If neither more nor fewer pods were allowed, nothing could move.
pub(crate) fn unavailable(deployment: &Value, wanted: i64) -> i64 {
    if is_recreated(deployment) {
        return 0;
    }
    let may = part(rolling(deployment, "maxUnavailable"), wanted, false);
    let stuck = may == 0 && surge(deployment, wanted) == 0;
    if stuck { 1 } else { may.min(wanted) }
}

fn size(set: &Value) -> i64 {
    number(set, "/spec/replicas").unwrap_or(0)
}

fn available(set: &Value) -> i64 {
    number(set, "/status/availableReplicas").unwrap_or(0)
}

/// A paused deployment does not move, but it grows and shrinks.
pub(crate) fn scale_paused(
    cluster: &mut Cluster,
    key: &Key,
    deployment: &Value,
    sets: &[(Key, Value)],
) {
    let wanted = number(deployment, "/spec/replicas").unwrap_or(1);
    let all: i64 = sets.iter().map(|(_, set)| size(set)).sum();
    let largest = sets.iter().rev().max_by_key(|(_, set)| size(set));
    if let Some((set, object)) = largest.filter(|_| all != wanted) {
        let to = (size(object) + wanted - all).max(0);
        scale(cluster, key, (set, object), deployment, to);
    }
}

/// One step of a rollout.
pub(crate) fn roll(cluster: &mut Cluster, key: &Key, deployment: &Value, newest: &Key) {
    let wanted = number(deployment, "/spec/replicas").unwrap_or(1);
    let sets = replica_sets(cluster, key, deployment);
    let Some((_, new)) = sets.iter().find(|(set, _)| set == newest) else {
        return;
    };
    let old: Vec<&(Key, Value)> = sets.iter().filter(|(set, _)| set != newest).collect();
    if is_recreated(deployment) {
        for (set, object) in old.iter().filter(|(_, object)| size(object) > 0) {
            scale(cluster, key, (set, object), deployment, 0);
        }
        if old.iter().any(|(_, set)| has_pods(cluster, key, set)) {
            return;
        }
        scale(cluster, key, (newest, new), deployment, wanted);
        return clean(cluster, deployment, &old);
    }
    let all: i64 = sets.iter().map(|(_, set)| size(set)).sum();
    let most = wanted + surge(deployment, wanted);
    let to = if size(new) >= wanted {
        wanted
    } else {
        size(new) + (most - all).max(0).min(wanted - size(new))
    };
    if to != size(new) {
        return scale(cluster, key, (newest, new), deployment, to);
    }
    shrink(cluster, key, deployment, new, &old);
    clean(cluster, deployment, &old);
}

/// Shrinks old replica sets, first by pods that are not available, as far as enough pods stay available.
fn shrink(
    cluster: &mut Cluster,
    key: &Key,
    deployment: &Value,
    new: &Value,
    old: &[&(Key, Value)],
) {
    let wanted = number(deployment, "/spec/replicas").unwrap_or(1);
    let least = wanted - unavailable(deployment, wanted);
    let all: i64 = old.iter().map(|(_, set)| size(set)).sum::<i64>() + size(new);
    let mut may_go = all - least - (size(new) - available(new)).max(0);
    let mut ready: i64 = old.iter().map(|(_, set)| available(set)).sum::<i64>() + available(new);
    for (set, object) in old.iter().filter(|(_, object)| size(object) > 0) {
        let broken = (size(object) - available(object)).max(0).min(may_go.max(0));
        let whole = available(object)
            .min((ready - least).max(0))
            .min((may_go - broken).max(0));
        let to = size(object) - broken - whole;
        if to < size(object) {
            may_go -= broken + whole;
            ready -= whole;
            scale(cluster, key, (set, object), deployment, to);
        }
    }
}

fn has_pods(cluster: &Cluster, key: &Key, set: &Value) -> bool {
    let uid = text(set, "/metadata/uid");
    owned(cluster, "pods", &key.namespace, uid).any(|(_, pod)| !finished(pod))
}

fn scale(
    cluster: &mut Cluster,
    key: &Key,
    (set_, object): (&Key, &Value),
    deployment: &Value,
    to: i64,
) {
    let now = size(object);
    let wanted = number(deployment, "/spec/replicas").unwrap_or(1);
    cluster.modify(set_, |object| {
        set(object, "/spec/replicas", to);
        annotate(object, deployment, wanted);
    });
    if to == now {
        return;
    }
    let way = if to > now { "up" } else { "down" };
    let message = format!("Scaled {way} replica set {} from {now} to {to}", set_.name);
    cluster.event(CONTROLLER, key, false, "ScalingReplicaSet", &message);
}

/// Removes the oldest empty replica sets beyond the limit.
fn clean(cluster: &mut Cluster, deployment: &Value, old: &[&(Key, Value)]) {
    let limit = number(deployment, "/spec/revisionHistoryLimit").unwrap_or(KEPT);
    let empty = |set: &Value| size(set) == 0 && number(set, "/status/replicas").unwrap_or(0) == 0;
    let surplus = old
        .len()
        .saturating_sub(usize::try_from(limit).unwrap_or(0));
    for (set, _) in old.iter().filter(|(_, set)| empty(set)).take(surplus) {
        if cluster.store.get(set).is_some() && set.resource == REPLICA_SETS {
            remove(cluster, set, Propagation::Background, None);
        }
    }
}
