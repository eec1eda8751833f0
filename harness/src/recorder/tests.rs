//! Tests of the recorder: there is no failure without a finding.

use std::path::PathBuf;

use kubeproof_contract::scenario::Tier;

use super::*;
use crate::oracles::Violation;
use crate::trial::{Part, Trial};
use crate::trial_context::RunOptions;
use crate::trial_context::progress::Silent;
use crate::trial_context::runtime::runtime;
use crate::wall_clock::today;
use crate::{providers, scenario};

/// The record of a trial that goes through these phases and no attribution.
fn record_of(work: impl FnOnce(&mut Recorder<'_, '_>)) -> Record {
    let file = "testdata/provisioners/leaks_elastic_ip.yaml";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let mut read = scenario::read::all(&[path], &providers::shared()).expect("a scenario");
    let trial = Trial {
        scenario: read.remove(0),
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: 1,
    };
    let runtime = runtime(&trial).expect("a runtime");
    runtime.block_on(async {
        let options = RunOptions::quiet();
        let context =
            TrialContext::new(&trial, &options, &Silent::shared(), today()).expect("a context");
        let mut recorder = Recorder::new(&context);
        work(&mut recorder);
        recorder.into_record()
    })
}

#[track_caller]
fn found(record: &Record, expected: &[(&str, Option<&str>)]) {
    let all = record.findings.iter();
    let seen: Vec<_> = all
        .map(|one| (one.oracle.as_str(), one.phase.as_deref()))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_phase_that_fails_without_a_finding_is_one_itself() {
    let record = record_of(|recorder| {
        let phase = recorder.begin("converge");
        recorder.end(phase, Verdict::Fail, "it went wrong");
    });
    found(&record, &[("converge", Some("converge"))]);
    assert_eq!(record.findings[0].message, "converge it went wrong");
    assert_eq!(record.verdict, Verdict::Fail);
}

#[test]
fn what_was_found_in_a_phase_names_it_and_is_not_told_twice() {
    let record = record_of(|recorder| {
        let phase = recorder.begin("audit");
        recorder.add_finding("O1 orphans", "left");
        recorder.end(phase, Verdict::Fail, "1 orphan");
        recorder.add_finding("O2 duplicates", "two");
    });
    found(
        &record,
        &[("O1 orphans", Some("audit")), ("O2 duplicates", None)],
    );
}

#[test]
fn a_finding_of_an_earlier_phase_does_not_stand_for_a_later_one() {
    let record = record_of(|recorder| {
        let phase = recorder.begin("provision");
        recorder.end_judged(phase, Verdict::Fail, "failed");
        let phase = recorder.begin("teardown");
        recorder.end(phase, Verdict::Fail, "failed");
    });
    let expected = ["provision", "teardown"].map(|name| (name, Some(name)));
    found(&record, &expected);
}

#[test]
fn a_row_of_the_checklist_that_alone_fails_is_a_finding() {
    let record = record_of(|recorder| {
        let check = Check::new("job.execution", "", Verdict::Fail, "exit 1");
        recorder.told.rows([check]);
    });
    found(&record, &[("checks", None)]);
    assert_eq!(record.verdict, Verdict::Fail);
}

#[test]
fn what_a_phase_returns_is_written_down_as_if_it_had_been_told_at_once() {
    let record = record_of(|recorder| {
        let phase = recorder.begin("checks");
        let mut told = Told::default();
        told.note("the account was listed");
        told.violations([Violation::new("O3 truth", "a node is missing")]);
        let row = Check::new("job.execution", "", Verdict::Pass, "exit 0");
        let outcome = PhaseOutcome::new(Verdict::Fail, "0 of 1 passed").with(told);
        recorder.write(phase, outcome.with_checks(vec![row]));
        assert!(recorder.log.iter().any(|line| line.ends_with("was listed")));
        let phase = recorder.begin("run_job");
        let mut told = Told::default();
        told.violations([Violation::new("O3 truth", "a pod is missing")]);
        recorder.write(
            phase,
            PhaseOutcome::judged(Verdict::Fail, "exit 1").with(told),
        );
    });
    let expected = [
        ("O3 truth", Some("checks")),
        ("O3 truth", Some("run_job")),
        ("run_job", Some("run_job")),
    ];
    found(&record, &expected);
    let rows = record.checks.iter();
    assert!(rows.filter(|row| row.evidence == "exit 0").count() == 1);
}
