//! Schedulers beside the usual one: pods that they select are theirs, and the usual scheduler leaves them alone.
//!
//! A pod is selected when it is created, as by an admission webhook: what waits already stays with its scheduler.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::{Cluster, Pod};
use crate::controllers::events;
use crate::json::{set, text};
use crate::node::pod_status::{condition, deleted};
use crate::store::Key;

/// Which new pods belong to a scheduler, and how they are marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSelection {
    /// The scheduler that they get.
    pub scheduler: String,
    /// Their namespace.
    pub namespace: String,
    /// All of these labels.
    pub labels: BTreeMap<String, String>,
    /// The label that marks them as selected: key and value.
    pub mark: (String, String),
}

/// A pod that waits for its scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingPod {
    pub(crate) pod: Pod,
    /// The value of its mark.
    pub mark: String,
    /// What its containers ask for, in thousandths of a CPU.
    pub millicpus: u32,
    /// What its containers ask for, MiB.
    pub memory_mib: u32,
}

impl WaitingPod {
    /// Its unique id.
    pub fn uid(&self) -> &str {
        &self.pod.uid
    }
}

/// Gives a new pod to the scheduler that selects it. Returns whether there is one.
pub(crate) fn claim(cluster: &mut Cluster, pod: &Pod) -> bool {
    let Some(value) = cluster.pod(pod) else {
        return false;
    };
    let labels = &value["metadata"]["labels"];
    let selects = |one: &&PodSelection| {
        one.namespace == pod.key.namespace
            && one.labels.iter().all(|(key, wanted)| {
                labels.get(key).and_then(Value::as_str) == Some(wanted.as_str())
            })
    };
    let usual = text(value, "/spec/schedulerName") == events::SCHEDULER;
    let found = cluster.selections.iter().find(selects).cloned();
    let Some(found) = found.filter(|_| usual) else {
        return is_elsewhere(cluster, value);
    };
    cluster.modify(&pod.key, |value| {
        value["metadata"]["labels"][&found.mark.0] = found.mark.1.into();
        set(value, "/spec/schedulerName", found.scheduler);
    });
    true
}

/// Whether a pod is for another scheduler that there is, or was: it waits for that one alone.
pub(crate) fn is_elsewhere(cluster: &Cluster, pod: &Value) -> bool {
    cluster
        .schedulers
        .contains(text(pod, "/spec/schedulerName"))
}

/// The pods without a node that are a scheduler's.
pub(crate) fn waiting(cluster: &Cluster, scheduler: &str, mark: &str) -> Vec<WaitingPod> {
    let pods = cluster.store.of_type("pods", None);
    pods.filter(|(_, pod)| {
        text(pod, "/spec/schedulerName") == scheduler
            && text(pod, "/spec/nodeName").is_empty()
            && !deleted(pod)
    })
    .map(|(key, pod)| {
        let sum = |what: &str| {
            super::scheduler::requests(pod)
                .into_iter()
                .filter(|(name, _)| name == what)
                .map(|(_, amount)| amount)
                .sum::<i128>()
        };
        let memory = sum("memory") / 1000;
        WaitingPod {
            pod: Pod {
                key: key.clone(),
                uid: text(pod, "/metadata/uid").to_owned(),
            },
            mark: pod["metadata"]["labels"][mark]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            millicpus: u32::try_from(sum("cpu")).unwrap_or(u32::MAX),
            memory_mib: u32::try_from(memory >> 20).unwrap_or(u32::MAX),
        }
    })
    .collect()
}

/// Puts a pod on the node that its scheduler has chosen. Returns whether it still waited.
pub(crate) fn bind(cluster: &mut Cluster, pod: &Pod, scheduler: &str, node: &str) -> bool {
    let waits = cluster
        .pod(pod)
        .is_some_and(|value| text(value, "/spec/nodeName").is_empty() && !deleted(value));
    if !waits {
        return false;
    }
    let now = cluster.stamp();
    cluster.modify(&pod.key, |value| {
        set(value, "/spec/nodeName", node);
        condition(value, "PodScheduled", None, &now);
    });
    let Key {
        namespace, name, ..
    } = &pod.key;
    let message = format!("Successfully assigned {namespace}/{name} to {node}");
    cluster.event(scheduler, &pod.key, false, "Scheduled", &message);
    true
}
