//! The checks of a ready cluster in a campaign, by the ground truth: its end state, what its provisioner says that it
//! made, and where the handed-over access leads.

use kubeproof_contract::call::Actor;
use kubeproof_contract::provisioner::Provisioned;

use super::provision::converge;
use crate::audit::inventory::Inventory;
use crate::inspect::attribution::Attribution;
use crate::inspect::sources::Sources;
use crate::oracles;
use crate::oracles::end_state;
use crate::phases::access::{self, Nodes, Question};
use crate::phases::attempt::faults_are_over;
use crate::phases::checks;
use crate::recorder::Recorder;
use crate::trial::output::{CampaignState, EndState};
use crate::trial_context::TrialContext;
use crate::trial_context::account::Account as _;

/// The cluster is ready: O8, what its handed-over access shows, and O7 once no fault is left to be injected.
pub async fn check(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    baseline: &Inventory,
    provisioned: &Provisioned,
    state: &mut CampaignState,
) {
    let Some(ground_truth) = &context.ground_truth else {
        return;
    };
    // Wait for changes that the provisioner does not wait for, such as names of volumes.
    let observer = context.observer(Actor::Observer);
    tokio::time::sleep(observer.settle()).await;
    let attribution = Attribution::now(Sources::of(context), observer.as_ref());
    let there = attribution.without_bystanders(ground_truth.inventory());
    let now = EndState::of(
        &context.run,
        context.plan.as_ref(),
        &baseline.resources,
        &there,
    );
    if attribution.changed_any(&there) {
        recorder.note("another actor modified the cluster, so its end state is not comparable");
    } else if let Some(clean) = context.trial.clean() {
        recorder.add_violations(end_state::differs(&clean.end_state, &now));
    }
    state.end_state = Some(now);
    let said = checks::said_made(context.trial.scenario.provider.as_ref(), provisioned);
    recorder.add_violations(oracles::ground_truth::made(
        &said,
        &ground_truth.inventory(),
    ));
    let phase = recorder.begin("access");
    let question = Question {
        account: context,
        run: &context.run,
        nodes: Nodes::Here,
        nodes_expected: context.plan.nodes_expected(),
        clean: context.trial.clean().map(|clean| clean.access),
    };
    let (shows, outcome) = access::check(&question, observer.as_ref(), provisioned).await;
    recorder.write(phase, outcome);
    state.access = shows;
    let faults = context.trial.faults();
    if !faults.is_empty() && faults_are_over(&context.faults) && context.trial.tries_again() {
        converge(recorder, context).await;
    }
}
