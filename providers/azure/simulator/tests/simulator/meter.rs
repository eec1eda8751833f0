//! Golden bills: worked out by hand from the price list and the rules of billing.
//!
//! The tests begin at 2026-11-18 11:06:40 UTC.

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_simkit::cloud::Cloud as _;
use serde_json::{Value, json};

use crate::bench::{Bench, cluster, group, network, two_nodes};

/// What each line of the run `r1` comes to, rounded to a millionth.
fn lines(bench: &Bench) -> Vec<(String, Decimal)> {
    let mut lines = std::collections::BTreeMap::new();
    for charge in bench.cloud.metered("r1", Timestamp::MIN) {
        *lines.entry(charge.line).or_insert(Decimal::ZERO) += charge.usd;
    }
    let rounded = lines.into_iter();
    rounded
        .map(|(line, usd)| (line, usd.round_dp(6).normalize()))
        .collect()
}

#[track_caller]
fn check(bench: &Bench, expected: &[(&str, &str)]) {
    let expected: Vec<(String, Decimal)> = expected
        .iter()
        .map(|(line, usd)| ((*line).to_owned(), usd.parse().unwrap()))
        .collect();
    assert_eq!(lines(bench), expected);
    assert_eq!(bench.cloud.unpriced(), [""; 0]);
}

/// The checklist's cluster, alive for 45 minutes from its request to the one for its deletion.
fn for_45_minutes(tier: &str) -> Bench {
    let mut bench = Bench::new().with_group();
    let mut body = two_nodes();
    body["sku"] = json!({"name": "Base", "tier": tier});
    bench.is(201, &format!("PUT {}", cluster("")), body);
    bench.wait(2700);
    bench.is(202, &format!("DELETE {}", cluster("")), Value::Null);
    bench.wait(10_000);
    bench
}

#[test]
fn two_nodes_for_45_minutes_cost_what_the_prices_say() {
    // Machines, disks, balancer and address are there from second 120, half of the creation, to second 3000, when the
    // deletion is over: 2880 s. 2 × 0.096 × 2880/3600; 2 × 19.71/730 × 2880/3600. From 11:08:40 to 11:56:40 is one
    // clock hour: 0.025 and 0.005.
    check(
        &for_45_minutes("Free"),
        &[
            ("disks", "0.0432"),
            ("load_balancer", "0.025"),
            ("nodes", "0.1536"),
            ("public_ipv4", "0.005"),
        ],
    );
    // The control plane counts from second 240, when the creation is over: 0.10 × 2760/3600.
    check(
        &for_45_minutes("Standard"),
        &[
            ("control_plane", "0.076667"),
            ("disks", "0.0432"),
            ("load_balancer", "0.025"),
            ("nodes", "0.1536"),
            ("public_ipv4", "0.005"),
        ],
    );
}

#[test]
fn a_tier_that_changes_begins_or_ends_the_fee() {
    let mut bench = Bench::new().with_group();
    bench.made(&format!("PUT {}", cluster("")), two_nodes());
    let tier = |tier: &str| {
        let mut body = two_nodes();
        body["sku"] = json!({"name": "Base", "tier": tier});
        body
    };
    // Each change takes a minute, and the test waits for a quarter of an hour: 840 s of the standard tier, and 60 s
    // more until the change back is over.
    bench.made(&format!("PUT {}", cluster("")), tier("Standard"));
    bench.made(&format!("PUT {}", cluster("")), tier("Free"));
    let fee = lines(&bench)
        .into_iter()
        .find(|(line, _)| line == "control_plane");
    let expected = "0.025".parse().unwrap();
    assert_eq!(fee, Some(("control_plane".to_owned(), expected)));
}

/// A load balancer with so many rules, of which one is an outbound rule.
fn balancer(bench: &mut Bench, rules: usize) {
    let rule = |index| json!({"name": format!("r{index}"), "properties": {"protocol": "Tcp", "frontendPort": index, "backendPort": 80}});
    let inbound: Vec<Value> = (1..rules).map(rule).collect();
    let body = json!({
        "location": "eastus", "tags": {"kubeproof:run": "r1"}, "sku": {"name": "Standard"},
        "properties": {"loadBalancingRules": inbound, "outboundRules": [{"name": "out", "properties": {"protocol": "All"}}]},
    });
    let line = format!("PUT {}", network("loadBalancers/b"));
    let seen = bench.call(&line, body);
    assert!(seen.status < 300, "{}", seen.body);
    bench.wait(10);
}

#[test]
fn five_rules_have_one_price_and_each_further_one_its_own_by_the_hour() {
    let mut bench = Bench::new().with_group();
    balancer(&mut bench, 5);
    check(&bench, &[("load_balancer", "0.025")]);
    // Two more in the same hour: 0.025 + 2 × 0.01.
    balancer(&mut bench, 7);
    check(&bench, &[("load_balancer", "0.045")]);
    // One of them goes: its hour is begun. The others begin no hour anew.
    balancer(&mut bench, 6);
    check(&bench, &[("load_balancer", "0.045")]);
    // The next clock hour: 0.045 + 0.025 + 0.01.
    bench.wait(3600);
    check(&bench, &[("load_balancer", "0.08")]);
    bench.made(
        &format!("DELETE {}", network("loadBalancers/b")),
        Value::Null,
    );
    let before = lines(&bench);
    bench.wait(36_000);
    assert_eq!(lines(&bench), before);
}

#[test]
fn a_gateway_and_its_address_are_billed_by_clock_hours() {
    let mut bench = Bench::new().with_group();
    let tags = json!({"kubeproof:run": "r1"});
    let body =
        json!({"location": "eastus", "tags": tags, "sku": {"name": "Standard"}, "properties": {}});
    bench.is(
        201,
        &format!("PUT {}", network("publicIPAddresses/a")),
        body,
    );
    bench.wait(60);
    let address = json!([{"id": network("publicIPAddresses/a")}]);
    let body = json!({"location": "eastus", "tags": tags, "sku": {"name": "Standard"},
                      "properties": {"publicIpAddresses": address}});
    bench.is(201, &format!("PUT {}", network("natGateways/n")), body);
    // From 11:07 to 13:30: three clock hours of 0.045 and of 0.005.
    bench.wait(8600);
    check(
        &bench,
        &[("nat_gateway", "0.135"), ("public_ipv4", "0.015")],
    );
}

#[test]
fn a_disk_costs_its_tier_for_as_long_as_it_is_there() {
    let mut bench = Bench::new().with_group();
    let line = format!("PUT {}", group("/providers/Microsoft.Compute/disks/d"));
    let disk = |kind: &str, gib: u32| {
        json!({"location": "eastus", "tags": {"kubeproof:run": "r1"}, "sku": {"name": kind},
               "properties": {"diskSizeGB": gib, "creationData": {"createOption": "Empty"}}})
    };
    bench.is(202, &line, disk("StandardSSD_LRS", 4));
    // It is there after 5 s; then 73 hours, a tenth of a month: 0.30 / 10.
    bench.wait(5 + 73 * 3600);
    check(&bench, &[("disks", "0.03")]);
    // 33 GiB of another kind would be billed as 64, whose price is not known.
    let line = format!("PUT {}", group("/providers/Microsoft.Compute/disks/e"));
    bench.is(202, &line, disk("Premium_LRS", 33));
    bench.wait(60);
    assert_eq!(bench.cloud.unpriced(), ["33 GiB of Premium_LRS in eastus"]);
}

#[test]
fn spot_machines_are_billed_at_their_own_price() {
    let mut bench = Bench::new().with_group();
    let mut body = two_nodes();
    body["properties"]["agentPoolProfiles"][0]["count"] = json!(1);
    let spare = json!({"name": "spare", "mode": "User", "count": 2, "vmSize": "Standard_D2s_v3", "scaleSetPriority": "Spot"});
    let pools = body["properties"]["agentPoolProfiles"].as_array_mut();
    pools.unwrap().push(spare);
    bench.is(201, &format!("PUT {}", cluster("")), body);
    bench.wait(2700);
    bench.is(202, &format!("DELETE {}", cluster("")), Value::Null);
    bench.wait(10_000);
    // The same 2880 s as above: (0.096 + 2 × 0.018816) × 0.8, and 3 × 19.71/730 × 0.8.
    check(
        &bench,
        &[
            ("disks", "0.0648"),
            ("load_balancer", "0.025"),
            ("nodes", "0.106906"),
            ("public_ipv4", "0.005"),
        ],
    );
}

#[test]
fn what_has_no_known_price_is_said() {
    let mut bench = Bench::new().with_group();
    let mut body = two_nodes();
    body["properties"]["agentPoolProfiles"][0]["osDiskSizeGB"] = json!(64);
    let spare = json!({"name": "spare", "mode": "User", "count": 1, "vmSize": "Standard_D8s_v5", "scaleSetPriority": "Spot"});
    body["properties"]["agentPoolProfiles"]
        .as_array_mut()
        .unwrap()
        .push(spare);
    bench.made(&format!("PUT {}", cluster("")), body);
    let expected = [
        "64 GiB of Premium_LRS in eastus",
        "spot machine Standard_D8s_v5 in eastus",
    ];
    assert_eq!(bench.cloud.unpriced(), expected);
}
