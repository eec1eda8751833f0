//! The replica set controller: keeps as many pods as are wanted.
//!
//! It does not adopt pods that it did not create.

use serde_json::Value;

use crate::api::delete::{Propagation, remove};
use crate::cluster::Cluster;
use crate::controllers::workload::{is_available, make_pod, owned};
use crate::json::{condition_is_true, number, remove as take, set, text};
use crate::node::pod_status::{deleted, finished};
use crate::store::Key;

const REPLICA_SETS: &str = "replicasets.apps";
const CONTROLLER: &str = "replicaset-controller";

/// A live pod: whether it is ready, its creation time, and its key.
type LivePod = (bool, String, Key);

/// Creates missing pods, deletes surplus ones, and counts.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys(REPLICA_SETS) {
        let Some(object) = cluster.store.get(&key) else {
            continue;
        };
        let uid = text(object, "/metadata/uid").to_owned();
        let wanted = number(object, "/spec/replicas").unwrap_or(1);
        if object.pointer("/metadata/deletionTimestamp").is_none() {
            let wanted = usize::try_from(wanted).unwrap_or(0);
            fit(cluster, &key, &uid, wanted);
        }
        count(cluster, &key, &uid);
    }
}

fn living(cluster: &Cluster, namespace: &str, uid: &str) -> Vec<LivePod> {
    owned(cluster, "pods", namespace, uid)
        .filter(|(_, pod)| !finished(pod) && !deleted(pod))
        .map(|(key, pod)| {
            let made = text(pod, "/metadata/creationTimestamp").to_owned();
            (condition_is_true(pod, "Ready"), made, key.clone())
        })
        .collect()
}

/// How many of these pods have been ready long enough.
fn available(cluster: &mut Cluster, pods: &[LivePod], least: i64) -> usize {
    let mut count = 0;
    for (_, _, key) in pods {
        let Some(pod) = cluster.store.get(key).cloned() else {
            continue;
        };
        count += usize::from(is_available(cluster, key, &pod, least));
    }
    count
}

fn fit(cluster: &mut Cluster, key: &Key, uid: &str, wanted: usize) {
    let mut pods = living(cluster, &key.namespace, uid);
    for _ in pods.len()..wanted {
        make_pod(cluster, CONTROLLER, key, &[]);
    }
    let spare = pods.len().saturating_sub(wanted);
    // Pods that are not ready are deleted first, then the youngest.
    pods.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
    for (_, _, pod) in pods.into_iter().take(spare) {
        remove(cluster, &pod, Propagation::Background, None);
        let message = format!("Deleted pod: {}", pod.name);
        cluster.event(CONTROLLER, key, false, "SuccessfulDelete", &message);
    }
}

fn count(cluster: &mut Cluster, key: &Key, uid: &str) {
    let pods = living(cluster, &key.namespace, uid);
    let ready = pods.iter().filter(|(ready, _, _)| *ready).count();
    let object = cluster.store.get(key);
    let least = object.and_then(|object| number(object, "/spec/minReadySeconds"));
    let available = match least {
        None | Some(0) => ready,
        Some(least) => available(cluster, &pods, least),
    };
    cluster.modify(key, |object| {
        set(object, "/status/replicas", pods.len());
        let counts = [
            ("fullyLabeledReplicas", pods.len()),
            ("readyReplicas", ready),
            ("availableReplicas", available),
        ];
        for (name, count) in counts {
            counted(object, name, i64::try_from(count).unwrap_or(i64::MAX));
        }
        let generation = number(object, "/metadata/generation").unwrap_or(1);
        set(object, "/status/observedGeneration", generation);
    });
}

/// Writes a number into the status; zero is omitted, as by a real server.
pub(crate) fn counted(object: &mut Value, name: &str, count: i64) {
    let pointer = format!("/status/{name}");
    if count == 0 {
        take(object, &pointer);
    } else {
        set(object, &pointer, count);
    }
}
