//! What a run costs: by line, to the second, and the credit apart.

use kubeproof_contract::Decimal;
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTERS, cluster, start};

/// The dollars of each line of the run `r1`, in the order of their names.
fn lines(bench: &Bench) -> Vec<(String, Decimal)> {
    let mut sums = std::collections::BTreeMap::<String, Decimal>::new();
    for charge in bench.cloud.metered("r1", start()) {
        *sums.entry(charge.line).or_default() += charge.usd;
    }
    let rounded = sums.into_iter();
    rounded.map(|(line, usd)| (line, usd.round_dp(6))).collect()
}

#[track_caller]
fn check(bench: &Bench, expected: &[(&str, &str)]) {
    let expected: Vec<(String, Decimal)> = expected
        .iter()
        .map(|(line, usd)| ((*line).to_owned(), usd.parse().unwrap()))
        .collect();
    assert_eq!(lines(bench), expected);
}

/// A cluster of two nodes that runs for 45 minutes from its creation on.
fn for_45_minutes(mut body: Value) -> Bench {
    let mut bench = Bench::new();
    body["cluster"]["resourceLabels"] = json!({"kubeproof-run": "r1"});
    bench.ok(&format!("POST {CLUSTERS}"), body);
    bench.wait(45 * 60 - 240);
    bench.ok(&format!("DELETE {CLUSTERS}/c"), Value::Null);
    bench.wait(10_000);
    bench
}

#[test]
fn two_nodes_for_45_minutes_cost_what_the_prices_say() {
    let bench = for_45_minutes(cluster("c"));
    // The control plane runs from minute 5 to minute 45: 40/60 h at 0.10. The machines run from the middle of the
    // creation, 150 s: 2550 s at 2 × 0.03350571 and, for their addresses, 2 × 0.005; their disks of 2 × 100 GB at 0.10
    // for a month of 30 days, which has 2,592,000 s.
    check(
        &bench,
        &[
            ("control_plane", "0.066667"),
            ("disks", "0.019676"),
            ("nodes", "0.047466"),
            ("public_ipv4", "0.007083"),
        ],
    );
    let credits = bench.cloud.credits(start());
    let credit: Decimal = credits.iter().map(|charge| charge.usd).sum();
    assert_eq!(credit.round_dp(6), "-0.066667".parse().unwrap());
    assert!(
        bench.cloud.unpriced().is_empty(),
        "{:?}",
        bench.cloud.unpriced()
    );
}

#[test]
fn a_machine_is_billed_for_a_minute_at_least() {
    let mut bench = Bench::new();
    let body = json!({"name": "m", "machineType": "zones/us-central1-a/machineTypes/e2-standard-2",
                      "labels": {"kubeproof-run": "r1"},
                      "disks": [{"boot": true, "autoDelete": true}]});
    bench.ok("POST compute zones/us-central1-a/instances", body);
    bench.wait(30);
    bench.ok(
        "DELETE compute zones/us-central1-a/instances/m",
        Value::Null,
    );
    bench.wait(1000);
    // From second 25 to 65: 40 s, of which 60 count. The disk of 10 GB costs 0.04 a GB and month.
    check(&bench, &[("disks", "0.000006"), ("nodes", "0.001117")]);
}

#[test]
fn a_spot_machine_has_no_known_price_and_that_is_said() {
    let mut bench = Bench::new();
    let body = json!({"cluster": {"name": "c", "nodePools": [
        {"name": "p", "initialNodeCount": 1, "config": {"spot": true}}]}});
    bench.cluster_made(&format!("POST {CLUSTERS}"), body);
    assert_eq!(bench.cloud.unpriced(), ["spot machine e2-medium"]);
}

#[test]
fn a_gateway_is_billed_for_each_machine_behind_it() {
    let mut bench = Bench::new();
    let router = json!({"name": "r", "network": "global/networks/default", "description": "kubeproof-run=r1",
                        "nats": [{"name": "nat"}]});
    bench.ok("POST compute regions/us-central1/routers", router);
    bench.wait(10);
    let body = json!({"cluster": {"name": "c", "initialNodeCount": 2,
                      "privateClusterConfig": {"enablePrivateNodes": true}}});
    bench.ok(&format!("POST {CLUSTERS}"), body);
    bench.wait(150 + 3600);
    // An hour: 2 × 0.0014, and 0.005 for the gateway's address.
    check(&bench, &[("nat_gateway", "0.007800")]);
}

#[test]
fn a_reserved_address_costs_only_while_it_is_unused() {
    let mut bench = Bench::new();
    let body = json!({"name": "a", "labels": {"kubeproof-run": "r1"}});
    bench.ok("POST compute regions/us-central1/addresses", body);
    bench.wait(5 + 1800);
    let pool = json!({"name": "p"});
    bench.ok("POST compute regions/us-central1/targetPools", pool);
    bench.wait(10);
    let rule = json!({"name": "f", "target": "regions/us-central1/targetPools/p",
                      "IPAddress": "regions/us-central1/addresses/a", "portRange": "80"});
    bench.ok("POST compute regions/us-central1/forwardingRules", rule);
    bench.wait(10_000);
    // 1800 + 10 + 10 s at 0.01.
    check(&bench, &[("public_ipv4", "0.005056")]);
}
