//! The job runner: what proves a cluster, and what must not.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use kubeproof_contract::workload::{JobOrder, JobProof};
use kubeproof_kubernetes::error::{Cause, KubernetesError};
use kubeproof_kubernetes::job::run_job;
use kubeproof_kubernetes_simulator::probe::Misbehaviour;
use serde_json::{Value, json};

use crate::cloud::json as call;
use crate::cloud::{Cluster, GUEST};

const NONCE: &str = "n-8f2a61c0";

fn order() -> JobOrder {
    JobOrder {
        name: "proof".to_owned(),
        namespace: "kp-test".to_owned(),
        image: None,
        print: "hello from the job".to_owned(),
        nonce: NONCE.to_owned(),
        gpus: None,
        timeout: Duration::from_mins(5),
        labels: BTreeMap::from([("kubeproof.dev/run".to_owned(), "test".to_owned())]),
    }
}

async fn run(cluster: &Cluster) -> Result<JobProof, KubernetesError> {
    run_job(&cluster.client(), &order()).await
}

async fn namespace_is_gone(cluster: &Cluster) -> bool {
    let api: Api<Namespace> = Api::all(cluster.client());
    api.get_opt("kp-test").await.unwrap().is_none()
}

async fn check_refuted(cluster: &Cluster, cause: Cause, expected: &[&str]) {
    let error = run(cluster).await.unwrap_err();
    assert_eq!(error.cause, cause, "{error}");
    for part in expected {
        assert!(
            error.to_string().contains(part),
            "`{part}` is not in: {error}"
        );
    }
    assert!(
        !error.to_string().contains(NONCE),
        "the nonce shows: {error}"
    );
    assert!(namespace_is_gone(cluster).await, "the namespace remains");
}

#[tokio::test(start_paused = true)]
async fn a_job_prints_text_and_nonce_and_leaves_nothing_behind() {
    let cluster = Cluster::with_nodes(2);
    let proof = run(&cluster).await.unwrap();
    assert_eq!(proof.output, "hello from the job\n(nonce)\n");
    assert_eq!(proof.exit_code, Some(0));
    let node = proof.node.as_deref().unwrap_or_default();
    assert!(node.starts_with("node-"), "{node}");
    assert!(proof.runner.starts_with("pod proof-"), "{}", proof.runner);
    assert!((3..60).contains(&proof.seconds), "{}", proof.seconds);
    assert!(namespace_is_gone(&cluster).await);
}

#[tokio::test(start_paused = true)]
async fn a_job_can_be_run_twice() {
    let cluster = Cluster::with_nodes(1);
    run(&cluster).await.unwrap();
    run(&cluster).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_left_is_taken_over() {
    let cluster = Cluster::with_nodes(1);
    let labels = json!({"kubeproof.dev/run": "test", "kubeproof.dev/job": "proof"});
    let space = json!({"metadata": {"name": "kp-test", "labels": labels}});
    let (status, _) = call(&cluster, "POST", "/api/v1/namespaces", space).await;
    assert_eq!(status, 201);
    let secret = json!({
        "metadata": {"name": "proof", "labels": labels}, "stringData": {"nonce": NONCE},
    });
    call(
        &cluster,
        "POST",
        "/api/v1/namespaces/kp-test/secrets",
        secret,
    )
    .await;
    run(&cluster).await.unwrap();
    assert!(namespace_is_gone(&cluster).await);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_namespace_is_neither_used_nor_removed() {
    let cluster = Cluster::with_nodes(1);
    let space = json!({"metadata": {"name": "kp-test"}});
    call(&cluster, "POST", "/api/v1/namespaces", space).await;
    let error = run(&cluster).await.unwrap_err();
    assert_eq!(error.cause, Cause::Status(409), "{error}");
    assert!(!namespace_is_gone(&cluster).await);
}

#[tokio::test(start_paused = true)]
async fn without_nodes_the_error_says_that_there_are_none() {
    let cluster = Cluster::with_nodes(0);
    let expected = [
        "not complete after 30",
        "Unschedulable",
        "no nodes available",
    ];
    check_refuted(&cluster, Cause::Timeout, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_job_waits_for_a_node_that_comes_late() {
    let cluster = Cluster::with_nodes(0);
    let late = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        cluster.cloud.with(|cloud| {
            cloud
                .server
                .add_node(kubeproof_kubernetes_simulator::cloud_provider::NewNode {
                    name: "late".to_owned(),
                    provider_id: "test:///late".to_owned(),
                    labels: BTreeMap::new(),
                    cpus: 2,
                    memory_mib: 4096,
                    address: "10.0.0.9".to_owned(),
                });
        });
    };
    let (proof, ()) = tokio::join!(run(&cluster), late);
    assert_eq!(proof.unwrap().node.as_deref(), Some("late"));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_prints_something_else_proves_nothing() {
    for printed in [
        "hello from another job\n",
        "hello from the job\n",
        NONCE,
        "",
    ] {
        let cluster = Cluster::with_nodes(1);
        cluster.cloud.with(|cloud| {
            cloud
                .server
                .misbehave(Some(Misbehaviour::Prints(printed.to_owned())));
        });
        check_refuted(&cluster, Cause::Refuted, &["is not in the log"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_exits_with_an_error_fails_with_its_exit_code() {
    let cluster = Cluster::with_nodes(1);
    cluster
        .cloud
        .with(|cloud| cloud.server.misbehave(Some(Misbehaviour::Exits(3))));
    let expected = ["the job failed", "exit code 3", "BackoffLimitExceeded"];
    check_refuted(&cluster, Cause::Refuted, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_pulled_is_given_up_after_a_while_and_is_named() {
    let cluster = Cluster::with_nodes(1);
    cluster.cloud.with(|cloud| {
        let known = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
        cloud.rewrite = Some((known.to_owned(), "registry.invalid/box:0".to_owned()));
    });
    let expected = [
        "ImagePullBackOff",
        "registry.invalid/box:0",
        "check why the pod does not start",
    ];
    check_refuted(&cluster, Cause::Refuted, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_not_the_probe_is_never_run() {
    let cluster = Cluster::with_nodes(1);
    cluster.cloud.with(|cloud| {
        cloud.rewrite = Some(("/bin/sh".to_owned(), "/bin/other".to_owned()));
    });
    let expected = ["CreateContainerError", "/bin/other"];
    check_refuted(&cluster, Cause::Refuted, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn an_order_may_name_another_image() {
    let cluster = Cluster::with_nodes(1);
    let mut order = order();
    order.image = Some("localhost/box:1".to_owned());
    let error = run_job(&cluster.client(), &order).await.unwrap_err();
    assert!(error.to_string().contains("localhost/box:1"), "{error}");
    order.image = Some(kubeproof_kubernetes_simulator::probe::IMAGE.to_owned());
    run_job(&cluster.client(), &order).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_pod_whose_secret_is_missing_does_not_start() {
    let cluster = Cluster::with_nodes(1);
    cluster.cloud.with(|cloud| {
        let reference = |name: &str| format!(r#""secretKeyRef":{{"key":"nonce","name":"{name}"}}"#);
        cloud.rewrite = Some((reference("proof"), reference("other")));
    });
    let expected = ["CreateContainerConfigError", "secret \"other\" not found"];
    check_refuted(&cluster, Cause::Refuted, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_token_is_unauthorized_and_one_without_rights_is_forbidden() {
    let cluster = Cluster::with_nodes(1);
    for (token, status) in [("wrong", 401), (GUEST, 403)] {
        let error = run_job(&cluster.client_with(token), &order())
            .await
            .unwrap_err();
        assert_eq!(error.cause, Cause::Status(status), "{error}");
    }
    let (_, spaces) = call(&cluster, "GET", "/api/v1/namespaces", Value::Null).await;
    assert_eq!(
        spaces["items"].as_array().map(Vec::len),
        Some(4),
        "something was created"
    );
}
