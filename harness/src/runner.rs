//! Runs many trials on threads that share nothing, and keeps their order.

pub mod live_plan;
pub mod panic_guard;
pub mod readiness;
pub mod spending;
pub mod threads;

use std::fmt::Display;
use std::sync::Arc;

use kubeproof_contract::journal::Call;
use kubeproof_contract::scenario::Tier;
use kubeproof_external::redact::Redactor;
use kubeproof_reports::record::Record;
use kubeproof_reports::unseen::{self, Planned};

use crate::lifecycle;
use crate::phases::bystander;
use crate::recorder::checklist;
use crate::run_directory;
use crate::run_directory::folder::Folder;
use crate::run_directory::unfinished;
use crate::trial::Trial;
use crate::trial::output::TrialOutput;
use crate::trial_context::progress::{Progress, Silent};
use crate::trial_context::runtime::runtime;
use crate::trial_context::{RunOptions, TrialContext};
use crate::wall_clock::{Stopwatch, today};

/// Fields of a record that identify it and its parts. Only this program writes them, so they are not redacted.
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
pub struct RunError {
    pub trial: String,
    /// What happened.
    pub message: String,
}

/// The results of trials: a record for each, and errors.
#[derive(Debug, Default)]
pub struct RunResults {
    /// The records, in the order of the trials. The record of a trial that did not start says so and is unknown.
    pub records: Vec<Record>,
    /// Trials that could not be run, and files that could not be written.
    pub errors: Vec<RunError>,
}

impl RunResults {
    /// Adds the results of more trials.
    pub fn add(&mut self, other: Self) {
        self.records.extend(other.records);
        self.errors.extend(other.errors);
    }
}

/// Runs all trials, at most `jobs` at a time. A failure of one does not affect the others: a trial that hits an
/// internal error is unknown, and a record that cannot be written is still reported.
pub fn run_all(
    trials: &[Trial],
    jobs: usize,
    options: &RunOptions,
    progress: &Arc<dyn Progress>,
) -> RunResults {
    announce(trials, options);
    let done = threads::each(trials, jobs, |trial| {
        let run = || {
            panic_guard::catch_panic(
                || run_and_write(trial, options, progress),
                |why| not_run(unseen::lost(planned(trial, options), why), options),
            )
        };
        (!options.cancel.is_cancelled()).then(run)
    });
    let mut results = RunResults::default();
    for (result, trial) in done.into_iter().zip(trials) {
        let why = "was not begun: it was asked to stop before";
        let not_begun = || not_run(unseen::not_begun(planned(trial, options), why), options);
        let result = result.unwrap_or_else(not_begun);
        results.records.push(result.record);
        results.errors.extend(result.error);
    }
    fill(&mut results.records);
    let mains = results
        .records
        .iter()
        .filter(|record| !record.scenario.contains('/') && !unseen::is_not_begun(record));
    for main in mains {
        results.errors.extend(write(main, options));
    }
    // The same write error is reported once.
    results.errors.dedup();
    results
}

/// The records of forced failures that the tier cannot inject, each with the reason, written like all others.
pub fn left_out(trials: &[(Trial, String)], options: &RunOptions) -> RunResults {
    let mut results = RunResults::default();
    for (trial, why) in trials {
        let result = not_run(unseen::skipped(planned(trial, options), why), options);
        results.records.push(result.record);
        results.errors.extend(result.error);
    }
    results
}

/// The result of one trial, whether it ran or not: its record, and an error.
#[derive(Debug)]
pub struct TrialResult {
    pub record: Record,
    /// Why it was not run, or why its files were not written.
    pub error: Option<RunError>,
}

/// Writes the record of a trial that did not run to its end.
fn not_run(record: Record, options: &RunOptions) -> TrialResult {
    let error = write(&record, options);
    TrialResult { record, error }
}

/// Notes which trials are about to run, where their run ids are known beforehand, so that no older record is taken
/// for theirs even if this process dies. A folder that another process uses is left alone; a note that cannot be
/// written is reported when the trial begins.
fn announce(trials: &[Trial], options: &RunOptions) {
    let Some(out) = &options.out else { return };
    for trial in trials.iter().filter(|trial| trial.tier == Tier::Rehearsal) {
        let run = trial.run(&options.owner, trial.start(today()));
        if let Ok(_own) = Folder::take(Some(out), &run.id, false) {
            let _ = unfinished::announce(out, trial, &run);
        }
    }
}

fn planned(trial: &Trial, options: &RunOptions) -> Planned {
    let run = trial.run(&options.owner, trial.start(today()));
    unfinished::planned(trial, &run)
}

/// Writes a record into its run directory, if records are kept and no other process uses the directory.
pub fn write(record: &Record, options: &RunOptions) -> Option<RunError> {
    let folder = options.out.as_ref()?;
    match Folder::take(Some(folder), &record.run_id, false) {
        Ok(own) => {
            let written = run_directory::write_record(&own.path, record);
            unwritten(&record.scenario, written)
        }
        Err(error) => unwritten(&record.scenario, Err(error)),
    }
}

fn unwritten(trial: &str, written: Result<(), impl Display>) -> Option<RunError> {
    let error = written.err()?;
    Some(RunError {
        trial: trial.to_owned(),
        message: format!("its files cannot be written: {error}"),
    })
}

/// Runs one trial on a runtime of its own.
///
/// # Errors
/// When it could not be run at all, or its files could not be written.
pub fn run_one(
    trial: &Trial,
    options: &RunOptions,
    progress: &Arc<dyn Progress>,
) -> Result<Record, RunError> {
    let result = run_and_write(trial, options, progress);
    match result.error {
        None => Ok(result.record),
        Some(error) => Err(error),
    }
}

/// Runs one trial, and writes its files while it holds the run's folder.
fn run_and_write(trial: &Trial, options: &RunOptions, progress: &Arc<dyn Progress>) -> TrialResult {
    let name = trial.name();
    progress.begins(&name);
    let stopwatch = Stopwatch::start();
    let Ran {
        mut output,
        journal,
        folder: own,
    } = match run_in_context(trial, options, progress) {
        Ok(done) => done,
        // The folder may belong to another process: nothing is written there.
        Err(error) => {
            let why = format!("was not begun: {}", error.message);
            return TrialResult {
                record: unseen::not_begun(planned(trial, options), &why),
                error: Some(error),
            };
        }
    };
    output.record.elapsed_milliseconds = stopwatch.milliseconds();
    let written = match &options.out {
        Some(folder) => run_directory::write_all(folder, &output, &journal),
        None => Ok(()),
    };
    drop(own);
    let record = Record {
        journal: journal.into(),
        text: Arc::clone(&trial.scenario.text),
        ..output.record
    };
    progress.ends(
        &name,
        record.verdict,
        record.calls,
        record.elapsed_milliseconds,
    );
    TrialResult {
        record,
        error: unwritten(&name, written),
    }
}

/// Runs a trial and returns its output and its journal; nothing is written.
///
/// # Errors
/// When it could not be run at all.
pub fn in_memory(
    trial: &Trial,
    options: &RunOptions,
    progress: &Arc<dyn Progress>,
) -> Result<(TrialOutput, Vec<Call>), RunError> {
    let ran = run_in_context(trial, options, progress)?;
    if let Some(sink) = &options.calls {
        sink(&ran.journal);
    }
    Ok((ran.output, ran.journal))
}

/// A trial that was run and not written.
struct Ran {
    output: TrialOutput,
    journal: Vec<Call>,
    /// The run's folder, which is still held.
    folder: Folder,
}

/// Runs a trial in the run's folder.
fn run_in_context(
    trial: &Trial,
    options: &RunOptions,
    progress: &Arc<dyn Progress>,
) -> Result<Ran, RunError> {
    let wrong = |message: String| RunError {
        trial: trial.name(),
        message,
    };
    // The SDKs take their jitter from here: per thread, and the same for the same seed.
    fastrand::seed(trial.seed);
    let runtime = runtime(trial).map_err(|error| wrong(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let options = bystander::with_bystander(trial, options, progress).await;
        let context = TrialContext::new(trial, &options, progress, today())
            .map_err(|error| wrong(error.to_string()))?;
        if let Some(out) = &options.out {
            unfinished::announce(out, trial, &context.run)
                .map_err(|error| wrong(format!("{} cannot be written: {error}", out.display())))?;
        }
        let mut output = lifecycle::run(&context).await;
        let mut calls = context.journal.calls();
        if let Some(redactor) = &context.redactor {
            redacted(redactor, &mut output, &mut calls)
                .map_err(|error| wrong(format!("the record cannot be redacted: {error}")))?;
        }
        Ok(Ran {
            output,
            journal: calls,
            folder: context.folder,
        })
    })
}

/// The options for several trials that begin in one account, with a bystander in it if one is wanted.
///
/// # Errors
/// When there is no runtime to make it on.
pub fn with_bystander(trial: &Trial, options: &RunOptions) -> Result<RunOptions, RunError> {
    let runtime = runtime(trial).map_err(|error| RunError {
        trial: trial.name(),
        message: format!("no runtime: {error}"),
    })?;
    Ok(runtime.block_on(bystander::with_bystander(trial, options, &Silent::shared())))
}

/// Removes secrets from everything that is written or shown about a trial.
fn redacted(
    redactor: &Redactor,
    output: &mut TrialOutput,
    calls: &mut [Call],
) -> serde_json::Result<()> {
    let mut document = serde_json::to_value(&output.record)?;
    redactor.clean_document(&mut document, KEPT_FIELDS);
    output.record = serde_json::from_value(document)?;
    for line in &mut output.log {
        *line = redactor.clean(line);
    }
    for call in calls {
        call.target = redactor.clean(&call.target);
        call.error = call.error.as_deref().map(|error| redactor.clean(error));
        call.key = call.key.as_deref().map(|key| redactor.clean(key));
    }
    Ok(())
}

/// Copies the results of forced failures into the checklist rows of their main trials.
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
        checklist::fill_partial_failure(main, &failures);
    }
}

#[cfg(test)]
mod tests;
