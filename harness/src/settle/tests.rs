//! What readings change in a record, and what they leave alone.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kubeproof_contract::check::Check;
use kubeproof_contract::cost::{Billed, Charge, Estimate, EstimateLine};
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::{Audit, Cost};
use kubeproof_reports::unseen::{self, Planned};

use super::*;

fn hour(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn bill() -> RunBill {
    let line = EstimateLine {
        line: "nodes".to_owned(),
        title: "2 × node".to_owned(),
        usd_per_hour: usd(100),
        min_usd: usd(100),
        expected_usd: usd(100),
        max_usd: usd(100),
        planned_usd: Some(usd(100)),
        source: "list".to_owned(),
        count: 2,
        usage_types: Vec::new(),
    };
    RunBill {
        from: hour(0),
        until: hour(1),
        final_after: hour(500),
        estimate: Estimate {
            lines: vec![line],
            ..Estimate::default()
        },
        planned_minutes: 60,
        lifetime_usd: BTreeMap::new(),
        readings: Vec::new(),
    }
}

/// The record of a live run of which everything passed but what waits for the bill.
fn record() -> Record {
    let planned = Planned {
        run_id: "r1".to_owned(),
        scenario: "s".to_owned(),
        file: "s.yaml".to_owned(),
        provider: "north".to_owned(),
        provider_title: "North".to_owned(),
        provisioner: "built in".to_owned(),
        tier: Tier::Live,
        seed: 1,
        started_at: hour(0),
    };
    let mut record = unseen::blank(planned, "");
    let names = [
        "preflight",
        "baseline",
        "provision",
        "checks",
        "run_job",
        "teardown",
        "audit",
        COST,
        needs::BILL,
    ];
    record.phases = names.map(|name| phase(name, Verdict::Pass)).to_vec();
    record.audit = Audit::empty(Verdict::Pass);
    record.audit.coverage.cells = 1;
    record.audit.coverage.listed = 1;
    record.checks = vec![Check::new("north.cost", "cost", Verdict::Pending, "")];
    record.cost = Cost {
        tolerance_percent: 20,
        ..Cost::none(Verdict::Pending, "")
    };
    apply(&mut record, &bill(), usd(200));
    record
}

fn phase(name: &str, verdict: Verdict) -> Phase {
    Phase {
        name: name.to_owned(),
        verdict,
        seconds: 1,
        calls: 2,
        message: String::new(),
    }
}

/// Reads this bill into a record, as final or not.
fn read(record: &mut Record, at: i64, cents: i64, is_final: bool, budget: i64) {
    read_used(record, (at, cents, is_final, budget), None);
}

/// The same with the beginning of the last hour of usage.
fn read_used(
    record: &mut Record,
    (at, cents, is_final, budget): (i64, i64, bool, i64),
    last_used: Option<Timestamp>,
) {
    let charge = Charge {
        line: "nodes".to_owned(),
        usage_type: "Hours".to_owned(),
        resource_id: None,
        run_id: Some("r1".to_owned()),
        quantity: Decimal::ONE,
        unit: "Hrs".to_owned(),
        usd: usd(cents),
    };
    let billed = Billed {
        charges: vec![charge],
        is_final,
        attribution: vec!["gross".to_owned()],
        shared_lines: Vec::new(),
        last_used,
        read_at: hour(at),
    };
    let mut bill = record.cost.bill.clone().expect("a bill");
    settlement::add(&mut bill, Ok(billed), hour(at));
    apply(record, &bill, usd(budget));
}

#[track_caller]
fn check(record: &Record, verdict: Verdict, findings: &[&str]) {
    assert_eq!(record.verdict, verdict, "{}", record.cost.message);
    let seen: Vec<&str> = record
        .findings
        .iter()
        .map(|finding| finding.oracle.as_str())
        .collect();
    assert_eq!(seen, findings);
    assert_eq!(judge::trial(record).0, verdict);
}

#[test]
fn a_run_is_pending_until_its_bill_is_final_and_then_judged() {
    let mut record = record();
    check(&record, Verdict::Pending, &[]);
    read(&mut record, 30, 90, false, 200);
    check(&record, Verdict::Pending, &[]);
    read(&mut record, 500, 110, true, 200);
    check(&record, Verdict::Pass, &[]);
    let bill = record.cost.bill.as_ref().expect("a bill");
    let states: Vec<BillState> = bill.readings.iter().map(|one| one.state).collect();
    assert_eq!(states, [BillState::Provisional, BillState::Final]);
    assert_eq!(record.checks[0].verdict, Verdict::Pass);
    assert_eq!(record.cost.billed, Some(usd(110)));
}

#[test]
fn a_wrong_bill_is_one_finding_however_often_it_is_read() {
    let mut record = record();
    read(&mut record, 500, 126, true, 200);
    check(&record, Verdict::Fail, &["cost"]);
    read(&mut record, 524, 126, true, 200);
    check(&record, Verdict::Fail, &["cost"]);
    assert!(record.findings[0].replay.contains("settle r1"));
}

#[test]
fn a_bill_beyond_the_budget_is_a_finding_and_what_was_found_in_the_run_stays() {
    let mut record = record();
    record.findings.push(Finding {
        id: String::new(),
        oracle: needs::BILL.to_owned(),
        message: "the budget was reached".to_owned(),
        replay: "kubeproof verify s.yaml".to_owned(),
        phase: None,
    });
    read(&mut record, 500, 110, true, 109);
    check(&record, Verdict::Fail, &[needs::BILL, needs::BILL]);
    read(&mut record, 524, 110, true, 110);
    check(&record, Verdict::Fail, &[needs::BILL]);
    assert_eq!(record.findings[0].message, "the budget was reached");
}

#[test]
fn what_was_seen_in_the_run_is_not_changed() {
    let before = record();
    let mut after = before.clone();
    read(&mut after, 500, 110, true, 200);
    for (old, new) in before.phases.iter().zip(&after.phases) {
        let is_of_bill = [COST, needs::BILL].contains(&new.name.as_str());
        assert_eq!(old == new, !is_of_bill, "{}", new.name);
        assert_eq!((old.seconds, old.calls), (new.seconds, new.calls));
    }
    after.phases.clone_from(&before.phases);
    after.cost.clone_from(&before.cost);
    after.checks.clone_from(&before.checks);
    after.verdict = before.verdict;
    assert_eq!(before, after);
}

#[test]
fn a_bill_is_read_when_it_can_show_more_unless_asked_for_before() {
    let check = |record: &Record, at, again, expected: Result<(), NotDue>| {
        assert_eq!(is_due(record, hour(at), again), expected);
    };
    let mut record = record();
    check(&record, 24, false, Err(NotDue::Before(hour(25))));
    check(&record, 24, true, Ok(()));
    check(&record, 25, false, Ok(()));
    read(&mut record, 500, 110, true, 200);
    check(&record, 600, true, Err(NotDue::Final));
    record.cost.bill = None;
    check(&record, 600, true, Err(NotDue::NoBill));
}

#[test]
fn usage_on_the_day_after_is_an_orphan_that_the_audit_has_not_seen() {
    let mut record = record();
    read_used(&mut record, (30, 90, false, 200), Some(hour(0)));
    check(&record, Verdict::Pending, &[]);
    read_used(&mut record, (54, 190, false, 200), Some(hour(24)));
    check(&record, Verdict::Fail, &["O1 orphans"]);
    assert!(
        record.findings[0]
            .message
            .contains("is left, and is charged")
    );
}
