//! The use of an endpoint in a cluster: a Secret, a Service, and a job whose pod really asks the endpoint.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::provider::ProviderParts as _;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scope::Breadth;
use kubeproof_huggingface::provider::HuggingFace;
use kubeproof_kubernetes::consumer::{self, ConsumerOrder};

use crate::bench::{Bench, CPU, scenario, verdict};

const ROW: &str = "huggingface.kubernetes";

fn in_cluster() -> String {
    format!("{CPU}  kubernetes: {{}}\n")
}

fn evidence(checks: &[Check]) -> &str {
    let mut rows = checks.iter();
    rows.find(|check| check.id == ROW)
        .map_or("", |check| &check.evidence)
}

#[tokio::test(start_paused = true)]
async fn a_pod_asks_the_endpoint_and_both_sides_are_removed() {
    let bench = Bench::new(&in_cluster(), &[]);
    let before = bench.ground_truth.inventory();
    let provisioned = bench.provisioner().provision().await.unwrap();
    assert_eq!(provisioned.made.len(), 2);
    let checks = bench.checks(&provisioned).await;
    assert_eq!(verdict(&checks, ROW), Verdict::Pass, "{checks:#?}");
    let text = evidence(&checks);
    assert!(text.contains("Which model answers a pod of r1?"), "{text}");
    assert!(text.contains("openai-community/gpt2"), "{text}");
    assert!(!text.contains("hf_kubeproof"), "the token shows: {text}");
    let mut types: Vec<String> = bench
        .mine()
        .iter()
        .map(|one| one.resource_type.clone())
        .collect();
    types.sort();
    let all = [
        "inference_endpoint",
        "kubernetes_job",
        "kubernetes_namespace",
        "kubernetes_secret",
        "kubernetes_service",
    ];
    assert_eq!(types, all);
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.ground_truth.inventory(), before);
}

/// What a provision ends with under these faults.
async fn provision(faults: &[&str]) -> (Bench, Result<(), String>) {
    let bench = Bench::new(&in_cluster(), faults);
    let ended = bench.provisioner().provision().await;
    let ended = ended.map(|_| ()).map_err(|error| error.to_string());
    (bench, ended)
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_a_call_to_the_cluster_one_of_each_is_there() {
    for fault in [
        "kubernetes:create-namespaces#1=lost-response",
        "kubernetes:patch-secrets#1=lost-response",
        "kubernetes:patch-services#1=lost-request",
        "kubernetes:create-jobs#1=lost-response",
        "kubernetes:create-jobs#1=throttle(5)",
        "kubernetes:get-jobs#2=server-error",
    ] {
        let (bench, ended) = provision(&[fault]).await;
        assert_eq!(ended, Ok(()), "{fault}");
        assert_eq!(bench.mine().len(), 5, "{fault}");
        bench.provisioner().teardown().await.unwrap();
        assert_eq!(bench.mine(), [], "{fault}");
    }
}

/// The error of a provision whose endpoint cannot answer the pod, for this reason.
async fn refused(fault: &str, change: Option<&str>) -> (Bench, String) {
    let mut bench = Bench::new(&in_cluster(), &[fault]);
    if let Some(to) = change {
        bench.scenario = scenario(&in_cluster().replace("kubernetes: {}", to));
    }
    let error = bench.provisioner().provision().await.unwrap_err();
    (bench, error.to_string())
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_somebody_pauses_makes_the_job_fail_and_both_sides_are_unwound() {
    let fault = "provisioner/kubernetes:create-jobs#1=foreign-change(pauses)";
    let (bench, error) = refused(fault, None).await;
    assert!(error.contains("the job failed"), "{error}");
    assert_eq!(bench.mine(), []);
}

#[tokio::test(start_paused = true)]
async fn an_image_whose_name_is_not_valid_makes_the_job_fail() {
    let to = "kubernetes: {image: \"example.com/None:1\"}";
    let (bench, error) = refused("hub:WhoAmI#99=throttle", Some(to)).await;
    assert!(error.contains("example.com/None:1"), "{error}");
    assert_eq!(bench.mine(), []);
}

/// How a job ends that calls the run's endpoint with this change of what is ordered.
async fn ordered(change: impl FnOnce(&mut ConsumerOrder)) -> Result<(), String> {
    let bench = Bench::new(&in_cluster(), &[]);
    bench.provisioner().provision().await.unwrap();
    let token = "hf_kubeproofRehearsal00000000000000000";
    let own = "https://api.endpoints.huggingface.cloud/v2/endpoint/kubeproof-rehearsal/kp-r1";
    let request = http::Request::get(own).header("authorization", format!("Bearer {token}"));
    let transport = bench.connection(Actor::Workload).transport;
    let answer = transport
        .send(request.body(bytes::Bytes::new()).unwrap())
        .await;
    let shown: serde_json::Value = serde_json::from_slice(answer.unwrap().body()).unwrap();
    let host = shown["status"]["url"]
        .as_str()
        .unwrap()
        .replace("https://", "");
    let access = KubernetesAccess {
        server: "https://cluster.kubeproof.invalid:6443".to_owned(),
        certificate_authority_pem: None,
        credential: Credential::Token("kubeproof-rehearsal-cluster".to_owned()),
        expires_at: None,
    };
    let client = kubeproof_kubernetes::client(&access, bench.connection(Actor::Workload).transport);
    let mut order = ConsumerOrder {
        namespace: "kp-other".to_owned(),
        labels: BTreeMap::new(),
        token: token.to_owned(),
        host,
        gateway: None,
        question: r#"{"inputs": "x"}"#.to_owned(),
        image: None,
        timeout: Duration::from_mins(15),
    };
    change(&mut order);
    let ended = consumer::ensure(&client.unwrap(), &order).await;
    ended.map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_answered_by_what_it_asks_with_the_token_that_it_has() {
    assert_eq!(ordered(|_| ()).await, Ok(()));
    let error = ordered(|order| order.token = "hf_other".to_owned())
        .await
        .unwrap_err();
    assert!(
        error.contains("the job failed") && error.contains("exit code 22"),
        "{error}"
    );
    assert!(!error.contains("hf_other"), "the token shows: {error}");
    let nowhere = "none.us-east-1.aws.endpoints.huggingface.cloud";
    let error = ordered(|order| order.host = nowhere.to_owned())
        .await
        .unwrap_err();
    assert!(error.contains("exit code 6"), "{error}");
    let error = ordered(|order| order.question = "no document".to_owned())
        .await
        .unwrap_err();
    assert!(error.contains("exit code 22"), "{error}");
}

/// The row after one thing in the cluster was changed by this request of somebody else.
async fn row_after(method: &str, path: &str, body: &str) -> (Verdict, String) {
    let bench = Bench::new(&in_cluster(), &[]);
    let provisioned = bench.provisioner().provision().await.unwrap();
    let (namespace, token) = ("kp-r1", "kubeproof-rehearsal-cluster");
    let path = path.replace("{ns}", namespace);
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://cluster.kubeproof.invalid:6443{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/merge-patch+json")
        .body(bytes::Bytes::from(body.to_owned()))
        .unwrap();
    let transport = bench.connection(Actor::Foreign).transport;
    let answer = transport.send(request).await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let checks = bench.checks(&provisioned).await;
    (verdict(&checks, ROW), evidence(&checks).to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_is_not_as_ordered_in_the_cluster_fails_the_row() {
    let secrets = "/api/v1/namespaces/{ns}/secrets/model";
    let (seen, text) = row_after("PATCH", secrets, r#"{"data": {"token": "b3RoZXI="}}"#).await;
    assert_eq!(seen, Verdict::Fail);
    assert!(text.contains("does not hold the token"), "{text}");
    let (seen, text) = row_after("DELETE", secrets, "").await;
    assert_eq!(seen, Verdict::Fail);
    assert!(text.contains("not found"), "{text}");
    let services = "/api/v1/namespaces/{ns}/services/model";
    let elsewhere = r#"{"spec": {"externalName": "elsewhere.example"}}"#;
    let (seen, text) = row_after("PATCH", services, elsewhere).await;
    assert_eq!(seen, Verdict::Fail);
    assert!(text.contains("it leads to elsewhere.example"), "{text}");
    let jobs = "/apis/batch/v1/namespaces/{ns}/jobs/model?propagationPolicy=Background";
    let (seen, text) = row_after("DELETE", jobs, "").await;
    assert_eq!(seen, Verdict::Fail);
    assert!(text.contains("not found"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_does_not_answer_leaves_the_row_unknown() {
    let fault = "observer/kubernetes:get-secrets#1*50=server-error";
    let (bench, ended) = provision(&[fault]).await;
    assert_eq!(ended, Ok(()));
    let provisioned = bench.provisioner().provision().await.unwrap();
    let checks = bench.checks(&provisioned).await;
    assert_eq!(
        verdict(&checks, ROW),
        Verdict::Unknown,
        "{}",
        evidence(&checks)
    );
}

#[tokio::test(start_paused = true)]
async fn a_side_that_cannot_be_removed_keeps_the_other_from_nothing() {
    for (fault, left) in [
        (
            "kubernetes:delete-namespaces#1*500=reject",
            "kubernetes_namespace",
        ),
        (
            "endpoints:DeleteEndpoint#1*500=reject",
            "inference_endpoint",
        ),
    ] {
        let (bench, ended) = provision(&[fault]).await;
        assert_eq!(ended, Ok(()));
        let error = bench.provisioner().teardown().await.unwrap_err();
        let mine = bench.mine();
        assert!(mine.iter().any(|one| one.resource_type == left), "{mine:?}");
        let of_cluster = |one: &&Resource| one.resource_type.starts_with("kubernetes_");
        let in_cluster = mine.iter().filter(of_cluster).count();
        let expected = if left.starts_with("kubernetes_") {
            4
        } else {
            0
        };
        assert_eq!(in_cluster, expected, "{error}: {mine:?}");
        assert_eq!(mine.len() - in_cluster, usize::from(expected == 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_audit_lists_the_cluster_and_a_sweep_deletes_there() {
    let bench = Bench::new(&in_cluster(), &[]);
    bench.provisioner().provision().await.unwrap();
    let observer = bench.observer();
    let mut seen = Vec::new();
    for listing in observer.cells(&Breadth::Scenario).await.unwrap() {
        seen.extend(observer.list(&listing).await.unwrap().resources);
    }
    let keys = |all: &[Resource]| {
        let mut keys: Vec<_> = all.iter().map(Resource::key).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&seen), keys(&bench.ground_truth.inventory()));
    let deleter = HuggingFace.deleter(&bench.scenario, bench.connection(Actor::Provisioner));
    for one in bench.mine() {
        let earlier = Resource {
            incarnation: Some("earlier".to_owned()),
            ..one.clone()
        };
        deleter.delete(&earlier).await.unwrap();
    }
    assert_eq!(bench.mine().len(), 5, "others of the same name stay");
    for one in bench.mine() {
        deleter.delete(&one).await.unwrap();
    }
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(bench.mine(), []);
}
