//! The daemon set controller: a pod on each node that its template fits.
//!
//! Source: the Kubernetes documentation of `DaemonSets` (tolerations of their pods, how they are scheduled, rolling
//! updates).

use serde_json::{Value, json};

use crate::api::delete::{Propagation, remove};
use crate::cluster::Cluster;
use crate::controllers::revisions::{self, HASH};
use crate::controllers::workload::{add_pod, is_available, owned};
use crate::json::{condition_is_true, items, number, set, text};
use crate::node::pod_status::{deleted, finished};
use crate::node::scheduler;
use crate::store::Key;

const SETS: &str = "daemonsets.apps";
const CONTROLLER: &str = "daemonset-controller";
const AFFINITY: &str = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";

/// Creates missing pods, removes those that are out of place, replaces old ones, and counts.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys(SETS) {
        let Some(object) = cluster.store.get(&key).cloned() else {
            continue;
        };
        if object.pointer("/metadata/deletionTimestamp").is_some() {
            continue;
        }
        let revision = revisions::current(cluster, &key, &object);
        let set = DaemonSet {
            hash: revision.rsplit('-').next().unwrap_or_default().to_owned(),
            least: number(&object, "/spec/minReadySeconds").unwrap_or(0),
            key,
            object,
        };
        set.work(cluster);
        set.report(cluster);
        let used = [revision];
        revisions::clean(cluster, &set.key, &set.object, &used);
    }
}

/// A daemon set during one round.
struct DaemonSet {
    key: Key,
    object: Value,
    /// The hash of the newest pod template.
    hash: String,
    least: i64,
}

impl DaemonSet {
    fn pods(&self, cluster: &Cluster) -> Vec<(Key, Value)> {
        let uid = text(&self.object, "/metadata/uid");
        owned(cluster, "pods", &self.key.namespace, uid)
            .map(|(key, pod)| (key.clone(), pod.clone()))
            .collect()
    }

    /// A pod of this set for a node.
    fn pod_for(&self, node: &str) -> Value {
        let template = &self.object["spec"]["template"];
        let mut pod = json!({"metadata": template["metadata"], "spec": template["spec"]});
        set(
            &mut pod,
            "/metadata/generateName",
            format!("{}-", self.key.name),
        );
        set(
            &mut pod,
            &format!("/metadata/labels/{HASH}"),
            self.hash.clone(),
        );
        let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
        let mut terms = items(&pod, &format!("{AFFINITY}/nodeSelectorTerms")).to_vec();
        if terms.is_empty() {
            terms.push(json!({}));
        }
        for term in &mut terms {
            set(term, "/matchFields", json!([field]));
        }
        set(&mut pod, &format!("{AFFINITY}/nodeSelectorTerms"), terms);
        let mut tolerations = items(&pod, "/spec/tolerations").to_vec();
        for (what, effect) in [
            ("not-ready", "NoExecute"),
            ("unreachable", "NoExecute"),
            ("disk-pressure", "NoSchedule"),
            ("memory-pressure", "NoSchedule"),
            ("pid-pressure", "NoSchedule"),
            ("unschedulable", "NoSchedule"),
        ] {
            let key = format!("node.kubernetes.io/{what}");
            tolerations.push(json!({"key": key, "operator": "Exists", "effect": effect}));
        }
        set(&mut pod, "/spec/tolerations", tolerations);
        pod
    }

    fn work(&self, cluster: &mut Cluster) {
        let pods = self.pods(cluster);
        let nodes: Vec<(String, bool)> = cluster
            .store
            .of_type("nodes", None)
            .map(|(key, node)| {
                let fits = scheduler::may_run(&self.pod_for(&key.name), node);
                (key.name.clone(), fits)
            })
            .collect();
        for (node, fits) in &nodes {
            let there = pods.iter().filter(|(_, pod)| node_of(pod) == *node);
            let mut is_there = false;
            for (key, pod) in there {
                if deleted(pod) {
                    is_there = true;
                } else if finished(pod) || !fits || is_there {
                    self.remove(cluster, key);
                    is_there |= finished(pod);
                } else {
                    is_there = true;
                }
            }
            if *fits && !is_there {
                self.make(cluster, node);
            }
        }
        let known = |pod: &Value| nodes.iter().any(|(node, _)| *node == node_of(pod));
        for (key, pod) in pods.iter().filter(|(_, pod)| !deleted(pod) && !known(pod)) {
            if text(pod, "/spec/nodeName").is_empty() || !finished(pod) {
                self.remove(cluster, key);
            }
        }
        self.update(cluster);
    }

    fn make(&self, cluster: &mut Cluster, node: &str) {
        if let Some(pod) = add_pod(cluster, &self.key, &[], self.pod_for(node)) {
            let message = format!("Created pod: {}", pod.name);
            cluster.event(CONTROLLER, &self.key, false, "SuccessfulCreate", &message);
        }
    }

    fn remove(&self, cluster: &mut Cluster, pod: &Key) {
        remove(cluster, pod, Propagation::Background, None);
        let message = format!("Deleted pod: {}", pod.name);
        cluster.event(CONTROLLER, &self.key, false, "SuccessfulDelete", &message);
    }

    fn is_new(&self, pod: &Value) -> bool {
        text(pod, &format!("/metadata/labels/{HASH}")) == self.hash
    }

    /// Replaces pods of an old template, as many at a time as may be unavailable.
    fn update(&self, cluster: &mut Cluster) {
        if text(&self.object, "/spec/updateStrategy/type") == "OnDelete" {
            return;
        }
        let pods = self.pods(cluster);
        let may = self
            .object
            .pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable");
        let all = i64::try_from(pods.len()).unwrap_or(i64::MAX);
        let may = super::deployments::part(may, all, true).max(1);
        let mut missing = 0;
        for (key, pod) in &pods {
            missing += i64::from(!is_available(cluster, key, pod, self.least));
        }
        let old = pods
            .iter()
            .filter(|(_, pod)| !deleted(pod) && !self.is_new(pod));
        for (key, pod) in old {
            // An old pod that is not available costs nothing to replace.
            if is_available(cluster, key, pod, self.least) {
                if missing >= may {
                    continue;
                }
                missing += 1;
            }
            self.remove(cluster, key);
        }
    }

    fn report(&self, cluster: &mut Cluster) {
        let nodes: Vec<(String, bool)> = cluster
            .store
            .of_type("nodes", None)
            .map(|(key, node)| {
                let fits = scheduler::may_run(&self.pod_for(&key.name), node);
                (key.name.clone(), fits)
            })
            .collect();
        let pods = self.pods(cluster);
        let mut counts = Counts::default();
        for (node, fits) in &nodes {
            let mut here = pods
                .iter()
                .filter(|(_, pod)| node_of(pod) == *node && !deleted(pod));
            let pod = here.next();
            if !fits {
                counts.misplaced += i64::from(pod.is_some());
                continue;
            }
            counts.desired += 1;
            if let Some((key, pod)) = pod {
                counts.current += 1;
                counts.ready += i64::from(condition_is_true(pod, "Ready"));
                counts.available += i64::from(is_available(cluster, key, pod, self.least));
                counts.updated += i64::from(self.is_new(pod));
            }
        }
        cluster.modify(&self.key, |object| counts.write(object));
    }
}

/// The node that a pod is on, or is for.
fn node_of(pod: &Value) -> &str {
    match text(pod, "/spec/nodeName") {
        "" => text(
            pod,
            &format!("{AFFINITY}/nodeSelectorTerms/0/matchFields/0/values/0"),
        ),
        node => node,
    }
}

/// What a daemon set reports.
#[derive(Default)]
struct Counts {
    desired: i64,
    current: i64,
    misplaced: i64,
    ready: i64,
    available: i64,
    updated: i64,
}

impl Counts {
    fn write(&self, object: &mut Value) {
        let generation = number(object, "/metadata/generation").unwrap_or(1);
        for (name, count) in [
            ("currentNumberScheduled", self.current),
            ("desiredNumberScheduled", self.desired),
            ("numberMisscheduled", self.misplaced),
            ("numberReady", self.ready),
            ("observedGeneration", generation),
        ] {
            set(object, &format!("/status/{name}"), count);
        }
        for (name, count) in [
            ("numberAvailable", self.available),
            ("numberUnavailable", self.desired - self.available),
            ("updatedNumberScheduled", self.updated),
        ] {
            super::replicasets::counted(object, name, count);
        }
    }
}
