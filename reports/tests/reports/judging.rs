//! What the matrix and the criteria make of records: nothing that was not seen is a pass.

use std::collections::BTreeSet;

use crate::common::{
    audit_denied, claims_too_little, failures, leaks_an_address, money, passing, records,
};
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::criteria::{Criterion, criteria, criteria_attested};
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::json::{Document, document};
use kubeproof_reports::matrix::{MatrixRow, matrix};
use kubeproof_reports::record::Record;

const NOT_PASS: [Verdict; 4] = [
    Verdict::Fail,
    Verdict::Unknown,
    Verdict::Pending,
    Verdict::Skipped,
];

fn row(records: &[Record]) -> MatrixRow {
    matrix(records).into_iter().next().unwrap()
}

fn criterion(records: &[Record], number: u8) -> Criterion {
    criteria(records)
        .into_iter()
        .find(|each| each.number == number)
        .unwrap()
}

/// A passing trial of another cloud.
fn of(provider: &str, tier: Tier) -> Record {
    let mut record = passing();
    record.provider = provider.to_owned();
    record.scenario = format!("{provider}-cluster");
    record.run_id = format!("kp-{provider}");
    record.tier = tier;
    record
}

fn three(tier: Tier) -> Vec<Record> {
    ["north", "south", "west"]
        .map(|provider| of(provider, tier))
        .to_vec()
}

#[test]
fn a_scenario_and_its_failures_are_one_row_with_the_failures_counted() {
    let rows = matrix(&records());
    let names: Vec<_> = rows.iter().map(|row| row.scenario.as_str()).collect();
    assert_eq!(
        names,
        [
            "eks-two-zones",
            "eks-claims-low",
            "eks-leaks-address",
            "eks-audit-denied"
        ]
    );
    assert_eq!(rows[0].recovery.count.as_deref(), Some("6/6"));
    assert_eq!(rows[0].evidence.trials, 7);
}

#[test]
fn each_wrong_scenario_is_wrong_in_its_own_cell_only() {
    let verdicts = |record: Record| {
        let row = row(&[record]);
        [&row.provisioning, &row.execution, &row.cleanup, &row.cost].map(|cell| cell.verdict)
    };
    use Verdict::{Fail, Pass, Unknown};
    assert_eq!(verdicts(claims_too_little()), [Pass, Pass, Pass, Fail]);
    assert_eq!(verdicts(leaks_an_address()), [Pass, Pass, Fail, Pass]);
    assert_eq!(verdicts(audit_denied()), [Pass, Pass, Unknown, Pass]);
}

#[test]
fn a_row_without_failures_shows_recovery_as_skipped_with_the_reason() {
    let cell = row(&[passing()]).recovery;
    assert_eq!(cell.verdict, Verdict::Skipped);
    assert!(
        cell.message.contains("no forced partial failure"),
        "{}",
        cell.message
    );
}

#[test]
fn one_failure_that_is_not_recovered_from_spoils_recovery_and_is_named() {
    for verdict in [Verdict::Fail, Verdict::Unknown, Verdict::Pending] {
        let mut records = failures();
        records[2].verdict = verdict;
        let cell = row(&records).recovery;
        assert_eq!(
            (cell.verdict, cell.count.as_deref()),
            (verdict, Some("5/6"))
        );
        assert!(
            cell.message.contains("address-response-lost"),
            "{}",
            cell.message
        );
    }
}

#[test]
fn a_fault_that_struck_no_call_proves_no_recovery() {
    let mut records = failures();
    records[0].faults[0].struck = 0;
    let cell = row(&records).recovery;
    assert_eq!(
        (cell.verdict, cell.count.as_deref()),
        (Verdict::Unknown, Some("5/6"))
    );
}

#[test]
fn failures_without_their_main_trial_leave_the_other_cells_skipped() {
    let row = row(&failures());
    for cell in [row.provisioning, row.execution, row.cleanup, row.cost] {
        assert_eq!(cell.verdict, Verdict::Skipped);
    }
}

#[test]
fn a_phase_that_is_missing_or_did_not_pass_is_never_a_pass_in_the_matrix() {
    type Cell = fn(MatrixRow) -> Verdict;
    let cells: [(&str, Cell); 4] = [
        ("provision", |row| row.provisioning.verdict),
        // Without checks the attempts failed, as was forced, and proved no provisioning.
        ("checks", |row| row.provisioning.verdict),
        ("run_job", |row| row.execution.verdict),
        ("teardown", |row| row.cleanup.verdict),
    ];
    for (name, cell) in cells {
        let mut without = passing();
        without.phases.retain(|phase| phase.name != name);
        assert_eq!(cell(row(&[without])), Verdict::Skipped, "{name} missing");
        for verdict in NOT_PASS {
            let mut record = passing();
            for phase in record.phases.iter_mut().filter(|phase| phase.name == name) {
                phase.verdict = verdict;
            }
            assert_eq!(cell(row(&[record])), verdict, "{name}");
        }
    }
}

#[test]
fn an_audit_that_says_pass_without_full_coverage_is_unknown() {
    let mut record = passing();
    record.audit.coverage.listed = 41;
    assert_eq!(
        row(std::slice::from_ref(&record)).cleanup.verdict,
        Verdict::Unknown
    );
    record.audit.coverage.cells = 0;
    record.audit.coverage.listed = 0;
    assert_eq!(row(&[record]).cleanup.verdict, Verdict::Unknown);
}

#[test]
fn rehearsal_and_live_trials_of_one_scenario_are_rows_of_their_own() {
    let mut live = passing();
    live.tier = Tier::Live;
    live.cost.verdict = Verdict::Pending;
    let rows = matrix(&[passing(), live]);
    let cost: Vec<_> = rows
        .iter()
        .map(|row| (row.cost.tier, row.cost.verdict))
        .collect();
    assert_eq!(
        cost,
        [
            (Tier::Rehearsal, Verdict::Pass),
            (Tier::Live, Verdict::Pending)
        ]
    );
}

#[test]
fn no_format_writes_pass_or_its_symbol_for_a_trial_in_which_nothing_passed() {
    for verdict in NOT_PASS {
        let mut record = passing();
        record.verdict = verdict;
        record.audit.verdict = verdict;
        record.cost.verdict = verdict;
        record.cost.deviation_percent = None;
        record
            .phases
            .iter_mut()
            .for_each(|phase| phase.verdict = verdict);
        record
            .phases
            .iter_mut()
            .for_each(|phase| phase.message = "-".to_owned());
        record
            .checks
            .iter_mut()
            .for_each(|check| check.verdict = verdict);
        for format in [Format::Table, Format::Markdown, Format::Html] {
            let text = render(format, std::slice::from_ref(&record), &Style::default());
            assert!(
                !text.contains('✓') && !text.contains("pass</span>"),
                "{format} {verdict}"
            );
        }
        let json = render(
            Format::Json,
            std::slice::from_ref(&record),
            &Style::default(),
        );
        assert!(!json.contains("\"verdict\": \"pass\""), "{json}");
        let junit = render(Format::Junit, &[record], &Style::default());
        let cases = junit.matches("<testcase ").count();
        let marked = ["<failure ", "<error ", "<skipped "].map(|tag| junit.matches(tag).count());
        assert_eq!(marked.iter().sum::<usize>(), cases, "{verdict}: {junit}");
    }
}

#[test]
fn a_trial_that_says_pass_over_an_unknown_audit_is_not_a_pass_in_junit() {
    let mut record = audit_denied();
    record.verdict = Verdict::Pass;
    let junit = render(Format::Junit, &[record], &Style::default());
    let trial = junit.split("<testcase ").nth(1).unwrap();
    assert!(trial.contains("<error "), "{trial}");
}

#[test]
fn three_clouds_in_rehearsal_pass_the_first_criterion_and_are_not_verified() {
    let found = criterion(&three(Tier::Rehearsal), 1);
    assert_eq!(
        (found.verdict, found.tier),
        (Verdict::Pass, Some(Tier::Rehearsal))
    );
    assert!(!found.verified);
    assert!(found.missing.contains("no live trial"), "{}", found.missing);
}

#[test]
fn two_clouds_leave_the_first_criterion_unknown_and_a_failing_third_fails_it() {
    let mut records = three(Tier::Rehearsal);
    let third = records.pop().unwrap();
    assert_eq!(criterion(&records, 1).verdict, Verdict::Unknown);
    let mut failing = third;
    failing.audit.verdict = Verdict::Fail;
    records.push(failing);
    assert_eq!(criterion(&records, 1).verdict, Verdict::Fail);
}

#[test]
fn a_cloud_whose_job_did_not_run_is_undecided_and_one_not_run_at_all_does_not_count() {
    let mut records = three(Tier::Rehearsal);
    records[2].phases.retain(|phase| phase.name != "run_job");
    assert_eq!(criterion(&records, 1).verdict, Verdict::Unknown);
    let mut records = three(Tier::Rehearsal);
    let mut live = of("north", Tier::Live);
    live.verdict = Verdict::Skipped;
    live.phases.clear();
    records.push(live);
    let found = criterion(&records, 1);
    assert_eq!(
        (found.verdict, found.tier),
        (Verdict::Pass, Some(Tier::Rehearsal))
    );
}

#[test]
fn a_kubernetes_on_this_machine_is_no_third_cloud() {
    let mut records = three(Tier::Rehearsal);
    records[2].tier = Tier::Kind;
    assert_eq!(criterion(&records, 1).verdict, Verdict::Unknown);
}

#[test]
fn a_criterion_takes_the_weakest_tier_of_its_evidence() {
    let mut records = three(Tier::Live);
    records[1].tier = Tier::Rehearsal;
    assert_eq!(criterion(&records, 1).tier, Some(Tier::Rehearsal));
}

#[test]
fn only_live_trials_that_a_person_attested_are_verified() {
    let ids = |records: &[Record]| -> BTreeSet<String> {
        records.iter().map(|record| record.run_id.clone()).collect()
    };
    let first = |records: &[Record], attested: &BTreeSet<String>| {
        criteria_attested(records, attested).remove(0)
    };
    let live = three(Tier::Live);
    assert!(first(&live, &ids(&live)).verified);
    assert!(
        !first(&live, &ids(&live[..2])).verified,
        "one is not attested"
    );
    assert!(!first(&live, &BTreeSet::new()).verified, "none is attested");
    let rehearsed = three(Tier::Rehearsal);
    assert!(
        !first(&rehearsed, &ids(&rehearsed)).verified,
        "attested, but not live"
    );
}

#[test]
fn cost_more_than_20_percent_off_fails_the_criterion_even_if_the_scenario_allows_more() {
    let mut record = passing();
    record.cost.tolerance_percent = 90;
    record.cost.deviation_percent = Some(money("-20.1"));
    assert_eq!(
        criterion(std::slice::from_ref(&record), 2).verdict,
        Verdict::Fail
    );
    record.cost.deviation_percent = Some(money("20"));
    assert_eq!(criterion(&[record], 2).verdict, Verdict::Pass);
}

#[test]
fn a_percentage_that_was_rounded_to_20_does_not_pass_the_criterion() {
    // Billed $1, estimated $0.79996: 20.004 %, which rounds to 20.00.
    let mut record = passing();
    record.cost.billed = Some(money("1"));
    record.cost.estimated = Some(money("0.79996"));
    for percent in ["20.00", "20.004"] {
        record.cost.deviation_percent = Some(money(percent));
        let judged = criterion(std::slice::from_ref(&record), 2);
        assert_eq!(judged.verdict, Verdict::Fail, "{percent}");
    }
    record.cost.estimated = Some(money("0.8"));
    record.cost.deviation_percent = Some(money("20"));
    assert_eq!(criterion(&[record], 2).verdict, Verdict::Pass);
}

#[test]
fn a_line_that_does_not_pass_does_not_pass_the_criterion() {
    for verdict in [Verdict::Fail, Verdict::Unknown] {
        let mut record = passing();
        record.cost.lines[2].verdict = Some(verdict);
        assert_eq!(criterion(&[record], 2).verdict, verdict);
    }
}

#[test]
fn a_cost_that_only_the_meter_knows_is_not_held_for_a_bill() {
    let mut record = passing();
    record.cost.billed = None;
    assert_eq!(criterion(&[record], 2).verdict, Verdict::Skipped);
}

#[test]
fn an_orphan_in_the_trial_of_a_failure_fails_the_third_criterion() {
    let mut records = vec![passing()];
    records.extend(failures());
    assert_eq!(criterion(&records, 3).verdict, Verdict::Pass);
    records[4].audit.orphans = leaks_an_address().audit.orphans;
    assert_eq!(criterion(&records, 3).verdict, Verdict::Fail);
}

#[test]
fn what_records_cannot_show_is_never_a_pass() {
    let mut kind = passing();
    kind.tier = Tier::Kind;
    for records in [vec![], records(), vec![kind]] {
        for number in [5, 6] {
            let found = criterion(&records, number);
            assert!(
                found.verdict != Verdict::Pass && !found.verified,
                "{found:?}"
            );
        }
    }
    assert_eq!(criterion(&[], 1).verdict, Verdict::Skipped);
}

#[test]
fn json_reads_back_to_the_same_records_matrix_and_criteria() {
    let text = render(Format::Json, &records(), &Style::default());
    let read: Document = serde_json::from_str(&text).unwrap();
    assert_eq!(read, document(&records()));
    assert_eq!(read.records, records());
}

#[test]
fn an_absent_bill_is_a_dash_or_pending_and_never_zero() {
    let mut record = passing();
    record.cost.billed = None;
    record
        .cost
        .lines
        .iter_mut()
        .for_each(|line| line.billed = None);
    for (verdict, shown) in [(Verdict::Pending, "pending |"), (Verdict::Unknown, "– |")] {
        record.cost.verdict = verdict;
        let text = render(
            Format::Markdown,
            std::slice::from_ref(&record),
            &Style::default(),
        );
        let total = text
            .lines()
            .find(|line| line.starts_with("| Total"))
            .unwrap();
        assert!(
            total.contains(shown) && !total.contains("$0.0000"),
            "{total}"
        );
    }
}
