//! Tests of the lifecycle: what a phase has found is not lost when the trial is cut off.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use kubeproof_contract::provisioner::{NoAccess, Provisioned};
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Record;

use super::*;
use crate::audit::inventory::stub_observer::StubObserver;
use crate::phases::checks::Checked;
use crate::run_directory::{self, RECORD_FILE};
use crate::trial::{Part, Trial};
use crate::trial_context::RunOptions;
use crate::trial_context::progress::Silent;
use crate::trial_context::runtime::runtime;
use crate::wall_clock::today;
use crate::{providers, scenario};

/// An account in which one check fails. Listing it never ends, if it is `endless`.
fn account(endless: bool) -> StubObserver {
    let boxes = if endless { usize::MAX } else { 0 };
    StubObserver(BTreeMap::from([
        (("box", "north"), boxes),
        (("box", "south"), boxes),
        (("label", "global"), boxes),
        (("check", "fails"), 1),
    ]))
}

/// The findings in the `record.json` of a trial whose checks are cut off after a second, if they have not ended.
fn findings(account: &StubObserver) -> Vec<(String, Option<String>)> {
    let file = "testdata/provisioners/leaks_elastic_ip.yaml";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let mut read = scenario::read::all(&[path], &providers::shared()).expect("a scenario");
    let trial = Trial {
        scenario: read.remove(0),
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: 1,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime(&trial).expect("a runtime");
    let record = runtime.block_on(async {
        let options = RunOptions::quiet();
        let context =
            TrialContext::new(&trial, &options, &Silent::shared(), today()).expect("a context");
        let mut recorder = Recorder::new(&context);
        let using = Checked {
            observer: account,
            plan: context.plan.as_ref(),
            run: &context.run,
            program_of: None,
            ground_truth: None,
        };
        let provisioned = Provisioned {
            access: Err(NoAccess::NotGiven("none")),
            made: BTreeMap::new(),
        };
        let phase = recorder.begin("checks");
        tokio::select! {
            biased;
            outcome = checks::checks(&using, &provisioned, &mut recorder.told) => {
                recorder.write(phase, outcome);
            }
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        done(recorder, &context, CampaignState::default()).record
    });
    run_directory::write_record(folder.path(), &record).expect("written");
    let text = std::fs::read_to_string(folder.path().join(RECORD_FILE)).expect("there");
    let record: Record = serde_json::from_str(&text).expect("a record");
    let found = record.findings.into_iter();
    found.map(|one| (one.message, one.phase)).collect()
}

#[test]
fn what_a_phase_found_before_it_was_cut_off_is_in_the_record() {
    let fails = "the provisioner reported success, but stub.nodes: 0 of 2 nodes";
    let phase = Some("checks".to_owned());
    let whole = format!("{fails}; no resource carries the run's tag");
    assert_eq!(findings(&account(false)), [(whole, phase.clone())]);
    // The price of what was made is not known, and nothing is told twice.
    assert_eq!(findings(&account(true)), [(fails.to_owned(), phase)]);
}
