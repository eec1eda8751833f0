//! A cluster's API server, and what its workload makes in the project and may leave there.

use bytes::Bytes;
use http::Request;
use kubeproof_gcp_simulator::setup::ACCESS_TOKEN;
use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTERS, cluster};

pub struct Cluster {
    pub bench: Bench,
    endpoint: String,
}

impl Cluster {
    pub fn new() -> Self {
        Self::of(cluster("c"))
    }

    /// The cluster `c`, made by this request.
    pub fn of(asked: Value) -> Self {
        let mut bench = Bench::new();
        bench.cluster_made(&format!("POST {CLUSTERS}"), asked);
        let endpoint = bench.cluster("c")["endpoint"].as_str().unwrap().to_owned();
        Self { bench, endpoint }
    }

    fn send(&mut self, method: &str, path: &str, body: &Value, token: &str) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://{}{path}", self.endpoint))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        self.bench.send(&request)
    }

    #[track_caller]
    pub fn ok(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(method, path, body, ACCESS_TOKEN);
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }
}

const SERVICES: &str = "/api/v1/namespaces/default/services";

fn balancer() -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
           "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}})
}

#[test]
fn the_nodes_of_all_pools_are_there_and_only_known_tokens_may_ask() {
    let mut cluster = Cluster::new();
    let nodes = cluster.ok("GET", "/api/v1/nodes", &Value::Null);
    let items = nodes["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let labels = &items[0]["metadata"]["labels"];
    assert_eq!(labels["cloud.google.com/gke-nodepool"], "default-pool");
    let (status, _) = cluster.send("GET", "/api/v1/nodes", &Value::Null, "other");
    assert_eq!(status, 401);
    let size = json!({"nodeCount": 1});
    cluster.bench.cluster_made(
        &format!("POST {CLUSTERS}/c/nodePools/default-pool:setSize"),
        size,
    );
    let nodes = cluster.ok("GET", "/api/v1/nodes", &Value::Null);
    assert_eq!(nodes["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_node_whose_machine_is_deleted_is_replaced() {
    let mut cluster = Cluster::new();
    let machines = cluster.bench.ids("instance");
    let line = format!(
        "DELETE compute zones/us-central1-a/instances/{}",
        machines[0]
    );
    cluster.bench.ok(&line, Value::Null);
    let mut nodes = |seconds: i64| {
        cluster.bench.wait(seconds);
        let nodes = cluster.ok("GET", "/api/v1/nodes", &Value::Null);
        let items = nodes["items"].as_array().unwrap().iter();
        let names = items.map(|node| node["metadata"]["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(nodes(40), [machines[1].clone()]);
    let replaced = nodes(60);
    assert_eq!(replaced.len(), 2);
    assert!(!replaced.contains(&machines[0]), "{replaced:?}");
}

#[test]
fn a_load_balancer_and_its_parts_go_with_the_service() {
    let mut cluster = Cluster::new();
    let before = cluster.bench.all();
    cluster.ok("POST", SERVICES, &balancer());
    cluster.bench.wait(60);
    for of in ["forwarding_rule", "target_pool", "http_health_check"] {
        assert_eq!(cluster.bench.ids(of).len(), 1, "{of}");
    }
    assert_eq!(cluster.bench.ids("firewall_rule").len(), 6);
    cluster.ok("DELETE", &format!("{SERVICES}/web"), &Value::Null);
    cluster.bench.wait(60);
    assert_eq!(cluster.bench.all(), before);
}

#[test]
fn what_is_not_deleted_before_the_cluster_stays_in_part() {
    let mut cluster = Cluster::new();
    cluster.ok("POST", SERVICES, &balancer());
    cluster.bench.wait(60);
    cluster
        .bench
        .cluster_made(&format!("DELETE {CLUSTERS}/c"), Value::Null);
    // The five parts of the load balancer: the seed decides which of them go with the cluster.
    let parts = [
        "forwarding_rule",
        "target_pool",
        "http_health_check",
        "firewall_rule",
    ];
    let left: Vec<String> = parts.iter().flat_map(|of| cluster.bench.ids(of)).collect();
    assert!((1..5).contains(&left.len()), "{left:?}");
}
