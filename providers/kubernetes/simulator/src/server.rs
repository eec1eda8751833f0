//! The API server: one cluster's objects, and the requests about them.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_simkit::cloud::Reply;

use crate::coupling::{CloudRequest, NewNode};

/// Who a request comes from, as the cloud's authenticator found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// No credentials, or ones that nobody knows: 401.
    Unauthenticated,
    /// A known user.
    User {
        /// User name.
        name: String,
        /// Groups, `system:masters` among them for administrators.
        groups: Vec<String>,
    },
}

/// One cluster's API server.
pub struct ApiServer {}

impl ApiServer {
    /// A fresh cluster with its default name spaces, of this Kubernetes version (`1.34`).
    pub fn new(_cluster: &str, _version: &str, _seed: u64, _now: Timestamp) -> Self {
        Self {}
    }

    /// Lets everything happen that is due until `to`.
    pub fn advance(&mut self, _to: Timestamp) {}

    /// Answers a request of an identity.
    pub fn answer(&mut self, _identity: &Identity, _request: &Request<Bytes>) -> Reply {
        Reply::Now(http::Response::new(Bytes::new()))
    }

    /// A node joins and is Ready.
    pub fn add_node(&mut self, _node: NewNode) {}

    /// A node is gone: its pods too.
    pub fn remove_node(&mut self, _name: &str) {}

    /// Takes what the cluster wants of its cloud since the last call.
    pub fn take_cloud_requests(&mut self) -> Vec<CloudRequest> {
        Vec::new()
    }

    /// The cloud has made the balancer of a service, reachable under `hostname`.
    pub fn load_balancer_made(&mut self, _namespace: &str, _service: &str, _hostname: &str) {}

    /// The cloud has removed the balancer of a service: its finalizer may go.
    pub fn load_balancer_removed(&mut self, _namespace: &str, _service: &str) {}

    /// The cloud has made a volume for a claim: bind it.
    pub fn volume_made(&mut self, _namespace: &str, _claim: &str, _volume: &str, _handle: &str) {}

    /// The cloud has removed a volume: the persistent volume may go.
    pub fn volume_removed(&mut self, _volume: &str) {}
}
