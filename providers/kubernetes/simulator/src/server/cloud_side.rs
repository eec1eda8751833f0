//! What the cloud of a cluster does in it: nodes join and leave, requests are taken and carried out, and controllers
//! that the cloud runs change objects.

use serde_json::{Value, json};

use super::ApiServer;
use crate::api::tokens;
pub use crate::api::tokens::IssuedToken;
use crate::cloud_provider::{CloudProviderRequest, NewNode, PodAnswer, PodRequest};
use crate::controllers::{services, volumes};
use crate::json::text;
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
        let pods = self.cluster.store.of_type("pods", None);
        let used: Vec<&str> = pods
            .filter(|(_, pod)| !finished(pod))
            .map(|(_, pod)| text(pod, "/spec/nodeName"))
            .collect();
        let mut nodes = self.nodes();
        nodes.retain(|name| !used.contains(&name.as_str()));
        nodes
    }
}
