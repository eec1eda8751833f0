//! Tests of the runner: trials that did not run are in the records.

use std::path::PathBuf;

use kubeproof_contract::check::Verdict;
use kubeproof_reports::{judge, matrix};

use super::*;
use crate::scenario::Scenario;
use crate::trial::plan::{Choice, plan};
use crate::{providers, scenario};

/// A scenario with failures that only a rehearsal can force.
fn two_zones() -> Vec<Scenario> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let files = scenario::find::files(&[folder]).expect("scenarios");
    let mut all = scenario::read::all(&files, &providers::shared()).expect("scenarios");
    all.retain(|scenario| scenario.name() == "two-zones");
    assert_eq!(all.len(), 1);
    all
}

#[test]
fn failures_that_a_tier_cannot_force_are_in_the_records_with_the_reason() {
    let scenarios = two_zones();
    let choice = Choice {
        tier: Tier::Live,
        providers: Vec::new(),
        seed: 1,
        faults: Vec::new(),
        only: Vec::new(),
        clients: None,
    };
    let plan = plan(&scenarios, &choice).expect("a plan");
    let records = left_out(&plan.left_out, &RunOptions::quiet()).records;
    let all = 1 + scenarios[0].content.failures.len();
    assert!(!records.is_empty());
    assert_eq!(plan.trials.len() + records.len(), all);
    for record in &records {
        let (verdict, why) = judge::trial(record);
        assert_eq!(verdict, Verdict::Skipped);
        assert!(why.contains("in rehearsal only"), "{why}");
    }
    let row = matrix::matrix(&records).remove(0);
    let count = format!("0/{}", records.len());
    assert_eq!(row.recovery.count, Some(count));
}

#[test]
fn a_trial_that_was_not_begun_is_unknown_and_in_the_records() {
    let scenarios = two_zones();
    let trial = Trial {
        scenario: scenarios[0].clone(),
        part: crate::trial::Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: 1,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let options = RunOptions {
        out: Some(folder.path().to_owned()),
        ..RunOptions::quiet()
    };
    options.cancel.cancel();
    let results = run_all(&[trial], 1, &options, &Silent::shared());
    assert_eq!(results.errors, []);
    let records = results.records;
    assert_eq!(judge::all(&records), Verdict::Unknown);
    assert!(unseen::is_not_begun(&records[0]));
    let shown = unfinished::of_folder(&folder.path().join(&records[0].run_id));
    assert_eq!(shown.expect("readable"), Some(records[0].clone()));
}
