//! Tests of the book: there is no failure without a finding.

use std::path::PathBuf;

use kubeproof_contract::scenario::Tier;

use super::*;
use crate::run::lab;
use crate::run::progress::Silent;
use crate::run::stage::Surroundings;
use crate::run::trial::{Part, Trial};
use crate::stopwatch::today;
use crate::{providers, scenario};

/// The record of a trial that goes through these phases and no others.
fn record_of(work: impl FnOnce(&mut Book<'_, '_>)) -> Record {
    let file = "testdata/provisioners/leaks_elastic_ip.yaml";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let mut read = scenario::read::all(&[path], &providers::shared()).expect("a scenario");
    let trial = Trial {
        scenario: read.remove(0),
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: 1,
    };
    let runtime = lab::runtime(&trial).expect("a runtime");
    runtime.block_on(async {
        let around = Surroundings::quiet();
        let stage = Stage::set(&trial, &around, &Silent::shared(), today()).expect("a stage");
        let mut book = Book::new(&stage);
        work(&mut book);
        book.into_record()
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
    let record = record_of(|book| {
        let begun = book.begin("converge");
        book.end(begun, Verdict::Fail, "it went wrong");
    });
    found(&record, &[("converge", Some("converge"))]);
    assert_eq!(record.findings[0].message, "converge it went wrong");
    assert_eq!(record.verdict, Verdict::Fail);
}

#[test]
fn what_was_found_in_a_phase_names_it_and_is_not_told_twice() {
    let record = record_of(|book| {
        let begun = book.begin("audit");
        book.find("O1 orphans", "left");
        book.end(begun, Verdict::Fail, "1 orphan");
        book.find("O2 twins", "two");
    });
    found(
        &record,
        &[("O1 orphans", Some("audit")), ("O2 twins", None)],
    );
}

#[test]
fn a_finding_of_an_earlier_phase_does_not_stand_for_a_later_one() {
    let record = record_of(|book| {
        let begun = book.begin("provision");
        book.end_judged(begun, Verdict::Fail, "failed");
        let begun = book.begin("teardown");
        book.end(begun, Verdict::Fail, "failed");
    });
    let expected = ["provision", "teardown"].map(|name| (name, Some(name)));
    found(&record, &expected);
}

#[test]
fn a_row_of_the_checklist_that_alone_fails_is_a_finding() {
    let record = record_of(|book| {
        let check = Check::new("job.execution", "", Verdict::Fail, "exit 1");
        book.checks.push(check);
    });
    found(&record, &[("checks", None)]);
    assert_eq!(record.verdict, Verdict::Fail);
}
