//! The lab: runs many trials on threads that share nothing, and keeps their order.
//!
//! Apart from the lifecycle of one trial, which knows no other trial.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kubeproof_contract::journal::Call;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Record;

use super::bystander;
use super::check_rows;
use super::directory;
use super::lifecycle::{self, Ran};
use super::progress::{Progress, Silent};
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

/// Runs all trials, at most `jobs` at a time. Records come in the order of the trials; a trial that
/// was not begun, because stopping was asked for, has none.
///
/// # Errors
/// When trials could not be run at all, or their files could not be written: all of them.
pub fn run_all(
    trials: &[Trial],
    jobs: usize,
    around: &Surroundings,
    progress: &Arc<dyn Progress>,
) -> Result<Vec<Record>, Vec<LabError>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Record, LabError>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, trials.len().max(1)) {
            scope.spawn(|| {
                while let Some((index, trial)) = take(&next, trials) {
                    if around.stop.asked() {
                        return;
                    }
                    let result = run_one(trial, around, progress);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    let mut records = Vec::new();
    let mut errors = Vec::new();
    for (_, result) in done {
        match result {
            Ok(record) => records.push(record),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    fill(&mut records);
    if let Some(folder) = &around.out {
        for main in records
            .iter()
            .filter(|record| !record.scenario.contains('/'))
        {
            directory::write_record(&folder.join(&main.run_id), main).map_err(|error| {
                let message = format!("{} cannot be written: {error}", folder.display());
                vec![LabError {
                    trial: main.scenario.clone(),
                    message,
                }]
            })?;
        }
    }
    Ok(records)
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
    let wrong = |message: String| LabError {
        trial: trial.name(),
        message,
    };
    let name = trial.name();
    progress.begins(&name);
    let stopwatch = Stopwatch::start();
    let (mut ran, journal) = in_memory(trial, around, progress)?;
    ran.record.elapsed_milliseconds = stopwatch.milliseconds();
    if let Some(folder) = &around.out {
        directory::write_all(folder, &ran, &journal)
            .map_err(|error| wrong(format!("{} cannot be written: {error}", folder.display())))?;
    }
    let record = ran.record;
    progress.ends(
        &name,
        record.verdict,
        record.calls,
        record.elapsed_milliseconds,
    );
    Ok(record)
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
    let wrong = |message: String| LabError {
        trial: trial.name(),
        message,
    };
    // The SDKs' jitter comes from here: per thread, and the same for the same seed.
    fastrand::seed(trial.seed);
    let runtime = runtime(trial).map_err(|error| wrong(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let around = bystander::beside(trial, around, progress).await;
        let stage = Stage::set(trial, &around, progress, today())
            .map_err(|error| wrong(error.to_string()))?;
        let ran = lifecycle::run(&stage).await;
        Ok((ran, stage.journal.calls()))
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
