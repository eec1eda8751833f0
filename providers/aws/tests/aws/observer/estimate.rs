//! The estimate of the cluster that is advertised at 0.18 USD an hour.

use jiff::Timestamp;
use kubeproof_aws::cost::{self, EstimateInput};
use kubeproof_aws::spec::EksSpec;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};

use super::bench::{START, spec};

/// The estimate of the default cluster, without what its job leaves.
fn estimate(start: Option<Timestamp>, minutes: u32) -> Estimate {
    let (spec, today) = (spec(), START.parse().unwrap());
    let input = EstimateInput {
        spec: &spec,
        leftovers: false,
        today,
        beyond: &[],
    };
    cost::estimate(&input, start, minutes)
}

fn sum(estimate: &Estimate, part: impl Fn(&EstimateLine) -> Decimal) -> String {
    estimate
        .lines
        .iter()
        .map(part)
        .sum::<Decimal>()
        .round_dp(4)
        .normalize()
        .to_string()
}

#[test]
fn an_hour_costs_0_287584_at_list_prices() {
    let estimate = estimate(None, 60);
    assert_eq!(estimate.usd_per_hour().to_string(), "0.287584");
    let lines: Vec<(String, String)> = estimate
        .lines
        .iter()
        .map(|line| (line.line.clone(), line.usd_per_hour.normalize().to_string()))
        .collect();
    let expected = [
        ("control_plane", "0.1"),
        ("nodes", "0.0832"),
        ("nat_gateway", "0.09"),
        ("public_ipv4", "0.01"),
        ("disks", "0.004384"),
    ];
    assert_eq!(
        lines,
        expected.map(|(line, usd)| (line.to_owned(), usd.to_owned()))
    );
    assert!(
        estimate
            .lines
            .iter()
            .all(|line| line.source.contains("2026-")),
        "a source without date"
    );
}

#[test]
fn what_a_run_costs_depends_on_the_minute_at_which_it_starts() {
    let check = |minutes: u32, min: &str, expected: &str, max: &str| {
        let estimate = estimate(None, minutes);
        assert_eq!(
            sum(&estimate, |line| line.min_usd),
            min,
            "{minutes} min, least"
        );
        assert_eq!(
            sum(&estimate, |line| line.expected_usd),
            expected,
            "{minutes} min, expected"
        );
        assert_eq!(
            sum(&estimate, |line| line.max_usd),
            max,
            "{minutes} min, most"
        );
    };
    check(45, "0.2382", "0.3057", "0.3282");
    check(40, "0.2217", "0.2817", "0.3117");
    check(30, "0.1888", "0.2338", "0.2788");
    check(60, "0.2876", "0.3776", "0.3776");
}

#[test]
fn a_known_start_gives_the_planned_cost() {
    let check = |start: &str, expected: &str| {
        let start: Timestamp = start.parse().unwrap();
        let estimate = estimate(Some(start), 45);
        assert_eq!(
            sum(&estimate, |line| line.planned_usd.unwrap()),
            expected,
            "{start}"
        );
    };
    check("2026-11-23T10:00:00Z", "0.2382");
    check("2026-11-23T10:15:00Z", "0.2382");
    check("2026-11-23T10:15:01Z", "0.3282");
    assert!(
        estimate(None, 45)
            .lines
            .iter()
            .all(|line| line.planned_usd.is_none())
    );
}

#[test]
fn what_is_left_out_is_said() {
    let left_out = estimate(None, 45).left_out.join("\n");
    for part in ["NAT gateways", "CPU credits", "CloudWatch", "Cost Explorer"] {
        assert!(left_out.contains(part), "{part}");
    }
}

/// The lines of an estimate with their first usage type and the list price of an hour; then what has no
/// price.
#[track_caller]
fn check(change: impl Fn(&mut EksSpec), leftovers: bool, expected: &[&str], unpriced: &[&str]) {
    let mut spec = spec();
    change(&mut spec);
    let input = EstimateInput {
        spec: &spec,
        leftovers,
        today: START.parse().unwrap(),
        beyond: &[],
    };
    let estimate = cost::estimate(&input, None, 60);
    let lines: Vec<String> = estimate
        .all_lines()
        .map(|line| {
            let usage = &line.usage_types[0];
            let usd = line.usd_per_hour.normalize();
            format!("{} {usage} {usd}", line.title)
        })
        .collect();
    assert_eq!(lines, expected);
    assert_eq!(estimate.unpriced, unpriced);
}

// By hand from the price table: 0.1 a control plane, 0.5 extended support, 0.0416 a t3.medium, 0.096 an
// m5.large, 0.045 a NAT gateway, 0.005 an address, 0.08 a GB and month of 730 hours, 0.025 a balancer.
const CONTROL_PLANE: &str = "1 × EKS control plane USE1-AmazonEKS-Hours:perCluster 0.1";
const T3: &str = "2 × t3.medium USE1-BoxUsage:t3.medium 0.0832";
const NAT: &str = "2 × NAT gateway USE1-NatGateway-Hours 0.09";
const ADDRESSES: &str = "2 × public IPv4 address USE1-PublicIPv4:InUseAddress 0.01";
const DISKS: &str = "2 × 20 GB gp3 USE1-EBS:VolumeUsage.gp3 0.004384";

#[test]
fn two_usage_types_are_two_lines() {
    let another = |spec: &mut EksSpec| {
        let mut group = spec.node_groups.0[0].clone();
        group.instance_type.0 = "m5.large".to_owned();
        spec.node_groups.0.push(group);
    };
    let m5 = "2 × m5.large USE1-BoxUsage:m5.large 0.192";
    check(
        another,
        false,
        &[CONTROL_PLANE, T3, m5, NAT, ADDRESSES, DISKS, DISKS],
        &[],
    );
    let old = |spec: &mut EksSpec| spec.kubernetes_version.0 = "1.33".to_owned();
    let surcharge =
        "1 × extended support of Kubernetes 1.33 USE1-AmazonEKS-Hours:extendedSupport 0.5";
    check(
        old,
        false,
        &[CONTROL_PLANE, surcharge, T3, NAT, ADDRESSES, DISKS],
        &[],
    );
}

#[test]
fn what_the_job_leaves_is_estimated_apart() {
    let balancer = "1 × classic load balancer of the job USE1-LoadBalancerUsage 0.025";
    let addresses =
        "2 × public IPv4 address of the job's balancer USE1-PublicIPv4:InUseAddress 0.01";
    // 4 GB × 0.08 / 730.
    let volume = "1 × 4 GB gp2 USE1-EBS:VolumeUsage.gp2 0.000548";
    let all = [
        CONTROL_PLANE,
        T3,
        NAT,
        ADDRESSES,
        DISKS,
        balancer,
        addresses,
        volume,
    ];
    check(|_| {}, true, &all, &[]);
}

#[test]
fn what_has_no_price_is_reported_and_is_never_zero() {
    let unknown_type = |spec: &mut EksSpec| {
        spec.node_groups.0[0].instance_type.0 = "r5.large".to_owned();
    };
    let rest = [CONTROL_PLANE, NAT, ADDRESSES, DISKS];
    check(unknown_type, false, &rest, &["2 × r5.large in us-east-1"]);
    let unknown_region = |spec: &mut EksSpec| spec.region.0 = "eu-central-1".to_owned();
    let all = [
        "1 × EKS control plane in eu-central-1",
        "2 × t3.medium in eu-central-1",
        "2 × NAT gateway in eu-central-1",
        "2 × public IPv4 address in eu-central-1",
        "2 × 20 GB gp3 in eu-central-1",
    ];
    check(unknown_region, false, &[], &all);
}

#[test]
fn a_life_is_estimated_to_the_second() {
    // From 10:15:30 to 10:59:50 is one clock hour of two gateways; a minute more would be two.
    let (spec, today) = (spec(), START.parse().unwrap());
    let input = EstimateInput {
        spec: &spec,
        leftovers: false,
        today,
        beyond: &[],
    };
    let check = |to: &str, expected: &str| {
        let from = "2026-11-23T10:15:30Z".parse().unwrap();
        let estimate = cost::estimate_between(&input, from, to.parse().unwrap());
        let line = estimate
            .lines
            .iter()
            .find(|line| line.line == "nat_gateway");
        assert_eq!(line.unwrap().planned_usd, Some(expected.parse().unwrap()));
    };
    check("2026-11-23T10:59:50Z", "0.09");
    check("2026-11-23T11:00:30Z", "0.18");
}
