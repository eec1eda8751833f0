//! Runs one attempt of the provisioner: a process that may succeed, fail, die, run late or be stopped.
//!
//! What an attempt means is decided in `outcome`. Every attempt ends: by a deadline on the trial's clock, which is the
//! cloud's, by a budget of calls, and a program also by a limit of real time. A program that is stopped is interrupted
//! first, and gets time to save its state.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::{Count, FaultPlan};
use kubeproof_contract::process::Programs;
use kubeproof_contract::provisioner::{Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::scenario::AnyScenario;

use crate::inspect::sources::Sources;
use crate::oracles::{Violation, needs};
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial::outcome::{Conditions, Ending, Meaning};
use crate::trial::report::Report;
use crate::trial_context::account::Account;
use crate::trial_context::cancel::CancelToken;

/// How often the number of calls is checked, on the trial's clock.
const CHECK_EVERY: Duration = Duration::from_secs(30);

/// What an attempt uses: what it runs under, what can end it, and what shows how it ended.
#[derive(Clone, Copy)]
pub struct AttemptSetting<'a> {
    pub sources: Sources<'a>,
    pub account: &'a dyn Account,
    pub clock: Clock,
    pub faults: &'a FaultPlan,
    pub programs: &'a Programs,
    pub cancel: &'a CancelToken,
}

/// How an attempt ended.
#[must_use]
pub struct AttemptOutcome<T> {
    pub ending: Ending,
    /// What it returned, if it succeeded.
    pub made: Option<T>,
    /// What it reports, if it failed by itself.
    pub report: Option<Report>,
    /// When it began.
    pub began: Timestamp,
    /// The faults that were injected into it, with their counts.
    pub injected: Vec<(Fault, u64)>,
}

/// The end of a phase of one or more attempts.
#[must_use]
pub struct AttemptPhase {
    pub phase: PhaseOutcome,
    /// What a failed attempt reported as left behind, if the account is to be checked for it.
    pub report: Option<Report>,
    /// Whether an attempt ran out of time because this machine is slow, not the cloud.
    pub ended_by_machine: bool,
}

impl AttemptPhase {
    /// A phase whose last attempt ended like this.
    pub fn of(phase: PhaseOutcome, report: Option<Report>, ending: &Ending) -> Self {
        Self {
            phase,
            report,
            ended_by_machine: matches!(ending, Ending::Slow(_)),
        }
    }
}

/// Runs a process that provisions, and drops it with all of its memory.
pub async fn provision(
    setting: &AttemptSetting<'_>,
    mut provisioner: Box<dyn Provisioner>,
) -> AttemptOutcome<Provisioned> {
    let minutes = setting.scenario().limits.provision_minutes;
    attempt(setting, minutes, true, provisioner.provision()).await
}

/// Runs a process that tears down, and drops it with all of its memory. A request to stop the trial does not stop it.
pub async fn teardown(
    setting: &AttemptSetting<'_>,
    mut provisioner: Box<dyn Provisioner>,
) -> AttemptOutcome<()> {
    let minutes = setting.scenario().limits.teardown_minutes;
    attempt(setting, minutes, false, provisioner.teardown()).await
}

/// Runs one attempt to its end. An injected crash drops it wherever it is.
async fn attempt<T>(
    setting: &AttemptSetting<'_>,
    minutes: u32,
    stoppable: bool,
    work: impl Future<Output = Result<T, ProvisionerError>>,
) -> AttemptOutcome<T> {
    let AttemptSetting {
        sources,
        faults,
        programs,
        ..
    } = *setting;
    faults.process_begins();
    programs.begin();
    tokio::pin!(work);
    let mut at_work = true;
    let began = setting.clock.now();
    let whole = stoppable && !sources.trial.is_campaign();
    let from = if whole { 0 } else { sources.journal.len() };
    let deadline = Duration::from_secs(u64::from(minutes) * 60);
    let stopped = async {
        if stoppable {
            setting.cancel.cancelled().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let before = faults.tally();
    let end: End<T> = tokio::select! {
        // In this order, so that a crash is noticed before the first call, and so that the same seed always takes the
        // same branch.
        biased;
        () = faults.crash() => {
            let cancelled = faults.was_cancelled();
            (if cancelled { Ending::Cancelled } else { Ending::Crashed }).into()
        }
        () = stopped => Ending::Stopped.into(),
        ended = &mut work => {
            at_work = false;
            by_itself(programs, ended)
        }
        () = tokio::time::sleep(deadline) => {
            Ending::Late(format!("its limit is {minutes} minutes")).into()
        }
        calls = over_budget(setting, from) => {
            let most = setting.scenario().limits.calls;
            Ending::Late(format!("{calls} calls were made, the budget of the trial is {most}")).into()
        }
    };
    if at_work && end.ending != Ending::Crashed && setting.scenario().provisioner.is_external() {
        wind_down(setting, work).await;
    }
    AttemptOutcome {
        ending: end.ending,
        made: end.made,
        report: end.report,
        began,
        injected: since(&before, &faults.tally()),
    }
}

/// The end of a process.
struct End<T> {
    ending: Ending,
    made: Option<T>,
    report: Option<Report>,
}

impl<T> From<Ending> for End<T> {
    /// An end at which it handed over nothing and reported nothing.
    fn from(ending: Ending) -> Self {
        Self {
            ending,
            made: None,
            report: None,
        }
    }
}

/// How a process ended by itself, or at the real-time limit of its programs.
fn by_itself<T>(programs: &Programs, ended: Result<T, ProvisionerError>) -> End<T> {
    let error = match ended {
        Ok(made) => {
            return End {
                made: Some(made),
                ..Ending::Succeeded.into()
            };
        }
        Err(error) => error,
    };
    match programs.overrun() {
        None => End {
            report: Some(Report {
                left_behind: error.left_behind,
                unreadable: error.unreadable,
            }),
            ..Ending::Failed(error.message).into()
        },
        Some(overrun) if overrun.spent.is_the_machines() => {
            Ending::Slow(overrun.to_string()).into()
        }
        Some(overrun) => Ending::Late(overrun.to_string()).into(),
    }
}

/// Interrupts a program as its user would, and lets it end, while the cloud goes on. Bounded by the time
/// that programs get (`ProcessSpec::run`).
async fn wind_down<W: Future>(setting: &AttemptSetting<'_>, mut work: Pin<&mut W>) {
    setting.programs.interrupt();
    loop {
        tokio::select! {
            biased;
            () = setting.faults.crash() => {
                if !setting.faults.was_cancelled() {
                    return;
                }
                setting.programs.interrupt_again();
            }
            _ = &mut work => return,
        }
    }
}

impl AttemptSetting<'_> {
    fn scenario(&self) -> &AnyScenario {
        &self.sources.trial.scenario.content
    }

    /// The conditions under which an attempt ends, given the faults injected so far. A mistake of the user, which some
    /// first attempts start with, is not a fault and always counts as forced.
    pub fn conditions(&self) -> Conditions {
        let trial = self.sources.trial;
        Conditions {
            expected: trial.expected(),
            forced: trial.faults().is_empty() || self.injections() > 0,
        }
    }

    /// How many faults have been injected so far, all together.
    fn injections(&self) -> u64 {
        let tally = self.faults.tally();
        tally.iter().map(|(_, count)| count.attempted).sum()
    }
}

/// The faults that were injected between two tallies, with their counts.
fn since(before: &[(Fault, Count)], after: &[(Fault, Count)]) -> Vec<(Fault, u64)> {
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

/// The phase of an attempt. Only O5 reports one that did not end by itself.
pub fn ended(what: &str, ending: &Ending, meaning: Meaning, mut told: Told) -> PhaseOutcome {
    if let Ending::Late(limit) = ending {
        let message = format!("{what} did not end: {limit}");
        told.violations([Violation::new(needs::ENDS, message)]);
        PhaseOutcome::new(meaning.verdict, meaning.message).with(told)
    } else {
        PhaseOutcome::judged(meaning.verdict, meaning.message).with(told)
    }
}

/// Whether every fault has been injected as often as it will be.
pub fn faults_are_over(faults: &FaultPlan) -> bool {
    let tally = faults.tally();
    tally
        .iter()
        .all(|(fault, count)| !fault.target.lasts() && count.attempted >= fault.target.times)
}

/// Ends when the trial has made more calls than it may. Teardown has a budget of its own, so that a storm of calls
/// before it cannot prevent it. In a campaign each attempt has one.
async fn over_budget(setting: &AttemptSetting<'_>, from: usize) -> usize {
    let budget = usize::try_from(setting.scenario().limits.calls).unwrap_or(usize::MAX);
    loop {
        // Bounded by the deadline beside it.
        tokio::time::sleep(CHECK_EVERY).await;
        let calls = setting.sources.journal.len().saturating_sub(from);
        if calls > budget {
            return calls;
        }
    }
}
