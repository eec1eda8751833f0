//! Which rows are the run's, and when they are final.

use super::*;

fn row(usage_type: &str, tag: &str, usd: &str, quantity: &str) -> Row {
    Row {
        day: "2026-11-23".to_owned(),
        usage_type: usage_type.to_owned(),
        tag: tag.to_owned(),
        usd: usd.parse().unwrap(),
        quantity: quantity.parse().unwrap(),
        unit: "Hrs".to_owned(),
    }
}

fn plan() -> Plan {
    Plan {
        region: "us-east-1".to_owned(),
        gateways: 2,
        addresses: 2,
        balancers: 0,
    }
}

fn attributed(rows: Vec<Row>) -> Vec<(String, String)> {
    let now: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
    let all = Answers {
        rows,
        days: BTreeMap::new(),
    };
    let billed = attribute(&Run::new("r1", "me", now), &plan(), all, Vec::new(), now);
    billed
        .charges
        .iter()
        .map(|charge| (charge.line.clone(), charge.usd.normalize().to_string()))
        .collect()
}

#[test]
fn a_usage_type_finds_its_line_whatever_the_region() {
    let check = |usage_type: &str, line: Option<&str>| {
        assert_eq!(line_of(usage_type), line, "{usage_type}");
    };
    check("NatGateway-Hours", Some("nat_gateway"));
    check("EUW2-NatGateway-Hours", Some("nat_gateway"));
    check("USE1-AmazonEKS-Hours:perCluster", Some("control_plane"));
    check("EU-BoxUsage:t3.medium", Some("nodes"));
    check("EUN1-SpotUsage:t3.medium", Some("nodes"));
    check("USE1-PublicIPv4:IdleAddress", Some("public_ipv4"));
    check("EBS:VolumeUsage.gp3", Some("disks"));
    check("NatGateway-Bytes", None);
}

#[test]
fn charges_of_other_runs_are_left_out() {
    let rows = vec![
        row("NatGateway-Hours", "r1", "0.09", "2"),
        row("NatGateway-Hours", "r2", "0.045", "1"),
        row("NatGateway-Bytes", "r1", "0.02", "0.4"),
    ];
    let nat = ("nat_gateway".to_owned(), "0.09".to_owned());
    let bytes = ("NatGateway-Bytes".to_owned(), "0.02".to_owned());
    assert_eq!(attributed(rows), [nat, bytes]);
}

#[test]
fn untagged_addresses_are_counted_up_to_the_hours_of_the_nat_gateways() {
    let with = |hours: &str, usd: &str| {
        attributed(vec![
            row("NatGateway-Hours", "r1", "0.09", "2"),
            row("PublicIPv4:InUseAddress", "", usd, hours),
        ])
    };
    assert_eq!(with("1.5", "0.0075")[1].1, "0.0075");
    assert_eq!(with("20", "0.1")[1].1, "0.01");
}

#[test]
fn a_bill_is_final_when_the_days_of_the_run_and_the_next_are_closed() {
    let check = |days: &[(&str, bool)], expected: bool| {
        let days = days
            .iter()
            .map(|(day, estimated)| ((*day).to_owned(), *estimated));
        assert_eq!(is_closed(&days.collect(), "2026-11-30"), expected);
    };
    let (before, last, next) = ("2026-11-29", "2026-11-30", "2026-12-01");
    check(
        &[
            (before, false),
            (last, false),
            (next, false),
            ("2026-12-02", true),
        ],
        true,
    );
    check(&[(before, false), (last, false), (next, true)], false);
    check(&[(before, true), (last, false), (next, false)], false);
    check(&[(before, false), (last, false)], false);
}

#[test]
fn no_charge_of_the_run_is_never_final() {
    let now: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
    let rows = vec![row("NatGateway-Hours", "r2", "0.045", "1")];
    let days = BTreeMap::from([("2026-11-23".to_owned(), false)]);
    let all = Answers { rows, days };
    let run = Run::new("r1", "me", now);
    assert!(!attribute(&run, &plan(), all, Vec::new(), now).is_final);
}

#[test]
fn a_bill_that_is_not_final_says_so() {
    let check = |days: &[(&str, bool)], expected: bool| {
        let days = days.iter();
        let days = days.map(|(day, estimated)| ((*day).to_owned(), *estimated));
        let all = Answers {
            rows: vec![row("NatGateway-Hours", "r1", "0.045", "1")],
            days: days.collect(),
        };
        let now: Timestamp = "2026-12-09T00:00:00Z".parse().unwrap();
        let run = Run::new("r1", "me", now);
        let billed = attribute(&run, &plan(), all, Vec::new(), now);
        let is_said = |text: &String| text.starts_with("not final: ");
        assert_eq!(billed.is_final, expected);
        assert_eq!(billed.attribution.iter().any(is_said), !expected);
    };
    check(&[], false);
    check(&[("2026-11-23", false), ("2026-11-24", true)], false);
    check(&[("2026-11-23", false), ("2026-11-24", false)], true);
}

#[test]
fn a_tag_of_the_cluster_is_only_missed_where_no_charge_has_it() {
    let check = |of_cluster: &[&str], expected: bool, charges: usize| {
        let rows = |tags: &[&str]| -> Vec<Row> {
            let tags = tags.iter();
            tags.map(|tag| row("BoxUsage:t3.medium", tag, "0.04", "1"))
                .collect()
        };
        let all = Answers {
            rows: rows(&["r1"]),
            days: BTreeMap::new(),
        };
        let now: Timestamp = "2026-12-09T00:00:00Z".parse().unwrap();
        let run = Run::new("r1", "me", now);
        let billed = attribute(&run, &plan(), all, rows(of_cluster), now);
        let is_missed = |text: &String| text.contains("no charge carries");
        assert_eq!(billed.attribution.iter().any(is_missed), expected);
        assert_eq!(billed.charges.len(), charges);
    };
    check(&[], true, 1);
    // It carries the run's tag as well, and is counted once.
    check(&["r1"], false, 1);
    check(&[""], false, 2);
}

#[test]
fn a_bill_is_final_in_the_second_week_of_the_next_month() {
    let check = |at: &str, expected: &str| {
        assert_eq!(final_after(at.parse().unwrap()).to_string(), expected);
    };
    check("2026-11-23T10:00:00Z", "2026-12-09T00:00:00Z");
    check("2026-12-31T23:59:59Z", "2027-01-09T00:00:00Z");
}
