//! Preflight: what would make a run fail is found before anything is made.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::Observer as _;
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use kubeproof_gcp::observer::GkeObserver;
use serde_json::{Value, json};

use crate::bench::Bench;

/// The rows that do not pass, and their evidence.
fn bad(rows: &[Check]) -> Vec<(&str, Verdict, &str)> {
    let bad = rows.iter().filter(|row| row.verdict != Verdict::Pass);
    bad.map(|row| (row.id.as_str(), row.verdict, row.evidence.as_str()))
        .collect()
}

#[track_caller]
fn assert_only(rows: &[Check], id: &str, verdict: Verdict, part: &str) {
    let bad = bad(rows);
    let [(seen, of, evidence)] = bad.as_slice() else {
        panic!("{bad:#?}");
    };
    assert_eq!((*seen, *of), (id, verdict), "{evidence}");
    assert!(evidence.contains(part), "{evidence}");
}

#[tokio::test(start_paused = true)]
async fn a_fresh_project_and_one_with_this_very_run_pass_and_nothing_is_changed() {
    for asked in [
        json!({}),
        json!({
            "location": "us-central1", "kubernetes_version": "1.33", "network": {"private_nodes": true},
            "node_pools": [{"name": "main", "machine_type": "e2-standard-2", "count": 2, "disk_gb": 20}],
        }),
    ] {
        let bench = Bench::new(asked, &[]);
        let observer = bench.observer();
        let rows = observer.preflight().await;
        assert_eq!(bad(&rows), []);
        assert_eq!(rows.len(), 9, "{rows:#?}");
        assert_eq!(bench.changes_since(0), [""; 0]);
        assert_eq!(
            observer.learned().account.as_deref(),
            Some("kubeproof-rehearsal")
        );
        bench.provisioner().provision().await.unwrap();
        let rows = bench.observer().preflight().await;
        assert_eq!(bad(&rows), []);
        let names = rows.last().unwrap();
        assert!(
            names.evidence.starts_with("of this run: network kp-r1"),
            "{names:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn quotas_versions_and_machine_types_are_compared_with_what_there_is() {
    let pools = |machine: &str, count: u32| json!({"node_pools": [{"name": "main", "machine_type": machine, "count": count}]});
    for (asked, id, part) in [
        (
            json!({"network": {"private_nodes": true}, "node_pools": [
                {"name": "main", "machine_type": "e2-standard-8", "count": 10, "disk_gb": 20},
            ]}),
            "gcp.preflight.quotas",
            "CPUS of us-central1: 0 used + 80 needed exceed the limit of 72 by 8",
        ),
        (
            pools("z9-huge-1", 1),
            "gcp.preflight.place",
            "z9-huge-1 is offered in 0 of the 1 zones",
        ),
        (
            json!({"location": "us-central1-x"}),
            "gcp.preflight.place",
            "there is no us-central1-x",
        ),
        (
            json!({"kubernetes_version": "1.20"}),
            "gcp.preflight.version",
            "REGULAR does not offer 1.20; offered: 1.",
        ),
    ] {
        let bench = Bench::new(asked, &[]);
        let rows = bench.observer().preflight().await;
        let row = rows.iter().find(|row| row.id == id).unwrap();
        assert_eq!(row.verdict, Verdict::Fail, "{rows:#?}");
        assert!(row.evidence.contains(part), "{row:?}");
        assert_eq!(bench.changes_since(0), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_found() {
    let bench = Bench::new(json!({}), &[]);
    let body = json!({"name": "kp-r1", "autoCreateSubnetworks": false});
    bench.compute("POST", "global/networks", &body).await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let rows = bench.observer().preflight().await;
    let part = "network kp-r1 exists and does not carry this run's mark";
    assert_only(&rows, "gcp.preflight.names", Verdict::Fail, part);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_disabled_is_named_with_the_command_that_enables_it() {
    let bench = Bench::new(json!({}), &[]);
    bench
        .service("POST", "container.googleapis.com:disable")
        .await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let rows = bench.observer().preflight().await;
    let part =
        "run `gcloud services enable container.googleapis.com --project kubeproof-rehearsal`";
    assert_only(&rows, "gcp.preflight.apis", Verdict::Fail, part);
}

#[tokio::test(start_paused = true)]
async fn the_api_of_the_billing_export_is_needed_only_where_the_scenario_names_one() {
    let table = "kubeproof-rehearsal.billing.gcp_billing_export_resource_v1_01A2B3_C4D5E6_F70819";
    for (change, is_billed) in [(json!({}), false), (json!({"billing_export": table}), true)] {
        let bench = Bench::new(change, &[]);
        bench
            .service("POST", "bigquery.googleapis.com:disable")
            .await;
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        let rows = bench.observer().preflight().await;
        let part =
            "run `gcloud services enable bigquery.googleapis.com --project kubeproof-rehearsal`";
        if is_billed {
            assert_only(&rows, "gcp.preflight.apis", Verdict::Fail, part);
        } else {
            assert!(
                rows.iter().all(|row| row.verdict == Verdict::Pass),
                "{rows:#?}"
            );
        }
    }
}

/// A project whose caller lacks this permission.
#[derive(Debug)]
struct Without(SharedTransport, &'static str);

#[async_trait::async_trait]
impl Transport for Without {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let is_asked = request.uri().path().ends_with(":testIamPermissions");
        let mut answer = self.0.send(request).await?;
        if is_asked {
            let mut body: Value = serde_json::from_slice(answer.body()).unwrap();
            let granted = body["permissions"].as_array_mut().unwrap();
            granted.retain(|one| one != self.1);
            *answer.body_mut() = Bytes::from(body.to_string());
        }
        Ok(answer)
    }
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_missing_is_named() {
    let bench = Bench::new(json!({}), &[]);
    let mut connection = bench.connection(Actor::Auditor);
    connection.transport = Arc::new(Without(connection.transport, "compute.networks.create"));
    let rows = GkeObserver::new(bench.spec.clone(), &connection)
        .preflight()
        .await;
    let part = "missing: compute.networks.create";
    assert_only(&rows, "gcp.preflight.permissions", Verdict::Fail, part);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_unknown_and_stops_the_run() {
    for (call, id) in [
        ("cloudresourcemanager:projects.get", "credentials.load"),
        (
            "cloudbilling:projects.getBillingInfo",
            "gcp.preflight.project",
        ),
        ("serviceusage:services.batchGet", "gcp.preflight.apis"),
        ("compute:projects.get", "gcp.preflight.quotas"),
        ("iam:projects.serviceAccounts.get", "gcp.preflight.names"),
    ] {
        let fault = format!("auditor/{call}#1*1000=reject");
        let bench = Bench::new(json!({}), &[&fault]);
        let rows = bench.observer().preflight().await;
        assert_only(&rows, id, Verdict::Unknown, call.split(':').next().unwrap());
    }
}
