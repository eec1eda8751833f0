//! The bill of a run, as Cost Management shows it: what the meter counted, line by line, in two currencies, early and
//! final, and what must not be taken for it.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_azure::observer::AksObserver;
use kubeproof_azure::plan::AksPlan;
use kubeproof_azure::rehearsal::SUBSCRIPTION;
use kubeproof_azure::spec::AksSpec;
use kubeproof_azure_simulator::cloud::AzureCloud;
use kubeproof_azure_simulator::setup::{Currency, Setup};
use kubeproof_contract::Decimal;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::{Billed, Charge};
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::observer::{Billing as _, ObserverError};
use kubeproof_contract::plan::{Plan as _, PriceContext};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_simkit::in_memory::InMemory;
use serde_json::{Value, json};

use crate::bench::Bench;

/// A subscription with another setup.
fn with(change: fn(&mut Setup)) -> impl Fn(&AksSpec, Clock, u64) -> Rehearsal {
    move |spec, clock, seed| {
        let mut setup = Setup {
            subscription: spec.subscription.0.clone(),
            ..Setup::new(seed, clock.now())
        };
        change(&mut setup);
        InMemory::rehearsal(AzureCloud::new(setup), clock)
    }
}

/// The checklist's cluster, standard tier, that lived for 45 minutes.
async fn lived_in(faults: &[&str], change: fn(&mut Setup)) -> Bench {
    let bench = Bench::with(json!({"tier": "standard"}), faults, with(change));
    bench.provisioner().provision().await.unwrap();
    tokio::time::sleep(Duration::from_mins(45)).await;
    bench.provisioner().teardown().await.unwrap();
    bench
}

async fn lived() -> Bench {
    lived_in(&[], |_| {}).await
}

fn observer(bench: &Bench) -> AksObserver {
    AksObserver::new(bench.spec.clone(), &bench.connection(Actor::Biller))
}

async fn reading(bench: &Bench) -> Result<Billed, ObserverError> {
    let observer = observer(bench);
    observer.billed(&bench.run, bench.run.started_at).await
}

async fn billed(bench: &Bench) -> Billed {
    reading(bench).await.unwrap()
}

async fn wait_until_final(bench: &Bench) {
    let now = bench.clock.now();
    let after = observer(bench).billing_final_after(now).duration_since(now);
    tokio::time::sleep(after.unsigned_abs()).await;
}

/// Waits until the bill should be final, and reads it.
async fn final_bill(bench: &Bench) -> Billed {
    wait_until_final(bench).await;
    billed(bench).await
}

fn metered(bench: &Bench) -> Vec<Charge> {
    let (run, from) = (&bench.run.id, bench.run.started_at);
    bench.ground_truth.metered(run, from)
}

fn by_line(charges: &[Charge]) -> BTreeMap<String, Decimal> {
    let mut lines = BTreeMap::new();
    for charge in charges {
        *lines.entry(charge.line.clone()).or_default() += charge.usd;
    }
    lines
}

const LINES: [&str; 5] = [
    "control_plane",
    "disks",
    "load_balancer",
    "nodes",
    "public_ipv4",
];

/// Checks that a bill shows each line as the meter counted it.
#[track_caller]
fn agrees(bench: &Bench, bill: &Billed) {
    let (seen, counted) = (by_line(&bill.charges), by_line(&metered(bench)));
    assert_eq!(seen.keys().collect::<Vec<_>>(), LINES);
    assert_eq!(counted.keys().collect::<Vec<_>>(), LINES);
    for (line, usd) in seen {
        let difference = (usd - counted[&line]).abs();
        // Costs have eight decimals.
        assert!(
            difference < Decimal::new(5, 7),
            "{line}: {usd} {}",
            counted[&line]
        );
    }
}

fn says(bill: &Billed, words: &str) -> bool {
    bill.attribution.iter().any(|text| text.contains(words))
}

#[tokio::test(start_paused = true)]
async fn estimate_meter_and_final_bill_agree_line_by_line() {
    let bench = lived().await;
    let bill = final_bill(&bench).await;
    assert!(bill.is_final, "{:?}", bill.attribution);
    agrees(&bench, &bill);
    // Nearly five minutes until the cluster runs, 45, and over seven until its group is gone.
    let plan = AksPlan::new(bench.spec.clone());
    let prices = PriceContext::at(bench.run.started_at);
    let estimate = plan.estimate(&prices, Some(bench.run.started_at), 55);
    let billed = by_line(&bill.charges);
    assert_eq!(estimate.lines.len(), billed.len());
    for line in &estimate.lines {
        let planned = line.planned_usd.unwrap();
        let seen = billed[&line.line];
        let tolerance = seen / Decimal::from(5);
        assert!(
            (seen - planned).abs() <= tolerance,
            "{}: {seen} {line:?}",
            line.line
        );
        assert!(
            line.min_usd <= planned && planned <= line.max_usd,
            "{line:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_bill_in_euros_is_the_same_in_dollars_and_says_its_rate() {
    let bench = lived_in(&[], |setup| setup.currency = Currency::eur()).await;
    let bill = final_bill(&bench).await;
    assert!(bill.is_final, "{:?}", bill.attribution);
    agrees(&bench, &bill);
    assert!(says(&bill, "billed in EUR"), "{:?}", bill.attribution);
    assert!(
        says(&bill, "0.8785 EUR for a US dollar"),
        "{:?}",
        bill.attribution
    );
}

#[tokio::test(start_paused = true)]
async fn a_currency_without_a_rate_is_no_bill() {
    // The amounts in US dollars only repeat those in euros.
    let nameless = |setup: &mut Setup| {
        setup.currency = Currency {
            code: "EUR".to_owned(),
            per_usd: Decimal::ONE,
        };
    };
    let bench = lived_in(&[], nameless).await;
    wait_until_final(&bench).await;
    let error = reading(&bench).await.unwrap_err();
    assert!(error.message.contains("rate is not known"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_early_bill_is_pending_then_provisional_then_stable() {
    let bench = lived().await;
    let none = billed(&bench).await;
    assert!(!none.is_final && none.charges.is_empty(), "{none:?}");
    assert!(says(&none, "pending"));
    tokio::time::sleep(Duration::from_hours(20)).await;
    let part = billed(&bench).await;
    assert!(!part.is_final && !part.charges.is_empty(), "{part:?}");
    assert!(says(&part, "provisional"));
    tokio::time::sleep(Duration::from_hours(60)).await;
    let stable = billed(&bench).await;
    assert!(!stable.is_final && says(&stable, "stable"), "{stable:?}");
    agrees(&bench, &stable);
}

#[tokio::test(start_paused = true)]
async fn refunds_are_told_and_the_bill_stays_gross() {
    let bench = lived_in(&[], |setup| setup.refunded_percent = 95).await;
    let bill = final_bill(&bench).await;
    agrees(&bench, &bill);
    assert!(
        says(&bill, "not usage, and not counted: Refund of -"),
        "{:?}",
        bill.attribution
    );
}

/// Replaces the tags of the cluster, which hold for usage from then on.
async fn retag(bench: &Bench, tags: Value) {
    let cluster = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/kp-r1/providers/Microsoft.ContainerService/managedClusters/kp-r1"
    );
    bench
        .other("PATCH", &cluster, json!({ "tags": tags }))
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_tag_is_still_the_runs_by_its_group() {
    let bench = Bench::new(json!({"tier": "standard"}), &[]);
    bench.provisioner().provision().await.unwrap();
    retag(&bench, json!({})).await;
    // Usage of an hour shows the tags with which it began.
    tokio::time::sleep(Duration::from_mins(90)).await;
    retag(
        &bench,
        json!({"kubeproof:run": "r1", "kubeproof:owner": "tester"}),
    )
    .await;
    bench.provisioner().teardown().await.unwrap();
    let bill = final_bill(&bench).await;
    agrees(&bench, &bill);
    assert!(
        says(&bill, "carries no tag and is known by its group alone"),
        "{:?}",
        bill.attribution
    );
}

#[tokio::test(start_paused = true)]
async fn in_a_group_of_others_the_tag_tells_what_is_the_runs() {
    let bench = Bench::new(
        json!({"tier": "standard", "resource_group": "kp-legacy"}),
        &[],
    );
    bench.provisioner().provision().await.unwrap();
    tokio::time::sleep(Duration::from_mins(45)).await;
    bench.provisioner().teardown().await.unwrap();
    let bill = final_bill(&bench).await;
    // The group's own disk and address are on the same bill, and are not the run's.
    agrees(&bench, &bill);
    assert!(
        says(&bill, "lies in other groups and is known by its tag alone"),
        "{:?}",
        bill.attribution
    );
}

#[tokio::test(start_paused = true)]
async fn pages_are_read_to_the_last_and_one_that_comes_twice_is_no_bill() {
    let bench = lived_in(&[], |setup| setup.cost_page_rows = 2).await;
    agrees(&bench, &final_bill(&bench).await);
    let bench = lived_in(&["biller/arm:query.usage#1=repeated-page"], |_| {}).await;
    wait_until_final(&bench).await;
    let error = reading(&bench).await.unwrap_err();
    assert!(error.message.contains("twice"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_once_are_repeated_and_throttling_is_waited_for() {
    for effect in ["lost-response", "server-error", "throttle(20)", "garbled"] {
        let fault = format!("biller/arm:query.usage#1={effect}");
        let bench = lived_in(&[&fault], |_| {}).await;
        let bill = final_bill(&bench).await;
        assert!(bill.is_final, "{effect}");
        agrees(&bench, &bill);
    }
    // Sixteen questions in four seconds: twelve are answered at once.
    let bench = lived().await;
    wait_until_final(&bench).await;
    for _ in 0..4 {
        agrees(&bench, &billed(&bench).await);
    }
    assert!(bench.throttled().contains(&"arm:query.usage".to_owned()));
}
