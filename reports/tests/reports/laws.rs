//! Properties over random records: an error anywhere is an error in the matrix, the exit code, JUnit and JSON alike.

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::cells::{Area, ORACLES, PHASES};
use kubeproof_reports::criteria::criteria;
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::judge;
use kubeproof_reports::matrix::{Cell, MatrixRow, groups, matrix};
use kubeproof_reports::record::{FaultRecord, Phase, Record};
use proptest::prelude::*;

use crate::common::{deletes_a_bystander, finding, leaks_an_address, passing};

/// Mostly pass, so that what is wrong is often wrong in one place only.
fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        20 => Just(Verdict::Pass),
        1 => Just(Verdict::Fail),
        1 => Just(Verdict::Unknown),
        1 => Just(Verdict::Pending),
        1 => Just(Verdict::Skipped),
    ]
}

/// A name of a phase: one of the table, or one that no table knows.
fn phase() -> impl Strategy<Value = Phase> {
    let name =
        (0..=PHASES.len()).prop_map(|index| PHASES.get(index).map_or("new", |(name, _)| *name));
    (name, verdict()).prop_map(|(name, verdict)| Phase {
        name: name.to_owned(),
        verdict,
        seconds: 1,
        calls: 1,
        message: format!("{name} was {verdict}"),
    })
}

/// An oracle and the phase in which it found something.
fn found() -> impl Strategy<Value = (String, Option<String>)> {
    let oracle =
        (0..=ORACLES.len()).prop_map(|index| ORACLES.get(index).map_or("new", |(name, _)| *name));
    (oracle, proptest::option::of(phase()))
        .prop_map(|(oracle, phase)| (oracle.to_owned(), phase.map(|phase| phase.name)))
}

fn row_of_checks() -> impl Strategy<Value = Check> {
    let id = prop_oneof![
        Just("aws.vpc"),
        Just("aws.cost"),
        Just("aws.teardown"),
        Just("aws.partial_failure"),
        Just("job.execution"),
        Just("audit.clean"),
    ];
    (id, verdict())
        .prop_map(|(id, verdict)| Check::new(id, "", verdict, format!("{id} was {verdict}")))
}

fn record() -> impl Strategy<Value = Record> {
    let name = prop_oneof![
        Just("a"),
        Just("a/one"),
        Just("a/two"),
        Just("b"),
        Just("b/one")
    ];
    let parts = (
        proptest::collection::vec(phase(), 0..4),
        proptest::collection::vec(row_of_checks(), 0..3),
        proptest::collection::vec(found(), 0..2),
        proptest::option::weighted(0.1, any::<bool>()),
    );
    let own = (
        verdict(),
        verdict(),
        verdict(),
        40..=42_u64,
        proptest::option::weighted(0.2, 0..2_u64),
    );
    (name, own, parts).prop_map(|(name, own, (phases, checks, findings, harm))| {
        let (whole, audit, cost, listed, injected) = own;
        let mut record = passing();
        record.scenario = name.to_owned();
        record.phases.extend(phases);
        record.checks.extend(checks);
        record.verdict = whole;
        record.audit.verdict = audit;
        record.audit.coverage.listed = listed;
        record.cost.verdict = cost;
        match harm {
            None => {}
            Some(true) => record.audit.missing = deletes_a_bystander().audit.missing,
            Some(false) => record.audit.orphans = leaks_an_address().audit.orphans,
        }
        record.faults = injected
            .map(|injected| FaultRecord {
                fault: "ec2:CreateVpc=reject".to_owned(),
                seen: 1,
                injected,
            })
            .into_iter()
            .collect();
        for (oracle, phase) in findings.iter().take(usize::from(listed == 40)) {
            finding(&mut record, oracle, "wrong");
            record.findings[0].phase.clone_from(phase);
        }
        record
    })
}

fn cells(row: &MatrixRow) -> [&Cell; 5] {
    [
        &row.provisioning,
        &row.execution,
        &row.recovery,
        &row.cleanup,
        &row.cost,
    ]
}

/// 0 for what a reader takes for good: what was left out is not counted.
fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass | Verdict::Skipped => 0,
        Verdict::Pending => 1,
        Verdict::Unknown => 2,
        Verdict::Fail => 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_row_is_as_bad_as_the_worst_of_its_trials(records in proptest::collection::vec(record(), 1..6)) {
        for (group, row) in groups(&records).iter().zip(matrix(&records)) {
            let worst = Verdict::of_all(group.records().map(|record| judge::trial(record).0));
            let shown = Verdict::of_all(cells(&row).map(|cell| cell.verdict));
            prop_assert!(badness(shown) >= badness(worst), "{worst} shown as {shown}: {row:?}");
            if worst != Verdict::Pass {
                let green = cells(&row).iter().all(|cell| cell.verdict == Verdict::Pass);
                prop_assert!(!green, "{worst} in a green row");
            }
            // A record is never better than its own word.
            let own = Verdict::of_all(group.records().map(|record| record.verdict));
            prop_assert!(badness(worst) >= badness(own));
        }
    }

    #[test]
    fn matrix_exit_code_criteria_junit_and_json_agree(records in proptest::collection::vec(record(), 0..6)) {
        let whole = judge::all(&records);
        let rows = matrix(&records);
        let shown = Verdict::of_all(rows.iter().flat_map(cells).map(|cell| cell.verdict));
        prop_assert_eq!(badness(shown), badness(whole));
        let junit = render(Format::Junit, &records, &Style::default());
        let (failures, errors) = (junit.contains("<failure "), junit.contains("<error "));
        prop_assert_eq!(failures, whole == Verdict::Fail);
        prop_assert_eq!(failures || errors, whole != Verdict::Pass, "{}: {}", whole, junit);
        let json: serde_json::Value = serde_json::from_str(&render(Format::Json, &records, &Style::default())).unwrap();
        prop_assert_eq!(&json["verdict"], &serde_json::json!(whole));
        let criteria = criteria(&records);
        if whole == Verdict::Pass {
            let worse = criteria.iter().any(|one| [3, 4].contains(&one.number) && badness(one.verdict) > 0);
            prop_assert!(!worse, "{criteria:?}");
        }
        let cleanup = records.iter().map(|record| judge::area(record, Area::Cleanup).0);
        let counted = records.iter().filter(|record| judge::trial(record).0 != Verdict::Skipped).count();
        if counted == records.len() {
            prop_assert_eq!(badness(criteria[2].verdict), badness(Verdict::of_all(cleanup)));
        }
        // One cloud is never three, and a failed one fails the first criterion.
        let mains = records.iter().filter(|record| !record.scenario.contains('/') && record.tier == Tier::Rehearsal);
        let areas = [Area::Provisioning, Area::Execution, Area::Cleanup];
        let mut judged = mains.flat_map(|record| areas.map(|area| judge::area(record, area).0));
        prop_assert_eq!(criteria[0].verdict == Verdict::Fail, judged.any(|verdict| verdict == Verdict::Fail));
    }
}
