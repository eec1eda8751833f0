//! Runs one attempt of the provisioner: a process that may succeed, fail, die, run late or be stopped.
//!
//! What an attempt means is decided in `outcome`. Every attempt ends: by a deadline on the trial's clock, which is the
//! cloud's, by a budget of calls, and a program also by a limit of real time. A program that is stopped is interrupted
//! first, and gets time to save its state.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::Count;
use kubeproof_contract::provisioner::ProvisionerError;

use crate::phases::reported;
use crate::recorder::{OpenPhase, Recorder};
use crate::trial::outcome::{Conditions, Ending, Meaning};
use crate::trial::report::Report;
use crate::trial_context::TrialContext;

/// How often the number of calls is checked, on the trial's clock.
const CHECK_EVERY: Duration = Duration::from_secs(30);

/// Runs one attempt to its end. An injected crash drops it wherever it is.
pub async fn attempt<T>(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    minutes: u32,
    stoppable: bool,
    work: impl Future<Output = Result<T, ProvisionerError>>,
) -> (Ending, Option<T>) {
    context.faults.process_begins();
    context.programs.begin();
    recorder.report = None;
    tokio::pin!(work);
    let mut at_work = true;
    let began = context.clock.now();
    let whole = stoppable && !context.trial.is_campaign();
    let from = if whole { 0 } else { context.journal.len() };
    let deadline = Duration::from_secs(u64::from(minutes) * 60);
    let stopped = async {
        if stoppable {
            context.cancel.cancelled().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let before = context.faults.tally();
    let (ending, made, report) = tokio::select! {
        // In this order, so that a crash is noticed before the first call, and so that the same seed always takes the
        // same branch.
        biased;
        () = context.faults.crash() => {
            let cancelled = context.faults.was_cancelled();
            (if cancelled { Ending::Cancelled } else { Ending::Crashed }, None, None)
        }
        () = stopped => (Ending::Stopped, None, None),
        ended = &mut work => {
            at_work = false;
            by_itself(context, ended)
        }
        () = tokio::time::sleep(deadline) => {
            (Ending::Late(format!("its limit is {minutes} minutes")), None, None)
        }
        calls = over_budget(context, from) => {
            (Ending::Late(format!("{calls} calls were made, the budget of the trial is {}",
                context.scenario().limits.calls)), None, None)
        }
    };
    if at_work && ending != Ending::Crashed && context.scenario().provisioner.is_external() {
        wind_down(context, work).await;
    }
    recorder.ended_by_machine |= matches!(ending, Ending::Slow(_));
    if let Some(report) = report {
        let injected = since(&before, &context.faults.tally());
        reported::record_report(recorder, context, report, began, &injected);
    }
    (ending, made)
}

/// How a process ended by itself, or at the real-time limit of its programs.
fn by_itself<T>(
    context: &TrialContext<'_>,
    ended: Result<T, ProvisionerError>,
) -> (Ending, Option<T>, Option<Report>) {
    let error = match ended {
        Ok(made) => return (Ending::Succeeded, Some(made), None),
        Err(error) => error,
    };
    match context.programs.overrun() {
        None => {
            let report = Report {
                left_behind: error.left_behind,
                unreadable: error.unreadable,
            };
            (Ending::Failed(error.message), None, Some(report))
        }
        Some(overrun) if overrun.spent.is_the_machines() => {
            (Ending::Slow(overrun.to_string()), None, None)
        }
        Some(overrun) => (Ending::Late(overrun.to_string()), None, None),
    }
}

/// Interrupts a program as its user would, and lets it end, while the cloud goes on. Bounded by the time
/// that programs get (`ProcessSpec::run`).
async fn wind_down<W: Future>(context: &TrialContext<'_>, mut work: Pin<&mut W>) {
    context.programs.interrupt();
    loop {
        tokio::select! {
            biased;
            () = context.faults.crash() => {
                if !context.faults.was_cancelled() {
                    return;
                }
                context.programs.interrupt_again();
            }
            _ = &mut work => return,
        }
    }
}

/// The conditions under which an attempt ends, given the faults injected so far. A mistake of the user, which some
/// first attempts start with, is not a fault and always counts as forced.
pub fn conditions(context: &TrialContext<'_>) -> Conditions {
    Conditions {
        expected: context.trial.expected(),
        forced: context.trial.faults().is_empty() || injections(context) > 0,
    }
}

/// The faults that were injected between two tallies, with their counts.
pub fn since(before: &[(Fault, Count)], after: &[(Fault, Count)]) -> Vec<(Fault, u64)> {
    let both = before.iter().zip(after);
    both.map(|((fault, before), (_, after))| {
        (
            fault.clone(),
            after.attempted.saturating_sub(before.attempted),
        )
    })
    .filter(|(_, times)| *times > 0)
    .collect()
}

/// Ends the phase of an attempt. Only O5 reports one that did not end by itself.
pub fn end(
    recorder: &mut Recorder<'_, '_>,
    phase: OpenPhase,
    what: &str,
    ending: &Ending,
    meaning: &Meaning,
) {
    if let Ending::Late(limit) = ending {
        recorder.add_finding("O5 ends", format!("{what} did not end: {limit}"));
        recorder.end(phase, meaning.verdict, &meaning.message);
    } else {
        recorder.end_judged(phase, meaning.verdict, &meaning.message);
    }
}

/// How many faults have been injected so far, all together.
pub fn injections(context: &TrialContext<'_>) -> u64 {
    let tally = context.faults.tally();
    tally.iter().map(|(_, count)| count.attempted).sum()
}

/// Whether every fault has been injected as often as it will be.
pub fn faults_are_over(context: &TrialContext<'_>) -> bool {
    let tally = context.faults.tally();
    tally
        .iter()
        .all(|(fault, count)| !fault.target.lasts() && count.attempted >= fault.target.times)
}

/// Ends when the trial has made more calls than it may. Teardown has a budget of its own, so that a storm of calls
/// before it cannot prevent it. In a campaign each attempt has one.
async fn over_budget(context: &TrialContext<'_>, from: usize) -> usize {
    let budget = usize::try_from(context.scenario().limits.calls).unwrap_or(usize::MAX);
    loop {
        // Bounded by the deadline beside it.
        tokio::time::sleep(CHECK_EVERY).await;
        let calls = context.journal.len().saturating_sub(from);
        if calls > budget {
            return calls;
        }
    }
}
