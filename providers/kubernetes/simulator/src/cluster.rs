//! The state of one cluster, its timers, and the operations that requests and controllers share.
//!
//! Everything that happens without a request happens here, in a fixed order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::ids::Ids;
use kubeproof_simkit::timers::Timers;
use serde_json::Value;

use crate::api::tokens::Token;
use crate::cloud_provider::{CloudProviderRequest, NodeRoom, PodRequest};
use crate::controllers::{cronjobs, daemonsets, deployments, disruption, garbage, jobs};
use crate::controllers::{namespaces, replicasets, services, statefulsets, volumes};
use crate::json::{items, number, set, text, time};
use crate::node::kubelet::Output;
use crate::node::other_scheduler::PodSelection;
use crate::node::outside::Stopped;
use crate::node::probe::Misbehaviour;
use crate::node::{device_plugin, kubelet, outside, scheduler};
use crate::store::types::Type;
use crate::store::{Key, Store};

/// The most controller rounds after one change: far more than any chain of reactions needs.
const ROUNDS: usize = 100;

/// What a timer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The controllers run again.
    Wake,
    /// A pod is put on a node, if one fits.
    Schedule(Pod),
    /// A pod's image is pulled again.
    Pull(Pod),
    /// A pod whose image could not be pulled waits.
    BackOff(Pod),
    /// The pull of a pod's image has ended, well or not.
    Start(Pod),
    /// A pod's program sends a request out of the cluster.
    Call(Pod),
    /// A pod's container ends.
    Exit(Pod),
    /// A pod's container restarts.
    Restart(Pod),
    /// A deleted pod has stopped.
    Stopped(Pod),
    /// The device plugin of a node has registered.
    Devices(String),
}

/// A pod; its uid tells it from later ones of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) key: Key,
    pub(crate) uid: String,
}

/// The state of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    /// Its Kubernetes version, `1.34`.
    pub(crate) version: String,
    pub(crate) now: Timestamp,
    pub(crate) store: Store,
    /// The source of uids and of randomness.
    pub(crate) ids: Ids,
    /// Requests that the cloud has not taken yet.
    pub(crate) cloud_requests: Vec<CloudProviderRequest>,
    /// Whether pods can call hosts outside the cluster.
    pub(crate) reaches_outside: bool,
    /// Requests of pods that the cloud has not taken yet.
    pub(crate) pod_requests: Vec<PodRequest>,
    /// Programs that have stopped at a request, by uid of the pod.
    pub(crate) calling: BTreeMap<String, Stopped>,
    /// Names of requests that were made, so that none is made twice.
    pub(crate) requested: BTreeSet<String>,
    /// What containers print and how they end, by uid of the pod.
    pub(crate) logs: BTreeMap<String, Output>,
    /// The images that nodes have: node and image.
    pub(crate) images: BTreeSet<(String, String)>,
    /// How often an image could not be pulled, by uid of the pod.
    pub(crate) pulls: BTreeMap<String, u32>,
    /// Who issues its tokens.
    pub(crate) issuer: String,
    /// Issued tokens of service accounts.
    pub(crate) tokens: BTreeMap<String, Token>,
    /// Uids of pods that already have a timer.
    pub(crate) served: BTreeSet<String>,
    /// How the probe misbehaves, if a test wants it to.
    pub(crate) misbehaviour: Option<Misbehaviour>,
    /// Number of allocated addresses.
    pub(crate) addresses: u32,
    /// The GPUs that the driver of each node reports.
    pub(crate) gpus: BTreeMap<String, u32>,
    /// The network that services have their addresses from: first address and size.
    pub(crate) service_network: (Ipv4Addr, u32),
    /// The volume drivers that run; `None` where all do.
    pub(crate) volume_drivers: Option<BTreeSet<String>>,
    /// What nodes offer to pods, where the cloud says so.
    pub(crate) rooms: BTreeMap<String, NodeRoom>,
    /// The networks that pods of nodes have their addresses from: first address and size.
    pub(crate) pod_networks: BTreeMap<String, (Ipv4Addr, u32)>,
    /// The taints that nodes have when they join.
    pub(crate) taints: BTreeMap<String, Vec<Value>>,
    /// Which new pods belong to other schedulers.
    pub(crate) selections: Vec<PodSelection>,
    /// The names of those schedulers.
    pub(crate) schedulers: BTreeSet<String>,
    /// Whether a device plugin runs on all nodes.
    pub(crate) device_plugin: bool,
    timers: Timers<Due>,
    settled: u64,
    pub(crate) woken: bool,
}

impl Cluster {
    /// An empty cluster.
    pub(crate) fn new(name: &str, version: &str, seed: u64, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            now,
            store: Store::default(),
            ids: Ids::new(seed),
            cloud_requests: Vec::new(),
            reaches_outside: false,
            pod_requests: Vec::new(),
            calling: BTreeMap::new(),
            requested: BTreeSet::new(),
            logs: BTreeMap::new(),
            images: BTreeSet::new(),
            pulls: BTreeMap::new(),
            issuer: crate::api::tokens::ISSUER.to_owned(),
            tokens: BTreeMap::new(),
            served: BTreeSet::new(),
            misbehaviour: None,
            addresses: 0,
            gpus: BTreeMap::new(),
            service_network: (Ipv4Addr::new(172, 20, 0, 0), 1 << 16),
            volume_drivers: None,
            rooms: BTreeMap::new(),
            pod_networks: BTreeMap::new(),
            taints: BTreeMap::new(),
            selections: Vec::new(),
            schedulers: BTreeSet::new(),
            device_plugin: false,
            timers: Timers::default(),
            settled: 0,
            woken: true,
        }
    }

    /// Runs everything that is due until `to`, each at its own time.
    pub(crate) fn advance(&mut self, to: Timestamp) {
        self.settle();
        while let Some((at, due)) = self.timers.pop_due(to) {
            self.now = self.now.max(at);
            match due {
                Due::Wake => self.woken = true,
                Due::Schedule(pod) => scheduler::schedule(self, &pod),
                Due::Pull(pod) => kubelet::pull(self, &pod),
                Due::BackOff(pod) => kubelet::back_off(self, &pod),
                Due::Start(pod) => kubelet::start(self, &pod),
                Due::Call(pod) => outside::send(self, &pod),
                Due::Exit(pod) => kubelet::exit(self, &pod),
                Due::Restart(pod) => kubelet::run(self, &pod),
                Due::Stopped(pod) => kubelet::stopped(self, &pod),
                Due::Devices(node) => device_plugin::offer(self, &node),
            }
            self.settle();
        }
        self.now = self.now.max(to);
    }

    /// Runs the controllers until nothing changes any more.
    pub(crate) fn settle(&mut self) {
        if self.store.version() == self.settled && !self.woken {
            return;
        }
        self.woken = false;
        for _ in 0..ROUNDS {
            let before = self.store.version();
            namespaces::reconcile(self);
            garbage::reconcile(self);
            cronjobs::reconcile(self);
            jobs::reconcile(self);
            deployments::reconcile(self);
            replicasets::reconcile(self);
            statefulsets::reconcile(self);
            daemonsets::reconcile(self);
            disruption::reconcile(self);
            services::reconcile(self);
            volumes::reconcile(self);
            kubelet::reconcile(self);
            device_plugin::reconcile(self);
            if self.store.version() == before {
                break;
            }
        }
        self.settled = self.store.version();
    }

    /// Sets a timer.
    pub(crate) fn after(&mut self, delay: Duration, due: Due) {
        let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
        if let Ok(at) = self.now.checked_add(delay) {
            self.timers.at(at, due);
        }
    }

    /// A random duration between two numbers of milliseconds, from the seed.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.ids.below(most.saturating_sub(least) + 1))
    }

    /// The time now as objects carry it.
    pub(crate) fn stamp(&self) -> String {
        time(self.now)
    }

    /// An object with the metadata that every object has.
    pub(crate) fn with_metadata(
        &mut self,
        of: &'static Type,
        namespace: &str,
        mut object: Value,
    ) -> Value {
        if text(&object, "/metadata/name").is_empty() {
            let stem = text(&object, "/metadata/generateName").to_owned();
            let tail = self.ids.letters(5).to_lowercase();
            set(&mut object, "/metadata/name", format!("{stem}{tail}"));
        }
        set(&mut object, "/apiVersion", of.api_version());
        set(&mut object, "/kind", of.kind);
        if of.namespaced {
            set(&mut object, "/metadata/namespace", namespace);
        }
        if object.pointer("/metadata/uid").is_none() {
            let uid = self.ids.uuid();
            set(&mut object, "/metadata/uid", uid);
        }
        set(&mut object, "/metadata/creationTimestamp", self.stamp());
        if of.generations {
            set(&mut object, "/metadata/generation", 1);
        }
        object
    }

    /// Adds an object with the metadata that every object has. An existing one of its name is left unchanged.
    pub(crate) fn add(&mut self, of: &'static Type, namespace: &str, object: Value) -> Key {
        let name = text(&object, "/metadata/name");
        let key = Key::new(of.id, namespace, name);
        if !name.is_empty() && self.store.get(&key).is_some() {
            return key;
        }
        let object = self.with_metadata(of, namespace, object);
        let key = Key::new(of.id, namespace, text(&object, "/metadata/name"));
        if self.store.get(&key).is_none() {
            self.store.insert(key.clone(), object);
        }
        key
    }

    /// Changes an object, and removes it if it was only waiting for that.
    pub(crate) fn modify(&mut self, key: &Key, change: impl FnOnce(&mut Value)) {
        let Some(mut after) = self.store.get(key).cloned() else {
            return;
        };
        change(&mut after);
        if may_go(&after) {
            self.store.remove(key);
        } else {
            self.store.modify(key, |object| *object = after);
        }
    }

    /// All keys of a type.
    pub(crate) fn keys(&self, resource: &'static str) -> Vec<Key> {
        self.store
            .of_type(resource, None)
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// The pod, if it is still the same one.
    pub(crate) fn pod(&self, pod: &Pod) -> Option<&Value> {
        self.store
            .get(&pod.key)
            .filter(|value| text(value, "/metadata/uid") == pod.uid)
    }

    /// Requests something from the cloud, once per `name`.
    pub(crate) fn request_from_cloud(&mut self, name: String, request: CloudProviderRequest) {
        if self.requested.insert(name) {
            self.cloud_requests.push(request);
        }
    }
}

/// Whether nothing holds a deleted object any more.
fn may_go(object: &Value) -> bool {
    let deleted = object.pointer("/metadata/deletionTimestamp").is_some();
    let free = items(object, "/metadata/finalizers").is_empty()
        && items(object, "/spec/finalizers").is_empty();
    // A pod is removed once its node reports that it has stopped: then the grace period is zero.
    let stopped = text(object, "/kind") != "Pod"
        || number(object, "/metadata/deletionGracePeriodSeconds") == Some(0);
    deleted && free && stopped
}
