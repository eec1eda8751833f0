//! The lab: runs many trials on threads that share nothing, and keeps their order.
//!
//! Apart from the lifecycle of one trial, which knows no other trial.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kubeproof_contract::journal::Call;
use kubeproof_contract::scenario::Tier;
use kubeproof_external::redact::Redactor;
use kubeproof_reports::record::Record;
use kubeproof_reports::unseen::{self, Planned};

use super::broken;
use super::bystander;
use super::check_rows;
use super::directory;
use super::folder::Folder;
use super::lifecycle::{self, Ran};
use super::progress::{Progress, Silent};
use super::stage::{Stage, Surroundings};
use super::trial::Trial;
use super::unfinished;
use crate::stopwatch::{Stopwatch, today};

/// Fields of a record by which it and its parts are known; only this program writes them.
const KEPT_FIELDS: &[&str] = &[
    "run_id",
    "scenario",
    "provider",
    "tier",
    "clock",
    "started_at",
    "finished_at",
    "verdict",
    "name",
    "id",
    "resource_type",
    "region",
    "oracle",
    "phase",
];

/// Why a trial has no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{trial}: {message}")]
pub struct LabError {
    /// The trial.
    pub trial: String,
    /// What happened, in words.
    pub message: String,
}

/// What came of trials: a record for each, and what went wrong besides.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The records, in the order of the trials. That of a trial that was not begun says so and is unknown.
    pub records: Vec<Record>,
    /// Trials that could not be run at all, and files that could not be written.
    pub errors: Vec<LabError>,
}

impl Outcome {
    /// Adds what came of further trials.
    pub fn add(&mut self, other: Self) {
        self.records.extend(other.records);
        self.errors.extend(other.errors);
    }
}

/// Runs all trials, at most `jobs` at a time. What goes wrong with one takes nothing from the others: a
/// trial that meets a bug of ours is unknown, and a record that cannot be written is still told.
pub fn run_all(
    trials: &[Trial],
    jobs: usize,
    around: &Surroundings,
    progress: &Arc<dyn Progress>,
) -> Outcome {
    announce(trials, around);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Kept>>> = Mutex::new(trials.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, trials.len().max(1)) {
            scope.spawn(|| {
                while let Some((index, trial)) = take(&next, trials) {
                    if around.stop.asked() {
                        return;
                    }
                    let kept = broken::guarded(
                        || keep(trial, around, progress),
                        |why| unrun(unseen::lost(planned(trial, around), why), around),
                    );
                    done.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(kept);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut outcome = Outcome::default();
    for (kept, trial) in done.into_iter().zip(trials) {
        let why = "was not begun: it was asked to stop before";
        let not_begun = || unrun(unseen::not_begun(planned(trial, around), why), around);
        let kept = kept.unwrap_or_else(not_begun);
        outcome.records.push(kept.record);
        outcome.errors.extend(kept.error);
    }
    fill(&mut outcome.records);
    let mains = outcome
        .records
        .iter()
        .filter(|record| !record.scenario.contains('/') && !unseen::is_not_begun(record));
    for main in mains {
        outcome.errors.extend(write(main, around));
    }
    // What cannot be written is said once.
    outcome.errors.dedup();
    outcome
}

/// The records of forced failures that the tier cannot do, each with the reason, written as those of the others are.
pub fn left_out(trials: &[(Trial, String)], around: &Surroundings) -> Outcome {
    let mut outcome = Outcome::default();
    for (trial, why) in trials {
        let kept = unrun(unseen::skipped(planned(trial, around), why), around);
        outcome.records.push(kept.record);
        outcome.errors.extend(kept.error);
    }
    outcome
}

/// A trial that was run, or was not: its record, and what went wrong besides.
#[derive(Debug)]
pub struct Kept {
    /// Its record.
    pub record: Record,
    /// Why it was not run, or why its files were not written.
    pub error: Option<LabError>,
}

/// Keeps the record of a trial that did not end by itself.
fn unrun(record: Record, around: &Surroundings) -> Kept {
    let error = write(&record, around);
    Kept { record, error }
}

/// Notes which trials are to run, where their runs are known beforehand: whatever becomes of this process, none of
/// them is then told by an older record. A folder in which another process is at work is left alone; a note
/// that cannot be written is told when the trial begins.
fn announce(trials: &[Trial], around: &Surroundings) {
    let Some(out) = &around.out else { return };
    for trial in trials.iter().filter(|trial| trial.tier == Tier::Rehearsal) {
        let run = trial.run(&around.owner, trial.start(today()));
        if let Ok(_own) = Folder::take(Some(out), &run.id, false) {
            let _ = unfinished::announce(out, trial, &run);
        }
    }
}

fn planned(trial: &Trial, around: &Surroundings) -> Planned {
    let run = trial.run(&around.owner, trial.start(today()));
    unfinished::planned(trial, &run)
}

/// Writes a record into its run directory, where there is a folder for them and no other process is at work there.
fn write(record: &Record, around: &Surroundings) -> Option<LabError> {
    let folder = around.out.as_ref()?;
    let written = Folder::take(Some(folder), &record.run_id, false).and_then(|own| {
        directory::write_record(&own.path, record).map_err(|error| error.to_string())
    });
    unwritten(&record.scenario, written)
}

fn unwritten(trial: &str, written: Result<(), String>) -> Option<LabError> {
    let error = written.err()?;
    Some(LabError {
        trial: trial.to_owned(),
        message: format!("its files cannot be written: {error}"),
    })
}

fn take<'a>(next: &AtomicUsize, trials: &'a [Trial]) -> Option<(usize, &'a Trial)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    trials.get(index).map(|trial| (index, trial))
}

/// Runs one trial on a runtime of its own.
///
/// # Errors
/// When it could not be run at all, or its files could not be written.
pub fn run_one(
    trial: &Trial,
    around: &Surroundings,
    progress: &Arc<dyn Progress>,
) -> Result<Record, LabError> {
    let kept = keep(trial, around, progress);
    match kept.error {
        None => Ok(kept.record),
        Some(error) => Err(error),
    }
}

/// Runs one trial, and writes its files while its folder is its own.
fn keep(trial: &Trial, around: &Surroundings, progress: &Arc<dyn Progress>) -> Kept {
    let name = trial.name();
    progress.begins(&name);
    let stopwatch = Stopwatch::start();
    let (mut ran, journal, own) = match on_stage(trial, around, progress) {
        Ok(done) => done,
        // Its folder may be another's: nothing is written there.
        Err(error) => {
            let why = format!("was not begun: {}", error.message);
            return Kept {
                record: unseen::not_begun(planned(trial, around), &why),
                error: Some(error),
            };
        }
    };
    ran.record.elapsed_milliseconds = stopwatch.milliseconds();
    let written = match &around.out {
        Some(folder) => directory::write_all(folder, &ran, &journal).map(drop),
        None => Ok(()),
    };
    drop(own);
    let record = ran.record;
    progress.ends(
        &name,
        record.verdict,
        record.calls,
        record.elapsed_milliseconds,
    );
    Kept {
        record,
        error: unwritten(&name, written.map_err(|error| error.to_string())),
    }
}

/// Runs a trial and keeps what it has shown, with its journal, in memory.
///
/// # Errors
/// When it could not be run at all.
pub fn in_memory(
    trial: &Trial,
    around: &Surroundings,
    progress: &Arc<dyn Progress>,
) -> Result<(Ran, Vec<Call>), LabError> {
    on_stage(trial, around, progress).map(|(ran, journal, _)| (ran, journal))
}

/// The same, with the folder that is still its own.
fn on_stage(
    trial: &Trial,
    around: &Surroundings,
    progress: &Arc<dyn Progress>,
) -> Result<(Ran, Vec<Call>, Folder), LabError> {
    let wrong = |message: String| LabError {
        trial: trial.name(),
        message,
    };
    // The SDKs' jitter comes from here: per thread, and the same for the same seed.
    fastrand::seed(trial.seed);
    let runtime = runtime(trial).map_err(|error| wrong(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let around = bystander::beside(trial, around, progress).await;
        let stage = Stage::set(trial, &around, progress, today()).map_err(wrong)?;
        if let Some(out) = &around.out {
            unfinished::announce(out, trial, &stage.run)
                .map_err(|error| wrong(format!("{} cannot be written: {error}", out.display())))?;
        }
        let mut ran = lifecycle::run(&stage).await;
        let mut calls = stage.journal.calls();
        if let Some(redactor) = &stage.redactor {
            redacted(redactor, &mut ran, &mut calls).map_err(wrong)?;
        }
        Ok((ran, calls, stage.folder))
    })
}

/// The surroundings of several trials that begin in one account, with a bystander in it where one is wanted.
///
/// # Errors
/// When there is no runtime to make it on.
pub fn beside(trial: &Trial, around: &Surroundings) -> Result<Surroundings, LabError> {
    let runtime = runtime(trial).map_err(|error| LabError {
        trial: trial.name(),
        message: format!("no runtime: {error}"),
    })?;
    Ok(runtime.block_on(bystander::beside(trial, around, &Silent::shared())))
}

/// Takes secrets out of what is written and shown of a trial.
fn redacted(redactor: &Redactor, ran: &mut Ran, calls: &mut [Call]) -> Result<(), String> {
    let wrong = |error: serde_json::Error| format!("the record cannot be redacted: {error}");
    let mut document = serde_json::to_value(&ran.record).map_err(wrong)?;
    redactor.clean_document(&mut document, KEPT_FIELDS);
    ran.record = serde_json::from_value(document).map_err(wrong)?;
    for line in &mut ran.log {
        *line = redactor.clean(line);
    }
    for call in calls {
        call.target = redactor.clean(&call.target);
        call.error = call.error.as_deref().map(|error| redactor.clean(error));
    }
    Ok(())
}

/// The runtime of one trial: virtual time in rehearsal, with sockets when the provisioner is a program;
/// real time and sockets elsewhere.
///
/// # Errors
/// When the system gives none.
pub fn runtime(trial: &Trial) -> std::io::Result<tokio::runtime::Runtime> {
    let tier = trial.tier;
    if tier == Tier::Rehearsal && trial.scenario.content.provisioner.is_external() {
        return kubeproof_simkit::pace::runtime();
    }
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time();
    match tier {
        Tier::Rehearsal => builder.start_paused(true),
        Tier::Kind | Tier::Live => builder.enable_io(),
    };
    builder.build()
}

/// Writes what the trials of forced failures have shown into the rows of their main trials.
fn fill(records: &mut [Record]) {
    let all = records.to_vec();
    for main in records
        .iter_mut()
        .filter(|record| !record.scenario.contains('/'))
    {
        let prefix = format!("{}/", main.scenario);
        let failures: Vec<&Record> = all
            .iter()
            .filter(|record| record.provider == main.provider)
            .filter(|record| record.tier == main.tier && record.scenario.starts_with(&prefix))
            .collect();
        check_rows::fill_partial_failure(main, &failures);
    }
}

#[cfg(test)]
mod tests;
