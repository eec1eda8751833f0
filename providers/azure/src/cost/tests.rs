//! Estimates worked out by hand.

use serde_json::{Value, json};

use super::*;
use crate::spec::tests::spec;

static NOTHING: BTreeMap<String, Decimal> = BTreeMap::new();

/// What tables alone price.
fn input(spec: &AksSpec, leftovers: bool) -> EstimateInput<'_> {
    EstimateInput {
        spec,
        leftovers,
        listed: &NOTHING,
    }
}

#[track_caller]
fn check(estimate: &Estimate, line: &str, expected: [&str; 4]) {
    let lines: Vec<&EstimateLine> = estimate
        .lines
        .iter()
        .filter(|one| one.line == line)
        .collect();
    let sum = |of: fn(&EstimateLine) -> Decimal| {
        lines
            .iter()
            .map(|line| of(line))
            .sum::<Decimal>()
            .normalize()
            .to_string()
    };
    let seen = [
        sum(|line| line.usd_per_hour),
        sum(|line| line.min_usd),
        sum(|line| line.expected_usd),
        sum(|line| line.max_usd),
    ];
    assert_eq!(seen, expected, "{line}");
}

#[test]
fn the_checklists_cluster_costs_what_its_parts_do() {
    let estimate = estimate(input(&spec(json!({"tier": "standard"})), false), None, 45);
    // By hand: 0.1; 2 × 0.096; 2 × 19.71 / 730; and three quarters of each. Of hours one or two are touched.
    check(&estimate, CONTROL_PLANE, ["0.1", "0.075", "0.075", "0.075"]);
    check(&estimate, NODES, ["0.192", "0.144", "0.144", "0.144"]);
    check(&estimate, DISKS, ["0.054", "0.0405", "0.0405", "0.0405"]);
    check(
        &estimate,
        LOAD_BALANCER,
        ["0.025", "0.025", "0.043333", "0.05"],
    );
    check(
        &estimate,
        PUBLIC_IPV4,
        ["0.005", "0.005", "0.008667", "0.01"],
    );
    assert!(estimate.unpriced.is_empty(), "{:?}", estimate.unpriced);
    let claimed = claim(&spec(json!({}))).unwrap().usd_per_hour;
    assert_eq!(claimed.normalize().to_string(), "0.276");
}

#[test]
fn a_gateway_is_billed_in_place_of_a_balancer_which_the_jobs_service_brings() {
    let spec = spec(json!({"outbound": "nat-gateway"}));
    let estimate = estimate(input(&spec, true), None, 45);
    check(&estimate, NAT_GATEWAY, ["0.045", "0.045", "0.078", "0.09"]);
    check(&estimate, LOAD_BALANCER, ["0", "0", "0", "0"]);
    let of_job = estimate.workload.iter().map(|line| line.line.as_str());
    assert_eq!(
        of_job.collect::<Vec<_>>(),
        [PUBLIC_IPV4, DISKS, LOAD_BALANCER]
    );
    // By hand: 0.192 + 0.054 + 0.045 + 0.005.
    let claimed = claim(&spec).unwrap().usd_per_hour;
    assert_eq!(claimed.normalize().to_string(), "0.296");
}

#[test]
fn a_planned_start_says_which_hours_are_touched() {
    let planned = |start: &str, minutes: u32| {
        let estimate = estimate(
            input(&spec(json!({})), false),
            Some(start.parse().unwrap()),
            minutes,
        );
        let line = estimate
            .lines
            .iter()
            .find(|line| line.line == LOAD_BALANCER)
            .unwrap();
        line.planned_usd.unwrap().normalize().to_string()
    };
    assert_eq!(planned("2026-11-29T10:00:00Z", 60), "0.025");
    assert_eq!(planned("2026-11-29T10:30:00Z", 60), "0.05");
    assert_eq!(planned("2026-11-29T10:59:00Z", 62), "0.075");
    assert_eq!(hours(61, true), [Decimal::from(2), Decimal::from(2)]);
    assert_eq!(hours(62, true), [Decimal::from(2), Decimal::from(3)]);
    assert_eq!(hours(1, true), [Decimal::ONE, Decimal::ONE]);
}

#[test]
fn what_has_no_price_makes_the_cost_unknown_and_is_not_claimed() {
    let check = |change: Value, expected: &str| {
        let found = estimate(input(&spec(change.clone()), false), None, 60).unpriced;
        assert!(found.iter().any(|text| text == expected), "{found:?}");
        assert_eq!(claim(&spec(change)), None);
    };
    check(
        json!({"location": "westus2"}),
        "1 × AKS control plane, Free tier in westus2",
    );
    check(
        json!({"location": "westus2"}),
        "1 × load balancer for what leaves the cluster in westus2",
    );
    let pools = |change: Value| {
        let mut pool = json!({"name": "main", "vm_size": "Standard_D2s_v3", "count": 1});
        if let (Some(pool), Value::Object(change)) = (pool.as_object_mut(), change) {
            pool.extend(change);
        }
        json!({"node_pools": [pool]})
    };
    check(
        pools(json!({"vm_size": "Standard_Huge"})),
        "1 × Standard_Huge in eastus",
    );
    check(
        pools(json!({"disk_gb": 64})),
        "1 × 64 GiB premium disk in eastus",
    );
}

#[test]
fn spot_machines_cost_what_the_clouds_own_list_said_and_nothing_known_without_it() {
    let pools = json!([
        {"name": "main", "vm_size": "Standard_D2s_v3", "count": 1},
        {"name": "spare", "vm_size": "Standard_D4s_v3", "count": 2, "spot": true},
    ]);
    let spec = spec(json!({ "node_pools": pools }));
    let without = estimate(input(&spec, false), None, 60);
    assert_eq!(without.unpriced, ["2 × Standard_D4s_v3 (spot) in eastus"]);
    let name = spot_price("eastus", "Standard_D4s_v3");
    let listed = BTreeMap::from([(name, Decimal::new(4, 2))]);
    let with = EstimateInput {
        listed: &listed,
        ..input(&spec, false)
    };
    let estimate = estimate(with, None, 60);
    assert!(estimate.unpriced.is_empty(), "{:?}", estimate.unpriced);
    // By hand: 0.096, and two at 0.04.
    check(&estimate, NODES, ["0.176"; 4]);
    let of_spot = estimate
        .lines
        .iter()
        .find(|line| line.title.contains("spot"));
    assert!(of_spot.unwrap().source.contains("public price list"));
}

#[test]
fn an_exact_time_is_not_rounded_to_minutes() {
    let between = |from: &str, to: &str, line: &str| {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let estimate = estimate_between(input(&spec(json!({})), false), from, to);
        let mut lines = estimate.lines.iter();
        let line = lines.find(|one| one.line == line).unwrap();
        line.planned_usd.unwrap().normalize().to_string()
    };
    // Half a minute before the hour is over: one clock hour, where whole minutes would touch two.
    let times = ("2026-11-29T10:30:20Z", "2026-11-29T10:59:50Z");
    assert_eq!(between(times.0, times.1, LOAD_BALANCER), "0.025");
    // 2 × 0.096 × 1770/3600.
    assert_eq!(between(times.0, times.1, NODES), "0.0944");
    assert_eq!(between(times.1, times.1, LOAD_BALANCER), "0");
}

#[test]
fn what_the_job_leaves_is_estimated_apart() {
    let estimate = estimate(input(&spec(json!({})), true), None, 60);
    let seen: Vec<_> = estimate
        .workload
        .iter()
        .map(|line| {
            (
                line.line.as_str(),
                line.usd_per_hour.normalize().to_string(),
            )
        })
        .collect();
    // An address; 0.30 / 730 for the tier that 4 GiB fit into.
    let expected = [("public_ipv4", "0.005"), ("disks", "0.000411")];
    assert_eq!(seen, expected.map(|(line, usd)| (line, usd.to_owned())));
    assert_eq!(estimate.workload[1].usage_types, ["E1 LRS Disk"]);
    assert_eq!(estimate.lines[2].usage_types, ["P10 LRS Disk"]);
}
