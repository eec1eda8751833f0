//! The matrix and the formats over records: nothing passes that was not observed.

use crate::common::{
    audit_denied, claims_too_little, criterion, deletes_a_bystander, failures, finding,
    leaks_an_address, passing, records,
};
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::json::{Document, document};
use kubeproof_reports::judge;
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
    assert_eq!(verdicts(deletes_a_bystander()), [Pass, Pass, Fail, Pass]);
}

#[test]
fn a_finding_alone_spoils_the_cell_of_its_oracle_and_the_trial() {
    let check = |oracle: &str, phase: Option<&str>, spoilt: usize| {
        let mut record = passing();
        finding(&mut record, oracle, "wrong");
        record.findings[0].phase = phase.map(str::to_owned);
        let row = row(std::slice::from_ref(&record));
        let cells = [&row.provisioning, &row.execution, &row.cleanup, &row.cost];
        for (index, cell) in cells.into_iter().enumerate() {
            let expected = if index == spoilt {
                Verdict::Fail
            } else {
                Verdict::Pass
            };
            assert_eq!(cell.verdict, expected, "{oracle} {index}");
        }
        assert_eq!(judge::all(&[record]), Verdict::Fail);
    };
    check("O1 orphans", None, 2);
    check("O2 duplicates", None, 0);
    check("O4 bill", None, 3);
    check("O6 bystanders", Some("provision"), 2);
    check("O7 no-op", Some("converge"), 0);
    check("O7 no-op", Some("teardown-again"), 2);
    check("scale", Some("scale"), 1);
    check("a new oracle", Some("a new phase"), 0);
}

#[test]
fn a_phase_that_only_some_trials_have_spoils_its_cell() {
    let check = |name: &str, spoilt: usize| {
        let mut record = passing();
        let mut phase = record.phases[0].clone();
        phase.name = name.to_owned();
        phase.verdict = Verdict::Fail;
        record.phases.push(phase);
        let row = row(&[record]);
        let cells = [&row.provisioning, &row.execution, &row.cleanup, &row.cost];
        let failed = cells.iter().position(|cell| cell.verdict == Verdict::Fail);
        assert_eq!(failed, Some(spoilt), "{name}");
    };
    check("converge", 0);
    check("unheard of", 0);
    check("scale", 1);
    check("teardown-again", 2);
    check("left", 2);
    check("hold", 3);
}

#[test]
fn six_trials_of_which_two_fail_are_no_green_row() {
    let mut records: Vec<Record> = vec![passing(); 6];
    for seed in [2, 4] {
        records[seed].seed = 10 + seed as u64;
        finding(
            &mut records[seed],
            "O8 end state",
            "the cluster is another one",
        );
    }
    let row = row(&records);
    let seen = (row.provisioning.verdict, row.provisioning.count.as_deref());
    assert_eq!(seen, (Verdict::Fail, Some("4/6")));
    assert_eq!(judge::all(&records), Verdict::Fail);
}

#[test]
fn what_is_missing_or_changed_of_others_makes_an_audit_that_says_pass_a_failure() {
    let harmed = deletes_a_bystander().audit.missing;
    let check = |missing: bool| {
        let mut record = passing();
        let list = if missing {
            &mut record.audit.missing
        } else {
            &mut record.audit.changed
        };
        list.clone_from(&harmed);
        assert_eq!(
            row(std::slice::from_ref(&record)).cleanup.verdict,
            Verdict::Fail
        );
        assert_eq!(
            criterion(std::slice::from_ref(&record), 3).verdict,
            Verdict::Fail
        );
        let text = render(Format::Markdown, &[record], &Style::default());
        assert!(text.contains("vpc-0e77 (kp-legacy)"), "{text}");
    };
    check(true);
    check(false);
}

#[test]
fn an_audit_without_harm_has_the_keys_that_it_always_had() {
    let text = serde_json::to_string(&passing().audit).unwrap();
    assert!(
        !text.contains("missing") && !text.contains("changed"),
        "{text}"
    );
    let text = serde_json::to_string(&deletes_a_bystander().audit).unwrap();
    assert!(
        text.contains(r#""missing":[{"resource_type":"vpc""#),
        "{text}"
    );
}

#[test]
fn failures_that_a_tier_skips_are_counted_and_said() {
    let mut records = vec![passing()];
    records.extend(failures());
    for record in &mut records[5..] {
        record.verdict = Verdict::Skipped;
        record.phases.truncate(1);
        record.phases[0].verdict = Verdict::Skipped;
        record.phases[0].message = "cannot be forced here".to_owned();
        record.checks.clear();
        record.audit.verdict = Verdict::Skipped;
        record.cost.verdict = Verdict::Skipped;
        record.cost.lines.clear();
    }
    let cell = row(&records).recovery;
    assert_eq!(
        (cell.verdict, cell.count.as_deref()),
        (Verdict::Pass, Some("4/6"))
    );
    let said =
        cell.message.contains("2 skipped: ") && cell.message.contains("cannot be forced here");
    assert!(said, "{}", cell.message);
    assert_eq!(judge::all(&records), Verdict::Pass);
}

#[test]
fn a_main_trial_that_tells_of_a_failure_elsewhere_spoils_recovery_and_the_whole() {
    let mut record = passing();
    let mut row_of_failures = record.checks[0].clone();
    row_of_failures.id = "aws.partial_failure".to_owned();
    row_of_failures.verdict = Verdict::Fail;
    record.checks.push(row_of_failures);
    let records = [record];
    assert_eq!(row(&records).recovery.verdict, Verdict::Fail);
    assert_eq!(row(&records).provisioning.verdict, Verdict::Pass);
    assert_eq!(judge::all(&records), Verdict::Fail);
    assert_ne!(criterion(&records, 4).verdict, Verdict::Pass);
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
fn a_fault_that_was_never_injected_proves_no_recovery() {
    let mut records = failures();
    records[0].faults[0].injected = 0;
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
            .cost
            .lines
            .iter_mut()
            .for_each(|line| line.verdict = Some(verdict));
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
