//! What happens to a cluster when the support of its version ends.

use std::time::Duration;

use kubeproof_simkit::cloud::Cloud as _;
use serde_json::{Value, json};

use super::bench::{Bench, text};

/// A cluster of a version with an upgrade policy; the account begins on 2026-11-23.
fn of_version(version: &str, policy: &str) -> Bench {
    let mut bench = Bench::new();
    let network = bench.network(false);
    let mut body = bench.cluster_body(&network);
    body["version"] = json!(version);
    body["upgradePolicy"] = json!({"supportType": policy});
    bench.eks("POST", "/clusters", &body).ok();
    bench.wait(bench.durations.cluster_create);
    bench
}

fn version(bench: &mut Bench) -> String {
    text(&bench.get("/clusters/c1").ok().json()["cluster"]["version"])
}

fn surcharge(bench: &Bench) -> bool {
    let from = bench.now - jiff::SignedDuration::from_hours(24 * 30);
    let all = bench.cloud.charges(from);
    all.iter()
        .any(|charge| charge.usage_type.contains("extendedSupport"))
}

#[test]
fn a_standard_cluster_past_its_support_is_upgraded_version_by_version() {
    let mut bench = of_version("1.32", "STANDARD");
    bench.wait(Duration::from_hours(6));
    assert_eq!(version(&mut bench), "1.34");
    assert!(!surcharge(&bench));
    let updates = bench.get("/clusters/c1/updates").ok().json();
    assert_eq!(updates["updateIds"].as_array().map(Vec::len), Some(2));
    // Standard support of 1.34 ends on 2026-12-02.
    bench.wait(Duration::from_hours(24 * 10));
    assert_eq!(version(&mut bench), "1.35");
}

#[test]
fn an_extended_cluster_keeps_its_version_and_costs_more_from_that_day_on() {
    let mut bench = of_version("1.34", "EXTENDED");
    bench.wait(Duration::from_hours(24 * 8));
    assert!(!surcharge(&bench));
    bench.wait(Duration::from_hours(24 * 2));
    assert_eq!(version(&mut bench), "1.34");
    assert!(surcharge(&bench));
}

#[test]
fn a_version_past_all_support_is_left_for_the_next() {
    // Extended support of 1.31 ends on 2026-11-26.
    let mut bench = of_version("1.31", "EXTENDED");
    assert!(surcharge(&bench));
    bench.wait(Duration::from_hours(24 * 4));
    assert_eq!(version(&mut bench), "1.32");
}

#[test]
fn extended_support_cannot_be_switched_off_once_it_is_entered() {
    let mut bench = of_version("1.33", "EXTENDED");
    let policy = |to: &str| json!({"upgradePolicy": {"supportType": to}});
    let path = "/clusters/c1/update-config";
    let answer = bench.eks("POST", path, &policy("STANDARD"));
    answer.refused(400, "InvalidParameterException", "in extended support");
    let answer = bench.eks("POST", path, &policy("SOMETIMES"));
    answer.refused(400, "InvalidParameterException", "Member must satisfy enum");
    let mut bench = of_version("1.35", "EXTENDED");
    bench.eks("POST", path, &policy("STANDARD")).ok();
    let shown = bench.get("/clusters/c1").ok().json();
    assert_eq!(shown["cluster"]["upgradePolicy"]["supportType"], "STANDARD");
    assert_ne!(shown, Value::Null);
}
