//! What preflight refuses, row by row.

use kubeproof_contract::check::Verdict;

use crate::bench::{Bench, CPU, JOB, scenario};

/// With this in place of what the scenario asks for, exactly this row fails, for this reason.
async fn fails(row: &str, cluster: &str, (asked, instead): (&str, &str), reason: &str) {
    let mut bench = Bench::new(cluster, &[]);
    assert!(cluster.contains(asked), "{asked}");
    bench.scenario = scenario(&cluster.replace(asked, instead));
    let checks = bench.observer().preflight().await;
    let wrong: Vec<_> = checks
        .iter()
        .filter(|check| check.verdict != Verdict::Pass)
        .collect();
    let [check] = wrong.as_slice() else {
        panic!("{instead}: {checks:#?}");
    };
    assert_eq!((&*check.id, check.verdict), (row, Verdict::Fail));
    assert!(format!("{check:?}").contains(reason), "{check:?}");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_the_token_does_not_reach_is_refused() {
    let elsewhere = ("namespace: kubeproof-rehearsal", "namespace: acme");
    let reason = "the token does not reach `acme`";
    fails("huggingface.namespace", CPU, elsewhere, reason).await;
}

#[tokio::test(start_paused = true)]
async fn hardware_that_cannot_be_had_is_refused() {
    let check =
        |asked, instead, reason| fails("huggingface.hardware", CPU, (asked, instead), reason);
    check("size: x1", "size: x3", "is not offered").await;
    check("us-east-1", "us-east-9", "is not offered").await;
    check(
        "accelerator: cpu",
        "accelerator: gpu",
        "is cpu, asked for gpu",
    )
    .await;
    check("intel-spr", "intel-icl", "is deprecated").await;
    let full = "9 accelerators are asked for, 8 of the quota of 8 are left";
    check("max_replicas: 1", "max_replicas: 9", full).await;
    let flavor = ("cpu-basic", "cpu-huge");
    fails(
        "huggingface.hardware",
        JOB,
        flavor,
        "unknown flavor `cpu-huge`",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_refused() {
    let bench = Bench::new(CPU, &[]);
    bench.provisioner().provision().await.unwrap();
    let checks = bench.observer().preflight().await;
    let names = checks.iter().find(|check| check.id == "huggingface.names");
    assert_eq!(names.unwrap().verdict, Verdict::Fail, "{checks:#?}");
}
