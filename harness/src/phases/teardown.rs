//! The phases that remove the cluster: teardown, its retries, and teardown once the faults are over.
//!
//! Teardown always runs, and its error must reach the findings and the exit code.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{Effect, Fault};
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::provisioner::Provisioner;

use crate::phases::attempt::{self, AttemptPhase, AttemptSetting};
use crate::phases::reported;
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial::outcome::{self, Ending, InjectedFaults};

/// How often teardown is tried; once more for each further fault.
pub const ATTEMPTS_MAX: usize = 3;

/// The most attempts under these faults. An attempt that is interrupted twice costs the next one too.
pub fn attempts_most(faults: &[Fault]) -> usize {
    let twice = faults
        .iter()
        .filter(|fault| fault.effect == Effect::CancelTwice);
    ATTEMPTS_MAX + faults.len().saturating_sub(1) + twice.count()
}

/// How tearing down ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeardownResult {
    /// A teardown reported success.
    Down,
    /// None did.
    Not,
    /// None did, and a fault that was injected into the last one is not over.
    UnderFault,
}

/// What an attempt to tear down has shown.
#[must_use]
pub struct TeardownOutcome {
    pub ended: AttemptPhase,
    /// How tearing down ended, if no other attempt follows a failure.
    pub result: TeardownResult,
    /// Whether a new process is to try again.
    pub again: bool,
}

/// One attempt, by a new process. No other follows the `last` one.
pub async fn once(
    setting: &AttemptSetting<'_>,
    provisioner: Box<dyn Provisioner>,
    last: bool,
) -> TeardownOutcome {
    let attempt = attempt::teardown(setting, provisioner).await;
    let mut told = Told::default();
    let report = reported::compare(setting, &attempt, &mut told);
    let injected = injected(&attempt.injected, setting.faults);
    let ending = attempt.ending;
    let meaning = outcome::teardown(setting.conditions(), &ending, injected, last);
    let again = meaning.again;
    let phase = attempt::ended("teardown", &ending, meaning, told);
    TeardownOutcome {
        ended: AttemptPhase::of(phase, report, &ending),
        result: match ending {
            Ending::Succeeded => TeardownResult::Down,
            _ if injected.goes_on => TeardownResult::UnderFault,
            _ => TeardownResult::Not,
        },
        again,
    }
}

/// What the faults injected into an attempt did to it.
fn injected(faults: &[(Fault, u64)], plan: &FaultPlan) -> InjectedFaults {
    let throttled_once = matches!(
        faults,
        [(fault, 1)] if matches!(fault.effect, Effect::Throttle(_)) && !fault.target.lasts()
    );
    let goes_on = |fault: &Fault| {
        let tally = plan.tally();
        let mut of = tally.iter().filter(|(other, _)| other == fault);
        of.any(|(_, count)| fault.target.lasts() || count.attempted < fault.target.times)
    };
    InjectedFaults {
        throttled_once,
        goes_on: faults.iter().any(|(fault, _)| goes_on(fault)),
    }
}

/// Tears down once the faults are over: it must finish now. Also returns whether it did.
pub async fn finish(
    setting: &AttemptSetting<'_>,
    provisioner: Box<dyn Provisioner>,
) -> (AttemptPhase, bool) {
    let attempt = attempt::teardown(setting, provisioner).await;
    let mut told = Told::default();
    let report = reported::compare(setting, &attempt, &mut told);
    let ending = attempt.ending;
    let phase = match &ending {
        Ending::Succeeded => PhaseOutcome::new(Verdict::Pass, "the same teardown finished"),
        Ending::Slow(_) => PhaseOutcome::new(Verdict::Unknown, ending.text()),
        _ => PhaseOutcome::judged(Verdict::Fail, ending.text()),
    };
    let ended = AttemptPhase::of(phase.with(told), report, &ending);
    (ended, ending == Ending::Succeeded)
}
