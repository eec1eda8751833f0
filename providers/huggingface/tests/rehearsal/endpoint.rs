//! An endpoint's whole life, and what can go wrong in it.

use kubeproof_contract::check::Verdict;

use crate::bench::{Bench, CPU, scenario, verdict};

const ROWS: [&str; 3] = [
    "huggingface.endpoint",
    "huggingface.model",
    "huggingface.scaling",
];

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_made_asked_used_and_removed() {
    let bench = Bench::new(CPU, &[]);
    let before = bench.ground_truth.inventory();
    let preflight = bench.observer().preflight().await;
    let good = [Verdict::Pass; 6];
    let seen: Vec<Verdict> = preflight.iter().map(|check| check.verdict).collect();
    assert_eq!(seen, good, "{preflight:#?}");
    let provisioned = bench.provisioner().provision().await.unwrap();
    assert_eq!(provisioned.made.len(), 1);
    assert!(provisioned.access.is_err());
    let checks = bench.checks(&provisioned).await;
    for row in ROWS {
        assert_eq!(verdict(&checks, row), Verdict::Pass, "{checks:#?}");
    }
    let proof = bench.job().await.unwrap();
    assert!(
        proof.output.contains("hello from the rehearsal\n(nonce)"),
        "{proof:?}"
    );
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.ground_truth.inventory(), before);
}

/// An endpoint on which one thing is not as this other scenario asks: its row fails, and no other.
async fn fails(row: &str, asked: &str, instead: &str) {
    let mut bench = Bench::new(CPU, &[]);
    let provisioned = bench.provisioner().provision().await.unwrap();
    assert!(CPU.contains(asked), "{asked}");
    bench.scenario = scenario(&CPU.replace(asked, instead));
    let checks = bench.checks(&provisioned).await;
    for other in ROWS {
        let expected = if other == row {
            Verdict::Fail
        } else {
            Verdict::Pass
        };
        assert_eq!(verdict(&checks, other), expected, "{instead}: {checks:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_as_asked_fails_its_row() {
    let [endpoint, model, scaling] = ROWS;
    fails(endpoint, "us-east-1", "eu-west-1").await;
    fails(endpoint, "instance_size: x1", "instance_size: x2").await;
    fails(endpoint, "accelerator: cpu", "accelerator: gpu").await;
    let public = "type: public\n    scaling:";
    fails(endpoint, "scaling:", public).await;
    fails(model, "openai-community/gpt2", "ProsusAI/finbert").await;
    let revision = "revision: v2\n    scaling:";
    fails(model, "scaling:", revision).await;
    fails(scaling, "max_replicas: 1", "max_replicas: 2").await;
    fails(scaling, "zero_minutes: 15", "zero_minutes: 16").await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_gone_fails_its_rows() {
    let bench = Bench::new(CPU, &[]);
    let provisioned = bench.provisioner().provision().await.unwrap();
    bench.provisioner().teardown().await.unwrap();
    let checks = bench.checks(&provisioned).await;
    for row in ROWS {
        assert_eq!(verdict(&checks, row), Verdict::Fail, "{checks:#?}");
    }
}

/// Whatever happens to a call, exactly one endpoint exists and it is the one that is used.
async fn survives(fault: &str) {
    let bench = Bench::new(CPU, &[fault]);
    bench.provisioner().provision().await.unwrap();
    assert_eq!(bench.mine().len(), 1, "{fault}");
    assert_eq!(bench.ever("inference_endpoint"), 1, "{fault}");
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.mine(), [], "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_adopted_by_its_name() {
    for effect in [
        "lost-response",
        "lost-request",
        "server-error",
        "server-error-after",
        "late-apply",
        "garbled",
        "throttle(20)",
        "hang",
        "async-late(2)",
    ] {
        survives(&format!("endpoints:CreateEndpoint#1={effect}")).await;
    }
    survives("endpoints:DeleteEndpoint#1=lost-response").await;
    survives("inference:Ask#1*3=server-error").await;
}

/// The attempt fails with these words in its error, and leaves nothing; the next one succeeds.
async fn unwound(fault: &str, words: &[&str]) {
    let bench = Bench::new(CPU, &[fault]);
    let error = bench.provisioner().provision().await.unwrap_err();
    for word in words {
        assert!(error.message.contains(word), "`{word}` is not in: {error}");
    }
    assert_eq!(error.left_behind, Vec::<String>::new(), "{error}");
    assert_eq!(bench.mine(), [], "{fault}");
    bench.provisioner().provision().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_says_why_and_leaves_nothing() {
    let create = |effect: &str| format!("endpoints:CreateEndpoint#1={effect}");
    unwound(&create("quota"), &["Quota exceeded", "unwound"]).await;
    unwound(&create("capacity"), &["not available yet"]).await;
    unwound(&create("async-fail(no-capacity)"), &["no hardware"]).await;
    unwound(
        &create("async-fail(out-of-memory)"),
        &["failed: ", "out of memory"],
    )
    .await;
    unwound(&create("async-fail(no-answer)"), &["ask the model"]).await;
    unwound(&create("async-stuck"), &["still `initializing"]).await;
    let expired = create("credentials-expire");
    unwound(
        &expired,
        &["UNAUTHORIZED", "huggingface.co/settings/tokens"],
    )
    .await;
    unwound("inference:Ask#1*100=server-error", &["ask the model"]).await;
}
