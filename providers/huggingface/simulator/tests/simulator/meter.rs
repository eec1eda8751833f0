//! Golden bills, worked out by hand from the price page and its rule: "charged while initializing and running", "billed
//! per minute" (`reference/cost.md`, 1.5). A part of a minute counts as a whole one.

use kubeproof_contract::Decimal;
use kubeproof_contract::cost::Charge;
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::bench::{Bench, endpoint, endpoint_with, start};

const NO: Value = Value::Null;

/// The hours and dollars of a run's charges.
#[track_caller]
fn billed(bench: &Bench, expected: &[(&str, &str)]) {
    let charges = bench.cloud.metered("r1", start());
    let seen: Vec<(String, String)> = charges
        .iter()
        .map(|Charge { quantity, usd, .. }| {
            let round = |number: &Decimal| number.round_dp(6).normalize().to_string();
            (round(quantity), round(usd))
        })
        .collect();
    let seen: Vec<(&str, &str)> = seen
        .iter()
        .map(|(h, usd)| (h.as_str(), usd.as_str()))
        .collect();
    assert_eq!(seen, expected, "{charges:?}");
}

#[test]
fn initializing_and_running_are_billed_by_the_minute_and_waiting_is_not() {
    let mut bench = Bench::new();
    bench.ok("POST endpoint", &endpoint("e"));
    // Pending for 20 s.
    bench.wait(20);
    billed(&bench, &[("0", "0")]);
    // 41 s of initializing are a minute: 1/60 h, 0.033/60.
    bench.wait(41);
    billed(&bench, &[("0.016667", "0.00055")]);
    // From second 20 to 20 + 3600 s: one hour.
    bench.wait(3600 - 41);
    let charge = &bench.cloud.metered("r1", start())[0];
    assert_eq!(
        (charge.line.as_str(), charge.unit.as_str()),
        ("endpoint_replica", "Hrs")
    );
    assert_eq!(charge.usage_type, "aws-us-east-1-intel-spr-x1");
    // It went to sleep 15 minutes after it was ready: 60 s + 900 s are 16 minutes, 0.266667 h.
    billed(&bench, &[("0.266667", "0.0088")]);
}

#[test]
fn what_is_paused_or_at_zero_costs_nothing() {
    let mut bench = Bench::new();
    let least = [("/compute/scaling/minReplica", json!(1))];
    bench.ok("POST endpoint", &endpoint_with("e", &least));
    bench.wait(20 + 600);
    bench.ok("POST endpoint /e/pause", &NO);
    bench.wait(48 * 3600);
    billed(&bench, &[("0.166667", "0.0055")]);
    // 84 s of resuming and 96 s of running are 3 minutes.
    bench.ok("POST endpoint /e/resume", &NO);
    bench.wait(180);
    bench.ok("POST endpoint /e/scale-to-zero", &NO);
    bench.wait(48 * 3600);
    billed(&bench, &[("0.166667", "0.0055"), ("0.05", "0.00165")]);
}

/// The advanced example of the price page: $0.5 an hour, one replica all the time and two more for a quarter of an hour,
/// $0.75. Here on two replicas, because they have to be asked for: the second one for 15 minutes, $0.5 + $0.125.
#[test]
fn each_replica_is_billed_for_its_own_time() {
    let mut bench = Bench::new();
    let compute = json!({
        "accelerator": "gpu", "instanceType": "nvidia-t4", "instanceSize": "x1",
        "scaling": {"minReplica": 1, "maxReplica": 2},
    });
    bench.ok(
        "POST endpoint",
        &endpoint_with("e", &[("/compute", compute)]),
    );
    bench.wait(20 + 1800);
    let two = json!({"compute": {"scaling": {"minReplica": 2}}});
    bench.ok("PUT endpoint /e", &two);
    // A change of the replicas alone is applied after 15 s.
    bench.wait(15 + 900);
    let one = json!({"compute": {"scaling": {"minReplica": 1, "maxReplica": 1}}});
    bench.ok("PUT endpoint /e", &one);
    bench.wait(15);
    bench.wait(3600 - 1800 - 15 - 900 - 15);
    bench.ok("DELETE endpoint /e", &NO);
    bench.wait(3600);
    // The second one ran for 900 s, and for the 15 s until it was taken away: 16 minutes.
    billed(&bench, &[("1", "0.5"), ("0.266667", "0.133333")]);
}

#[test]
fn a_failure_ends_the_bill_and_a_forgotten_gpu_costs_its_month() {
    let mut bench = Bench::new();
    let document = endpoint_with("e", &[("/model/revision", json!("nope"))]);
    bench.ok("POST endpoint", &document);
    bench.wait(30 * 24 * 3600);
    // Only the minute of its initializing: a guess, because the page says "successfully deployed".
    billed(&bench, &[("0.016667", "0.00055")]);

    let mut bench = Bench::new();
    let compute = json!({
        "accelerator": "gpu", "instanceType": "nvidia-l4", "instanceSize": "x1",
        "scaling": {"minReplica": 1, "maxReplica": 1},
    });
    bench.ok(
        "POST endpoint",
        &endpoint_with("e", &[("/compute", compute)]),
    );
    bench.wait(20 + 730 * 3600);
    // 730 h at $0.8.
    billed(&bench, &[("730", "584")]);
}

#[test]
fn a_bystanders_replicas_are_on_no_bill() {
    let mut bench = Bench::new();
    bench.wait(3600);
    assert_eq!(bench.cloud.charges(start()), []);
}
