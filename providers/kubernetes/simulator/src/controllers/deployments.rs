//! The deployment controller: a replica set for each pod template, and the deployment's status.
//!
//! Source: the Kubernetes documentation of Deployments (strategy, rollback, pausing, progress deadline).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Due};
use crate::controllers::replicasets::counted;
use crate::controllers::rollout;
use crate::controllers::workload::{owned, reference};
use crate::json::{items, number, set, set_condition, text};
use crate::store::Key;
use crate::store::types::Type;

const DEPLOYMENTS: &str = "deployments.apps";
pub(crate) const REPLICA_SETS: &str = "replicasets.apps";
pub(crate) const CONTROLLER: &str = "deployment-controller";
const HASH: &str = "pod-template-hash";
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
/// How long a deployment may make no progress if it does not say, seconds.
const DEADLINE: i64 = 600;

/// Creates and scales replica sets, and reports their progress.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys(DEPLOYMENTS) {
        let Some(deployment) = cluster.store.get(&key).cloned() else {
            continue;
        };
        if deployment.pointer("/metadata/deletionTimestamp").is_some() {
            continue;
        }
        let sets = replica_sets(cluster, &key, &deployment);
        let newest = sets
            .iter()
            .find(|(_, set)| is_of_template(set, &deployment));
        let newest = newest.map(|(set, _)| set.clone());
        if deployment.pointer("/spec/paused") == Some(&Value::Bool(true)) {
            rollout::scale_paused(cluster, &key, &deployment, &sets);
            report(cluster, &key, newest.as_ref());
            continue;
        }
        let newest = match newest {
            Some(newest) => {
                use_again(cluster, &key, &newest, &sets);
                newest
            }
            None => make(cluster, &key, &deployment, &sets),
        };
        rollout::roll(cluster, &key, &deployment, &newest);
        report(cluster, &key, Some(&newest));
    }
}

/// The replica sets of a deployment, oldest first.
pub(crate) fn replica_sets(cluster: &Cluster, key: &Key, deployment: &Value) -> Vec<(Key, Value)> {
    let uid = text(deployment, "/metadata/uid");
    let mut sets: Vec<(Key, Value)> = owned(cluster, REPLICA_SETS, &key.namespace, uid)
        .map(|(key, set)| (key.clone(), set.clone()))
        .collect();
    sets.sort_by_key(|(_, set)| revision(set));
    sets
}

/// Whether a replica set has the pod template of its deployment.
fn is_of_template(set: &Value, deployment: &Value) -> bool {
    let mut template = set["spec"]["template"].clone();
    crate::json::remove(&mut template, &format!("/metadata/labels/{HASH}"));
    template == deployment["spec"]["template"]
}

fn revision(object: &Value) -> i64 {
    text(object, REVISION).parse().unwrap_or(0)
}

fn make(cluster: &mut Cluster, key: &Key, deployment: &Value, sets: &[(Key, Value)]) -> Key {
    let wanted = number(deployment, "/spec/replicas").unwrap_or(1);
    let hash = cluster.ids.letters(10).to_lowercase();
    let revision = sets.iter().map(|(_, set)| revision(set)).max().unwrap_or(0) + 1;
    let mut object = json!({
        "metadata": {
            "name": format!("{}-{hash}", key.name),
            "annotations": deployment["metadata"]["annotations"],
            "ownerReferences": [reference(deployment)],
        },
        "spec": {
            "replicas": 0, "selector": deployment["spec"]["selector"],
            "template": deployment["spec"]["template"],
        },
        "status": {"replicas": 0},
    });
    let applied = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
    crate::json::remove(&mut object, applied);
    set(&mut object, REVISION, revision.to_string());
    if let Some(least) = deployment.pointer("/spec/minReadySeconds") {
        set(&mut object, "/spec/minReadySeconds", least.clone());
    }
    let labels = object
        .pointer("/spec/template/metadata/labels")
        .cloned()
        .unwrap_or_default();
    set(&mut object, "/metadata/labels", labels);
    for labels in [
        "/metadata/labels",
        "/spec/template/metadata/labels",
        "/spec/selector/matchLabels",
    ] {
        set(&mut object, &format!("{labels}/{HASH}"), hash.clone());
    }
    rollout::annotate(&mut object, deployment, wanted);
    let made = cluster.add(Type::of(REPLICA_SETS), &key.namespace, object);
    let message = format!("Created new replica set \"{}\"", made.name);
    begin(cluster, key, revision, ("NewReplicaSetCreated", &message));
    made
}

/// The replica set of an earlier template is the newest again: its revision says so.
fn use_again(cluster: &mut Cluster, key: &Key, newest: &Key, sets: &[(Key, Value)]) {
    let of = |(_, set): &(Key, Value)| revision(set);
    let last = sets.iter().map(of).max().unwrap_or(0);
    let own = sets.iter().find(|(set, _)| set == newest).map_or(0, of);
    if own < last {
        cluster.modify(newest, |set_| set(set_, REVISION, (last + 1).to_string()));
        let message = format!("Found new replica set \"{}\"", newest.name);
        begin(cluster, key, last + 1, ("FoundNewReplicaSet", &message));
    }
}

/// A rollout begins.
fn begin(cluster: &mut Cluster, key: &Key, revision: i64, (reason, message): (&str, &str)) {
    let now = cluster.stamp();
    cluster.modify(key, |deployment| {
        set(deployment, REVISION, revision.to_string());
        condition(
            deployment,
            ("Progressing", "True"),
            reason,
            message,
            &now,
            true,
        );
    });
}

/// A number of pods that is given as a number or as a percentage of others.
pub(crate) fn part(value: Option<&Value>, of: i64, up: bool) -> i64 {
    match value {
        Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
        Some(Value::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (of * percent + if up { 99 } else { 0 }) / 100
        }
        _ => 0,
    }
}

/// How a number of the status is computed from the replica sets.
fn total(sets: &[(Key, Value)], pointer: &str) -> i64 {
    let each = sets
        .iter()
        .map(|(_, set)| number(set, pointer).unwrap_or(0));
    each.sum()
}

/// Updates the status of a deployment from its replica sets.
fn report(cluster: &mut Cluster, key: &Key, newest: Option<&Key>) {
    let Some(before) = cluster.store.get(key).cloned() else {
        return;
    };
    let now = cluster.stamp();
    let sets = replica_sets(cluster, key, &before);
    let wanted = number(&before, "/spec/replicas").unwrap_or(1);
    let (all, ready) = (
        total(&sets, "/status/replicas"),
        total(&sets, "/status/readyReplicas"),
    );
    let available = total(&sets, "/status/availableReplicas");
    let missing = (total(&sets, "/spec/replicas").max(wanted) - available).max(0);
    let of_newest = sets.iter().find(|(set, _)| Some(set) == newest);
    let updated = of_newest.map_or(0, |(_, set)| number(set, "/status/replicas").unwrap_or(0));
    cluster.modify(key, |deployment| {
        let generation = number(deployment, "/metadata/generation").unwrap_or(1);
        set(deployment, "/status/observedGeneration", generation);
        for (name, count) in [
            ("replicas", all),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", available),
            ("unavailableReplicas", missing),
        ] {
            counted(deployment, name, count);
        }
        let least = wanted - rollout::unavailable(deployment, wanted);
        let (status, reason, message) = if available >= least {
            (
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            )
        } else {
            let message = "Deployment does not have minimum availability.";
            ("False", "MinimumReplicasUnavailable", message)
        };
        condition(
            deployment,
            ("Available", status),
            reason,
            message,
            &now,
            false,
        );
    });
    let Some(newest) = newest else { return };
    let is_complete = updated == wanted && all == wanted && available == wanted;
    let is_moving = |name: &str, grows: bool| {
        let pointer = format!("/status/{name}");
        let old = number(&before, &pointer).unwrap_or(0);
        let new = cluster
            .store
            .get(key)
            .and_then(|now| number(now, &pointer))
            .unwrap_or(0);
        if grows { new > old } else { new < old }
    };
    let is_moving = is_moving("updatedReplicas", true)
        || is_moving("readyReplicas", true)
        || is_moving("availableReplicas", true)
        || (is_moving("replicas", false) && all >= wanted);
    progress(
        cluster,
        key,
        newest,
        (is_complete, is_moving, all == updated),
    );
}

/// Says whether a rollout is complete, goes on or has come to a standstill.
fn progress(
    cluster: &mut Cluster,
    key: &Key,
    newest: &Key,
    (is_complete, is_moving, is_alone): (bool, bool, bool),
) {
    let Some(deployment) = cluster.store.get(key) else {
        return;
    };
    let name = &newest.name;
    let there = items(deployment, "/status/conditions").iter();
    let mut there = there.filter(|condition| text(condition, "/type") == "Progressing");
    let (reason, since) = there.next().map_or(("", None), |condition| {
        let since = text(condition, "/lastUpdateTime").parse::<Timestamp>();
        (text(condition, "/reason"), since.ok())
    });
    // Once the rollout is complete, scaling does not change that.
    if reason == "NewReplicaSetAvailable" && is_alone {
        return;
    }
    let limit = number(deployment, "/spec/progressDeadlineSeconds").unwrap_or(DEADLINE);
    let left = since.map_or(limit, |since| {
        since.as_second() + limit - cluster.now.as_second()
    });
    let uid = text(deployment, "/metadata/uid").to_owned();
    let now = cluster.stamp();
    let new = if is_complete {
        let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
        ("True", "NewReplicaSetAvailable", message)
    } else if is_moving {
        let message = format!("ReplicaSet \"{name}\" is progressing.");
        ("True", "ReplicaSetUpdated", message)
    } else if left <= 0 {
        let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
        ("False", "ProgressDeadlineExceeded", message)
    } else {
        let mark = format!("{uid}/progress {}", since.map_or(0, Timestamp::as_second));
        if cluster.served.insert(mark) {
            let left = u64::try_from(left).unwrap_or(0);
            cluster.after(Duration::from_secs(left + 1), Due::Wake);
        }
        return;
    };
    let (status, reason, message) = new;
    cluster.modify(key, |deployment| {
        condition(
            deployment,
            ("Progressing", status),
            reason,
            &message,
            &now,
            is_moving,
        );
    });
    if is_moving && !is_complete {
        // The deadline counts from this step on.
        cluster.after(
            Duration::from_secs(u64::try_from(limit).unwrap_or(0) + 1),
            Due::Wake,
        );
    }
}

/// Sets a condition. One that says the same is only refreshed if it is to show progress.
fn condition(
    object: &mut Value,
    (kind, status): (&str, &str),
    reason: &str,
    message: &str,
    now: &str,
    refreshed: bool,
) {
    let same = items(object, "/status/conditions").iter().any(|old| {
        text(old, "/type") == kind
            && text(old, "/status") == status
            && text(old, "/reason") == reason
    });
    if !same || refreshed {
        let new = json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastUpdateTime": now,
        });
        set_condition(object, "/status/conditions", new, now);
    }
}
