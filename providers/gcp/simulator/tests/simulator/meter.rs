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
    // The fee is due for the 45 minutes of the cluster's life: 0.10 × 45/60. The machines run from the middle of the
    // creation, 150 s: 2550 s at 2 × 0.03350571 and, for their addresses, 2 × 0.005; their disks of 2 × 100 GB at 0.10
    // for a month of 30 days, which has 2,592,000 s.
    check(
        &bench,
        &[
            ("control_plane", "0.075000"),
            ("disks", "0.019676"),
            ("nodes", "0.047466"),
            ("public_ipv4", "0.007083"),
        ],
    );
    let credits = bench.cloud.credits(start());
    let credit: Decimal = credits.iter().map(|charge| charge.usd).sum();
    assert_eq!(credit.round_dp(6), "-0.075000".parse().unwrap());
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
    check(
        &bench,
        &[("nat_gateway", "0.002800"), ("public_ipv4", "0.005000")],
    );
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

/// Golden bills: from the price list by hand, for the checklist's cluster.
#[test]
fn the_checklists_two_nodes_for_45_minutes_cost_what_the_price_list_says() {
    let pool = json!({"name": "main", "initialNodeCount": 2,
                      "config": {"machineType": "e2-standard-2", "diskSizeGb": 100, "diskType": "pd-balanced"}});
    let bench = for_45_minutes(json!({"cluster": {"name": "c", "nodePools": [pool]}}));
    // The fee is due for all 45 minutes: 0.10 × 45/60. The machines run for 2550 s (42.5 minutes) of the 2700:
    // 2 × 0.06701142 × 2550/3600 and, for addresses, 2 × 0.005 × 2550/3600. November has 2,592,000 s:
    // 2 × 100 × 0.10 × 2550/2592000.
    check(
        &bench,
        &[
            ("control_plane", "0.075000"),
            ("disks", "0.019676"),
            ("nodes", "0.094933"),
            ("public_ipv4", "0.007083"),
        ],
    );
}

/// What a line of the run `r1` gains in so many seconds.
fn gained(bench: &mut Bench, line: &str, seconds: i64) -> Decimal {
    let sum = |bench: &Bench| -> Decimal {
        let all = lines(bench).into_iter();
        all.filter(|(name, _)| name == line)
            .map(|(_, usd)| usd)
            .sum()
    };
    let before = sum(bench);
    bench.wait(seconds);
    sum(bench) - before
}

#[track_caller]
fn check_gain(bench: &mut Bench, line: &str, seconds: i64, expected: &str) {
    let difference = gained(bench, line, seconds) - expected.parse::<Decimal>().unwrap();
    // Both sums are rounded to a millionth.
    assert!(difference.abs() <= Decimal::new(1, 6), "{difference}");
}

#[test]
fn a_disk_costs_its_share_of_a_month_of_real_length() {
    let mut bench = Bench::new();
    let disk = json!({"name": "d", "sizeGb": "100", "labels": {"kubeproof-run": "r1"},
                      "type": "zones/us-central1-a/diskTypes/pd-ssd"});
    bench.ok("POST compute zones/us-central1-a/disks", disk);
    bench.wait(60);
    // A day of November: 100 × 0.17 / 30.
    check_gain(&mut bench, "disks", 86_400, "0.566667");
    let noon: jiff::Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
    let until = noon.duration_since(bench.now).as_secs();
    bench.wait(until);
    // Half a day of November and half a day of December, which has 31: 17 × (0.5/30 + 0.5/31).
    check_gain(&mut bench, "disks", 86_400, "0.557527");
}

#[test]
fn five_forwarding_rules_have_one_price_and_each_further_one_its_own() {
    let mut bench = Bench::new();
    let regional = "POST compute regions/us-central1";
    bench.ok(&format!("{regional}/targetPools"), json!({"name": "p"}));
    bench.wait(60);
    let rule = |bench: &mut Bench, index: usize| {
        let body = json!({"name": format!("f{index}"), "labels": {"kubeproof-run": "r1"},
                          "target": "regions/us-central1/targetPools/p", "portRange": "80"});
        bench.made(&format!("{regional}/forwardingRules"), body);
    };
    rule(&mut bench, 1);
    // An hour of the first five together, of which there is one.
    check_gain(&mut bench, "load_balancer", 3600, "0.025");
    for index in 2..=5 {
        rule(&mut bench, index);
    }
    check_gain(&mut bench, "load_balancer", 3600, "0.025");
    rule(&mut bench, 6);
    rule(&mut bench, 7);
    // And two of 0.01.
    check_gain(&mut bench, "load_balancer", 3600, "0.045");
}

#[test]
fn a_regional_cluster_gets_no_credit() {
    let mut bench = Bench::new();
    let body = json!({"cluster": {"name": "c", "resourceLabels": {"kubeproof-run": "r1"},
                      "nodePools": [{"name": "main", "initialNodeCount": 1}]}});
    bench.ok("POST container locations/us-central1/clusters", body);
    bench.wait(3600);
    // An hour: one fee, and a machine in each of three zones: 3 × 0.03350571.
    check_gain(&mut bench, "control_plane", 3600, "0.10");
    check_gain(&mut bench, "nodes", 3600, "0.100517");
    assert!(bench.cloud.credits(start()).is_empty());
}

#[test]
fn a_cluster_that_could_not_be_made_costs_its_fee_until_it_failed() {
    let mut bench = Bench::new();
    let create = format!("POST {CLUSTERS}");
    bench.faulty("async-fail(GCE_STOCKOUT)", &create, cluster("c"));
    bench.wait(1800);
    assert_eq!(bench.cluster("c")["status"], "ERROR");
    // The creation of a cluster of a zone takes 300 s: 0.10 × 300/3600. It would be there for an hour.
    let fee: Vec<_> = lines(&bench)
        .into_iter()
        .filter(|(line, _)| line == "control_plane")
        .collect();
    let expected = ("control_plane".to_owned(), "0.008333".parse().unwrap());
    assert_eq!(fee, [expected]);
}
