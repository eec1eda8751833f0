//! The controllers: jobs, pods, garbage and nodes, over time.

use std::time::Duration;

use kubeproof_kubernetes_simulator::probe::{COMMAND, IMAGE, Misbehaviour, SCRIPT};
use serde_json::{Value, json};

use crate::cloud::json as call;
use crate::cloud::{Cluster, send};

const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
const PODS: &str = "/api/v1/namespaces/default/pods";

fn pod_spec(policy: &str) -> Value {
    json!({
        "restartPolicy": policy,
        "containers": [{"name": "c", "image": IMAGE, "command": COMMAND, "args": [SCRIPT]}],
    })
}

async fn with_job(spec: Value) -> Cluster {
    let cluster = Cluster::with_nodes(1);
    let mut job = json!({"metadata": {"name": "j"}, "spec": spec});
    if job["spec"]["template"].is_null() {
        job["spec"]["template"] = json!({"spec": pod_spec("Never")});
    }
    let (status, body) = call(&cluster, "POST", JOBS, job).await;
    assert_eq!(status, 201, "{body}");
    cluster
}

async fn after(cluster: &Cluster, seconds: u64, path: &str) -> (u16, Value) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    call(cluster, "GET", path, Value::Null).await
}

fn conditions(object: &Value) -> Vec<(String, String)> {
    let word = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    object["status"]["conditions"]
        .as_array()
        .map(|list| {
            list.iter()
                .map(|item| (word(item, "type"), word(item, "reason")))
                .collect()
        })
        .unwrap_or_default()
}

fn pair(kind: &str, reason: &str) -> (String, String) {
    (kind.to_owned(), reason.to_owned())
}

async fn count(cluster: &Cluster, path: &str) -> usize {
    let (_, list) = call(cluster, "GET", path, Value::Null).await;
    list["items"].as_array().map_or(0, Vec::len)
}

#[tokio::test(start_paused = true)]
async fn a_job_completes_after_its_completions() {
    let cluster = with_job(json!({"completions": 3, "parallelism": 2})).await;
    let (_, job) = after(&cluster, 1, &format!("{JOBS}/j")).await;
    assert_eq!(job["status"]["active"], 2);
    assert_eq!(conditions(&job), []);
    let (_, job) = after(&cluster, 60, &format!("{JOBS}/j")).await;
    assert_eq!(job["status"]["succeeded"], 3);
    assert_eq!(
        conditions(&job),
        [
            pair("SuccessCriteriaMet", "CompletionsReached"),
            pair("Complete", "CompletionsReached"),
        ]
    );
    assert_eq!(count(&cluster, PODS).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_job_fails_after_its_backoff_limit_with_growing_pauses() {
    let cluster = with_job(json!({"backoffLimit": 2})).await;
    cluster
        .cloud
        .with(|cloud| cloud.server.misbehave(Some(Misbehaviour::Exits(1))));
    let (_, job) = after(&cluster, 35, &format!("{JOBS}/j")).await;
    assert_eq!(conditions(&job), []);
    let (_, job) = after(&cluster, 60, &format!("{JOBS}/j")).await;
    assert_eq!(job["status"]["failed"], 3);
    assert_eq!(
        conditions(&job),
        [
            pair("FailureTarget", "BackoffLimitExceeded"),
            pair("Failed", "BackoffLimitExceeded"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_past_its_deadline_fails_and_its_pods_go() {
    let mut spec = pod_spec("Never");
    spec["nodeSelector"] = json!({"no": "where"});
    let cluster = with_job(json!({"activeDeadlineSeconds": 30, "template": {"spec": spec}})).await;
    assert_eq!(count(&cluster, PODS).await, 1);
    let (_, job) = after(&cluster, 40, &format!("{JOBS}/j")).await;
    assert_eq!(
        conditions(&job)[1],
        pair("Failed", "DeadlineExceeded"),
        "{job}"
    );
    assert_eq!(count(&cluster, PODS).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_goes_after_its_time_to_live_and_its_pods_too() {
    let cluster = with_job(json!({"ttlSecondsAfterFinished": 20})).await;
    let (status, _) = after(&cluster, 15, &format!("{JOBS}/j")).await;
    assert_eq!(status, 200);
    let (status, _) = after(&cluster, 40, &format!("{JOBS}/j")).await;
    assert_eq!(status, 404);
    assert_eq!(count(&cluster, PODS).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_deleted_without_a_policy_leaves_its_pods_and_warns() {
    for (body, pods) in [("", 1), (r#"{"propagationPolicy":"Background"}"#, 0)] {
        let cluster = with_job(json!({})).await;
        after(&cluster, 30, &format!("{JOBS}/j")).await;
        let path = format!("{JOBS}/j");
        let (parts, _) = send(&cluster, "DELETE", &path, "application/json", body).await;
        assert_eq!(parts.headers.contains_key("warning"), pods == 1);
        let (status, _) = after(&cluster, 30, &path).await;
        assert_eq!(status, 404);
        assert_eq!(count(&cluster, PODS).await, pods, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreground_deletion_waits_for_the_pods() {
    let cluster = with_job(json!({})).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let body = json!({"propagationPolicy": "Foreground"});
    let (_, marked) = call(&cluster, "DELETE", &format!("{JOBS}/j"), body).await;
    assert_eq!(
        marked["metadata"]["finalizers"],
        json!(["foregroundDeletion"]),
        "{marked}"
    );
    let (status, _) = after(&cluster, 30, &format!("{JOBS}/j")).await;
    assert_eq!(status, 404);
    assert_eq!(count(&cluster, PODS).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_log_before_the_start_is_refused_and_a_followed_one_ends_with_the_container() {
    let cluster = Cluster::with_nodes(1);
    let pod = json!({"metadata": {"name": "p"}, "spec": pod_spec("Never")});
    call(&cluster, "POST", PODS, pod).await;
    let (status, _) = after(&cluster, 2, &format!("{PODS}/p")).await;
    assert_eq!(status, 200);
    let (status, body) = call(&cluster, "GET", &format!("{PODS}/p/log"), Value::Null).await;
    assert_eq!(status, 400);
    let expected = "container \"c\" in pod \"p\" is waiting to start: ContainerCreating";
    assert_eq!(body["message"], expected);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let (status, log) = call(
        &cluster,
        "GET",
        &format!("{PODS}/p/log?follow=true"),
        Value::Null,
    )
    .await;
    assert_eq!((status, log), (200, json!("\n\n")));
    let (_, ended) = call(&cluster, "GET", &format!("{PODS}/p"), Value::Null).await;
    assert_eq!(ended["status"]["phase"], "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_always_restarts_backs_off() {
    let cluster = Cluster::with_nodes(1);
    let pod = json!({"metadata": {"name": "p"}, "spec": pod_spec("Always")});
    call(&cluster, "POST", PODS, pod).await;
    let (_, pod) = after(&cluster, 120, &format!("{PODS}/p")).await;
    let status = &pod["status"]["containerStatuses"][0];
    assert!(status["restartCount"].as_i64() >= Some(2), "{status}");
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 0, "{status}");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_asks_for_more_than_there_is_stays_pending() {
    let cluster = Cluster::with_nodes(1);
    let mut spec = pod_spec("Never");
    spec["containers"][0]["resources"] = json!({"requests": {"nvidia.com/gpu": "1"}});
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    call(&cluster, "POST", PODS, pod).await;
    let (_, pod) = after(&cluster, 10, &format!("{PODS}/p")).await;
    assert_eq!(pod["status"]["phase"], "Pending");
    let message = pod["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("Insufficient nvidia.com/gpu"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_takes_its_pods_along() {
    let cluster = with_job(json!({})).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster
        .cloud
        .with(|cloud| cloud.server.remove_node("node-1"));
    let (_, job) = after(&cluster, 5, &format!("{JOBS}/j")).await;
    assert_eq!(job["status"]["failed"], 1, "{job}");
    assert_eq!(count(&cluster, "/api/v1/nodes").await, 0);
    let (_, pods) = call(&cluster, "GET", PODS, Value::Null).await;
    for pod in pods["items"].as_array().unwrap() {
        assert!(pod["spec"]["nodeName"].is_null(), "{pod}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_created_in_a_terminating_namespace() {
    let cluster = Cluster::with_nodes(0);
    let space = json!({"metadata": {"name": "going"}});
    call(&cluster, "POST", "/api/v1/namespaces", space).await;
    let (_, marked) = call(&cluster, "DELETE", "/api/v1/namespaces/going", Value::Null).await;
    assert_eq!(marked["status"]["phase"], "Terminating");
    let map = json!({"metadata": {"name": "late"}});
    let (status, body) = call(&cluster, "POST", "/api/v1/namespaces/going/configmaps", map).await;
    assert_eq!((status, &body["reason"]), (403, &json!("Forbidden")));
    let (status, _) = after(&cluster, 20, "/api/v1/namespaces/going").await;
    assert_eq!(status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_keeps_an_object_until_it_is_taken_off() {
    let cluster = Cluster::with_nodes(0);
    let maps = "/api/v1/namespaces/default/configmaps";
    let map = json!({"metadata": {"name": "held", "finalizers": ["test/hold"]}});
    call(&cluster, "POST", maps, map).await;
    let path = format!("{maps}/held");
    call(&cluster, "DELETE", &path, Value::Null).await;
    let (status, _) = after(&cluster, 60, &path).await;
    assert_eq!(status, 200);
    let free = json!({"metadata": {"finalizers": null}});
    call(&cluster, "PATCH", &path, free).await;
    let (status, _) = after(&cluster, 0, &path).await;
    assert_eq!(status, 404);
}
