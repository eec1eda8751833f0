//! A job's whole life, and what can go wrong in it.

use kubeproof_contract::check::Verdict;

use crate::bench::{Bench, JOB, scenario, verdict};

#[tokio::test(start_paused = true)]
async fn a_job_is_run_used_and_cancelled() {
    let bench = Bench::new(JOB, &[]);
    let before = bench.ground_truth.inventory();
    let preflight = bench.observer().preflight().await;
    let is_good = |check: &kubeproof_contract::check::Check| check.verdict == Verdict::Pass;
    assert!(preflight.iter().all(is_good), "{preflight:#?}");
    let provisioned = bench.provisioner().provision().await.unwrap();
    let checks = bench.checks(&provisioned).await;
    assert_eq!(
        verdict(&checks, "huggingface.job"),
        Verdict::Pass,
        "{checks:#?}"
    );
    assert_eq!(verdict(&checks, "huggingface.endpoint"), Verdict::Skipped);
    let proof = bench.job().await.unwrap();
    assert_eq!(proof.output, "hello from the rehearsal\n(nonce)");
    assert_eq!(bench.mine().len(), 1, "the harness's own job has ended");
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.ground_truth.inventory(), before);
}

#[tokio::test(start_paused = true)]
async fn a_job_on_other_hardware_or_none_fails_its_row() {
    let mut bench = Bench::new(JOB, &[]);
    let provisioned = bench.provisioner().provision().await.unwrap();
    bench.scenario = scenario(&JOB.replace("cpu-basic", "cpu-upgrade"));
    let checks = bench.checks(&provisioned).await;
    let row = "huggingface.job";
    assert_eq!(verdict(&checks, row), Verdict::Fail, "{checks:#?}");
    bench.scenario = scenario(JOB);
    bench.provisioner().teardown().await.unwrap();
    let checks = bench.checks(&provisioned).await;
    assert_eq!(verdict(&checks, row), Verdict::Fail, "{checks:#?}");
}

/// Whatever happens to the call, one job runs.
async fn survives(effect: &str) {
    let fault = format!("hub:RunJob#1={effect}");
    let bench = Bench::new(JOB, &[&fault]);
    bench.provisioner().provision().await.unwrap();
    assert_eq!(bench.ever("job"), 1, "{fault}");
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.mine(), [], "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_job_is_never_run_twice_blindly() {
    for effect in [
        "lost-response",
        "lost-request",
        "server-error",
        "server-error-after",
        "late-apply",
        "garbled",
        "throttle(20)",
        "hang",
    ] {
        survives(effect).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_whose_answer_is_lost_is_no_failure() {
    let bench = Bench::new(JOB, &["hub:CancelJob#1=lost-response"]);
    bench.provisioner().provision().await.unwrap();
    bench.provisioner().teardown().await.unwrap();
    assert_eq!(bench.mine(), []);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_does_not_start_is_cancelled_and_said() {
    let check = |effect: &'static str, words: &'static str| async move {
        let fault = format!("hub:RunJob#1={effect}");
        let bench = Bench::new(JOB, &[&fault]);
        let error = bench.provisioner().provision().await.unwrap_err();
        assert!(error.message.contains(words), "{error}");
        assert_eq!(bench.mine(), [], "{fault}");
        bench.provisioner().provision().await.unwrap();
    };
    check(
        "async-fail(image-pull)",
        "ERROR: the image could not be pulled",
    )
    .await;
    check("async-stuck", "still `SCHEDULING`").await;
}
