//! What a cluster requests from the project, carried out: load balancers for services, disks for claims.
//!
//! Named and described as the cloud controller and the disk driver do it. When the cluster is gone, they may stay: this
//! is the leak that audits look for.

use kubeproof_kubernetes_simulator::cloud_provider::CloudProviderRequest;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::lifecycle::labels;
use super::resources;
use crate::compute;
use crate::state::State;

/// Carries out one request of a cluster.
pub(super) fn carry_out(state: &mut State, key: &str, request: CloudProviderRequest) {
    let Some(cluster) = state.container.clusters.get(key).cloned() else {
        return;
    };
    match request {
        CloudProviderRequest::CreateLoadBalancer {
            namespace,
            service,
            uid,
        } => {
            let address = create_balancer(state, &cluster, &format!("{namespace}/{service}"), &uid);
            if let Some(server) = state.container.servers.get_mut(key) {
                server.load_balancer_made(&namespace, &service, &address);
            }
        }
        CloudProviderRequest::DeleteLoadBalancer {
            namespace,
            service,
            uid,
        } => {
            delete_balancer(state, &cluster, &uid);
            if let Some(server) = state.container.servers.get_mut(key) {
                server.load_balancer_removed(&namespace, &service);
            }
        }
        CloudProviderRequest::CreateVolume {
            namespace,
            claim,
            volume,
            size_gib,
            ..
        } => {
            let handle = create_disk(state, &cluster, (&namespace, &claim), &volume, size_gib);
            if let Some(server) = state.container.servers.get_mut(key) {
                server.volume_made(&namespace, &claim, &volume, &handle);
            }
        }
        CloudProviderRequest::DeleteVolume { volume, handle } => {
            compute::remove(state, crate::links::below_project(&handle));
            if let Some(server) = state.container.servers.get_mut(key) {
                server.volume_removed(&volume);
            }
        }
    }
}

/// The name of a service's load balancer.
fn balancer_name(uid: &str) -> String {
    format!("a{}", uid.replace('-', ""))
        .chars()
        .take(32)
        .collect()
}

/// Marks a resource as one of a cluster's workload, which has no labels of it.
pub(super) fn marked(cluster: &Cluster, mut document: Value) -> Value {
    document[compute::CLUSTER_MARK] = json!(cluster.id);
    document[compute::RUN_MARK] = json!(cluster.run());
    document
}

/// The health check of all nodes, which the load balancers of a cluster share, and the firewall rule for it.
fn shared_paths(cluster: &Cluster) -> [String; 2] {
    let hash = cluster.id.get(..16).unwrap_or_default();
    [
        format!("global/httpHealthChecks/k8s-{hash}-node"),
        format!("global/firewalls/k8s-{hash}-node-http-hc"),
    ]
}

fn create_balancer(state: &mut State, cluster: &Cluster, service: &str, uid: &str) -> String {
    let name = balancer_name(uid);
    let network = compute::link(
        state,
        &format!("global/networks/{}", cluster.text("network")),
    );
    let description = json!({"kubernetes.io/service-name": service}).to_string();
    let tag = resources::node_tag(cluster);
    let address = compute::public_address(state);
    let [check, firewall] = shared_paths(cluster);
    if !compute::is_ready(state, &check) {
        let document = json!({"description": "{\"kubernetes.io/cluster-id\":\"\"}",
                              "port": 10256, "requestPath": "/healthz"});
        compute::add(state, &check, marked(cluster, document));
        let document = json!({
            "network": network, "allowed": [{"IPProtocol": "tcp", "ports": ["10256"]}],
            "sourceRanges": ["35.191.0.0/16", "130.211.0.0/22"], "targetTags": [tag],
        });
        compute::add(state, &firewall, marked(cluster, document));
    }
    let document = json!({
        "network": network, "description": json!({"kubernetes.io/service-name": service, "kubernetes.io/service-ip": address}).to_string(),
        "allowed": [{"IPProtocol": "tcp", "ports": ["80"]}], "sourceRanges": ["0.0.0.0/0"], "targetTags": [tag],
    });
    compute::add(
        state,
        &format!("global/firewalls/k8s-fw-{name}"),
        marked(cluster, document),
    );
    let instances = resources::instances(state, cluster);
    let instances: Vec<String> = instances
        .iter()
        .map(|path| compute::link(state, path))
        .collect();
    let pool = format!("regions/{}/targetPools/{name}", cluster.region());
    let document = json!({
        "description": description, "instances": instances,
        "healthChecks": [compute::link(state, &check)],
    });
    compute::add(state, &pool, marked(cluster, document));
    let rule = format!("regions/{}/forwardingRules/{name}", cluster.region());
    let document = json!({
        "description": description, "IPAddress": address, "IPProtocol": "TCP", "portRange": "80-80",
        "target": compute::link(state, &pool),
    });
    compute::add(state, &rule, marked(cluster, document));
    address
}

fn delete_balancer(state: &mut State, cluster: &Cluster, uid: &str) {
    let (name, region) = (balancer_name(uid), cluster.region());
    compute::remove(state, &format!("regions/{region}/forwardingRules/{name}"));
    compute::remove(state, &format!("regions/{region}/targetPools/{name}"));
    compute::remove(state, &format!("global/firewalls/k8s-fw-{name}"));
    let others = compute::marked(state, &cluster.id);
    // The last one takes the shared check and its rule with it.
    if !others.iter().any(|path| path.contains("/targetPools/")) {
        for path in shared_paths(cluster) {
            compute::remove(state, &path);
        }
    }
}

/// Makes the disk of a claim; returns the handle that the volume gets.
fn create_disk(
    state: &mut State,
    cluster: &Cluster,
    (namespace, claim): (&str, &str),
    volume: &str,
    size_gib: u32,
) -> String {
    let zone = cluster.locations().into_iter().next().unwrap_or_default();
    let path = format!("zones/{zone}/disks/{volume}");
    let mut marks = labels(cluster);
    // The driver marks disks with the cluster, and not with the cluster's own labels.
    marks.retain(|key, _| key.starts_with("goog-"));
    marks.insert("goog-gke-volume".to_owned(), json!(""));
    let description = json!({
        "kubernetes.io/created-for/pv/name": volume,
        "kubernetes.io/created-for/pvc/name": claim,
        "kubernetes.io/created-for/pvc/namespace": namespace,
        "storage.gke.io/created-by": "pd.csi.storage.gke.io",
    });
    let kind = format!("zones/{zone}/diskTypes/pd-balanced");
    let document = json!({
        "description": description.to_string(), "labels": marks, "sizeGb": size_gib.to_string(),
        "type": compute::link(state, &kind),
    });
    compute::add(state, &path, marked(cluster, document));
    format!("projects/{}/{path}", state.setup.project)
}

/// The collections in which workloads have something, those that use others first.
const OF_WORKLOADS: &[&str] = &[
    "forwardingRules",
    "targetHttpProxies",
    "targetHttpsProxies",
    "sslCertificates",
    "urlMaps",
    "targetPools",
    "backendServices",
    "healthChecks",
    "httpHealthChecks",
    "networkEndpointGroups",
    "disks",
    "firewalls",
];

/// Removes some of what workloads made: each with even chances, and nothing that is still in use. Firewall rules go
/// last, as the controllers delete them: one that stays names what stayed with it.
pub(super) fn remove_some(state: &mut State, cluster: &Cluster) {
    for collection in OF_WORKLOADS {
        let all = compute::marked(state, &cluster.id);
        let is_of = |path: &String, of: &str| path.split('/').any(|part| part == of);
        let all_gone = all
            .iter()
            .all(|path| is_of(path, "firewalls") || is_of(path, "disks"));
        for path in all.iter().filter(|path| is_of(path, collection)) {
            let is_needed = *collection == "firewalls" && !all_gone;
            if state.ids.below(2) == 0 && !is_needed && !compute::is_used(state, path) {
                compute::remove(state, path);
            }
        }
    }
}
