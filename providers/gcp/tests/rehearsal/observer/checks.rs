//! The rows of the checklist over a cluster of the reference provisioner, and over one that is not as asked for.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::Observer as _;
use kubeproof_contract::provisioner::{NoAccess, Provisioned, Provisioner as _};
use kubeproof_gcp::observer::GkeObserver;
use kubeproof_gcp::observer::checks::CHECKLIST;
use serde_json::{Value, json};

use crate::bench::{Bench, spec};

/// The rows of a bench's cluster, seen by an observer of what this asks for.
async fn rows(bench: &Bench, asked: Value, provisioned: &Provisioned) -> Vec<Check> {
    let observer = GkeObserver::new(spec(asked), &bench.connection(Actor::Observer));
    observer.checks(&bench.run, provisioned).await
}

fn verdicts(rows: &[Check], verdict: Verdict) -> Vec<&str> {
    let rows = rows.iter().filter(|row| row.verdict == verdict);
    rows.map(|row| row.id.as_str()).collect()
}

/// The rows that are judged of a cluster: the checklist's without those of preflight and of the harness.
fn ids() -> Vec<&'static str> {
    let of_harness = ["gcp.cost", "gcp.teardown", "gcp.partial_failure"];
    let ids = CHECKLIST.iter().map(|(id, _)| *id);
    ids.filter(|id| id.starts_with("gcp.") && !of_harness.contains(id))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_cluster_as_asked_for_passes_every_row() {
    let default = json!({"network": "default", "subnetwork": "default"});
    let autopilot = json!({"mode": "autopilot", "location": "us-central1", "node_pools": []});
    for (asked, skipped) in [
        (json!({}), &[][..]),
        (
            json!({"location": "us-central1", "kubernetes_version": "1.34"}),
            &[],
        ),
        (json!({"network": {"private_nodes": true}}), &[]),
        (json!({"network": {"existing": default}}), &[]),
        (autopilot, &["gcp.node_pools"]),
    ] {
        let bench = Bench::new(asked.clone(), &[]);
        let provisioned = bench.provisioner().provision().await.unwrap();
        let calls = bench.journal.len();
        let rows = rows(&bench, asked.clone(), &provisioned).await;
        assert_eq!(bench.changes_since(calls), [""; 0]);
        let seen: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(seen, ids());
        assert_eq!(verdicts(&rows, Verdict::Skipped), skipped, "{rows:?}");
        let passed = verdicts(&rows, Verdict::Pass).len();
        assert_eq!(passed + skipped.len(), rows.len(), "{asked}: {rows:#?}");
        assert!(rows.iter().all(|row| !row.evidence.is_empty()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_not_as_asked_for_fails_the_rows_that_it_concerns() {
    let bench = Bench::new(json!({}), &[]);
    let provisioned = bench.provisioner().provision().await.unwrap();
    let pools = |machine: &str, count: u32| json!({"node_pools": [{"name": "main", "machine_type": machine, "count": count}]});
    for (asked, failed) in [
        (pools("e2-standard-4", 2), &["gcp.node_pools"][..]),
        (pools("e2-standard-2", 3), &["gcp.node_pools", "gcp.ready"]),
        (json!({"release_channel": "stable"}), &["gcp.cluster"]),
        (
            json!({"network": {"nodes_cidr": "10.1.0.0/20"}}),
            &["gcp.network"],
        ),
        (
            json!({"network": {"private_nodes": true}}),
            &["gcp.network", "gcp.cluster", "gcp.node_pools"],
        ),
    ] {
        let rows = rows(&bench, asked.clone(), &provisioned).await;
        assert_eq!(verdicts(&rows, Verdict::Fail), failed, "{asked}: {rows:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_cluster_nothing_of_it_passes() {
    let bench = Bench::new(json!({}), &[]);
    let none = Provisioned {
        access: Err(NoAccess::NotGiven("none")),
        made: std::collections::BTreeMap::new(),
    };
    let rows = rows(&bench, json!({}), &none).await;
    assert_eq!(verdicts(&rows, Verdict::Pass), ["gcp.project", "gcp.apis"]);
    let failed = ["gcp.network", "gcp.cluster", "gcp.node_pools"];
    assert_eq!(verdicts(&rows, Verdict::Fail), failed);
    assert_eq!(verdicts(&rows, Verdict::Skipped), ["gcp.credentials"]);
    assert_eq!(verdicts(&rows, Verdict::Unknown), ["gcp.ready"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_unknown() {
    for (call, unknown) in [
        ("compute:firewalls.list", &["gcp.network"][..]),
        ("compute:instances.aggregatedList", &["gcp.node_pools"]),
        ("cloudbilling:projects.getBillingInfo", &["gcp.project"]),
        ("serviceusage:services.batchGet", &["gcp.apis"]),
        (
            "container:projects.locations.clusters.get",
            &[
                "gcp.network",
                "gcp.cluster",
                "gcp.node_pools",
                "gcp.credentials",
                "gcp.ready",
            ],
        ),
    ] {
        let fault = format!("observer/{call}#1*1000=reject");
        let bench = Bench::new(json!({}), &[&fault]);
        let provisioned = bench.provisioner().provision().await.unwrap();
        let rows = rows(&bench, json!({}), &provisioned).await;
        assert_eq!(
            verdicts(&rows, Verdict::Unknown),
            unknown,
            "{call}: {rows:#?}"
        );
        assert_eq!(verdicts(&rows, Verdict::Fail), [""; 0], "{call}");
    }
    let partial = "observer/compute:instances.aggregatedList#1=partial";
    let bench = Bench::new(json!({}), &[partial]);
    let provisioned = bench.provisioner().provision().await.unwrap();
    let rows = rows(&bench, json!({}), &provisioned).await;
    assert_eq!(verdicts(&rows, Verdict::Unknown), ["gcp.node_pools"]);
}

#[tokio::test(start_paused = true)]
async fn access_to_another_cluster_does_not_pass() {
    let bench = Bench::new(json!({}), &[]);
    let mut provisioned = bench.provisioner().provision().await.unwrap();
    if let Ok(access) = &mut provisioned.access {
        access.certificate_authority_pem =
            Some("-----BEGIN CERTIFICATE-----\nanother\n".to_owned());
    }
    let rows = rows(&bench, json!({}), &provisioned).await;
    assert_eq!(
        verdicts(&rows, Verdict::Fail),
        ["gcp.credentials"],
        "{rows:#?}"
    );
}
