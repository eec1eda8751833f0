//! A small cloud around one simulated cluster: it carries out the cluster's requests immediately.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::transport::{SharedTransport, Transport};
use kubeproof_kubernetes_simulator::cloud_provider::{CloudProviderRequest, NewNode};
use kubeproof_kubernetes_simulator::server::{ApiServer, Identity};
use kubeproof_simkit::cloud::{Cloud, Reply};
use kubeproof_simkit::in_memory::InMemory;

/// The token of an administrator.
pub const ADMIN: &str = "admin-token";
/// The token of a user without rights.
pub const GUEST: &str = "guest-token";

/// A cloud with one cluster.
#[derive(Clone)]
pub struct SmallCloud {
    pub server: ApiServer,
    /// Balancers, by namespace and service.
    pub balancers: BTreeMap<String, String>,
    /// Disks, by volume: the size in GiB.
    pub disks: BTreeMap<String, u32>,
    /// Replaces a text in all request bodies.
    pub rewrite: Option<(String, String)>,
}

impl SmallCloud {
    fn carry_out(&mut self) {
        for request in self.server.take_cloud_requests() {
            match request {
                CloudProviderRequest::CreateLoadBalancer {
                    namespace,
                    service,
                    uid,
                } => {
                    let host = format!("{uid}.balancers.test");
                    self.balancers
                        .insert(format!("{namespace}/{service}"), host.clone());
                    self.server.load_balancer_made(&namespace, &service, &host);
                }
                CloudProviderRequest::DeleteLoadBalancer {
                    namespace, service, ..
                } => {
                    self.balancers.remove(&format!("{namespace}/{service}"));
                    self.server.load_balancer_removed(&namespace, &service);
                }
                CloudProviderRequest::CreateVolume {
                    namespace,
                    claim,
                    volume,
                    size_gib,
                    ..
                } => {
                    let handle = format!("disk-of-{volume}");
                    self.disks.insert(volume.clone(), size_gib);
                    self.server
                        .volume_made(&namespace, &claim, &volume, &handle);
                }
                CloudProviderRequest::DeleteVolume { volume, handle } => {
                    assert_eq!(handle, format!("disk-of-{volume}"));
                    self.disks.remove(&volume);
                    self.server.volume_removed(&volume);
                }
            }
        }
    }
}

impl Cloud for SmallCloud {
    fn advance(&mut self, to: Timestamp) {
        self.server.advance(to);
        self.carry_out();
    }

    fn make_bystanders(&mut self) {}

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        let user = |name: &str, group: &str| Identity::User {
            name: name.to_owned(),
            groups: vec![group.to_owned()],
        };
        let header = request.headers().get("authorization");
        let token = header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let identity = match token.strip_prefix("Bearer ") {
            Some(ADMIN) => user("admin", "system:masters"),
            Some(GUEST) => user("guest", "guests"),
            _ => Identity::Unauthenticated,
        };
        let mut request = request.clone();
        if let Some((old, new)) = &self.rewrite {
            let body = String::from_utf8_lossy(request.body()).replace(old, new);
            *request.body_mut() = Bytes::from(body);
        }
        let reply = self.server.answer(&identity, &request);
        self.carry_out();
        reply
    }

    fn latency(&self, _request: &Request<Bytes>) -> Duration {
        Duration::from_millis(20)
    }

    fn inventory(&self) -> Vec<Resource> {
        Vec::new()
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        Vec::new()
    }

    fn metered(&self, _run_id: &str, _from: Timestamp) -> Vec<Charge> {
        Vec::new()
    }

    fn charges(&self, _from: Timestamp) -> Vec<Charge> {
        Vec::new()
    }

    fn bystanders(&self) -> Vec<(Resource, String)> {
        Vec::new()
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        None
    }
}

/// A cluster to test with.
pub struct Cluster {
    /// The cloud around it.
    pub cloud: Arc<InMemory<SmallCloud>>,
}

impl Cluster {
    /// A cluster with this many nodes.
    pub fn with_nodes(nodes: usize) -> Self {
        let start: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let mut server = ApiServer::new("test", "1.34", 7, start);
        for number in 1..=nodes {
            server.add_node(NewNode {
                name: format!("node-{number}"),
                provider_id: format!("test:///zone-a/machine-{number}"),
                labels: BTreeMap::from([(
                    "topology.kubernetes.io/zone".to_owned(),
                    "zone-a".to_owned(),
                )]),
                cpus: 2,
                memory_mib: 4096,
                address: format!("10.0.0.{number}"),
            });
        }
        let cloud = SmallCloud {
            server,
            balancers: BTreeMap::new(),
            disks: BTreeMap::new(),
            rewrite: None,
        };
        Self {
            cloud: InMemory::new(cloud, Clock::starting_at(start)),
        }
    }

    /// The transport to the cluster.
    pub fn transport(&self) -> SharedTransport {
        Arc::clone(&self.cloud) as Arc<dyn Transport>
    }

    /// The access with a token.
    pub fn access_with(token: &str) -> KubernetesAccess {
        KubernetesAccess {
            server: "https://cluster.test".to_owned(),
            certificate_authority_pem: None,
            credential: Credential::Token(token.to_owned()),
            expires_at: None,
        }
    }

    /// An administrator's access.
    pub fn access() -> KubernetesAccess {
        Self::access_with(ADMIN)
    }

    /// A client with a token.
    pub fn client_with(&self, token: &str) -> kube::Client {
        kubeproof_kubernetes::client(&Self::access_with(token), self.transport()).unwrap()
    }

    /// An administrator's client.
    pub fn client(&self) -> kube::Client {
        self.client_with(ADMIN)
    }

    /// Balancers and disks that exist now.
    pub fn in_the_cloud(&self) -> (usize, usize) {
        self.cloud
            .with(|cloud| (cloud.balancers.len(), cloud.disks.len()))
    }
}

/// Sends a raw request as an administrator: status, headers and body as JSON (or text).
pub async fn send(
    cluster: &Cluster,
    method: &str,
    path: &str,
    media: &str,
    body: &str,
) -> (http::response::Parts, serde_json::Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("https://cluster.test{path}"))
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("content-type", media)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let response = cluster.transport().send(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8_lossy(&body).into_owned();
    let value = serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
    (parts, value)
}

/// Sends a JSON request, and returns the status and the body.
pub async fn json(
    cluster: &Cluster,
    method: &str,
    path: &str,
    body: serde_json::Value,
) -> (u16, serde_json::Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let media = if method == "PATCH" {
        "application/merge-patch+json"
    } else {
        "application/json"
    };
    let (parts, value) = send(cluster, method, path, media, &body).await;
    (parts.status.as_u16(), value)
}
