//! Faults that the fault layer leaves to the simulator: each is carried out and acknowledged.

use serde_json::{Value, json};

use crate::bench::{Bench, endpoint, endpoint_with};

const NO: Value = Value::Null;

/// Creates an endpoint under a fault, and checks its state after a day.
#[track_caller]
fn check(fault: &str, expected: &str) {
    let mut bench = Bench::new();
    let least = [("/compute/scaling/minReplica", json!(1))];
    let seen = bench.faulty(fault, "POST endpoint", &endpoint_with("e", &least));
    assert_eq!(seen.status, 202);
    bench.wait(24 * 3600);
    assert_eq!(bench.state("e"), expected, "{fault}");
}

#[test]
fn a_creation_fails_never_ends_or_never_finds_a_machine() {
    check("async-fail", "failed");
    check("async-fail(out-of-memory)", "failed");
    check("async-fail(no-capacity)", "pending");
    check("capacity", "pending");
    check("async-stuck", "initializing");
    check("async-late(3)", "running");
}

#[test]
fn a_late_creation_takes_as_many_times_as_long() {
    let mut bench = Bench::new();
    bench.faulty("async-late(3)", "POST endpoint", &endpoint("e"));
    bench.wait(3 * 80 - 1);
    assert_eq!(bench.state("e"), "initializing");
    bench.wait(1);
    assert_eq!(bench.state("e"), "running");
}

#[test]
fn a_change_fails_or_never_ends() {
    let mut bench = Bench::new();
    let least = [("/compute/scaling/minReplica", json!(1))];
    bench.running(&endpoint_with("e", &least));
    let change = json!({"model": {"revision": "v2"}});
    bench.faulty("async-fail", "PUT endpoint /e", &change);
    bench.wait(600);
    assert_eq!(bench.state("e"), "updateFailed");
    bench.faulty(
        "async-stuck",
        "PUT endpoint /e",
        &json!({"model": {"revision": "main"}}),
    );
    bench.wait(24 * 3600);
    assert_eq!(bench.state("e"), "updating");
}

#[test]
fn a_resume_and_a_call_that_wakes_can_fail() {
    let mut bench = Bench::new();
    let url = bench.running(&endpoint("e"));
    bench.ok("POST endpoint /e/pause", &NO);
    bench.faulty("capacity", "POST endpoint /e/resume", &NO);
    bench.wait(3600);
    assert_eq!(bench.state("e"), "pending");
    bench.ok("POST endpoint /e/pause", &NO);
    bench.ok("POST endpoint /e/resume", &NO);
    bench.wait(84);
    bench.ok("POST endpoint /e/scale-to-zero", &NO);
    let woken = bench.faulty(
        "async-fail",
        &format!("POST {url} /"),
        &json!({"inputs": "x"}),
    );
    assert_eq!(woken.status, 503);
    bench.wait(600);
    assert_eq!(bench.state("e"), "failed");
}

#[test]
fn an_unknown_failure_is_refused_by_its_name_and_nothing_is_made() {
    let mut bench = Bench::new();
    let mut request = crate::bench::request("POST endpoint", &endpoint("e"));
    let header = kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
    request
        .headers_mut()
        .insert(header, "async-fail(fire)".parse().unwrap());
    let seen = bench.send(request);
    assert_eq!(seen.status, 501);
    assert!(seen.text.contains("async-fail(fire)"), "{seen:?}");
    assert_eq!(bench.made("inference_endpoint"), [""; 0]);
}
