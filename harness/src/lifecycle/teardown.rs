//! Tears down until it is done, and writes down what each attempt has shown.

use kubeproof_contract::scenario::Expectation;

use super::attempts::{attempt_setting, write_attempt};
use crate::audit::inventory::Inventory;
use crate::inspect::Inspector;
use crate::phases::audit::Known;
use crate::phases::teardown::{self, TeardownResult};
use crate::phases::{audit, teardown_again};
use crate::recorder::Recorder;
use crate::trial::Expected;
use crate::trial_context::TrialContext;

/// Tears down; if faults last until they are lifted, once more after that.
pub async fn take_down(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    inspector: &dyn Inspector,
    baseline: &Inventory,
) {
    if recorder.ended_by_machine {
        // Only in rehearsal: nothing real is left, and another process would be just as slow.
        return;
    }
    let torn = teardown(recorder, context).await;
    let expected = context.trial.expected();
    let goes_on = torn == TeardownResult::UnderFault && expected.recovers();
    // A lasting fault must not prevent the clean-up.
    if goes_on || (torn != TeardownResult::Down && expected == Expected::Persists) {
        context.faults.lift();
        finish(recorder, context).await;
    }
    if context.trial.expects(Expectation::FinishesLater) {
        let phase = recorder.begin("audit-blind");
        let known = Known::between(context.trial.tier, baseline, recorder.torn_down);
        let seen = &mut recorder.bystanders_seen;
        let outcome = audit::must_be_unknown(inspector, &known, seen).await;
        recorder.write(phase, outcome);
        context.faults.lift();
        finish(recorder, context).await;
    }
}

/// Tears down, in a new process each time, until one succeeds.
pub async fn teardown(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
) -> TeardownResult {
    context.faults.teardown_begins();
    // An earlier success was for an earlier cluster.
    recorder.torn_down = false;
    let setting = attempt_setting(context);
    let most = teardown::attempts_most(&context.trial.faults());
    for number in 1..=most {
        let phase = recorder.begin(if number == 1 {
            "teardown"
        } else {
            "teardown-retry"
        });
        let outcome = teardown::once(&setting, context.provisioner(), number == most).await;
        write_attempt(recorder, context, phase, outcome.ended).await;
        if outcome.result == TeardownResult::Down {
            recorder.torn_down = true;
            again(recorder, context).await;
        }
        if !outcome.again {
            return outcome.result;
        }
    }
    TeardownResult::Not
}

/// Tears down once the faults are over.
async fn finish(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    let phase = recorder.begin("teardown-later");
    let setting = attempt_setting(context);
    let (ended, is_down) = teardown::finish(&setting, context.provisioner()).await;
    write_attempt(recorder, context, phase, ended).await;
    if is_down {
        recorder.torn_down = true;
        again(recorder, context).await;
    }
}

/// O7: a second teardown changes nothing.
async fn again(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if !context.trial.tries_again() {
        return;
    }
    let phase = recorder.begin("teardown-again");
    let setting = attempt_setting(context);
    let process = || context.provisioner();
    let told = &mut recorder.told;
    let ended = teardown_again::teardown_again(&setting, &process, told).await;
    write_attempt(recorder, context, phase, ended).await;
}
