//! Programs in a real account, whose calls are not observed: what inventories decide, and what stays unknown.
//!
//! The account is a folder, a resource is a file in it, and the program is a shell script.

mod folder;
mod kept;
mod left;

use std::path::Path;
use std::sync::Arc;

use kubeproof::oracles::needs;
use kubeproof::runner;
use kubeproof::scenario::Scenario;
use kubeproof::trial::{Part, Trial};
use kubeproof::trial_context::RunOptions;
use kubeproof::trial_context::progress::Silent;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::provider::Provider as _;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::{Phase, Record};
use serde_json::json;

/// Creates the one resource that is needed.
const UP: &str = "echo 1 > $KUBEPROOF_NAME";
/// Removes it.
const DOWN: &str = "rm -f $KUBEPROOF_NAME";

/// The record of a program that ran in a folder that contains a bystander's file.
fn record(up: &str, down: &str) -> Record {
    expecting("survives", up, down)
}

/// The same, with an expectation in the scenario.
fn expecting(expectation: &str, up: &str, down: &str) -> Record {
    run(expectation, |place| program(place, up, down))
}

/// The block of a program that runs these scripts in the account.
fn program(place: &str, up: &str, down: &str) -> String {
    // JSON is YAML.
    let shell = |script: &str| json!(["sh", "-c", format!("cd {place} && {{ {script}; }}")]);
    format!(
        "{{command: {{provision: {}, teardown: {}}}}}",
        shell(up),
        shell(down)
    )
}

/// The record of a run in a folder, with this `provisioner` block in its scenario.
fn run(expectation: &str, provisioner: impl Fn(&str) -> String) -> Record {
    let (record, _) = run_with(expectation, ("", false), provisioner);
    record
}

/// The same with `more` in its scenario, and without teardown if it `keeps` what it made; and how many resources are in
/// the account at the end.
fn run_with(
    expectation: &str,
    (more, keep): (&str, bool),
    provisioner: impl Fn(&str) -> String,
) -> (Record, usize) {
    let account = tempfile::tempdir().expect("a folder");
    std::fs::write(account.path().join("theirs"), "1\n").expect("written");
    let out = tempfile::tempdir().expect("a folder");
    let place = account.path().display().to_string();
    let text = format!(
        "scenario: s\ndescription: d\nprovider: folder\ntiers: [kind]\ncluster: {{place: {place}}}\n\
         provisioner: {}\n\
         failures: [{{name: none, expect: {expectation}}}]\n{more}",
        provisioner(&place)
    );
    let trial = trial(&text);
    let options = RunOptions {
        out: Some(out.path().to_owned()),
        keep,
        ..RunOptions::quiet()
    };
    let (ran, _) = runner::in_memory(&trial, &options, &Silent::shared()).expect("a record");
    // A program may have removed the whole account.
    let there = std::fs::read_dir(account.path()).map_or(0, Iterator::count);
    (ran.record, there)
}

fn trial(text: &str) -> Trial {
    let provider = Arc::new(folder::Folder);
    let content = provider.read(text).expect("a scenario");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("s.yaml");
    Trial {
        scenario: Scenario {
            file: file.display().to_string(),
            text: text.into(),
            content: Arc::new(content),
            provider,
        },
        part: Part::Failure(0, Vec::new()),
        tier: Tier::Kind,
        seed: 1,
    }
}

#[track_caller]
fn phase<'a>(record: &'a Record, name: &str) -> &'a Phase {
    let found = record.phases.iter().find(|phase| phase.name == name);
    found.unwrap_or_else(|| panic!("no phase {name}: {:#?}", record.phases))
}

/// A phase of this trial has this verdict, and its message contains `words`; a failed phase is a finding.
#[track_caller]
fn check(up: &str, down: &str, name: &str, expected: Verdict, words: &str) {
    check_phase(&record(up, down), name, expected, words);
}

#[track_caller]
fn check_phase(record: &Record, name: &str, expected: Verdict, words: &str) {
    let seen = phase(record, name);
    assert_eq!(seen.verdict, expected, "{seen:?}");
    assert!(seen.message.contains(words), "`{words}`: {seen:?}");
    let mut found = record.findings.iter();
    let is_found = found.any(|finding| finding.message.contains(words));
    assert_eq!(is_found, expected == Verdict::Fail, "{:?}", record.findings);
    assert_ne!(record.verdict, Verdict::Pass, "{record:#?}");
}

#[test]
fn a_program_whose_calls_are_not_observed_is_unknown_and_the_report_says_why() {
    let record = record(UP, DOWN);
    assert_eq!(record.findings, [], "{record:#?}");
    assert_eq!(record.verdict, Verdict::Unknown);
    let unknown: Vec<&str> = record
        .phases
        .iter()
        .filter(|phase| phase.verdict == Verdict::Unknown)
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(unknown, [needs::ENDS, needs::BILL]);
    let ends = &phase(&record, needs::ENDS).message;
    assert!(ends.contains("it needs the provisioner's calls"), "{ends}");
    let bill = &phase(&record, needs::BILL).message;
    assert!(bill.contains("it needs a meter or the bill"), "{bill}");
}

#[test]
fn the_cost_is_estimated_for_a_cluster_that_was_made_without_an_observed_call() {
    let record = record(UP, DOWN);
    assert!(
        !record.cost.message.contains("nothing was created"),
        "{record:#?}"
    );
    assert!(record.cost.estimated.is_some(), "{:?}", record.cost);
}

#[test]
fn a_second_teardown_that_removes_what_the_first_one_left_is_found_by_inventories() {
    let again = "teardown-again";
    check(
        UP,
        DOWN,
        again,
        Verdict::Pass,
        "as inventories before and after show",
    );
    check(
        "echo 1 > $KUBEPROOF_NAME; echo 1 > $KUBEPROOF_NAME-b",
        "rm $(ls -d $KUBEPROOF_NAME* | head -n 1)",
        again,
        Verdict::Fail,
        "a second teardown changed things: removed: thing kp-k",
    );
}

#[test]
fn a_second_teardown_that_makes_something_is_found_by_inventories() {
    check(
        UP,
        "test -e $KUBEPROOF_NAME || echo 1 > $KUBEPROOF_NAME-log; rm -f $KUBEPROOF_NAME",
        "teardown-again",
        Verdict::Fail,
        "a second teardown changed things: made: thing kp-k",
    );
}

#[test]
fn a_resource_of_unknown_owner_that_goes_during_a_second_teardown_is_unknown() {
    check(
        UP,
        "test -e $KUBEPROOF_NAME || rm -f theirs; rm -f $KUBEPROOF_NAME",
        "teardown-again",
        Verdict::Unknown,
        "went meanwhile: thing theirs",
    );
}

#[test]
fn a_duplicate_is_found_by_an_inventory() {
    check(
        "echo 1 > $KUBEPROOF_NAME; echo 1 > $KUBEPROOF_NAME-b",
        "rm -f $KUBEPROOF_NAME*",
        needs::DUPLICATES,
        Verdict::Fail,
        "2 of type thing were alive",
    );
}

#[test]
fn a_bystanders_resource_that_was_altered_is_not_a_pass() {
    check(
        "echo 1 > $KUBEPROOF_NAME; echo 2 > theirs",
        DOWN,
        needs::BYSTANDERS,
        Verdict::Unknown,
        "was altered: thing theirs",
    );
}

#[test]
fn the_documentation_of_oracles_says_what_each_needs() {
    let document = "harness/src/oracles.rs";
    crate::tables::hold(document, "what oracles need", &needs::table()).expect("the table");
}

/// Every oracle that reports findings is in the table of what oracles need.
#[test]
fn each_oracle_of_the_code_is_in_the_table() {
    let names: Vec<&str> = needs::ORACLES.iter().map(|oracle| oracle.name).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oracles");
    let mut seen = 0;
    let entries = std::fs::read_dir(folder).expect("oracles").flatten();
    for entry in entries.filter(|entry| entry.path().is_file()) {
        let text = std::fs::read_to_string(entry.path()).expect("a file");
        for name in text.split('"').filter(|part| is_oracle(part)) {
            assert!(names.contains(&name), "{name} of {:?}", entry.path());
            seen += 1;
        }
    }
    assert!(seen > names.len(), "{seen}");
}

/// Whether a text is an oracle's name, as `O1 orphans`.
fn is_oracle(text: &str) -> bool {
    let mut chars = text.chars();
    text.len() < 20
        && chars.next() == Some('O')
        && chars.next().is_some_and(|c| c.is_ascii_digit())
        && chars.next() == Some(' ')
}

#[test]
fn a_bystanders_resource_that_is_gone_is_neither_a_finding_nor_a_pass() {
    let record = record(&format!("{UP} && rm theirs"), DOWN);
    let audit = &record.audit;
    assert_eq!(audit.verdict, Verdict::Unknown, "{audit:#?}");
    let told = "who removed it is unknown";
    let mut failed = audit.coverage.failed.iter();
    assert!(
        failed.any(|line| line.contains("thing theirs") && line.contains(told)),
        "{audit:#?}"
    );
    assert_eq!(record.findings, [], "{:#?}", record.findings);
}
