//! One attempt of the provisioner: a process that may succeed, fail, die, be late or be stopped.
//!
//! What an attempt means is in `expect`. Every attempt ends: by a deadline in the trial's clock,
//! which is the cloud's, by a budget of calls, and a program also by a limit of real time. A program that
//! is ended is interrupted, and gets time to save what it knows.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::Count;
use kubeproof_contract::provisioner::ProvisionerError;

use super::book::{Begun, Book};
use super::expect::{Ending, Meaning, Under};
use super::reported::{self, Report};
use super::stage::Stage;

/// How often the number of calls is looked at, in the trial's clock.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Runs one attempt to its end. A crash drops it where it is, as a crash would.
pub async fn attempt<T>(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    minutes: u32,
    stoppable: bool,
    work: impl Future<Output = Result<T, ProvisionerError>>,
) -> (Ending, Option<T>) {
    stage.faults.process_begins();
    stage.programs.begin();
    book.report = None;
    tokio::pin!(work);
    let mut at_work = true;
    let began = stage.clock.now();
    let whole = stoppable && !stage.trial.is_campaign();
    let from = if whole { 0 } else { stage.journal.len() };
    let deadline = Duration::from_secs(u64::from(minutes) * 60);
    let stopped = async {
        if stoppable {
            stage.stop.wait().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let before = stage.faults.tally();
    let (ending, made, report) = tokio::select! {
        // In this order, so that a crash is listened to before the first call is made, and so that
        // the same seed always takes the same branch.
        biased;
        () = stage.faults.crash() => {
            let cancelled = stage.faults.was_cancelled();
            (if cancelled { Ending::Cancelled } else { Ending::Crashed }, None, None)
        }
        () = stopped => (Ending::Stopped, None, None),
        ended = &mut work => {
            at_work = false;
            by_itself(stage, ended)
        }
        () = tokio::time::sleep(deadline) => {
            (Ending::Late(format!("its limit is {minutes} minutes")), None, None)
        }
        calls = over_budget(stage, from) => {
            (Ending::Late(format!("{calls} calls were made, the budget of the trial is {}",
                stage.scenario().limits.calls)), None, None)
        }
    };
    if at_work && ending != Ending::Crashed && stage.scenario().provisioner.is_external() {
        wind_down(stage, work).await;
    }
    book.ended_by_machine |= matches!(ending, Ending::Slow(_));
    if let Some(report) = report {
        let injected = since(&before, &stage.faults.tally());
        reported::keep(book, stage, report, began, &injected);
    }
    (ending, made)
}

/// How a process ended by itself, or at the limit of real time that its programs have.
fn by_itself<T>(
    stage: &Stage<'_>,
    ended: Result<T, ProvisionerError>,
) -> (Ending, Option<T>, Option<Report>) {
    let error = match ended {
        Ok(made) => return (Ending::Succeeded, Some(made), None),
        Err(error) => error,
    };
    match stage.programs.overrun() {
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
/// that programs get (`Order::run`).
async fn wind_down<W: Future>(stage: &Stage<'_>, mut work: Pin<&mut W>) {
    stage.programs.interrupt();
    loop {
        tokio::select! {
            biased;
            () = stage.faults.crash() => {
                if !stage.faults.was_cancelled() {
                    return;
                }
                stage.programs.interrupt_again();
            }
            _ = &mut work => return,
        }
    }
}

/// What an attempt ends under, as far as faults have been injected by now. A mistake of the user's, which
/// the first attempt may be asked for, is no fault and always there.
pub fn under(stage: &Stage<'_>) -> Under {
    Under {
        expected: stage.trial.expected(),
        forced: stage.trial.faults().is_empty() || strikes(stage) > 0,
    }
}

/// The faults that were injected between two tallies, with how often.
pub fn since(before: &[(Fault, Count)], after: &[(Fault, Count)]) -> Vec<(Fault, u64)> {
    let both = before.iter().zip(after);
    both.map(|((fault, before), (_, after))| {
        (fault.clone(), after.struck.saturating_sub(before.struck))
    })
    .filter(|(_, times)| *times > 0)
    .collect()
}

/// Ends the phase of an attempt. One that did not end by itself is found by O5, and by nobody else.
pub fn end(book: &mut Book<'_, '_>, begun: Begun, what: &str, ending: &Ending, meaning: &Meaning) {
    if let Ending::Late(limit) = ending {
        book.find("O5 ends", format!("{what} did not end: {limit}"));
        book.end(begun, meaning.verdict, &meaning.message);
    } else {
        book.end_judged(begun, meaning.verdict, &meaning.message);
    }
}

/// How often faults have struck so far, all together.
pub fn strikes(stage: &Stage<'_>) -> u64 {
    let tally = stage.faults.tally();
    tally.iter().map(|(_, count)| count.struck).sum()
}

/// Whether every fault has struck as often as it will.
pub fn faults_are_over(stage: &Stage<'_>) -> bool {
    let tally = stage.faults.tally();
    tally
        .iter()
        .all(|(fault, count)| !fault.place.lasts() && count.struck >= fault.place.times)
}

/// Ends when more calls were made than the trial may make. Teardown has a budget of its own: a storm of
/// calls before must not keep it from its work. In a campaign each attempt has one.
async fn over_budget(stage: &Stage<'_>, from: usize) -> usize {
    let budget = usize::try_from(stage.scenario().limits.calls).unwrap_or(usize::MAX);
    loop {
        // Bounded by the deadline beside it.
        tokio::time::sleep(LOOK_EVERY).await;
        let calls = stage.journal.len().saturating_sub(from);
        if calls > budget {
            return calls;
        }
    }
}
