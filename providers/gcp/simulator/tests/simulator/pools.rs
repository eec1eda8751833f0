//! Node pools: creation, size, version, deletion, and operations that are stopped.

use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTERS, cluster};

/// A project with a cluster `c`, and the line of its pools.
fn bench() -> (Bench, String) {
    let mut bench = Bench::new();
    bench.cluster_made(&format!("POST {CLUSTERS}"), cluster("c"));
    (bench, format!("{CLUSTERS}/c/nodePools"))
}

fn pool(name: &str) -> Value {
    json!({"nodePool": {"name": name, "initialNodeCount": 1,
           "config": {"machineType": "e2-standard-2", "spot": true, "labels": {"tier": "batch"}}}})
}

#[test]
fn a_pool_is_made_resized_and_removed() {
    let (mut bench, pools) = bench();
    bench.cluster_made(&format!("POST {pools}"), pool("p"));
    let shown = bench.ok(&format!("GET {pools}/p"), Value::Null);
    assert_eq!(shown["status"], "RUNNING");
    assert_eq!(bench.ids("instance").len(), 3);
    bench.refused(&format!("POST {pools}"), pool("p"), 409, "alreadyExists");
    bench.cluster_made(&format!("POST {pools}/p:setSize"), json!({"nodeCount": 3}));
    assert_eq!(bench.ids("instance").len(), 5);
    bench.cluster_made(&format!("POST {pools}/p:setSize"), json!({"nodeCount": 0}));
    assert_eq!(bench.ids("instance").len(), 2);
    bench.cluster_made(&format!("DELETE {pools}/p"), Value::Null);
    bench.refused(&format!("GET {pools}/p"), Value::Null, 404, "notFound");
    assert_eq!(bench.ids("instance_template").len(), 1);
}

#[test]
fn settings_and_versions_change_by_operations() {
    let (mut bench, pools) = bench();
    let scaling = json!({"autoscaling": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 4}});
    bench.cluster_made(
        &format!("POST {pools}/default-pool:setAutoscaling"),
        scaling,
    );
    bench.cluster_made(
        &format!("PUT {CLUSTERS}/c"),
        json!({"update": {"desiredMasterVersion": "1.34"}}),
    );
    let version = "1.34.1-gke.2037001";
    assert_eq!(bench.cluster("c")["currentMasterVersion"], version);
    bench.cluster_made(
        &format!("PUT {pools}/default-pool"),
        json!({"nodeVersion": "-"}),
    );
    let shown = bench.ok(&format!("GET {pools}/default-pool"), Value::Null);
    assert_eq!(
        (&shown["version"], &shown["autoscaling"]["maxNodeCount"]),
        (&json!(version), &json!(4))
    );
    let stale = json!({"nodeVersion": "-", "etag": "old"});
    bench.refused(&format!("PUT {pools}/default-pool"), stale, 409, "aborted");
}

#[test]
fn a_pool_that_fails_stays_with_its_error() {
    let (mut bench, pools) = bench();
    let begun = bench.faulty(
        "async-fail(GCE_STOCKOUT)",
        &format!("POST {pools}"),
        pool("p"),
    );
    bench.wait(600);
    assert_eq!(bench.cluster_operation(&begun)["error"]["code"], 8);
    let shown = bench.ok(&format!("GET {pools}/p"), Value::Null);
    assert_eq!(shown["status"], "ERROR");
    assert_eq!(bench.cluster("c")["status"], "RUNNING");
    bench.cluster_made(&format!("DELETE {pools}/p"), Value::Null);
}

#[test]
fn the_operation_of_a_pool_can_be_cancelled_and_that_of_a_cluster_cannot() {
    let (mut bench, pools) = bench();
    let begun = bench.ok(&format!("POST {pools}"), pool("p"));
    let name = begun["name"].as_str().unwrap().to_owned();
    let line = format!("POST container locations/us-central1-a/operations/{name}:cancel");
    bench.wait(10);
    assert_eq!(bench.ok(&line, json!({})), json!({}));
    assert_eq!(bench.cluster_operation(&begun)["status"], "ABORTING");
    bench.wait(60);
    let ended = bench.cluster_operation(&begun);
    assert_eq!(
        (&ended["status"], &ended["error"]["code"]),
        (&json!("DONE"), &json!(1))
    );
    bench.refused(&line, json!({}), 400, "failedPrecondition");
    let begun = bench.ok(&format!("DELETE {CLUSTERS}/c"), Value::Null);
    let name = begun["name"].as_str().unwrap().to_owned();
    let line = format!("POST container locations/us-central1-a/operations/{name}:cancel");
    bench.refused(&line, json!({}), 400, "failedPrecondition");
}
