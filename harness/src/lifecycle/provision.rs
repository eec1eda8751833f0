//! Provisions, as often as the trial requires, and writes down what each attempt has shown.

use kubeproof_contract::fault::Fault;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::scenario::{Expectation, Tier};
use kubeproof_reports::record::Ready;

use super::attempts::{attempt_setting, write_attempt};
use super::teardown;
use crate::audit::inventory::Inventory;
use crate::inspect::Inspector;
use crate::phases::audit::Known;
use crate::phases::{audit, provision};
use crate::recorder::Recorder;
use crate::scenario::injectable;
use crate::trial::outcome;
use crate::trial_context::TrialContext;

/// Provisions until there is a cluster, if the trial allows later attempts. `None` when there is none in the end.
pub async fn provision(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    inspector: &dyn Inspector,
    baseline: &Inventory,
) -> Option<Provisioned> {
    let (provisioned, again) = first(recorder, context).await;
    if !again {
        return provisioned;
    }
    if context.trial.expects(Expectation::CleanedThenRetried) {
        teardown::teardown(recorder, context).await;
        let phase = recorder.begin("left");
        let known = Known::between(context.trial.tier, baseline, recorder.torn_down);
        let seen = &mut recorder.bystanders_seen;
        let outcome = audit::nothing_left(inspector, &known, seen).await;
        recorder.write(phase, outcome);
    }
    retry(recorder, context).await
}

/// The first attempt: what it created, and whether a new process is to try again.
async fn first(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
) -> (Option<Provisioned>, bool) {
    let phase = recorder.begin("provision");
    recorder.provisioning_since = Some(context.clock.now());
    let before = context.clock.elapsed();
    let setting = attempt_setting(context);
    let outcome = provision::first(&setting, context.first_provisioner()).await;
    write_attempt(recorder, context, phase, outcome.ended).await;
    if outcome.made.is_some() && context.trial.is_main() {
        let ground_truth = context.ground_truth.as_ref();
        let fastest = ground_truth.and_then(|ground_truth| ground_truth.fastest_ready());
        recorder.ready = Some(Ready {
            seconds: context.clock.elapsed().saturating_sub(before).as_secs(),
            floor_seconds: fastest.as_ref().map(|(floor, _)| floor.as_secs()),
            chain: fastest.map(|(_, chain)| chain),
        });
    }
    (outcome.made, outcome.again)
}

/// Later attempts, each by a new process: as many as faults remain to be injected, and one more. `None` when there is
/// no cluster in the end, which is recorded.
pub async fn retry(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
) -> Option<Provisioned> {
    let faults = context.trial.faults();
    let most = outcome::later_attempts(&context.faults.tally());
    let provider = context.trial.scenario.provider.as_ref();
    let shows_later = |fault: &Fault| injectable::shows_later(fault, provider);
    let setting = attempt_setting(context);
    for number in 1..=most {
        let excused = outcome::excused(&faults, number == most, shows_later);
        let phase = recorder.begin("retry");
        let outcome = provision::retry(&setting, context.provisioner(), excused).await;
        write_attempt(recorder, context, phase, outcome.ended).await;
        if outcome.made.is_some() || !outcome.again {
            return outcome.made;
        }
    }
    if let Some(outcome) = provision::no_cluster(&setting, most + 1) {
        let phase = recorder.begin("recovery");
        recorder.write(phase, outcome);
    }
    None
}

/// O7: a second provision converges.
pub async fn converge(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if context.trial.tier == Tier::Live {
        recorder.skip(
            "converge",
            "skipped when live: another full listing costs money",
        );
        return;
    }
    let phase = recorder.begin("converge");
    let setting = attempt_setting(context);
    let process = context.provisioner();
    let (told, seen) = (&mut recorder.told, &mut recorder.bystanders_seen);
    let ended = provision::converge(&setting, process, told, seen).await;
    write_attempt(recorder, context, phase, ended).await;
}
