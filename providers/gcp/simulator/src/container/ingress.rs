//! The Ingress controller of Kubernetes Engine: an HTTP load balancer for each Ingress, with the names that the real
//! one gives. Nothing but those names, and the firewall rule for the nodes, says whose it is.
//!
//! A load balancer is made as its Ingress is when it is first seen; later changes of the Ingress do not reach it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::cloud_controller::marked;
use super::cluster::Cluster;
use super::resources;
use crate::compute;
use crate::state::State;

/// The type of the objects that it works for.
const INGRESSES: &str = "ingresses.networking.k8s.io";
/// What keeps an Ingress until its load balancer is gone.
const FINALIZER: &str = "networking.gke.io/ingress-finalizer-V2";
/// Where the health checks and the proxies of load balancers come from.
const PROXIES: [&str; 2] = ["130.211.0.0/22", "35.191.0.0/16"];
/// The longest name of a resource.
const NAME_MAX: usize = 63;

/// Makes the load balancers of new Ingresses of a cluster, and removes those of deleted ones. Returns whether there
/// was anything to do.
pub(super) fn reconcile(state: &mut State, key: &str) -> bool {
    let Some(server) = state.container.servers.get(key) else {
        return false;
    };
    let due: Vec<Value> = server
        .objects(INGRESSES)
        .into_iter()
        .filter(is_ours)
        .filter(|ingress| is_deleted(ingress) == has_finalizer(ingress))
        .collect();
    let Some(cluster) = state.container.clusters.get(key).cloned() else {
        return false;
    };
    for ingress in &due {
        if is_deleted(ingress) {
            remove(state, &cluster, ingress);
            change(state, key, ingress, |ingress| {
                let finalizers = ingress["metadata"]["finalizers"].as_array_mut();
                if let Some(finalizers) = finalizers {
                    finalizers.retain(|one| one != FINALIZER);
                }
            });
        } else {
            let address = make(state, &cluster, ingress);
            change(state, key, ingress, |ingress| {
                match ingress["metadata"]["finalizers"].as_array_mut() {
                    Some(finalizers) => finalizers.push(json!(FINALIZER)),
                    None => ingress["metadata"]["finalizers"] = json!([FINALIZER]),
                }
                ingress["status"]["loadBalancer"] = json!({"ingress": [{"ip": address}]});
            });
        }
    }
    !due.is_empty()
}

fn change(state: &mut State, key: &str, ingress: &Value, change: impl FnOnce(&mut Value)) {
    if let Some(server) = state.container.servers.get_mut(key) {
        server.change(INGRESSES, ingress, change);
    }
}

/// Whether no other controller is named.
fn is_ours(ingress: &Value) -> bool {
    let annotation = &ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"];
    let class = &ingress["spec"]["ingressClassName"];
    class.is_null() && annotation.as_str().is_none_or(|class| class == "gce")
}

fn is_deleted(ingress: &Value) -> bool {
    ingress["metadata"]["deletionTimestamp"].is_string()
}

fn has_finalizer(ingress: &Value) -> bool {
    let finalizers = ingress["metadata"]["finalizers"].as_array();
    finalizers.is_some_and(|all| all.iter().any(|one| one == FINALIZER))
}

/// The first digits of what the controller calls its cluster.
fn uid(cluster: &Cluster) -> &str {
    cluster.hash()
}

/// A name of at most 63 characters that ends in a digest of all of it.
fn name(begin: &str, cluster: &Cluster, parts: &[&str]) -> String {
    let all = format!("{begin}-{}-{}", uid(cluster), parts.join("-"));
    let digest = Sha256::digest(all.as_bytes());
    let digits: String = digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let short: String = all.chars().take(NAME_MAX - 9).collect();
    format!("{}-{digits}", short.trim_end_matches('-'))
}

/// The firewall rule that all Ingresses of a cluster share.
fn firewall(cluster: &Cluster) -> String {
    let uid = cluster.id.get(..16).unwrap_or_default();
    format!("global/firewalls/k8s-fw-l7--{uid}")
}

/// Namespace, name and port of each service that an Ingress leads to; the first is where all else goes.
fn services(ingress: &Value) -> Vec<[String; 3]> {
    let namespace = text(&ingress["metadata"]["namespace"]);
    let rules = ingress["spec"]["rules"].as_array().into_iter().flatten();
    let paths = rules.flat_map(|rule| rule["http"]["paths"].as_array().into_iter().flatten());
    let named = paths
        .map(|path| &path["backend"]["service"])
        .filter(|service| !service.is_null());
    let service = |service: &Value| {
        let port = &service["port"];
        let port = port["number"]
            .as_i64()
            .map_or_else(|| text(&port["name"]), |port| port.to_string());
        [namespace.clone(), text(&service["name"]), port]
    };
    let default = &ingress["spec"]["defaultBackend"]["service"];
    let mut all = vec![if default.is_null() {
        ["kube-system", "default-http-backend", "80"].map(str::to_owned)
    } else {
        service(default)
    }];
    for one in named.map(service) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The name of an Ingress's part with this beginning.
fn part(begin: &str, cluster: &Cluster, ingress: &Value) -> String {
    let metadata = &ingress["metadata"];
    let (namespace, own) = (text(&metadata["namespace"]), text(&metadata["name"]));
    name(begin, cluster, &[&namespace, &own])
}

/// Adds a part of a load balancer that is not there yet; returns its link.
fn add(state: &mut State, cluster: &Cluster, path: &str, document: Value) -> String {
    if !compute::is_ready(state, path) {
        compute::add(state, path, marked(cluster, document));
    }
    compute::link(state, path)
}

/// Makes the load balancer of an Ingress; returns its address.
fn make(state: &mut State, cluster: &Cluster, ingress: &Value) -> String {
    let network = format!("global/networks/{}", cluster.text("network"));
    let network = compute::link(state, &network);
    let rule = json!({
        "network": network, "description": "GCE L7 firewall rule", "sourceRanges": PROXIES,
        "allowed": [{"IPProtocol": "tcp", "ports": ["30000-32767"]}],
        "targetTags": [resources::node_tag(cluster)],
    });
    add(state, cluster, &firewall(cluster), rule);
    let services = services(ingress).into_iter();
    let backends: Vec<String> = services
        .map(|service| backend(state, cluster, &network, &service))
        .collect();
    let path = |collection: &str, begin: &str| {
        let name = part(begin, cluster, ingress);
        format!("global/{collection}/{name}")
    };
    let map = add(
        state,
        cluster,
        &path("urlMaps", "k8s2-um"),
        url_map(&backends),
    );
    let address = compute::public_address(state);
    let leads = |target: &str, ports: &str| json!({"IPAddress": address, "IPProtocol": "TCP", "portRange": ports, "target": target});
    let proxy = path("targetHttpProxies", "k8s2-tp");
    let proxy = add(state, cluster, &proxy, json!({ "urlMap": map }));
    let rule = path("forwardingRules", "k8s2-fr");
    add(state, cluster, &rule, leads(&proxy, "80-80"));
    let tls = ingress["spec"]["tls"].as_array();
    if tls.is_some_and(|tls| !tls.is_empty()) {
        let pem = "-----BEGIN CERTIFICATE-----\nfrom the secret\n-----END CERTIFICATE-----";
        let given = json!({"certificate": pem, "privateKey": ""});
        let certificate = path("sslCertificates", "k8s2-cr");
        let certificate = add(state, cluster, &certificate, given);
        let proxy = path("targetHttpsProxies", "k8s2-ts");
        let document = json!({"urlMap": map, "sslCertificates": [certificate]});
        let proxy = add(state, cluster, &proxy, document);
        let rule = path("forwardingRules", "k8s2-fs");
        add(state, cluster, &rule, leads(&proxy, "443-443"));
    }
    address
}

/// A URL map to these backends: the first one for all that no rule names.
fn url_map(backends: &[String]) -> Value {
    let mut map = json!({"defaultService": backends[0]});
    if backends.len() > 1 {
        let rules = backends.iter().enumerate().skip(1);
        let rules: Vec<Value> = rules
            .map(|(index, service)| json!({"paths": [format!("/{index}")], "service": service}))
            .collect();
        map["hostRules"] = json!([{"hosts": ["*"], "pathMatcher": "host"}]);
        map["pathMatchers"] =
            json!([{"name": "host", "defaultService": backends[0], "pathRules": rules}]);
    }
    map
}

/// Makes the backend of a service, with its endpoint groups and its health check; returns its link.
fn backend(state: &mut State, cluster: &Cluster, network: &str, service: &[String; 3]) -> String {
    let [namespace, own, port] = service.each_ref().map(String::as_str);
    let name = name("k8s1", cluster, &[namespace, own, port]);
    let about = json!({
        "cluster-uid": cluster.id.get(..16), "namespace": namespace, "service-name": own, "port": port,
    });
    let mut groups = Vec::new();
    for zone in cluster.locations() {
        let path = format!("zones/{zone}/networkEndpointGroups/{name}");
        let document = json!({
            "network": network, "networkEndpointType": "GCE_VM_IP_PORT",
            "description": about.to_string(),
        });
        let group = add(state, cluster, &path, document);
        groups.push(
            json!({"group": group, "balancingMode": "RATE", "maxRatePerEndpoint": 100_000_000}),
        );
    }
    let document = json!({
        "type": "HTTP", "description": "Default kubernetes L7 Loadbalancing health check for NEG.",
        "httpHealthCheck": {"requestPath": "/", "portSpecification": "USE_SERVING_PORT"},
    });
    let check = add(
        state,
        cluster,
        &format!("global/healthChecks/{name}"),
        document,
    );
    let about = json!({"kubernetes.io/service-name": format!("{namespace}/{own}"),
                       "kubernetes.io/service-port": port, "x-features": ["NEG"]});
    let document = json!({
        "description": about.to_string(), "protocol": "HTTP", "healthChecks": [check],
        "backends": groups,
    });
    add(
        state,
        cluster,
        &format!("global/backendServices/{name}"),
        document,
    )
}

/// Removes the load balancer of an Ingress, and what no other Ingress of the cluster shares with it.
fn remove(state: &mut State, cluster: &Cluster, ingress: &Value) {
    for (collection, begin) in [
        ("forwardingRules", "k8s2-fr"),
        ("forwardingRules", "k8s2-fs"),
        ("targetHttpProxies", "k8s2-tp"),
        ("targetHttpsProxies", "k8s2-ts"),
        ("sslCertificates", "k8s2-cr"),
        ("urlMaps", "k8s2-um"),
    ] {
        let name = part(begin, cluster, ingress);
        compute::remove(state, &format!("global/{collection}/{name}"));
    }
    let names: BTreeSet<String> = services(ingress)
        .iter()
        .map(|service| name("k8s1", cluster, &service.each_ref().map(String::as_str)))
        .collect();
    for name in names {
        let backend = format!("global/backendServices/{name}");
        if compute::is_used(state, &backend) {
            continue;
        }
        compute::remove(state, &backend);
        compute::remove(state, &format!("global/healthChecks/{name}"));
        for zone in cluster.locations() {
            compute::remove(state, &format!("zones/{zone}/networkEndpointGroups/{name}"));
        }
    }
    let mut left = compute::marked(state, &cluster.id).into_iter();
    if !left.any(|path| is_part(&path)) {
        compute::remove(state, &firewall(cluster));
    }
}

/// Whether this is a part of a load balancer of an Ingress, other than the firewall rule.
fn is_part(path: &str) -> bool {
    let name = crate::links::name(path);
    name.starts_with("k8s1-") || name.starts_with("k8s2-")
}
