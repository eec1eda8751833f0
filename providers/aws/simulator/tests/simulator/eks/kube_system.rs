//! What a new cluster has in itself, and how many pods its nodes take from which network.

use std::time::Duration;

use serde_json::{Value, json};

use super::bench::{Bench, group_body, text};
use super::kubernetes::ask;

/// A cluster with two nodes of t3.medium.
fn ready() -> Bench {
    let mut bench = Bench::new();
    let network = bench.network(true);
    bench.active_cluster(&network);
    bench.create_group(&group_body(&network.private)).ok();
    bench.wait(bench.durations.node_group_create + Duration::from_mins(1));
    bench
}

fn items(bench: &mut Bench, path: &str) -> Vec<Value> {
    let list = ask(bench, "GET", path, &Value::Null).ok().json();
    list["items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn name_resolution_proxy_and_network_run_in_kube_system() {
    let mut bench = ready();
    let set = |bench: &mut Bench, name: &str| {
        let path = format!("/apis/apps/v1/namespaces/kube-system/daemonsets/{name}");
        ask(bench, "GET", &path, &Value::Null).ok().json()["status"].clone()
    };
    for name in ["aws-node", "kube-proxy"] {
        assert_eq!(set(&mut bench, name)["numberReady"], 2, "{name}");
    }
    let path = "/apis/apps/v1/namespaces/kube-system/deployments/coredns";
    let dns = ask(&mut bench, "GET", path, &Value::Null).ok().json();
    assert_eq!(dns["status"]["availableReplicas"], 2);
    let path = "/api/v1/namespaces/kube-system/services/kube-dns";
    let service = ask(&mut bench, "GET", path, &Value::Null).ok().json();
    assert_eq!(service["spec"]["clusterIP"], "172.20.0.10");
}

#[test]
fn the_storage_class_is_gp2_and_no_default_from_1_30_on() {
    let mut bench = ready();
    let classes = items(&mut bench, "/apis/storage.k8s.io/v1/storageclasses");
    assert_eq!(classes.len(), 1);
    assert_eq!(classes[0]["metadata"]["name"], "gp2");
    assert_eq!(classes[0]["provisioner"], "kubernetes.io/aws-ebs");
    assert_eq!(classes[0]["metadata"]["annotations"], Value::Null);
}

#[test]
fn a_node_takes_as_many_pods_as_its_interfaces_have_addresses() {
    let mut bench = ready();
    for node in items(&mut bench, "/api/v1/nodes") {
        assert_eq!(node["status"]["capacity"]["pods"], "17");
        assert_eq!(node["status"]["capacity"]["cpu"], "2");
        assert_eq!(node["status"]["allocatable"]["cpu"], "1930m");
    }
    let deployment = json!({
        "metadata": {"name": "many"},
        "spec": {
            "replicas": 40, "selector": {"matchLabels": {"app": "many"}},
            "template": {"metadata": {"labels": {"app": "many"}}, "spec": {
                "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "100000"]}],
            }},
        },
    });
    let path = "/apis/apps/v1/namespaces/default/deployments";
    assert_eq!(ask(&mut bench, "POST", path, &deployment).status, 201);
    bench.wait(Duration::from_mins(2));
    let pods = items(&mut bench, "/api/v1/pods");
    let running = |pods: &[Value]| {
        pods.iter()
            .filter(|pod| pod["status"]["phase"] == "Running")
            .count()
    };
    assert_eq!(running(&pods), 2 * 17);
    let mut waiting = pods
        .iter()
        .filter(|pod| pod["status"]["phase"] == "Pending");
    let waiting = waiting.next().expect("a pod that waits");
    let why = text(&waiting["status"]["conditions"][0]["message"]);
    assert!(why.contains("Too many pods"), "{why}");
}

#[test]
fn pods_have_addresses_of_their_nodes_subnets() {
    let mut bench = ready();
    let subnets = bench.exists("subnet");
    let pods = items(&mut bench, "/api/v1/namespaces/kube-system/pods");
    assert!(pods.len() >= 6, "{}", pods.len());
    let mut seen = Vec::new();
    for pod in &pods {
        let address = text(&pod["status"]["podIP"]);
        let inside = subnets.iter().any(|subnet| {
            let block = &subnet.properties["cidr"];
            let start = block.rsplit_once('.').expect("a block").0;
            address.starts_with(&format!("{start}."))
        });
        assert!(inside, "{address}");
        if pod["spec"]["hostNetwork"] == true {
            assert_eq!(pod["status"]["hostIP"], address);
        } else {
            assert!(!seen.contains(&address), "{address}");
            seen.push(address);
        }
    }
}
