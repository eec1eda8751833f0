//! A trial that met a bug of ours: it proves nothing, and takes nothing from the others.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::{Phase, Record};

use super::book::{no_audit, no_cost};
use super::check_rows;
use super::directory;
use super::lab::Kept;
use super::stage::Surroundings;
use super::trial::Trial;
use crate::stopwatch::today;

/// Runs a trial. One that panics is dropped where it is, with its programs, and has a record that is unknown.
pub fn guarded(trial: &Trial, around: &Surroundings, run: impl FnOnce() -> Kept) -> Kept {
    // What it shares with other trials is behind locks that nobody leaves half changed.
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(kept) => kept,
        Err(panic) => {
            let record = record(trial, around, &words(panic.as_ref()));
            if let Some(folder) = &around.out {
                // It is told in the report, too.
                let _ = directory::write_record(&folder.join(&record.run_id), &record);
            }
            Kept {
                record: Some(record),
                error: None,
            }
        }
    }
}

/// What a panic says.
pub fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

fn record(trial: &Trial, around: &Surroundings, what: &str) -> Record {
    let run = trial.run(&around.owner, trial.start(today()));
    let provider = trial.scenario.provider.as_ref();
    let message = format!("this is a bug of kubeproof, so nothing is known of the trial: {what}");
    let phases = vec![Phase {
        name: "bug".to_owned(),
        verdict: Verdict::Unknown,
        seconds: 0,
        calls: 0,
        message,
    }];
    let audit = no_audit();
    let cost = no_cost(
        trial.scenario.content.cost.tolerance_percent,
        "not reached: a bug of kubeproof",
    );
    let checks = check_rows::merge(
        provider,
        &[],
        &check_rows::Seen {
            phases: &phases,
            audit: &audit,
            cost: &cost,
        },
    );
    let real = trial.tier != Tier::Rehearsal;
    Record {
        run_id: run.id,
        scenario: trial.name(),
        file: trial.scenario.file.clone(),
        provider: provider.name().to_owned(),
        provider_title: provider.title().to_owned(),
        provisioner: "not known".to_owned(),
        tier: trial.tier,
        seed: trial.seed,
        clock: if real { "real" } else { "virtual" }.to_owned(),
        started_at: run.started_at,
        finished_at: run.started_at,
        seconds: 0,
        elapsed_milliseconds: 0,
        calls: 0,
        journal_hash: String::new(),
        verdict: Verdict::Unknown,
        ready: None,
        phases,
        checks,
        audit,
        cost,
        faults: Vec::new(),
        findings: Vec::new(),
    }
}
