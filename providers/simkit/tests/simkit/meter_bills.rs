//! The meter against real bills and worked examples, in exact numbers.
//!
//! Source of the bills: the public project TheMyth01/aws-platform-project (EKS with NAT gateways in
//! eu-west-2, April and August 2026, CUR 2.0 and Cost Explorer output).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{Meter, Period, Rounding, Usage, charge, quantity};

const PER_SECOND: Rounding = Rounding::Seconds { min_seconds: 60 };
const DISK: Rounding = Rounding::CalendarMonth { min_seconds: 60 };

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn usage(line: &str, usd_per_unit: &str, amount: u32, rounding: Rounding) -> Usage {
    Usage {
        line: line.to_owned(),
        service: String::new(),
        usage_type: line.to_owned(),
        unit: String::new(),
        usd_per_unit: decimal(usd_per_unit),
        amount: Decimal::from(amount),
        rounding,
        resource_id: line.to_owned(),
        tags: BTreeMap::new(),
        run_id: Some("r1".to_owned()),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time stamp")
}

/// Checks quantity and dollars to six decimals, as printed on the bill.
fn check(usage: Usage, from: &str, milliseconds: i64, billed_quantity: &str, billed_usd: &str) {
    let (from, length) = (at(from), SignedDuration::from_millis(milliseconds));
    let period = Period {
        usage,
        from,
        to: Some(from + length),
    };
    let charge = charge(&period, from + length);
    assert_eq!(
        charge.quantity.round_dp(6),
        decimal(billed_quantity),
        "quantity"
    );
    assert_eq!(charge.usd.round_dp(6), decimal(billed_usd), "dollars");
}

#[test]
fn a_nat_gateway_of_27_hours_is_billed_28_clock_hours() {
    // 27.036666 hours of its address, somewhere between deploy and the end of destroy.
    let nat = || usage("nat_gateway", "0.05", 1, Rounding::ClockHours);
    check(nat(), "2026-08-13T08:51:18Z", 97_332_000, "28", "1.4");
    check(nat(), "2026-08-13T08:48:30Z", 97_332_000, "28", "1.4");
}

#[test]
fn a_nat_gateway_of_eight_minutes_can_be_billed_two_hours() {
    // 505 s in use and 186 s around it, across an hour's end: 0.10 each for two, 0.20 in all.
    let nat = usage("nat_gateway", "0.05", 1, Rounding::ClockHours);
    check(nat, "2026-04-21T09:55:00Z", 505_000, "2", "0.1");
}

#[test]
fn a_control_plane_is_billed_in_fractions_of_a_second() {
    let eks = || usage("control_plane", "0.10", 1, Rounding::Exact);
    check(
        eks(),
        "2026-08-13T08:50:00Z",
        97_475_760,
        "27.0766",
        "2.70766",
    );
    check(
        eks(),
        "2026-08-11T23:45:00Z",
        40_229_071,
        "11.174742",
        "1.117474",
    );
    check(
        eks(),
        "2026-08-10T10:00:00Z",
        35_167_054,
        "9.768626",
        "0.976863",
    );
}

#[test]
fn nodes_and_addresses_are_billed_in_whole_seconds() {
    let node = usage("nodes", "0.0236", 2, PER_SECOND);
    check(
        node,
        "2026-08-13T09:00:00Z",
        97_154_000,
        "53.974444",
        "1.273797",
    );
    let address = || usage("public_ipv4", "0.005", 1, PER_SECOND);
    check(
        address(),
        "2026-08-13T08:51:18Z",
        97_332_000,
        "27.036667",
        "0.135183",
    );
    check(
        address(),
        "2026-08-13T08:48:28Z",
        170_000,
        "0.047222",
        "0.000236",
    );
}

#[test]
fn a_disk_is_billed_by_the_real_length_of_its_month() {
    let disk = |gb| usage("disks", "0.0928", gb, DISK);
    // August has 744 hours: 54 disk hours of 20 GB.
    check(
        disk(40),
        "2026-08-13T09:00:00Z",
        97_200_000,
        "1.451613",
        "0.13471",
    );
    // April has 720: 1810 seconds of 20 GB were billed 0.0012960494.
    let from = at("2026-04-21T10:00:00Z");
    let to = from + SignedDuration::from_secs(1810);
    let charge = charge(
        &Period {
            usage: disk(20),
            from,
            to: Some(to),
        },
        to,
    );
    assert_eq!(charge.usd.round_dp(10), decimal("0.0012960494"));
}

#[test]
fn a_disk_across_two_months_is_billed_in_each_by_its_own_length() {
    let from = at("2026-04-30T12:00:00Z");
    let to = at("2026-05-01T12:00:00Z");
    let expected = Decimal::from(12) / Decimal::from(720) + Decimal::from(12) / Decimal::from(744);
    assert_eq!(quantity(DISK, from, to).round_dp(12), expected.round_dp(12));
}

#[test]
fn run_3_adds_up_to_its_bill() {
    let mut meter = Meter::default();
    let start = at("2026-08-13T08:51:18Z");
    let mut add = |key: &str, usage: Usage, milliseconds: i64| {
        meter.start(key, usage, start);
        meter.stop(key, start + SignedDuration::from_millis(milliseconds));
    };
    add(
        "eks",
        usage("control_plane", "0.10", 1, Rounding::Exact),
        97_475_760,
    );
    add("nodes", usage("nodes", "0.0236", 2, PER_SECOND), 97_154_000);
    add(
        "nat",
        usage("nat_gateway", "0.05", 1, Rounding::ClockHours),
        97_332_000,
    );
    add("disks", usage("disks", "0.0928", 40, DISK), 97_200_000);
    add(
        "in use",
        usage("public_ipv4", "0.005", 1, PER_SECOND),
        97_332_000,
    );
    add(
        "idle",
        usage("public_ipv4", "0.005", 1, PER_SECOND),
        170_000,
    );
    let now = at("2026-08-15T00:00:00Z");
    let charges = meter.charges("r1", start, now);
    let sum: Decimal = charges.iter().map(|charge| charge.usd).sum();
    // The bill is 5.676672; 0.025086 of it is NAT data, which the meter leaves out.
    assert_eq!((sum + decimal("0.025086")).round_dp(6), decimal("5.676672"));
}

/// The cost of the reference cluster (one control plane, two t3.medium with 20 GB each, two NAT gateways with their
/// addresses) for this many minutes.
fn cluster(from: Timestamp, minutes: i64) -> Decimal {
    let to = from + SignedDuration::from_mins(minutes);
    let lines = [
        usage("control_plane", "0.10", 1, Rounding::Exact),
        usage("nodes", "0.0416", 2, PER_SECOND),
        usage("nat_gateway", "0.045", 2, Rounding::ClockHours),
        usage("public_ipv4", "0.005", 2, PER_SECOND),
        usage("disks", "0.08", 40, DISK),
    ];
    lines
        .into_iter()
        .map(|usage| {
            charge(
                &Period {
                    usage,
                    from,
                    to: Some(to),
                },
                to,
            )
            .usd
        })
        .sum::<Decimal>()
        .round_dp(4)
}

#[test]
fn the_worked_example_of_45_minutes_costs_2382_or_3282() {
    assert_eq!(
        cluster(at("2026-11-02T10:05:00Z"), 45),
        decimal("0.2382"),
        "in one clock hour"
    );
    assert_eq!(
        cluster(at("2026-11-02T10:40:00Z"), 45),
        decimal("0.3282"),
        "over two"
    );
}

#[test]
fn the_worked_example_costs_2876_an_hour_from_hour_to_hour() {
    // 40 GB by a 730-hour month are 0.004384 an hour; November's 720 hours make it 0.004444.
    let hour = cluster(at("2026-11-02T10:00:00Z"), 60);
    assert_eq!(hour, decimal("0.2876"));
    assert_eq!(cluster(at("2026-11-02T10:01:00Z"), 60), decimal("0.3776"));
    assert_eq!(cluster(at("2026-11-02T10:00:00Z"), 40), decimal("0.2218"));
}

#[test]
fn less_than_a_minute_is_billed_as_one() {
    check(
        usage("nodes", "0.36", 1, PER_SECOND),
        "2026-08-13T09:00:00Z",
        1,
        "0.016667",
        "0.006",
    );
}

#[test]
fn a_request_is_billed_once_however_late_the_bill_is_read() {
    let mut meter = Meter::default();
    let start = at("2026-08-13T08:51:18Z");
    meter.start(
        "ce/1",
        usage("cost_explorer", "0.01", 1, Rounding::Once),
        start,
    );
    meter.stop("ce/1", start);
    for days in [0, 40] {
        let now = start + SignedDuration::from_hours(24 * days);
        assert_eq!(meter.charges("r1", start, now)[0].usd, decimal("0.01"));
    }
}
