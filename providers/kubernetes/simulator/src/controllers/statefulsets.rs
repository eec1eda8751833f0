//! The stateful set controller: pods with names by number, each with its volume claims.
//!
//! Source: the Kubernetes documentation of `StatefulSets` (order, rolling updates, partitions, retention of claims).

use serde_json::{Value, json};

use crate::api::defaults;
use crate::api::delete::{Propagation, remove};
use crate::cluster::Cluster;
use crate::controllers::revisions;
use crate::controllers::workload::{add_pod, is_available, owned, reference};
use crate::json::{condition_is_true, items, number, set, text};
use crate::node::pod_status::{deleted, finished};
use crate::store::Key;
use crate::store::types::Type;

const SETS: &str = "statefulsets.apps";
const CLAIMS: &str = "persistentvolumeclaims";
const CONTROLLER: &str = "statefulset-controller";

/// Creates, updates and removes pods in their order.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys(SETS) {
        let Some(object) = cluster.store.get(&key).cloned() else {
            continue;
        };
        if object.pointer("/metadata/deletionTimestamp").is_some() {
            continue;
        }
        let set = StatefulSet::of(cluster, key, object);
        set.work(cluster);
        set.report(cluster);
    }
}

/// A stateful set during one round.
struct StatefulSet {
    key: Key,
    object: Value,
    first: i64,
    wanted: i64,
    /// Whether no pod waits for another.
    is_parallel: bool,
    /// The revisions of the old and of the new pod template.
    current: String,
    update: String,
}

/// A pod of a set, with its number.
type Member = (i64, Key, Value);

/// The revision that a pod was made of.
fn revision_of(pod: &Value) -> String {
    let pointer = format!("/metadata/labels/{}", revisions::HASH);
    text(pod, &pointer).to_owned()
}

impl StatefulSet {
    fn of(cluster: &mut Cluster, key: Key, object: Value) -> Self {
        let update = revisions::current(cluster, &key, &object);
        let current = match text(&object, "/status/currentRevision") {
            "" => update.clone(),
            current => current.to_owned(),
        };
        Self {
            first: number(&object, "/spec/ordinals/start").unwrap_or(0),
            wanted: number(&object, "/spec/replicas").unwrap_or(1),
            is_parallel: text(&object, "/spec/podManagementPolicy") == "Parallel",
            current,
            update,
            key,
            object,
        }
    }

    fn pods(&self, cluster: &Cluster) -> Vec<Member> {
        let uid = text(&self.object, "/metadata/uid");
        let mut all: Vec<Member> = owned(cluster, "pods", &self.key.namespace, uid)
            .filter_map(|(key, pod)| {
                let (_, number) = key.name.rsplit_once('-')?;
                Some((number.parse().ok()?, key.clone(), pod.clone()))
            })
            .collect();
        all.sort_by_key(|(number, _, _)| *number);
        all
    }

    /// The first thing to do in the set's order; all of it where no pod waits for another.
    fn work(&self, cluster: &mut Cluster) {
        let pods = self.pods(cluster);
        let last = self.first + self.wanted;
        for ordinal in self.first..last {
            let found = pods.iter().find(|(number, _, _)| *number == ordinal);
            let is_settled = match found {
                None => {
                    self.make(cluster, ordinal);
                    false
                }
                Some((_, key, pod)) if finished(pod) && !deleted(pod) => {
                    remove(cluster, key, Propagation::Background, None);
                    false
                }
                Some((_, key, pod)) => !deleted(pod) && self.is_available(cluster, key, pod),
            };
            if !is_settled && !self.is_parallel {
                return;
            }
        }
        let surplus = pods
            .iter()
            .rev()
            .filter(|(number, _, _)| !(self.first..last).contains(number));
        let mut is_shrinking = false;
        for (_, key, pod) in surplus {
            is_shrinking = true;
            if !deleted(pod) {
                self.remove(cluster, key);
            }
            if !self.is_parallel {
                return;
            }
        }
        if !is_shrinking {
            self.update(cluster, &pods);
        }
    }

    /// Replaces pods of an old template, from the last to the first, one at a time.
    fn update(&self, cluster: &mut Cluster, pods: &[Member]) {
        let strategy = text(&self.object, "/spec/updateStrategy/type");
        if strategy == "OnDelete" {
            return;
        }
        for (ordinal, key, pod) in pods.iter().rev() {
            if *ordinal < self.partition() {
                return;
            }
            if deleted(pod) {
                return;
            }
            if revision_of(pod) != self.update {
                return self.remove(cluster, key);
            }
            if !self.is_available(cluster, key, pod) {
                return;
            }
        }
    }

    fn partition(&self) -> i64 {
        number(&self.object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0)
    }

    fn is_available(&self, cluster: &mut Cluster, key: &Key, pod: &Value) -> bool {
        let least = number(&self.object, "/spec/minReadySeconds").unwrap_or(0);
        is_available(cluster, key, pod, least)
    }

    fn make(&self, cluster: &mut Cluster, ordinal: i64) {
        let (namespace, name) = (&self.key.namespace, format!("{}-{ordinal}", self.key.name));
        let old = ordinal < self.partition();
        let revision = if old { &self.current } else { &self.update };
        let template = revisions::template(cluster, namespace, revision);
        let template = template.unwrap_or_else(|| self.object["spec"]["template"].clone());
        let mut pod = json!({"metadata": template["metadata"], "spec": template["spec"]});
        set(&mut pod, "/metadata/name", name.clone());
        for (label, value) in [
            ("statefulset.kubernetes.io~1pod-name", name.as_str()),
            ("apps.kubernetes.io~1pod-index", &ordinal.to_string()),
            (revisions::HASH, revision),
        ] {
            set(&mut pod, &format!("/metadata/labels/{label}"), value);
        }
        set(&mut pod, "/spec/hostname", name.clone());
        let service = text(&self.object, "/spec/serviceName");
        if !service.is_empty() {
            set(&mut pod, "/spec/subdomain", service);
        }
        self.claim(cluster, &mut pod, &name);
        let Some(pod) = add_pod(cluster, &self.key, &[], pod) else {
            return;
        };
        let message = format!(
            "create Pod {} in StatefulSet {} successful",
            pod.name, self.key.name
        );
        cluster.event(CONTROLLER, &self.key, false, "SuccessfulCreate", &message);
    }

    /// Creates the claims of a pod that are missing, and mounts them. They outlive the pod.
    fn claim(&self, cluster: &mut Cluster, pod: &mut Value, name: &str) {
        let mut volumes = items(pod, "/spec/volumes").to_vec();
        for template in items(&self.object, "/spec/volumeClaimTemplates") {
            let volume = text(template, "/metadata/name");
            let claim = format!("{volume}-{name}");
            volumes.retain(|one| text(one, "/name") != volume);
            volumes.push(json!({
                "name": volume, "persistentVolumeClaim": {"claimName": claim},
            }));
            let key = Key::new(CLAIMS, &self.key.namespace, &claim);
            if cluster.store.get(&key).is_some() {
                continue;
            }
            let mut object = template.clone();
            crate::json::remove(&mut object, "/status");
            set(&mut object, "/metadata/name", claim.clone());
            let labels = self.object.pointer("/spec/selector/matchLabels").cloned();
            for (label, value) in labels.iter().filter_map(Value::as_object).flatten() {
                let label = label.replace('~', "~0").replace('/', "~1");
                set(
                    &mut object,
                    &format!("/metadata/labels/{label}"),
                    value.clone(),
                );
            }
            if self.retention("whenDeleted") == "Delete" {
                set(
                    &mut object,
                    "/metadata/ownerReferences",
                    json!([reference(&self.object)]),
                );
            }
            let of = Type::of(CLAIMS);
            defaults::fill(of, &mut object);
            defaults::begin(cluster, of, &mut object);
            cluster.add(of, &self.key.namespace, object);
            let message = format!(
                "create Claim {claim} Pod {name} in StatefulSet {} success",
                self.key.name
            );
            cluster.event(CONTROLLER, &self.key, false, "SuccessfulCreate", &message);
        }
        if !volumes.is_empty() {
            set(pod, "/spec/volumes", volumes);
        }
    }

    fn retention(&self, when: &str) -> &str {
        text(
            &self.object,
            &format!("/spec/persistentVolumeClaimRetentionPolicy/{when}"),
        )
    }

    /// Removes a pod; its claims too if the set shrinks and says so.
    fn remove(&self, cluster: &mut Cluster, pod: &Key) {
        remove(cluster, pod, Propagation::Background, None);
        let message = format!(
            "delete Pod {} in StatefulSet {} successful",
            pod.name, self.key.name
        );
        cluster.event(CONTROLLER, &self.key, false, "SuccessfulDelete", &message);
        let ordinal = pod
            .name
            .rsplit('-')
            .next()
            .and_then(|number| number.parse().ok());
        let stays =
            ordinal.is_some_and(|one: i64| (self.first..self.first + self.wanted).contains(&one));
        if stays || self.retention("whenScaled") != "Delete" {
            return;
        }
        for template in items(&self.object, "/spec/volumeClaimTemplates") {
            let claim = format!("{}-{}", text(template, "/metadata/name"), pod.name);
            let claim = Key::new(CLAIMS, &self.key.namespace, &claim);
            remove(cluster, &claim, Propagation::Background, None);
        }
    }

    fn report(&self, cluster: &mut Cluster) {
        let pods = self.pods(cluster);
        let living: Vec<&Member> = pods.iter().filter(|(_, _, pod)| !finished(pod)).collect();
        let ready = living
            .iter()
            .filter(|(_, _, pod)| condition_is_true(pod, "Ready"))
            .count();
        let mut available = 0;
        for (_, key, pod) in &living {
            available += usize::from(self.is_available(cluster, key, pod));
        }
        let of = |revision: &str| {
            let same =
                |member: &&&Member| revision_of(&member.2) == revision && !deleted(&member.2);
            living.iter().filter(same).count()
        };
        let updated = of(&self.update);
        let all =
            i64::try_from(updated).unwrap_or(i64::MAX) == self.wanted && ready == living.len();
        let current = if all {
            self.update.clone()
        } else {
            self.current.clone()
        };
        let counts = of(&current);
        let used = [current.clone(), self.update.clone()];
        cluster.modify(&self.key, |object| {
            let generation = number(object, "/metadata/generation").unwrap_or(1);
            set(object, "/status/observedGeneration", generation);
            set(object, "/status/replicas", living.len());
            set(object, "/status/availableReplicas", available);
            set(object, "/status/currentRevision", current);
            set(object, "/status/updateRevision", self.update.clone());
            set(object, "/status/collisionCount", 0);
            for (name, count) in [
                ("readyReplicas", ready),
                ("currentReplicas", counts),
                ("updatedReplicas", updated),
            ] {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                super::replicasets::counted(object, name, count);
            }
        });
        let used: Vec<String> = used
            .into_iter()
            .chain(pods.iter().map(|(_, _, pod)| revision_of(pod)))
            .collect();
        revisions::clean(cluster, &self.key, &self.object, &used);
    }
}
