//! What the cloud of a cluster does in it: nodes join and leave, requests are taken and carried out, and controllers
//! that the cloud runs change objects.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::ApiServer;
use crate::api::defaults;
use crate::api::delete::{self, Propagation};
use crate::api::tokens;
pub use crate::api::tokens::IssuedToken;
use crate::cloud_provider::{CloudProviderRequest, NewNode, NodeRoom, PodAnswer, PodRequest};
use crate::controllers::{services, volumes};
use crate::json::text;
use crate::node::other_scheduler::{self, PodSelection, WaitingPod};
use crate::node::pod_status::finished;
use crate::node::probe::Misbehaviour;
use crate::node::{nodes, outside, scheduler};
use crate::store::Key;
use crate::store::types::Type;

impl ApiServer {
    /// A node joins and is Ready.
    pub fn add_node(&mut self, node: NewNode) {
        nodes::join(&mut self.cluster, &node);
    }

    /// Tokens of service accounts name this issuer from now on, which the cloud trusts.
    pub fn issues_as(&mut self, issuer: &str) {
        issuer.clone_into(&mut self.cluster.issuer);
    }

    /// What a valid token of a service account stands for; none if this server did not issue it.
    pub fn token(&self, token: &str) -> Option<IssuedToken> {
        tokens::issued(&self.cluster, token)
    }

    /// A device plugin runs on all nodes from now on, as its daemon set would ensure.
    pub fn device_plugin_runs(&mut self) {
        self.cluster.device_plugin = true;
        // No object has changed, but the controllers have work.
        self.cluster.woken = true;
        self.cluster.settle();
    }

    /// The driver of a node reports this many GPUs. Call it before the node joins. They are offered once a
    /// device plugin runs.
    pub fn node_has_gpus(&mut self, name: &str, count: u32) {
        self.cluster.gpus.insert(name.to_owned(), count);
    }

    /// Creates an object as the cloud does, with the server's defaults. One that is there stays as it is.
    pub fn create(&mut self, of: &str, namespace: &str, mut object: Value) {
        let of = Type::of(of);
        defaults::fill(of, &mut object);
        defaults::begin(&mut self.cluster, of, &mut object);
        self.cluster.add(of, namespace, object);
        self.cluster.settle();
    }

    /// The cluster is handed over: what made it is history, as after a real server's first compaction.
    pub fn begins(&mut self) {
        self.cluster.store.forget();
    }

    /// Removes an object, and what it owns after it.
    pub fn remove(&mut self, of: &str, namespace: &str, name: &str) {
        let key = Key::new(Type::of(of).id, namespace, name);
        delete::remove(&mut self.cluster, &key, Propagation::Background, None);
        self.cluster.settle();
    }

    /// An object as the cloud reads it.
    pub fn object(&self, of: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.cluster
            .store
            .get(&Key::new(Type::of(of).id, namespace, name))
    }

    /// Only these volume drivers run from now on; claims of other classes wait.
    pub fn volume_drivers_are(&mut self, drivers: &[&str]) {
        let drivers = drivers.iter().map(|name| (*name).to_owned()).collect();
        self.cluster.volume_drivers = Some(drivers);
        self.cluster.woken = true;
        scheduler::look_again(&mut self.cluster);
        self.cluster.settle();
    }

    /// The zone of a node, if it has one.
    pub fn zone_of(&self, node: &str) -> Option<String> {
        let node = self.object("nodes", "", node)?;
        let zone = text(node, "/metadata/labels/topology.kubernetes.io~1zone");
        (!zone.is_empty()).then(|| zone.to_owned())
    }

    /// The server is of another Kubernetes version from now on.
    pub fn is_of_version(&mut self, version: &str) {
        version.clone_into(&mut self.cluster.version);
    }

    /// Services get addresses of this network, the server its first.
    pub fn services_are_in(&mut self, first: Ipv4Addr, size: u32) {
        self.cluster.service_network = (first, size);
        let own = Ipv4Addr::from(u32::from(first).saturating_add(1)).to_string();
        let key = Key::new("services", "default", "kubernetes");
        self.cluster.modify(&key, |service| {
            service["spec"]["clusterIP"] = own.as_str().into();
            service["spec"]["clusterIPs"] = json!([own]);
        });
    }

    /// The pods of a node get addresses of this network, from its end on. Call it before the node joins.
    pub fn node_has_network(&mut self, name: &str, first: Ipv4Addr, size: u32) {
        self.cluster
            .pod_networks
            .insert(name.to_owned(), (first, size));
    }

    /// What a node offers to pods. Call it before the node joins; without it that is the whole machine.
    pub fn node_offers(&mut self, name: &str, room: NodeRoom) {
        self.cluster.rooms.insert(name.to_owned(), room);
    }

    /// A node joins with a taint, written as `key=value:NoSchedule`. Call it before the node joins.
    pub fn node_has_taint(&mut self, name: &str, taint: &str) {
        let (pair, effect) = taint.rsplit_once(':').unwrap_or((taint, "NoSchedule"));
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let taint = json!({"key": key, "value": value, "effect": effect});
        let taints = self.cluster.taints.entry(name.to_owned()).or_default();
        if !taints.contains(&taint) {
            taints.push(taint);
        }
    }

    /// A scheduler of the cloud takes the new pods that it selects from now on; none any more if it selects none.
    pub fn schedules(&mut self, scheduler: &str, selections: Vec<PodSelection>) {
        self.cluster.schedulers.insert(scheduler.to_owned());
        self.cluster.selections = selections;
    }

    /// The pods that wait for a scheduler of the cloud; `mark` is the label that it marked them with.
    pub fn waits_for(&self, scheduler: &str, mark: &str) -> Vec<WaitingPod> {
        if !self.cluster.schedulers.contains(scheduler) {
            return Vec::new();
        }
        other_scheduler::waiting(&self.cluster, scheduler, mark)
    }

    /// A scheduler of the cloud puts a pod on a node. Returns whether the pod still waited.
    pub fn bind(&mut self, pod: &WaitingPod, scheduler: &str, node: &str) -> bool {
        let bound = other_scheduler::bind(&mut self.cluster, &pod.pod, scheduler, node);
        self.cluster.settle();
        bound
    }

    /// The names of its nodes.
    pub fn nodes(&self) -> Vec<String> {
        let nodes = self.cluster.keys("nodes").into_iter();
        nodes.map(|key| key.name).collect()
    }

    /// A node is gone, and its pods with it.
    pub fn remove_node(&mut self, name: &str) {
        nodes::leave(&mut self.cluster, name);
    }

    /// Takes the requests to the cloud since the last call.
    pub fn take_cloud_requests(&mut self) -> Vec<CloudProviderRequest> {
        std::mem::take(&mut self.cluster.cloud_requests)
    }

    /// Pods can call hosts outside the cluster from now on: the cloud answers them.
    pub fn reaches_outside(&mut self) {
        self.cluster.reaches_outside = true;
    }

    /// Takes the requests of pods since the last call. Each waits for its answer.
    pub fn take_pod_requests(&mut self) -> Vec<PodRequest> {
        std::mem::take(&mut self.cluster.pod_requests)
    }

    /// A request of a pod is answered.
    pub fn answer_pod(&mut self, asked: &PodRequest, answer: PodAnswer) {
        outside::answered(&mut self.cluster, asked, answer);
    }

    /// The cloud has made the balancer of a service, reachable under `hostname`.
    pub fn load_balancer_made(&mut self, namespace: &str, service: &str, hostname: &str) {
        services::made(&mut self.cluster, namespace, service, hostname);
    }

    /// The cloud has removed the balancer of a service: its finalizer can be removed.
    pub fn load_balancer_removed(&mut self, namespace: &str, service: &str) {
        services::removed(&mut self.cluster, namespace, service);
    }

    /// The cloud has made a volume for a claim: bind it.
    pub fn volume_made(&mut self, namespace: &str, claim: &str, volume: &str, handle: &str) {
        volumes::made(&mut self.cluster, namespace, claim, volume, handle);
    }

    /// The cloud has removed a volume: the persistent volume can be removed.
    pub fn volume_removed(&mut self, volume: &str) {
        volumes::removed(&mut self.cluster, volume);
    }

    /// Makes containers misbehave from now on, or behave again, to test whether that is noticed.
    pub fn misbehave(&mut self, how: Option<Misbehaviour>) {
        self.cluster.misbehaviour = how;
    }

    /// All objects of a type, such as `ingresses.networking.k8s.io`, for a controller that the cloud runs.
    pub fn objects(&self, of: &str) -> Vec<Value> {
        let all = self.cluster.store.of_type(Type::of(of).id, None);
        all.map(|(_, object)| object.clone()).collect()
    }

    /// Changes an object as such a controller does. One that was only waiting for that is removed.
    pub fn change(&mut self, of: &str, object: &Value, change: impl FnOnce(&mut Value)) {
        let (namespace, name) = (
            text(object, "/metadata/namespace"),
            text(object, "/metadata/name"),
        );
        let key = Key::new(Type::of(of).id, namespace, name);
        self.cluster.modify(&key, change);
        self.cluster.settle();
    }

    /// The names of nodes like which one more would have room for a pod that now fits on no node.
    pub fn crowded_nodes(&self) -> Vec<String> {
        scheduler::crowded_nodes(&self.cluster)
    }

    /// The names of nodes on which no pod runs.
    pub fn idle_nodes(&self) -> Vec<String> {
        self.nodes_without(|pod| !finished(pod))
    }

    /// The names of nodes that have no pod, not even one that has ended.
    pub fn empty_nodes(&self) -> Vec<String> {
        self.nodes_without(|_| true)
    }

    fn nodes_without(&self, such: impl Fn(&Value) -> bool) -> Vec<String> {
        let pods = self.cluster.store.of_type("pods", None);
        let used: Vec<&str> = pods
            .filter(|(_, pod)| such(pod))
            .map(|(_, pod)| text(pod, "/spec/nodeName"))
            .collect();
        let mut nodes = self.nodes();
        nodes.retain(|name| !used.contains(&name.as_str()));
        nodes
    }
}
