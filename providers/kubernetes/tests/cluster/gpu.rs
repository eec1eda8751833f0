//! GPUs: offered only with driver and plugin, given only on request, counted in the log.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::workload::{JobOrder, JobProof};
use kubeproof_kubernetes::error::{Cause, KubernetesError};
use kubeproof_kubernetes::gpu::offered;
use kubeproof_kubernetes::job::run_job;
use kubeproof_kubernetes_simulator::probe::Misbehaviour;

use crate::cloud::Cluster;

/// Two nodes; the first has two GPUs, and its plugin runs if so asked.
fn cluster(plugin: bool) -> Cluster {
    let cluster = Cluster::with_nodes(2);
    cluster.cloud.with(|cloud| {
        cloud.server.node_has_gpus("node-1", 2);
        if plugin {
            cloud.server.device_plugin_runs();
        }
    });
    cluster
}

/// A job that requests this many GPUs and counts them.
async fn run(cluster: &Cluster, gpus: u32) -> Result<JobProof, KubernetesError> {
    let order = JobOrder {
        name: "proof".to_owned(),
        namespace: "kp-test".to_owned(),
        image: None,
        print: "hello".to_owned(),
        nonce: "n-8f2a61c0".to_owned(),
        gpus: Some(gpus),
        timeout: Duration::from_mins(5),
        labels: BTreeMap::from([("kubeproof.dev/run".to_owned(), "test".to_owned())]),
    };
    run_job(&cluster.client(), &order).await
}

/// The plugin takes at most 40 s to register.
async fn registered() {
    tokio::time::sleep(Duration::from_mins(1)).await;
}

fn counts(one: u32, two: u32) -> BTreeMap<String, u32> {
    BTreeMap::from([("node-1".to_owned(), one), ("node-2".to_owned(), two)])
}

#[tokio::test(start_paused = true)]
async fn a_node_with_gpus_offers_none_until_the_plugin_has_registered() {
    let without = cluster(false);
    registered().await;
    assert_eq!(offered(&without.client()).await.unwrap(), counts(0, 0));
    let with = cluster(true);
    assert_eq!(offered(&with.client()).await.unwrap(), counts(0, 0));
    registered().await;
    assert_eq!(offered(&with.client()).await.unwrap(), counts(2, 0));
}

#[tokio::test(start_paused = true)]
async fn the_log_shows_as_many_gpus_as_were_asked_for() {
    let cluster = cluster(true);
    for count in [1, 2] {
        let proof = run(&cluster, count).await.unwrap();
        assert_eq!(proof.node.as_deref(), Some("node-1"));
        let line = format!("GPUs: {count}");
        assert!(
            proof.output.lines().any(|each| each == line),
            "{}",
            proof.output
        );
    }
}

#[tokio::test(start_paused = true)]
async fn more_gpus_than_there_are_and_gpus_without_a_plugin_end_the_job_by_its_timeout() {
    for (plugin, count) in [(true, 3), (false, 1)] {
        let error = run(&cluster(plugin), count).await.unwrap_err();
        assert_eq!(error.cause, Cause::Timeout, "{error}");
        let words = "Insufficient nvidia.com/gpu";
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_that_sees_other_gpus_than_it_was_given_proves_nothing() {
    let cluster = cluster(true);
    registered().await;
    cluster.cloud.with(|cloud| {
        let printed = "hello\nn-8f2a61c0\nGPUs: 0\n".to_owned();
        cloud.server.misbehave(Some(Misbehaviour::Prints(printed)));
    });
    let error = run(&cluster, 1).await.unwrap_err();
    assert_eq!(error.cause, Cause::Refuted, "{error}");
    assert!(error.to_string().contains("the count of GPUs"), "{error}");
}
