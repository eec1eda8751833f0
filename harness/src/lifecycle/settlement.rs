//! What follows the audit: the cost, the end of the bystander, and what could not be observed.

use jiff::Timestamp;
use kubeproof_contract::call::Actor;
use kubeproof_contract::observer::Observer;

use crate::cost::observed::{Moments, lifespans};
use crate::inspect::Inspector;
use crate::inspect::sources::Sources;
use crate::oracles::needs;
use crate::phases::bystander::Remains;
use crate::phases::cost::{Costs, Observed};
use crate::phases::{audit, bystander, cost, unobserved};
use crate::recorder::Recorder;
use crate::trial_context::TrialContext;
use crate::trial_context::bystander::BystanderState;

/// The cost; and in rehearsal a last check of the ground truth, for what appeared during the wait for the bill.
pub async fn settle_up(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    observer: &dyn Observer,
    inspector: &dyn Inspector,
) {
    let sources = Sources::of(context);
    let checked = context
        .ground_truth
        .as_ref()
        .filter(|_| !context.trial.is_campaign());
    let audited = checked.map(|ground_truth| ground_truth.inventory());
    // A campaign asks for no bill, and its journals are long.
    let first_change = if context.trial.is_campaign() {
        None
    } else {
        sources.first_change(recorder.provisioning_since)
    };
    let orphans = recorder.audit.orphans.iter();
    let orphans = orphans.map(|orphan| orphan.id.clone()).collect();
    let phase = recorder.begin("cost");
    recorder.stop_clock();
    let costs = Costs {
        account: context,
        plan: context.plan.as_ref(),
        prices: context.prices(observer),
        trial: context.trial,
        run: &context.run,
        clock: context.clock,
        ground_truth: context.ground_truth.as_deref(),
        is_served: context.served.is_some(),
        sees_calls: sources.sees_calls(),
        first_change,
        observed: first_change.and_then(|first| observed(recorder, context, first)),
        has_cluster: recorder.has("checks"),
        orphans,
        made: recorder.made.take(),
        claim: &|| Some(context.provisioner().claim()?.usd_per_hour),
    };
    let (cost, outcome) = cost::cost(&costs).await;
    recorder.cost = cost;
    recorder.write(phase, outcome);
    if let Some(audited) = audited {
        recorder.tell(audit::late_orphans(inspector, &audited));
    }
}

/// The lifetimes of the run's resources, where no ground truth tells them.
fn observed(
    recorder: &Recorder<'_, '_>,
    context: &TrialContext<'_>,
    first_change: Timestamp,
) -> Option<Observed> {
    if context.ground_truth.is_some() {
        return None;
    }
    let calls = context.journal.calls();
    let began = |name: &str| {
        let mut starts = recorder.phase_starts.iter();
        let (_, first_call) = starts.find(|(phase, _)| *phase == name)?;
        calls.get(*first_call).map(|call| call.at)
    };
    let moments = Moments {
        first_change,
        job: began("run_job"),
        teardown: began("teardown"),
        end: context.clock.now(),
    };
    Some(Observed {
        lives: lifespans(&recorder.seen_of_run, &calls, &moments),
        of_cluster: moments.unseen(&calls, false),
        of_job: moments.unseen(&calls, true),
    })
}

/// Tears the bystander down. Campaigns simply drop their copies of the account.
pub async fn tear_down_bystander(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    let (BystanderState::Cluster(cluster), Some(ground_truth)) =
        (&context.bystander, &context.ground_truth)
    else {
        return;
    };
    if context.trial.is_campaign() || context.cancel.is_cancelled() {
        return;
    }
    let phase = recorder.begin("bystander-teardown");
    let remains = Remains {
        cluster,
        account: ground_truth.snapshot(),
        trial: context.trial,
        plan: context.plan.as_ref(),
        now: context.clock.now(),
        cancel: &context.cancel,
        torn_down: recorder.torn_down,
    };
    let outcome = bystander::tear_down(&remains).await;
    recorder.write(phase, outcome);
}

/// Records what the proxy of live programs has not seen, and what it has refused.
pub fn record_proxy(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    let Some(proxy) = &context.proxy else { return };
    let calls = context.journal.calls();
    let seen = calls
        .iter()
        .filter(|call| call.actor == Actor::Provisioner)
        .count();
    let phase = recorder.begin("proxy");
    recorder.write(phase, unobserved::proxy(&proxy.report(), seen));
}

/// Records each oracle that could not observe as an unknown phase that says what it lacks, if anything was provisioned.
pub fn record_unobserved(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if !recorder.has("provision") {
        return;
    }
    let sources = Sources::of(context);
    let there = sources.names();
    if let Some(outcome) = unobserved::ends(&there) {
        let phase = recorder.begin(needs::ENDS);
        recorder.write(phase, outcome);
    }
    if context.ground_truth.is_none() && !recorder.altered.is_empty() {
        if sources.sees_calls() {
            recorder.note(&unobserved::altered(&recorder.altered));
        } else {
            let phase = recorder.begin(needs::BYSTANDERS);
            let outcome = unobserved::altered_by_unknown(&recorder.altered);
            recorder.write(phase, outcome);
        }
    }
    let budget = context.scenario().cost.budget_usd.0;
    if let Some(outcome) = unobserved::budget(&recorder.cost, budget, &there) {
        let phase = recorder.begin(needs::BILL);
        recorder.write(phase, outcome);
    }
}
