//! The phases that remove the cluster: teardown, retries if it failed, and once more to show a no-op.
//!
//! Teardown always runs, and its error must reach the findings and the exit code.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{Effect, Fault};
use kubeproof_contract::resource::Resource;

use crate::inspect::sources::sees_calls;
use crate::oracles::calls;
use crate::phases::attempt::{attempt, conditions, end, injections, since};
use crate::phases::leftovers;
use crate::phases::reported;
use crate::phases::unobserved;
use crate::recorder::Recorder;
use crate::recorder::phase_outcome::PhaseOutcome;
use crate::trial::outcome::{self, Ending, InjectedFaults};
use crate::trial_context::TrialContext;

/// How often teardown is tried; once more for each further fault.
const ATTEMPTS_MAX: usize = 3;

/// The most attempts under these faults. An attempt that is interrupted twice costs the next one too.
fn attempts_most(faults: &[Fault]) -> usize {
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

/// Tears down, in a new process each time, until one succeeds.
pub async fn teardown(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
) -> TeardownResult {
    // An earlier success was for an earlier cluster.
    recorder.torn_down = false;
    let minutes = context.scenario().limits.teardown_minutes;
    let most = attempts_most(&context.trial.faults());
    for number in 1..=most {
        let phase = recorder.begin(if number == 1 {
            "teardown"
        } else {
            "teardown-retry"
        });
        let before = context.faults.tally();
        let mut provisioner = context.provisioner();
        let (ending, _) = attempt(recorder, context, minutes, false, provisioner.teardown()).await;
        drop(provisioner);
        let injected = injected(&since(&before, &context.faults.tally()), context);
        let meaning = outcome::teardown(conditions(context), &ending, injected, number == most);
        end(recorder, phase, "teardown", &ending, &meaning);
        reported::check_account(recorder, context).await;
        if ending == Ending::Succeeded {
            recorder.torn_down = true;
            again(recorder, context, minutes).await;
        }
        if !meaning.again {
            return match ending {
                Ending::Succeeded => TeardownResult::Down,
                _ if injected.goes_on => TeardownResult::UnderFault,
                _ => TeardownResult::Not,
            };
        }
    }
    TeardownResult::Not
}

/// What the faults injected into an attempt did to it.
fn injected(faults: &[(Fault, u64)], context: &TrialContext<'_>) -> InjectedFaults {
    let throttled_once = matches!(
        faults,
        [(fault, 1)] if matches!(fault.effect, Effect::Throttle(_)) && !fault.target.lasts()
    );
    let goes_on = |fault: &Fault| {
        let tally = context.faults.tally();
        let mut of = tally.iter().filter(|(other, _)| other == fault);
        of.any(|(_, count)| fault.target.lasts() || count.attempted < fault.target.times)
    };
    InjectedFaults {
        throttled_once,
        goes_on: faults.iter().any(|(fault, _)| goes_on(fault)),
    }
}

/// Tears down once the faults are over: it must finish now.
pub async fn finish(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    let minutes = context.scenario().limits.teardown_minutes;
    let phase = recorder.begin("teardown-later");
    let mut provisioner = context.provisioner();
    let (ending, _) = attempt(recorder, context, minutes, false, provisioner.teardown()).await;
    drop(provisioner);
    if ending == Ending::Succeeded {
        recorder.torn_down = true;
        recorder.end(phase, Verdict::Pass, "the same teardown finished");
        again(recorder, context, minutes).await;
    } else if matches!(ending, Ending::Slow(_)) {
        recorder.end(phase, Verdict::Unknown, ending.text());
    } else {
        recorder.end_judged(phase, Verdict::Fail, ending.text());
    }
    reported::check_account(recorder, context).await;
}

/// O7: a second teardown changes nothing.
async fn again(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>, minutes: u32) {
    if !sees_calls(context) {
        return unobserved::teardown_again(recorder, context, minutes).await;
    }
    let phase = recorder.begin("teardown-again");
    let left = leftovers::of_run(context).await;
    // Of all attempts: what a faulted one removed was left by the first one too.
    let before = context.journal.len();
    let mut ending = Ending::Stopped;
    let mut shows = false;
    for _ in 0..ATTEMPTS_MAX {
        let faults_before = injections(context);
        let mut provisioner = context.provisioner();
        (ending, _) = attempt(recorder, context, minutes, false, provisioner.teardown()).await;
        // A faulted attempt proves nothing.
        shows = injections(context) == faults_before;
        if shows {
            break;
        }
    }
    let changed = calls::second_teardown(&context.journal.calls_from(before));
    if !shows && changed.is_none() {
        let seen = (
            Verdict::Skipped,
            "a fault that goes on was injected into it".to_owned(),
        );
        let outcome = with_listing(context, left.as_deref(), seen);
        return recorder.write(phase, outcome);
    }
    let seen = match (&ending, changed) {
        (Ending::Slow(_), _) => {
            let message = format!("a second teardown {}", ending.text());
            (Verdict::Unknown, message)
        }
        (Ending::Succeeded, None) => (Verdict::Pass, "a no-op".to_owned()),
        // If it has something to do, the first one was no success, whatever the result of this one.
        (_, Some(mut wrong)) => {
            if context.ground_truth.is_some() {
                let left = left.as_deref().unwrap_or_default();
                let words = leftovers::words(left, context.plan.as_ref());
                wrong.message.push_str(&words);
            }
            let message = wrong.message.clone();
            recorder.add_violations([wrong]);
            (Verdict::Fail, message)
        }
        _ => {
            let message = format!("a second teardown {}", ending.text());
            recorder.add_finding("O7 no-op", &message);
            (Verdict::Fail, message)
        }
    };
    let outcome = with_listing(context, left.as_deref(), seen);
    recorder.write(phase, outcome);
}

/// Without a ground truth, also what a listing before the second teardown has shown.
fn with_listing(
    context: &TrialContext<'_>,
    left: Option<&[Resource]>,
    seen: (Verdict, String),
) -> PhaseOutcome {
    if context.ground_truth.is_some() {
        return PhaseOutcome::new(seen.0, seen.1);
    }
    leftovers::with_listing(context.plan.as_ref(), left, seen)
}
