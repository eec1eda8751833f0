//! The estimate of the cluster that is said to cost 0.18 USD an hour.

use jiff::Timestamp;
use kubeproof_aws::cost::estimate;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};

use crate::setting::spec;

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
    let estimate = estimate(&spec(), None, 60);
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
        let estimate = estimate(&spec(), None, minutes);
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
        let estimate = estimate(&spec(), Some(start), 45);
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
        estimate(&spec(), None, 45)
            .lines
            .iter()
            .all(|line| line.planned_usd.is_none())
    );
}

#[test]
fn what_is_left_out_is_said() {
    let left_out = estimate(&spec(), None, 45).left_out.join("\n");
    for part in ["NAT gateways", "CPU credits", "CloudWatch", "Cost Explorer"] {
        assert!(left_out.contains(part), "{part}");
    }
}
