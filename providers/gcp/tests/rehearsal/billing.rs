//! The bill of a run, as the billing export shows it days later: what the meter counted, line by line.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::Decimal;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::{Billed, Charge};
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::observer::{Billing as _, Lister as _, Ownership as _};
use kubeproof_contract::plan::{Plan as _, PriceContext};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::scope::Breadth;
use kubeproof_gcp::observer::GkeObserver;
use kubeproof_gcp::plan::GkePlan;
use kubeproof_gcp::rehearsal::ACCESS_TOKEN;
use kubeproof_gcp::spec::GkeSpec;
use kubeproof_gcp_simulator::cloud::GcpCloud;
use kubeproof_gcp_simulator::setup::Setup;
use kubeproof_simkit::in_memory::InMemory;
use serde_json::{Value, json};

use crate::bench::Bench;

const TABLE: &str =
    "kubeproof-rehearsal.billing.gcp_billing_export_resource_v1_01A2B3_C4D5E6_F70819";

/// A run that lived for 45 minutes.
async fn lived(change: Value) -> Bench {
    let mut all = json!({ "billing_export": TABLE });
    if let (Some(all), Value::Object(change)) = (all.as_object_mut(), change) {
        all.extend(change);
    }
    let bench = Bench::new(all, &[]);
    bench.provisioner().provision().await.unwrap();
    tokio::time::sleep(Duration::from_mins(45)).await;
    bench.provisioner().teardown().await.unwrap();
    bench
}

fn observer(bench: &Bench) -> GkeObserver {
    GkeObserver::new(bench.spec.clone(), &bench.connection(Actor::Biller))
}

async fn billed(bench: &Bench) -> Billed {
    let observer = observer(bench);
    observer
        .billed(&bench.run, bench.run.started_at)
        .await
        .unwrap()
}

/// Waits until the bill should be final, and reads it.
async fn final_bill(bench: &Bench) -> Billed {
    let now = bench.clock.now();
    let after = observer(bench).billing_final_after(now).duration_since(now);
    tokio::time::sleep(after.unsigned_abs()).await;
    billed(bench).await
}

fn by_line(charges: &[Charge]) -> BTreeMap<String, Decimal> {
    let mut lines = BTreeMap::new();
    for charge in charges {
        *lines.entry(charge.line.clone()).or_default() += charge.usd;
    }
    lines
}

/// Checks that a final bill shows these lines, and each as the meter counted it.
async fn agrees(change: Value, expected: &[&str]) {
    let bench = lived(change).await;
    let bill = final_bill(&bench).await;
    assert!(bill.is_final, "{:?}", bill.attribution);
    let metered = bench
        .ground_truth
        .metered(&bench.run.id, bench.run.started_at);
    let (seen, counted) = (by_line(&bill.charges), by_line(&metered));
    assert_eq!(seen.keys().collect::<Vec<_>>(), expected);
    assert_eq!(counted.keys().collect::<Vec<_>>(), expected);
    for (line, usd) in seen {
        let difference = (usd - counted[&line]).abs();
        // Each row is rounded to a millionth.
        assert!(
            difference < Decimal::new(5, 5),
            "{line}: {usd} {}",
            counted[&line]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_bill_shows_each_line_as_the_meter_counted_it() {
    agrees(
        json!({}),
        &["control_plane", "disks", "nodes", "public_ipv4"],
    )
    .await;
    // The gateway has no labels: it is known by its name.
    let private = json!({"network": {"private_nodes": true}});
    let lines = [
        "control_plane",
        "disks",
        "nat_gateway",
        "nodes",
        "public_ipv4",
    ];
    agrees(private, &lines).await;
    let region = json!({"location": "us-central1"});
    agrees(region, &["control_plane", "disks", "nodes", "public_ipv4"]).await;
}

#[tokio::test(start_paused = true)]
async fn estimate_meter_and_bill_agree_line_by_line() {
    let bench = lived(json!({})).await;
    let bill = final_bill(&bench).await;
    let metered = bench
        .ground_truth
        .metered(&bench.run.id, bench.run.started_at);
    // Five minutes until the cluster runs, 45, and four until it is gone: the machines are there for less.
    let plan = GkePlan::new(bench.spec.clone(), false);
    let prices = PriceContext::at(bench.run.started_at);
    let estimate = plan.estimate(&prices, Some(bench.run.started_at), 54);
    let (billed, metered) = (by_line(&bill.charges), by_line(&metered));
    assert_eq!(estimate.lines.len(), billed.len());
    for line in &estimate.lines {
        let least = line.min_usd <= line.expected_usd && line.expected_usd <= line.max_usd;
        assert!(least, "{line:?}");
        for seen in [billed[&line.line], metered[&line.line]] {
            let difference = (seen - line.expected_usd).abs();
            let tolerance = seen / Decimal::from(5);
            assert!(difference <= tolerance, "{}: {seen} {line:?}", line.line);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_left_is_the_runs_and_has_its_price() {
    let bench = lived(json!({})).await;
    let name = bench.run.name("");
    let disk = json!({
        "name": "pvc-1", "sizeGb": "30", "type": "zones/us-central1-a/diskTypes/pd-balanced",
        "labels": {"goog-k8s-cluster-name": name, "goog-k8s-cluster-location": "us-central1-a"},
    });
    let url = "https://compute.googleapis.com/compute/v1/projects/kubeproof-rehearsal/zones/us-central1-a/disks";
    let request = http::Request::post(url)
        .header("authorization", format!("Bearer {ACCESS_TOKEN}"))
        .body(bytes::Bytes::from(disk.to_string()))
        .unwrap();
    let transport = bench.connection(Actor::Foreign).transport;
    assert!(transport.send(request).await.unwrap().status().is_success());
    tokio::time::sleep(Duration::from_mins(1)).await;
    let observer = observer(&bench);
    let mut found = Vec::new();
    for listing in observer.cells(&Breadth::Scenario).await.unwrap() {
        found.extend(observer.list(&listing).await.unwrap().resources);
    }
    let left = found.iter().find(|one| one.id.ends_with("pvc-1")).unwrap();
    assert_ne!(observer.proofs(&bench.run, left, &found), [""; 0]);
    // By hand: 30 × 0.10 a month.
    let plan = GkePlan::new(bench.spec.clone(), false);
    let cost = plan.monthly_cost(left).unwrap().usd;
    assert_eq!(cost, Decimal::from(3));
    // It is on the next bill, too.
    let bill = final_bill(&bench).await;
    let charged = bill
        .charges
        .iter()
        .any(|one| one.resource_id.as_deref() == Some("pvc-1"));
    assert!(charged && !bill.is_final, "{:?}", bill.attribution);
}

#[tokio::test(start_paused = true)]
async fn the_credit_of_the_free_tier_is_told_and_not_subtracted() {
    let bill = final_bill(&lived(json!({})).await).await;
    let told = bill
        .attribution
        .iter()
        .any(|text| text.contains("credits of $"));
    assert!(told, "{:?}", bill.attribution);
    assert!(
        bill.charges
            .iter()
            .all(|charge| charge.usd >= Decimal::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn a_bill_that_is_read_early_is_not_final_and_one_without_rows_is_not_zero() {
    let bench = lived(json!({})).await;
    let early = billed(&bench).await;
    assert!(!early.is_final && early.charges.is_empty(), "{early:?}");
    tokio::time::sleep(Duration::from_hours(12)).await;
    let part = billed(&bench).await;
    assert!(
        !part.is_final && !part.charges.is_empty(),
        "{:?}",
        part.attribution
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_an_error_and_a_table_that_is_not_there_yet_is_not() {
    let elsewhere = "kubeproof-rehearsal.moon.gcp_billing_export_resource_v1_01A2B3_C4D5E6_F70819";
    let bench = Bench::new(json!({ "billing_export": elsewhere }), &[]);
    let error = observer(&bench)
        .billed(&bench.run, bench.run.started_at)
        .await;
    assert!(error.unwrap_err().message.contains("Dataset"));
    let bench = Bench::new(
        json!({"billing_export": "kubeproof-rehearsal.billing.moon"}),
        &[],
    );
    let none = billed(&bench).await;
    assert!(!none.is_final && none.charges.is_empty());
    assert!(
        none.attribution[0].contains("there is no table"),
        "{none:?}"
    );
    let bench = Bench::new(json!({}), &[]);
    assert!(observer(&bench).never_billed_because().is_some());
    assert!(
        observer(&bench)
            .billed(&bench.run, bench.run.started_at)
            .await
            .is_err()
    );
}

/// A project whose queries last long and have small pages.
fn slow(_: &GkeSpec, clock: Clock, seed: u64) -> Rehearsal {
    let setup = Setup {
        query_seconds: 90,
        query_page_rows: 3,
        ..Setup::new(seed, clock.now())
    };
    InMemory::rehearsal(GcpCloud::new(setup), clock)
}

#[tokio::test(start_paused = true)]
async fn a_query_that_lasts_is_waited_for_and_read_to_its_last_page() {
    let bench = Bench::with(json!({ "billing_export": TABLE }), &[], slow);
    bench.provisioner().provision().await.unwrap();
    bench.provisioner().teardown().await.unwrap();
    let bill = final_bill(&bench).await;
    let metered = bench
        .ground_truth
        .metered(&bench.run.id, bench.run.started_at);
    let sum = |charges: &[Charge]| -> Decimal { charges.iter().map(|charge| charge.usd).sum() };
    let difference = (sum(&bill.charges) - sum(&metered)).abs();
    assert!(bill.is_final && difference < Decimal::new(1, 4), "{bill:?}");
    assert!(bench.calls("bigquery:jobs.getQueryResults") > 4);
}

/// A bill that is read while calls fail in ways that pass by.
#[tokio::test(start_paused = true)]
async fn calls_that_fail_once_are_repeated() {
    for effect in ["lost-response", "server-error", "throttle(20)", "garbled"] {
        let fault = format!("biller/bigquery:jobs.query#1={effect}");
        let bench = Bench::new(json!({ "billing_export": TABLE }), &[&fault]);
        let bill = billed(&bench).await;
        assert!(bill.charges.is_empty(), "{effect}");
        assert_eq!(bench.calls("bigquery:jobs.query"), 3, "{effect}");
    }
}
