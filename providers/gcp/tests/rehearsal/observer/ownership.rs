//! What a run made is proven to be its own, and nothing else is.

use kubeproof_contract::observer::{Caller, Ownership as _};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::run::Run;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test(start_paused = true)]
async fn everything_that_a_run_made_is_proven_and_nothing_that_was_there_before() {
    let default = json!({"network": "default", "subnetwork": "default"});
    let long = "kube-system-and-more";
    for (asked, id) in [
        (json!({}), "r1"),
        (json!({"network": {"private_nodes": true}}), long),
        (
            json!({"location": "us-central1", "network": {"existing": default}}),
            "r1",
        ),
        (
            json!({"mode": "autopilot", "location": "us-central1", "node_pools": []}),
            "r1",
        ),
    ] {
        let mut bench = Bench::new(asked, &[]);
        bench.run = Run::new(id, "tester", bench.run.started_at);
        let before = bench.ground_truth.inventory();
        bench.provision_with_leftovers().await;
        let all = bench.audited().await;
        let observer = bench.observer();
        let other = Run::new("r9", "tester", bench.run.started_at);
        for one in &all {
            let is_new = !before.iter().any(|old| old.is_same(one));
            let proofs = observer.proofs(&bench.run, one, &all);
            assert_eq!(!proofs.is_empty(), is_new, "{one:?}: {proofs:?}");
            assert_eq!(observer.ownership_claim(&bench.run, one, &all), None);
            let theirs = observer.proofs(&other, one, &all);
            assert!(theirs.is_empty(), "{one:?}: {theirs:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_cluster_leaves_is_proven_as_long_as_its_network_is_there() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    bench.provision_with_leftovers().await;
    let partial = "container:projects.locations.clusters.delete#1=partial";
    let bench = bench.with_faults(&[partial]);
    let path = "projects/kubeproof-rehearsal/locations/us-central1-a/clusters/kp-r1";
    bench.container("DELETE", path).await;
    tokio::time::sleep(std::time::Duration::from_mins(20)).await;
    let left = bench.new_since(&before);
    let has = |of_type: &str| left.iter().any(|one| one.resource_type == of_type);
    assert!(!has("gke_cluster") && has("network"), "{left:?}");
    let all = bench.audited().await;
    for one in all
        .iter()
        .filter(|one| left.iter().any(|it| it.is_same(one)))
    {
        let proofs = bench.observer().proofs(&bench.run, one, &all);
        assert!(!proofs.is_empty(), "{one:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_audit_log_says_who_made_what() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    // Entries show some seconds late.
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let made = bench.new_since(&before);
    let creators = bench
        .observer()
        .created_by(&bench.run, &made)
        .await
        .unwrap();
    for id in [
        "kp-r1",
        "kp-r1-subnet",
        "kp-r1-internal",
        "kp-r1-nodes@kubeproof-rehearsal.iam.gserviceaccount.com",
    ] {
        let creation = &creators[id];
        assert_eq!(creation.caller, Caller::Ours, "{creation:?}");
    }
    // What Kubernetes Engine made for the cluster has no entry.
    assert!(
        creators.keys().all(|id| !id.starts_with("gke-")),
        "{creators:?}"
    );
    let calls = bench.journal.len();
    let none = bench.observer().created_by(&bench.run, &[]).await.unwrap();
    assert!(none.is_empty() && bench.journal.len() == calls);
}

#[tokio::test(start_paused = true)]
async fn an_audit_log_that_cannot_be_read_is_an_error() {
    let bench = Bench::new(json!({}), &["auditor/logging:entries.list#1*1000=reject"]);
    let all = bench.ground_truth.inventory();
    let error = bench
        .observer()
        .created_by(&bench.run, &all)
        .await
        .unwrap_err();
    assert!(error.call.contains("entries.list"), "{error}");
}
