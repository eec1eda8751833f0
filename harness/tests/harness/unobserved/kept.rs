//! What stays on purpose: a cluster that is kept for a look, and a leak that the scenario allows.

use kubeproof_contract::check::Verdict;

use super::{DOWN, UP, check_phase, phase, program, run_with};

/// The bystander's file.
const THEIRS: usize = 1;

#[test]
fn what_is_kept_is_there_and_the_trial_never_passes() {
    let (record, there) = run_with("survives", ("", true), |place| program(place, UP, DOWN));
    assert_eq!(there, THEIRS + 1, "the resource is kept");
    check_phase(
        &record,
        "teardown",
        Verdict::Unknown,
        "is kept (--keep); remove it with `kubeproof sweep --run",
    );
    for name in ["audit", "cost"] {
        assert_eq!(phase(&record, name).verdict, Verdict::Skipped);
    }
    assert_eq!(record.audit.verdict, Verdict::Skipped);
    // Without the option it is gone.
    let (_, there) = run_with("survives", ("", false), |place| program(place, UP, DOWN));
    assert_eq!(there, THEIRS);
}

#[test]
fn an_allowed_leak_is_no_finding_and_makes_nothing_pass_that_is_unknown() {
    let leaks = |more: &str| {
        let (record, there) = run_with("survives", (more, false), |place| {
            program(place, UP, "true")
        });
        assert_eq!(there, THEIRS + 1);
        record
    };
    let record = leaks("");
    assert_eq!(record.verdict, Verdict::Fail);
    let found = record.findings.iter().find(|it| it.oracle == "O1 orphans");
    let id = &found.expect("a leak").id;
    for subject in ["type: thing".to_owned(), format!("finding: {id}")] {
        let record = leaks(&format!("allow: [{{{subject}, reason: known}}]\n"));
        assert_eq!(record.findings, [], "{subject}");
        assert!(!record.allowed.is_empty(), "{subject}");
        assert!(
            record
                .allowed
                .iter()
                .all(|it| it.finding.oracle == "O1 orphans")
        );
        // Its calls are not observed, so that some oracles are unknown: they stay so.
        assert_eq!(record.verdict, Verdict::Unknown, "{subject}: {record:#?}");
    }
    let record = leaks("allow: [{type: disk, reason: known}]\n");
    assert_eq!(record.verdict, Verdict::Fail);
}
