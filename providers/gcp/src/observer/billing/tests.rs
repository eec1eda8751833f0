//! Whose rows are whose, and when they are all there.

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn run() -> Run {
    Run::new("r1", "me", at("2026-11-20T10:10:00Z"))
}

fn row(sku: &str, resource: &str, usd: &str) -> Row {
    Row {
        sku: sku.to_owned(),
        resource: Some(resource.to_owned()).filter(|name| !name.is_empty()),
        run: None,
        cluster: None,
        cost_type: "regular".to_owned(),
        unit: "hour".to_owned(),
        quantity: Decimal::ONE,
        usd: usd.parse().unwrap(),
        credit: Decimal::ZERO,
        used_until: at("2026-11-20T12:00:00Z"),
        exported: at("2026-11-21T02:00:00Z"),
    }
}

fn of(run: &str, row: Row) -> Row {
    Row {
        run: Some(run.to_owned()),
        ..row
    }
}

const FEE: &str = "Zonal Kubernetes Clusters";
const RULE: &str = "Network Load Balancing: Forwarding Rule Minimum Service Charge in Iowa";

fn billed(unmarked: u32, rows: &[Row]) -> Billed {
    let unmarked = Unmarked { rules: unmarked };
    let progress = Some(Progress {
        used_until: at("2026-11-22T20:00:00Z"),
    });
    let owner = Owner {
        run: &run(),
        pools: &["main"],
    };
    attribute(owner, unmarked, rows, progress, at("2026-11-23T01:00:00Z"))
}

#[track_caller]
fn check(unmarked: u32, rows: &[Row], expected: &[(&str, &str)]) {
    let billed = billed(unmarked, rows);
    let charges = billed.charges.iter();
    let seen: Vec<(String, String)> = charges
        .map(|charge| (charge.line.clone(), charge.usd.normalize().to_string()))
        .collect();
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(line, usd)| ((*line).to_owned(), (*usd).to_owned()))
        .collect();
    assert_eq!(seen, expected, "{:?}", billed.attribution);
}

#[test]
fn a_row_is_the_runs_by_its_label_its_clusters_label_or_its_name() {
    let core = "E2 Instance Core running in Americas";
    let with_cluster = |name: &str| Row {
        cluster: Some(name.to_owned()),
        ..row("Balanced PD Capacity", "pvc-1", "0.02")
    };
    check(0, &[of("r1", row(core, "m", "0.1"))], &[("nodes", "0.1")]);
    check(0, &[with_cluster("kp-r1")], &[("disks", "0.02")]);
    check(0, &[with_cluster("kp-r12")], &[]);
    let nat = "Networking Cloud Nat Gateway Uptime in Iowa";
    check(
        0,
        &[row(nat, "kp-r1-router", "0.1")],
        &[("nat_gateway", "0.1")],
    );
    let path = "projects/1/regions/us-central1/routers/kp-r1-router";
    check(0, &[row(nat, path, "0.1")], &[("nat_gateway", "0.1")]);
    check(
        0,
        &[row(core, "gke-kp-r1-main-1234-abcd", "0.1")],
        &[("nodes", "0.1")],
    );
}

#[test]
fn rows_of_others_and_rows_without_an_owner_are_left_out() {
    let core = "E2 Instance Core running in Americas";
    check(0, &[of("r2", row(core, "kp-r1-x", "0.1"))], &[]);
    check(
        0,
        &[
            row(core, "kp-r12-x", "0.1"),
            row(core, "kp-legacy", "0.1"),
            row(core, "", "0.1"),
        ],
        &[],
    );
    check(0, &[row(core, "gke-kp-r12-main-1234-abcd", "0.1")], &[]);
    // The cluster beside the run's has the run's id and more.
    for theirs in ["kp-r1-2-router", "gke-kp-r1-2-main-1234-abcd"] {
        check(0, &[row(core, theirs, "0.1")], &[]);
    }
}

#[test]
fn a_forwarding_rule_without_a_label_is_counted_for_as_long_as_the_cluster_was_there() {
    let fee = of("r1", row(FEE, "kp-r1", "0.1"));
    let rule = |hours: i64, usd: &str| Row {
        quantity: Decimal::from(hours),
        ..row(RULE, "a123", usd)
    };
    check(
        0,
        &[fee.clone(), rule(1, "0.025")],
        &[("control_plane", "0.1")],
    );
    check(
        1,
        &[fee.clone(), rule(1, "0.025")],
        &[("control_plane", "0.1"), ("load_balancer", "0.025")],
    );
    // Ten hours, of which the cluster's one is ours.
    check(
        1,
        &[fee.clone(), rule(10, "0.25")],
        &[("control_plane", "0.1"), ("load_balancer", "0.025")],
    );
    let theirs = of("r2", rule(1, "0.025"));
    check(1, &[fee, theirs], &[("control_plane", "0.1")]);
}

#[test]
fn credits_and_taxes_are_told_and_change_no_charge() {
    let fee = Row {
        credit: Decimal::new(-1, 1),
        ..of("r1", row(FEE, "kp-r1", "0.1"))
    };
    let tax = Row {
        cost_type: "tax".to_owned(),
        ..of("r1", row(FEE, "kp-r1", "0.019"))
    };
    check(0, &[fee.clone(), tax.clone()], &[("control_plane", "0.1")]);
    let told = billed(0, &[fee, tax]).attribution;
    let has = |words: &str| told.iter().any(|text| text.contains(words));
    assert!(has("credits of $0.1") && has("tax of $0.019"), "{told:?}");
}

#[test]
fn no_row_of_the_run_is_never_final() {
    let billed = billed(0, &[row(FEE, "other", "0.1")]);
    assert!(!billed.is_final && billed.charges.is_empty());
}

#[test]
fn a_bill_is_final_when_days_have_passed_nothing_came_lately_and_the_export_goes_on() {
    let check = |now: &str, exported: &str, used_until: Option<&str>, expected: Option<&str>| {
        let last = at("2026-11-20T12:00:00Z");
        let progress = used_until.map(|until| Progress {
            used_until: at(until),
        });
        let why = why_not_final((last, at(exported)), progress, at(now));
        match expected {
            None => assert_eq!(why, None),
            Some(words) => assert!(
                why.as_ref().is_some_and(|why| why.contains(words)),
                "{why:?}"
            ),
        }
    };
    let (early, late) = ("2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z");
    let (came, next) = ("2026-11-21T12:00:00Z", Some("2026-11-22T18:00:00Z"));
    check(late, came, next, None);
    check(
        early,
        came,
        next,
        Some("complete after 2026-11-23T00:00:00Z"),
    );
    check(
        late,
        "2026-11-22T00:00:01Z",
        next,
        Some("less than a day ago"),
    );
    check(
        late,
        came,
        Some("2026-11-21T00:00:00Z"),
        Some("may have stopped"),
    );
    check(late, came, None, Some("may have stopped"));
}

#[test]
fn a_day_is_complete_two_days_later() {
    let check = |of: &str, expected: &str| {
        assert_eq!(final_after(at(of)).to_string(), expected);
    };
    check("2026-11-20T10:00:00Z", "2026-11-23T00:00:00Z");
    check("2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z");
    check("2026-12-31T23:59:59Z", "2027-01-03T00:00:00Z");
}

#[test]
fn what_google_sells_has_a_line_whatever_the_region() {
    let check = |sku: &str, expected: Option<&str>| assert_eq!(line_of(sku), expected, "{sku}");
    check("Regional Kubernetes Clusters", Some("control_plane"));
    check("Autopilot Pod mCPU Requests (us-central1)", Some("pods"));
    check(
        "Spot Preemptible E2 Instance Core running in EMEA",
        Some("nodes"),
    );
    check("N2 Instance Ram running in Frankfurt", Some("nodes"));
    check("SSD backed PD Capacity in Japan", Some("disks"));
    check("External IP Charge on a Standard VM", Some("public_ipv4"));
    check("Networking Cloud Nat IP Usage in Iowa", Some("public_ipv4"));
    check(
        "Networking Cloud Nat Gateway Uptime in Iowa",
        Some("nat_gateway"),
    );
    check(RULE, Some("load_balancer"));
    check("Network Inter Zone Data Transfer Out", None);
}
