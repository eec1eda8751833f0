//! The scaling proof: what proves that a workload scales, and what must not.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::workload::{ScaleOrder, ScaleProof};
use kubeproof_kubernetes::error::{Cause, KubernetesError};
use kubeproof_kubernetes::scale::prove;
use serde_json::{Value, json};

use crate::cloud::Cluster;
use crate::cloud::json as call;

fn order(from: u32, to: u32) -> ScaleOrder {
    ScaleOrder {
        name: "web".to_owned(),
        namespace: "kp-scale".to_owned(),
        image: None,
        from,
        to,
        timeout: Duration::from_mins(5),
        labels: BTreeMap::from([("kubeproof.dev/run".to_owned(), "test".to_owned())]),
    }
}

async fn run(cluster: &Cluster, order: &ScaleOrder) -> Result<ScaleProof, KubernetesError> {
    let proof = prove(&cluster.client(), order).await;
    let path = "/api/v1/namespaces/kp-scale";
    let (status, _) = call(cluster, "GET", path, Value::Null).await;
    assert_eq!(status, 404, "the namespace remains");
    proof
}

#[tokio::test(start_paused = true)]
async fn a_workload_grows_is_counted_pod_by_pod_and_shrinks_to_nothing() {
    let cluster = Cluster::with_nodes(2);
    let proof = run(&cluster, &order(2, 7)).await.unwrap();
    assert_eq!((proof.before.len(), proof.after.len()), (2, 7));
    let stay = |pod: &String| proof.after.contains_key(pod);
    assert!(proof.before.keys().all(stay), "{proof:?}");
    assert_eq!(
        proof.nodes().into_iter().collect::<Vec<_>>(),
        ["node-1", "node-2"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_workload_may_also_shrink() {
    let cluster = Cluster::with_nodes(1);
    let proof = run(&cluster, &order(5, 1)).await.unwrap();
    assert_eq!((proof.before.len(), proof.after.len()), (5, 1));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_shows_nothing_is_refused() {
    let cluster = Cluster::with_nodes(1);
    for (from, to) in [(0, 3), (3, 0), (3, 3)] {
        let error = run(&cluster, &order(from, to)).await.unwrap_err();
        assert_eq!(error.cause, Cause::Usage, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn pods_that_find_no_room_are_named_when_the_time_is_up() {
    let cluster = Cluster::with_nodes(1);
    // A node takes 110 pods.
    let error = run(&cluster, &order(1, 115)).await.unwrap_err();
    assert_eq!(error.cause, Cause::Timeout, "{error}");
    for part in ["of 115 pods are ready", "Too many pods"] {
        assert!(
            error.to_string().contains(part),
            "`{part}` is not in: {error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_pulled_is_named() {
    let cluster = Cluster::with_nodes(1);
    let mut order = order(1, 2);
    order.image = Some("localhost/none:1".to_owned());
    let error = run(&cluster, &order).await.unwrap_err();
    assert_eq!(error.cause, Cause::Refuted, "{error}");
    assert!(error.to_string().contains("localhost/none:1"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_left_is_taken_over() {
    let cluster = Cluster::with_nodes(1);
    let labels = json!({"kubeproof.dev/run": "test", "kubeproof.dev/scale": "web"});
    let space = json!({"metadata": {"name": "kp-scale", "labels": labels}});
    call(&cluster, "POST", "/api/v1/namespaces", space).await;
    run(&cluster, &order(1, 2)).await.unwrap();
}
