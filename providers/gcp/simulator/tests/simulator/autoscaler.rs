//! The cluster autoscaler: pools grow for pods that fit nowhere, and shrink when nodes are idle.

use serde_json::{Value, json};

use crate::bench::CLUSTERS;
use crate::workload::Cluster;

const PODS: &str = "/api/v1/namespaces/default/pods";

/// A cluster with one node of two CPUs, and up to three.
fn scaled() -> Cluster {
    Cluster::of(json!({"cluster": {"name": "c", "nodePools": [{
        "name": "main", "initialNodeCount": 1, "config": {"machineType": "e2-standard-2"},
        "autoscaling": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 3},
    }]}}))
}

fn pod(name: &str, cpus: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{
        "name": "work", "image": "busybox:1.36", "command": ["sleep", "100000"],
        "resources": {"requests": {"cpu": cpus}},
    }]}})
}

impl Cluster {
    /// The nodes after so many seconds.
    fn nodes_after(&mut self, seconds: i64) -> usize {
        // What happens inside the API server is seen at the next call, as by the real autoscaler at its next turn.
        for _ in 0..seconds / 10 {
            self.bench.wait(10);
        }
        let nodes = self.ok("GET", "/api/v1/nodes", &Value::Null);
        nodes["items"].as_array().unwrap().len()
    }
}

#[test]
fn a_pool_grows_for_pods_that_fit_nowhere_up_to_its_limit() {
    let mut cluster = scaled();
    for name in ["a", "b", "c", "d"] {
        cluster.ok("POST", PODS, &pod(name, "1500m"));
    }
    assert_eq!(cluster.nodes_after(60), 1);
    assert_eq!(cluster.nodes_after(60), 2);
    // The fourth pod would need one more.
    assert_eq!(cluster.nodes_after(1200), 3);
    assert_eq!(cluster.bench.ids("instance").len(), 3);
}

#[test]
fn a_pod_that_would_not_fit_on_another_node_either_gets_none() {
    let mut cluster = scaled();
    cluster.ok("POST", PODS, &pod("large", "3"));
    assert_eq!(cluster.nodes_after(1200), 1);
}

#[test]
fn idle_nodes_go_after_a_while_down_to_the_least() {
    let mut cluster = scaled();
    for name in ["a", "b"] {
        cluster.ok("POST", PODS, &pod(name, "1500m"));
    }
    assert_eq!(cluster.nodes_after(300), 2);
    for name in ["a", "b"] {
        cluster.ok("DELETE", &format!("{PODS}/{name}"), &Value::Null);
    }
    assert_eq!(cluster.nodes_after(540), 2);
    assert_eq!(cluster.nodes_after(120), 1);
    assert_eq!(cluster.nodes_after(3600), 1);
    assert_eq!(cluster.bench.ids("instance").len(), 1);
}

#[test]
fn only_a_pool_that_is_scaled_grows_and_limits_can_be_set_later() {
    let mut cluster = Cluster::of(json!({"cluster": {"name": "c", "nodePools": [{
        "name": "main", "initialNodeCount": 1, "config": {"machineType": "e2-standard-2"},
    }]}}));
    for name in ["a", "b"] {
        cluster.ok("POST", PODS, &pod(name, "1500m"));
    }
    assert_eq!(cluster.nodes_after(1200), 1);
    let limits = json!({"autoscaling": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 2}});
    let line = format!("POST {CLUSTERS}/c/nodePools/main:setAutoscaling");
    cluster.bench.cluster_made(&line, limits);
    assert_eq!(cluster.nodes_after(120), 2);
}
