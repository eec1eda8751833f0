//! The lab: runs many trials on threads that share nothing, and keeps their order.
//!
//! Apart from the lifecycle of one trial, which knows no other trial.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kubeproof_contract::journal::Call;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Record;

use super::broken;
use super::check_rows;
use super::directory;
use super::folder::Folder;
use super::lifecycle::{self, Ran};
use super::progress::Progress;
use super::stage::{Stage, Surroundings};
use super::trial::Trial;
use crate::stopwatch::{Stopwatch, today};

/// Why a trial has no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{trial}: {message}")]
pub struct LabError {
    /// The trial.
    pub trial: String,
    /// What happened, in words.
    pub message: String,
}

/// What came of all trials.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The records, in the order of the trials. A trial that was not begun, because stopping was asked
    /// for, has none.
    pub records: Vec<Record>,
    /// Trials that could not be run at all, and files that could not be written.
    pub errors: Vec<LabError>,
}

/// Runs all trials, at most `jobs` at a time. What goes wrong with one takes nothing from the others: a
/// trial that meets a bug of ours is unknown, and a record that cannot be written is still told.
pub fn run_all(
    trials: &[Trial],
    jobs: usize,
    around: &Surroundings,
    progress: &Arc<dyn Progress>,
) -> Outcome {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Kept)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, trials.len().max(1)) {
            scope.spawn(|| {
                while let Some((index, trial)) = take(&next, trials) {
                    if around.stop.asked() {
                        return;
                    }
                    let kept = broken::guarded(trial, around, || keep(trial, around, progress));
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, kept));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    let mut outcome = Outcome::default();
    for (_, kept) in done {
        outcome.records.extend(kept.record);
        outcome.errors.extend(kept.error);
    }
    fill(&mut outcome.records);
    if let Some(folder) = &around.out {
        let mains = outcome
            .records
            .iter()
            .filter(|record| !record.scenario.contains('/'));
        for main in mains {
            let written = directory::write_record(&folder.join(&main.run_id), main);
            outcome.errors.extend(unwritten(&main.scenario, written));
        }
    }
    // One folder that cannot be written is said once.
    outcome.errors.dedup();
    outcome
}

/// A trial that was run: its record, if there is one, and what went wrong besides.
#[derive(Debug)]
pub struct Kept {
    /// Its record.
    pub record: Option<Record>,
    /// Why there is none, or why it was not written.
    pub error: Option<LabError>,
}

fn unwritten(trial: &str, written: std::io::Result<()>) -> Option<LabError> {
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
    match (kept.record, kept.error) {
        (Some(record), None) => Ok(record),
        (_, error) => Err(error.unwrap_or_else(|| LabError {
            trial: trial.name(),
            message: "it has no record".to_owned(),
        })),
    }
}

/// Runs one trial, and writes its files while its folder is its own.
fn keep(trial: &Trial, around: &Surroundings, progress: &Arc<dyn Progress>) -> Kept {
    let name = trial.name();
    progress.begins(&name);
    let stopwatch = Stopwatch::start();
    let (mut ran, journal, own) = match on_stage(trial, around, progress) {
        Ok(done) => done,
        Err(error) => {
            let error = Some(error);
            return Kept {
                record: None,
                error,
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
        record: Some(record),
        error: unwritten(&name, written),
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
        let stage = Stage::set(trial, around, progress, today()).map_err(wrong)?;
        let ran = lifecycle::run(&stage).await;
        Ok((ran, stage.journal.calls(), stage.folder))
    })
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
