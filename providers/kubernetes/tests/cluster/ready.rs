//! Readiness: a single check, and waiting.

use std::time::Duration;

use kubeproof_kubernetes::error::Cause;
use kubeproof_kubernetes::ready::{ready, wait_ready};
use serde_json::json;

use crate::cloud::Cluster;
use crate::cloud::json as call;

const STEP: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_cluster_with_its_nodes_is_ready() {
    let cluster = Cluster::with_nodes(2);
    let seen = ready(&cluster.client(), 2).await.unwrap();
    assert!(seen.is_ready(), "{seen:?}");
    assert_eq!(seen.version, "v1.34.0");
    assert_eq!(seen.nodes, ["node-1", "node-2"]);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_node_that_never_comes_ends_and_says_how_many_are_there() {
    let cluster = Cluster::with_nodes(1);
    let limit = Duration::from_mins(1);
    let error = wait_ready(&cluster.client(), 2, limit, STEP)
        .await
        .unwrap_err();
    assert_eq!(error.cause, Cause::Timeout);
    assert!(error.to_string().contains("1 of 2 nodes Ready"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_ready_or_cordoned_is_named() {
    let cluster = Cluster::with_nodes(2);
    let cordon = json!({"spec": {"unschedulable": true}});
    call(&cluster, "PATCH", "/api/v1/nodes/node-1", cordon).await;
    let broken = json!({"status": {"conditions": [
        {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "no network"},
    ]}});
    call(&cluster, "PATCH", "/api/v1/nodes/node-2/status", broken).await;
    let seen = ready(&cluster.client(), 2).await.unwrap();
    assert!(!seen.is_ready());
    assert_eq!(seen.ready, 0);
    assert_eq!(
        seen.problems,
        [
            "node-1: takes no pods (it is cordoned)",
            "node-2: Ready=False KubeletNotReady no network",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_ends_the_waiting_before_its_limit() {
    let cluster = Cluster::with_nodes(1);
    let start = tokio::time::Instant::now();
    let limit = Duration::from_hours(1);
    let error = wait_ready(&cluster.client_with("wrong"), 1, limit, STEP)
        .await
        .unwrap_err();
    assert_eq!(error.cause, Cause::Status(401), "{error}");
    assert!(start.elapsed() < Duration::from_secs(200));
}
