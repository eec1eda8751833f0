//! The disruption controller: how many pods of a budget may be evicted now.
//!
//! Source: the Kubernetes documentation "Specifying a Disruption Budget for your Application".

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::controllers::label_selector::selects;
use crate::json::{condition_is_true, items, number, set, set_condition, text};
use crate::node::pod_status::{deleted, finished};
use crate::store::Key;

pub(crate) const BUDGETS: &str = "poddisruptionbudgets.policy";
/// What can own a pod and says how many there should be.
const OWNERS: [(&str, &str); 2] = [
    ("ReplicaSet", "replicasets.apps"),
    ("StatefulSet", "statefulsets.apps"),
];

/// Computes the status of all budgets.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys(BUDGETS) {
        let Some(budget) = cluster.store.get(&key).cloned() else {
            continue;
        };
        if budget.pointer("/metadata/deletionTimestamp").is_none() {
            report(cluster, &key, &budget);
        }
    }
}

/// The keys of the budgets that a pod is under.
pub(crate) fn of_pod(cluster: &Cluster, namespace: &str, pod: &Value) -> Vec<Key> {
    cluster
        .store
        .of_type(BUDGETS, Some(namespace))
        .filter(|(_, budget)| selects(budget.pointer("/spec/selector"), pod))
        .map(|(key, _)| key.clone())
        .collect()
}

fn report(cluster: &mut Cluster, key: &Key, budget: &Value) {
    let pods: Vec<Value> = cluster
        .store
        .of_type("pods", Some(&key.namespace))
        .filter(|(_, pod)| !finished(pod) && selects(budget.pointer("/spec/selector"), pod))
        .map(|(_, pod)| pod.clone())
        .collect();
    let healthy = pods
        .iter()
        .filter(|pod| !deleted(pod) && condition_is_true(pod, "Ready"))
        .count();
    let healthy = i64::try_from(healthy).unwrap_or(i64::MAX);
    let (expected, desired) = wanted(cluster, &key.namespace, budget, &pods);
    let allowed = if expected > 0 {
        (healthy - desired).max(0)
    } else {
        0
    };
    let now = cluster.stamp();
    cluster.modify(key, |budget| {
        let generation = number(budget, "/metadata/generation").unwrap_or(1);
        for (name, count) in [
            ("currentHealthy", healthy),
            ("desiredHealthy", desired),
            ("disruptionsAllowed", allowed),
            ("expectedPods", expected),
            ("observedGeneration", generation),
        ] {
            set(budget, &format!("/status/{name}"), count);
        }
        let (status, reason) = if allowed > 0 {
            ("True", "SufficientPods")
        } else {
            ("False", "InsufficientPods")
        };
        let condition = json!({
            "type": "DisruptionAllowed", "status": status, "reason": reason, "message": "",
            "observedGeneration": generation,
        });
        set_condition(budget, "/status/conditions", condition, &now);
    });
}

/// How many pods a budget expects, and how many of them must stay healthy.
fn wanted(cluster: &Cluster, namespace: &str, budget: &Value, pods: &[Value]) -> (i64, i64) {
    let part = |of: i64, value: &Value| super::deployments::part(Some(value), of, true);
    let count = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    match (
        budget.pointer("/spec/minAvailable"),
        budget.pointer("/spec/maxUnavailable"),
    ) {
        (Some(least @ Value::Number(_)), _) => (count, part(count, least)),
        (Some(least), _) => {
            let all = owners_want(cluster, namespace, pods);
            (all, part(all, least))
        }
        (None, Some(most)) => {
            let all = owners_want(cluster, namespace, pods);
            (all, (all - part(all, most)).max(0))
        }
        // Without either, one pod must stay.
        (None, None) => (count, 1),
    }
}

/// The pods that the owners of these want, each owner counted once.
fn owners_want(cluster: &Cluster, namespace: &str, pods: &[Value]) -> i64 {
    let mut owners: Vec<(&str, &str)> = pods
        .iter()
        .flat_map(|pod| items(pod, "/metadata/ownerReferences"))
        .map(|owner| (text(owner, "/kind"), text(owner, "/name")))
        .collect();
    owners.sort_unstable();
    owners.dedup();
    let wants = owners.into_iter().map(|(kind, name)| {
        let (_, resource) = OWNERS.iter().find(|(owner, _)| *owner == kind)?;
        let owner = cluster.store.get(&Key::new(resource, namespace, name))?;
        number(owner, "/spec/replicas")
    });
    wants.map(|count| count.unwrap_or(0)).sum()
}
