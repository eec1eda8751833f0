//! The well-known "$0.18 an hour" cluster on the simulator's own meter: what 45 minutes of it are
//! billed, within one clock hour and across two.
//!
//! The figures are those of the worked example in `providers/aws/COST.md`, computed by hand from list
//! prices, not taken from the meter.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubeproof_aws_simulator::billing::usage;
use kubeproof_aws_simulator::setup::Setup;
use kubeproof_aws_simulator::state::State;
use kubeproof_contract::Decimal;

const RUN: &str = "r1";
const NAMES: [&str; 2] = ["a", "b"];

/// All of the cluster runs from `start` for `minutes`; returns the charges per line.
fn bill(start: &str, minutes: i64) -> BTreeMap<String, Decimal> {
    let start: Timestamp = start.parse().expect("date");
    let mut state = State::new(Setup::new(1, "us-east-1", start));
    let tags = BTreeMap::from([("kubeproof:run".to_owned(), RUN.to_owned())]);
    usage::control_plane(&mut state, "cluster", &tags, Some(RUN));
    for name in NAMES {
        usage::nat_gateway(&mut state, &format!("nat-{name}"), &tags, Some(RUN));
        usage::public_ipv4(&mut state, &format!("eip-{name}"), true, Some(RUN));
        usage::instance(
            &mut state,
            &format!("i-{name}"),
            "t3.medium",
            &tags,
            Some(RUN),
        );
        usage::volume(
            &mut state,
            &format!("vol-{name}"),
            (20, false),
            &tags,
            Some(RUN),
        );
    }
    state.now = start + SignedDuration::from_mins(minutes);
    let mut lines = BTreeMap::new();
    for charge in state.meter.charges(RUN, start, state.now) {
        *lines.entry(charge.line).or_insert(Decimal::ZERO) += charge.usd;
    }
    lines
}

#[track_caller]
fn check(start: &str, minutes: i64, expected: &str) {
    let total: Decimal = bill(start, minutes).values().sum();
    assert_eq!(
        total.round_dp(4).to_string(),
        expected,
        "{minutes} minutes from {start}"
    );
}

#[test]
fn forty_five_minutes_cost_what_the_worked_example_says() {
    check("2026-11-02T10:05:00Z", 45, "0.2382");
    check("2026-11-02T10:30:00Z", 45, "0.3282");
}

/// The worked example counts disks in months of 730 hours; the bill counts November's 720. For 45
/// minutes that vanishes in rounding, for the others it may show in the fourth decimal.
#[track_caller]
fn check_nearly(start: &str, minutes: i64, expected: &str) {
    let total: Decimal = bill(start, minutes).values().sum();
    let expected: Decimal = expected.parse().expect("decimal");
    assert!(
        (total - expected).abs() < Decimal::new(1, 4),
        "{minutes} minutes from {start}: {total}"
    );
}

#[test]
fn the_other_durations_of_the_worked_example_agree() {
    check_nearly("2026-11-02T10:05:00Z", 40, "0.2217");
    check_nearly("2026-11-02T10:30:00Z", 40, "0.3117");
    check_nearly("2026-11-02T10:05:00Z", 30, "0.1888");
    check_nearly("2026-11-02T10:45:00Z", 30, "0.2788");
}

#[test]
fn each_line_is_billed_by_its_own_rule() {
    let lines = bill("2026-11-02T10:30:00Z", 45);
    let line = |name: &str| {
        lines
            .get(name)
            .map(|usd| usd.round_dp(4).normalize().to_string())
    };
    assert_eq!(line("control_plane").as_deref(), Some("0.075"));
    assert_eq!(line("nodes").as_deref(), Some("0.0624"));
    assert_eq!(line("public_ipv4").as_deref(), Some("0.0075"));
    assert_eq!(line("nat_gateway").as_deref(), Some("0.18"));
    assert_eq!(line("disks").as_deref(), Some("0.0033"));
}
