//! Load that starts replicas, and their end after it.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::workload::{ScaleOrder, ScaleProof, WorkloadError};

use crate::bench::{Bench, CPU, scenario, verdict};

fn replicas(scaling: &str) -> String {
    let own = "{min_replicas: 0, max_replicas: 1, scale_to_zero_minutes: 15}";
    CPU.replace(own, scaling)
}

/// What load shows on an endpoint with this scaling.
async fn scaled(bench: &Bench, to: u32) -> Result<ScaleProof, WorkloadError> {
    let order = ScaleOrder {
        name: "load".to_owned(),
        namespace: "kp-r1-scale".to_owned(),
        image: None,
        from: 1,
        to,
        timeout: Duration::from_mins(10),
        labels: BTreeMap::new(),
    };
    let transport = bench.connection(Actor::Workload).transport;
    let workload = bench.observer().workload(&bench.run, transport).await?;
    workload.scaling().unwrap().scale(&order).await
}

#[tokio::test(start_paused = true)]
async fn load_starts_replicas_by_pending_requests_or_by_the_use_of_the_hardware() {
    for scaling in [
        "{min_replicas: 1, max_replicas: 3, pending_requests: 2}",
        "{min_replicas: 1, max_replicas: 3}",
    ] {
        let bench = Bench::new(&replicas(scaling), &[]);
        let provisioned = bench.provisioner().provision().await.unwrap();
        let checks = bench.checks(&provisioned).await;
        let row = verdict(&checks, "huggingface.scaling");
        assert_eq!(row, Verdict::Pass, "{checks:#?}");
        let proof = scaled(&bench, 3).await.unwrap();
        assert_eq!(
            (proof.before.len(), proof.after.len(), proof.last),
            (1, 3, 1)
        );
        // One more every minute, each ready a minute later; taken away every other minute.
        assert!((120..=300).contains(&proof.scale_seconds), "{proof:?}");
        assert!((60..=600).contains(&proof.end_seconds), "{proof:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_scale_under_load_is_found() {
    // It follows a hundred pending requests a replica, and so many are not asked.
    let asked = "{min_replicas: 1, max_replicas: 2, pending_requests: 100}";
    let bench = Bench::new(&replicas(asked), &[]);
    bench.provisioner().provision().await.unwrap();
    let error = scaled(&bench, 2).await.unwrap_err().to_string();
    assert!(error.contains("1 of 1 replicas are ready"), "{error}");
    let error = scaled(&bench, 3).await.unwrap_err();
    assert!(matches!(error, WorkloadError::Unsupported(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_measure_that_is_not_as_asked_fails_its_row() {
    let own = "{min_replicas: 1, max_replicas: 2, pending_requests: 2}";
    let mut bench = Bench::new(&replicas(own), &[]);
    let provisioned = bench.provisioner().provision().await.unwrap();
    bench.scenario = scenario(&replicas(&own.replace(": 2}", ": 3}")));
    let checks = bench.checks(&provisioned).await;
    assert_eq!(verdict(&checks, "huggingface.scaling"), Verdict::Fail);
}
