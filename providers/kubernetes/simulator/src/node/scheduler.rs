//! The scheduler: which node a pod goes to, or why none fits.
//!
//! It considers readiness, taints, node selectors, required node affinity and requested resources; it ignores
//! affinity between pods and topology spread.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Due, Pod};
use crate::controllers::events::SCHEDULER;
use crate::controllers::{label_selector, volumes};
use crate::json::{condition_is_true, items, set, text};
use crate::node::other_scheduler;
use crate::node::pod_status::{condition, deleted, finished};
use crate::store::Key;

/// Why a pod is on no node, in the words of its condition and event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unschedulable {
    #[error("no nodes available to schedule pods")]
    NoNodes,
    #[error("0/{nodes} nodes are available: {}.", reasons.join(", "))]
    NoneFits { nodes: usize, reasons: Vec<String> },
    #[error("persistentvolumeclaim \"{0}\" not found")]
    NoClaim(String),
    #[error("persistentvolumeclaim \"{0}\" is being deleted")]
    ClaimEnds(String),
    #[error("pod has unbound immediate PersistentVolumeClaims")]
    Unbound,
    #[error("storageclass.storage.k8s.io \"{0}\" not found")]
    NoClass(String),
}

/// Tries to put a pod on a node.
pub(crate) fn schedule(cluster: &mut Cluster, pod: &Pod) {
    let Some(value) = cluster.pod(pod).cloned() else {
        return;
    };
    let is_bound = !text(&value, "/spec/nodeName").is_empty();
    if deleted(&value) || is_bound || other_scheduler::is_elsewhere(cluster, &value) {
        return;
    }
    let node = match choose(cluster, &value) {
        Ok(node) => node,
        Err(why) => return unschedulable(cluster, pod, &why),
    };
    match volumes::ready(cluster, &pod.key.namespace, &value, &node) {
        Ok(true) => bind(cluster, pod, &node),
        // The pod is scheduled once its volumes exist.
        Ok(false) => {}
        Err(why) => unschedulable(cluster, pod, &why),
    }
}

/// Schedules all pods without a node again: something that they may wait for has changed.
pub(crate) fn look_again(cluster: &mut Cluster) {
    let waiting: Vec<Pod> = cluster
        .store
        .of_type("pods", None)
        .filter(|(_, value)| text(value, "/spec/nodeName").is_empty() && !deleted(value))
        .map(|(key, value)| Pod {
            key: key.clone(),
            uid: text(value, "/metadata/uid").to_owned(),
        })
        .filter(|pod| cluster.served.contains(&pod.uid))
        .collect();
    for pod in waiting {
        let delay = cluster.between(300, 1500);
        cluster.after(delay, Due::Schedule(pod));
    }
}

fn bind(cluster: &mut Cluster, pod: &Pod, node: &str) {
    let now = cluster.stamp();
    cluster.modify(&pod.key, |value| {
        set(value, "/spec/nodeName", node);
        condition(value, "PodScheduled", None, &now);
    });
    let (namespace, name) = (&pod.key.namespace, &pod.key.name);
    let message = format!("Successfully assigned {namespace}/{name} to {node}");
    cluster.event(SCHEDULER, &pod.key, false, "Scheduled", &message);
}

fn unschedulable(cluster: &mut Cluster, pod: &Pod, why: &Unschedulable) {
    let (now, why) = (cluster.stamp(), why.to_string());
    cluster.modify(&pod.key, |value| {
        condition(value, "PodScheduled", Some(("Unschedulable", &why)), &now);
    });
    cluster.event(SCHEDULER, &pod.key, true, "FailedScheduling", &why);
}

/// The names of nodes that would have room for a waiting pod if nothing ran on them: one more like them would help.
pub(crate) fn crowded_nodes(cluster: &Cluster) -> Vec<String> {
    let pods = cluster.store.of_type("pods", None).map(|(_, pod)| pod);
    let waiting: Vec<&Value> = pods
        .filter(|pod| is_unschedulable(pod) && !deleted(pod))
        .collect();
    let nodes = cluster.store.of_type("nodes", None);
    let crowded = nodes.filter(|(_, node)| {
        let mut waiting = waiting.iter();
        waiting.any(|pod| misfit(pod, node, &[]).is_none())
    });
    crowded.map(|(key, _)| key.name.clone()).collect()
}

/// Whether the scheduler has said that a pod fits on no node.
fn is_unschedulable(pod: &Value) -> bool {
    let waits = text(pod, "/spec/nodeName").is_empty();
    let mut conditions = items(pod, "/status/conditions").iter();
    waits && conditions.any(|one| text(one, "/reason") == "Unschedulable")
}

fn choose(cluster: &Cluster, pod: &Value) -> Result<String, Unschedulable> {
    let nodes: Vec<_> = cluster.store.of_type("nodes", None).collect();
    if nodes.is_empty() {
        return Err(Unschedulable::NoNodes);
    }
    let mut reasons = Vec::new();
    let mut fitting = Vec::new();
    for (key, node) in &nodes {
        let there: Vec<&Value> = on_node(cluster, key).collect();
        match misfit(pod, node, &there).or_else(|| volumes::elsewhere(cluster, pod, node)) {
            None => {
                let own = there.iter().filter(|other| is_sibling(pod, other)).count();
                fitting.push((own, there.len(), key.name.clone()));
            }
            Some(reason) => reasons.push(reason),
        }
    }
    fitting.sort();
    fitting
        .into_iter()
        .next()
        .map(|(_, _, name)| name)
        .ok_or_else(|| {
            reasons.sort();
            reasons.dedup();
            Unschedulable::NoneFits {
                nodes: nodes.len(),
                reasons,
            }
        })
}

/// Whether two pods have the same owner: those are spread over the nodes first (the default topology spread).
fn is_sibling(pod: &Value, other: &Value) -> bool {
    let owner = |pod: &Value| text(pod, "/metadata/ownerReferences/0/uid").to_owned();
    let own = owner(pod);
    !own.is_empty() && own == owner(other)
}

fn on_node<'a>(cluster: &'a Cluster, node: &'a Key) -> impl Iterator<Item = &'a Value> {
    cluster
        .store
        .of_type("pods", None)
        .map(|(_, pod)| pod)
        .filter(move |pod| text(pod, "/spec/nodeName") == node.name && !finished(pod))
}

fn misfit(pod: &Value, node: &Value, there: &[&Value]) -> Option<String> {
    if !condition_is_true(node, "Ready") {
        return Some("node(s) were not ready".to_owned());
    }
    if let Some(reason) = unfit(pod, node) {
        return Some(reason);
    }
    let room = |name: &str| quantity(text(node, &format!("/status/allocatable/{}", escape(name))));
    if there.len() as i128 * 1000 >= room("pods") {
        return Some("Too many pods".to_owned());
    }
    requests(pod).into_iter().find_map(|(name, wanted)| {
        let used: i128 = there
            .iter()
            .flat_map(|pod| requests(pod))
            .filter(|(other, _)| *other == name)
            .map(|(_, amount)| amount)
            .sum();
        (used + wanted > room(&name)).then(|| format!("Insufficient {name}"))
    })
}

/// Whether a pod of a daemon set belongs on a node, full or not.
pub(crate) fn may_run(pod: &Value, node: &Value) -> bool {
    unfit(pod, node).is_none()
}

/// Why a pod must not be on a node: taints, or what the pod selects nodes by.
fn unfit(pod: &Value, node: &Value) -> Option<String> {
    let cordon = json!({
        "key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "value": "",
    });
    let cordoned = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    let taints = items(node, "/spec/taints")
        .iter()
        .filter(|taint| text(taint, "/key") != text(&cordon, "/key"))
        .chain(cordoned.then_some(&cordon));
    for taint in taints.filter(|taint| text(taint, "/effect") != "PreferNoSchedule") {
        if !items(pod, "/spec/tolerations")
            .iter()
            .any(|item| tolerates(item, taint))
        {
            let (key, value) = (text(taint, "/key"), text(taint, "/value"));
            return Some(format!("node(s) had untolerated taint {{{key}: {value}}}"));
        }
    }
    let labels = &node["metadata"]["labels"];
    let selector = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    let other_labels = selector.is_some_and(|wanted| {
        wanted
            .iter()
            .any(|(key, value)| labels.get(key) != Some(value))
    });
    (other_labels || !has_affinity(pod, node))
        .then(|| "node(s) didn't match Pod's node affinity/selector".to_owned())
}

/// Whether the labels of a node fit all expressions of a term.
pub(crate) fn has_labels(node: &Value, term: &Value) -> bool {
    let label = |key: &str| node.pointer("/metadata/labels")?.get(key);
    items(term, "/matchExpressions")
        .iter()
        .all(|one| label_selector::fits(one, label(text(one, "/key"))))
}

/// Whether a node has what a pod requires of it: all of one of its terms.
fn has_affinity(pod: &Value, node: &Value) -> bool {
    let required = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    let Some(required) = pod.pointer(required).filter(|required| !required.is_null()) else {
        return true;
    };
    let fits = |term: &Value| {
        let by_label = items(term, "/matchExpressions");
        let by_field = items(term, "/matchFields");
        // A term that asks for nothing selects nothing.
        (!by_label.is_empty() || !by_field.is_empty())
            && has_labels(node, term)
            && by_field
                .iter()
                .all(|one| label_selector::fits(one, node.pointer("/metadata/name")))
    };
    items(required, "/nodeSelectorTerms").iter().any(fits)
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let effect = text(toleration, "/effect");
    let key = text(toleration, "/key");
    let exists = text(toleration, "/operator") == "Exists";
    (effect.is_empty() || effect == text(taint, "/effect"))
        && ((key.is_empty() && exists) || key == text(taint, "/key"))
        && (exists || text(toleration, "/value") == text(taint, "/value"))
}

/// What the containers of a pod ask for, in thousandths.
pub(crate) fn requests(pod: &Value) -> Vec<(String, i128)> {
    items(pod, "/spec/containers")
        .iter()
        .filter_map(|container| container.pointer("/resources/requests")?.as_object())
        .flatten()
        .map(|(name, amount)| (name.clone(), quantity(amount.as_str().unwrap_or_default())))
        .collect()
}

/// A quantity in thousandths: `250m` is 250, `1Gi` is 1024³ × 1000.
pub(crate) fn quantity(text: &str) -> i128 {
    let split = text
        .find(|letter: char| letter.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let thousandths = format!("{fraction:0<3}");
    let milli = whole.parse::<i128>().unwrap_or(0) * 1000
        + thousandths
            .get(..3)
            .and_then(|part| part.parse::<i128>().ok())
            .unwrap_or(0);
    match unit {
        "m" => milli / 1000,
        "k" => milli * 1000,
        "M" => milli * 1000_i128.pow(2),
        "G" => milli * 1000_i128.pow(3),
        "T" => milli * 1000_i128.pow(4),
        "Ki" => milli << 10,
        "Mi" => milli << 20,
        "Gi" => milli << 30,
        "Ti" => milli << 40,
        _ => milli,
    }
}

#[cfg(test)]
mod tests {
    use super::quantity;

    fn check(text: &str, expected: i128) {
        assert_eq!(quantity(text), expected, "{text}");
    }

    #[test]
    fn quantities_are_counted_in_thousandths() {
        check("2", 2000);
        check("250m", 250);
        check("0.5", 500);
        check("1Gi", 1_073_741_824_000);
        check("1.5Ki", 1_536_000);
        check("4G", 4_000_000_000_000);
    }
}
