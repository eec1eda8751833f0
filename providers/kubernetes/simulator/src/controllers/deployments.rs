//! The deployment controller: one replica set per deployment, and the deployment's status.
//!
//! It scales and does not roll out. A changed pod template is rejected by name, so a deployment never has a
//! second replica set.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::controllers::replicasets::counted;
use crate::controllers::workload::{owned, reference};
use crate::json::{number, set, set_condition, text};
use crate::store::Key;
use crate::store::types::Type;

const DEPLOYMENTS: &str = "deployments.apps";
const REPLICA_SETS: &str = "replicasets.apps";
const CONTROLLER: &str = "deployment-controller";
const HASH: &str = "pod-template-hash";

/// Creates and scales replica sets, and reports their progress.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys(DEPLOYMENTS) {
        let Some(deployment) = cluster.store.get(&key).cloned() else {
            continue;
        };
        if deployment.pointer("/metadata/deletionTimestamp").is_some() {
            continue;
        }
        let uid = text(&deployment, "/metadata/uid");
        let wanted = number(&deployment, "/spec/replicas").unwrap_or(1);
        let there = owned(cluster, REPLICA_SETS, &key.namespace, uid)
            .next()
            .map(|(replicas, object)| (replicas.clone(), object.clone()));
        match there {
            None => make(cluster, &key, &deployment, wanted),
            Some((replicas, object)) => {
                let now = number(&object, "/spec/replicas").unwrap_or(1);
                if now != wanted {
                    scale(cluster, &key, &replicas, &deployment, (now, wanted));
                }
                update_status(cluster, &key, &object, wanted);
            }
        }
    }
}

fn make(cluster: &mut Cluster, key: &Key, deployment: &Value, wanted: i64) {
    let hash = cluster.ids.letters(10).to_lowercase();
    let mut object = json!({
        "metadata": {
            "name": format!("{}-{hash}", key.name),
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [reference(deployment)],
        },
        "spec": {
            "replicas": wanted, "selector": deployment["spec"]["selector"],
            "template": deployment["spec"]["template"],
        },
        "status": {"replicas": 0},
    });
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
    annotate(&mut object, deployment, wanted);
    let replicas = cluster.add(Type::of(REPLICA_SETS), &key.namespace, object);
    cluster.modify(key, |deployment| {
        let revision = "/metadata/annotations/deployment.kubernetes.io~1revision";
        set(deployment, revision, "1");
    });
    let message = format!("Scaled up replica set {} from 0 to {wanted}", replicas.name);
    cluster.event(CONTROLLER, key, false, "ScalingReplicaSet", &message);
}

/// Annotates a replica set with what it needs to know of its deployment.
fn annotate(object: &mut Value, deployment: &Value, wanted: i64) {
    let surge = part(deployment, "maxSurge", wanted, true);
    for (name, count) in [
        ("desired-replicas", wanted),
        ("max-replicas", wanted + surge),
    ] {
        let pointer = format!("/metadata/annotations/deployment.kubernetes.io~1{name}");
        set(object, &pointer, count.to_string());
    }
}

/// A number of pods that the strategy gives as a number or as a percentage of the wanted ones.
fn part(deployment: &Value, name: &str, wanted: i64, up: bool) -> i64 {
    match deployment.pointer(&format!("/spec/strategy/rollingUpdate/{name}")) {
        Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
        Some(Value::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (wanted * percent + if up { 99 } else { 0 }) / 100
        }
        _ => 0,
    }
}

fn scale(
    cluster: &mut Cluster,
    key: &Key,
    replicas: &Key,
    deployment: &Value,
    (now, wanted): (i64, i64),
) {
    cluster.modify(replicas, |object| {
        set(object, "/spec/replicas", wanted);
        annotate(object, deployment, wanted);
    });
    let way = if wanted > now { "up" } else { "down" };
    let name = &replicas.name;
    let message = format!("Scaled {way} replica set {name} from {now} to {wanted}");
    cluster.event(CONTROLLER, key, false, "ScalingReplicaSet", &message);
}

/// Updates the status of a deployment from its replica set.
fn update_status(cluster: &mut Cluster, key: &Key, replicas: &Value, wanted: i64) {
    let now = cluster.stamp();
    let of = |name: &str| number(replicas, &format!("/status/{name}")).unwrap_or(0);
    let (all, ready) = (of("replicas"), of("readyReplicas"));
    let name = text(replicas, "/metadata/name").to_owned();
    cluster.modify(key, |deployment| {
        let generation = number(deployment, "/metadata/generation").unwrap_or(1);
        set(deployment, "/status/observedGeneration", generation);
        for (name, count) in [
            ("replicas", all),
            ("updatedReplicas", all),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
            ("unavailableReplicas", (wanted - ready).max(0)),
        ] {
            counted(deployment, name, count);
        }
        let enough = ready >= wanted - part(deployment, "maxUnavailable", wanted, false);
        let (status, reason, message) = if enough {
            (
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            )
        } else {
            let message = "Deployment does not have minimum availability.";
            ("False", "MinimumReplicasUnavailable", message)
        };
        condition(deployment, ("Available", status), reason, message, &now);
        let (reason, message) = if ready >= wanted {
            let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
            ("NewReplicaSetAvailable", message)
        } else {
            (
                "ReplicaSetUpdated",
                format!("ReplicaSet \"{name}\" is progressing."),
            )
        };
        // Once the rollout is complete, scaling does not change that.
        if reason == "NewReplicaSetAvailable" || !is_through(deployment) {
            condition(deployment, ("Progressing", "True"), reason, &message, &now);
        }
    });
}

fn is_through(deployment: &Value) -> bool {
    crate::json::items(deployment, "/status/conditions")
        .iter()
        .any(|condition| text(condition, "/reason") == "NewReplicaSetAvailable")
}

fn condition(
    object: &mut Value,
    (kind, status): (&str, &str),
    reason: &str,
    message: &str,
    now: &str,
) {
    let same = crate::json::items(object, "/status/conditions")
        .iter()
        .any(|old| {
            text(old, "/type") == kind
                && text(old, "/status") == status
                && text(old, "/reason") == reason
        });
    if !same {
        let new = json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastUpdateTime": now,
        });
        set_condition(object, "/status/conditions", new, now);
    }
}
