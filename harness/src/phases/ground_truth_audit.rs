//! Checks the ground truth of a campaign before, during and after the run, instead of listing the account.
//!
//! An observer needs hundreds of calls for the same, and every other rehearsal proves it equal to the ground truth
//! (O3).

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::{Audit, Coverage};

use crate::audit::inventory::Inventory;
use crate::audit::{compare, retained};
use crate::inspect::attribution::Attribution;
use crate::oracles;
use crate::oracles::end_state;
use crate::oracles::price::{Item, findings};
use crate::phases::access::{self, Nodes};
use crate::phases::attempt::faults_are_over;
use crate::phases::audit;
use crate::phases::provision;
use crate::prices;
use crate::recorder::Recorder;
use crate::trial::output::{CampaignState, EndState};
use crate::trial_context::TrialContext;

/// How often the ground truth is checked while something new is in it.
const CHECKS_MAX: usize = 3;

/// The baseline. `None` without a ground truth.
pub fn baseline(context: &TrialContext<'_>) -> Option<Inventory> {
    let ground_truth = context.ground_truth.as_ref()?;
    Some(Inventory {
        resources: ground_truth.inventory(),
        coverage: Coverage::default(),
    })
}

/// The cluster is ready: O8, what its handed-over access shows, and O7 once no fault is left to be injected.
pub async fn ready(
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
    let attribution = Attribution::now(context, observer.as_ref());
    let there = attribution.without_bystanders(ground_truth.inventory());
    let now = EndState::of(&context.run, &baseline.resources, &there);
    if attribution.changed_any(&there) {
        recorder.note("another actor modified the cluster, so its end state is not comparable");
    } else if let Some(clean) = context.trial.clean() {
        recorder.add_violations(end_state::differs(&clean.end_state, &now));
    }
    state.end_state = Some(now);
    let said: Vec<(String, String)> = provisioned
        .made
        .iter()
        .map(|(name, id)| (name.clone(), id.clone()))
        .collect();
    recorder.add_violations(oracles::ground_truth::made(
        &said,
        &ground_truth.inventory(),
    ));
    state.access = access::check(
        recorder,
        context,
        observer.as_ref(),
        provisioned,
        Nodes::Here,
    )
    .await;
    if !context.trial.faults().is_empty() && faults_are_over(context) {
        provision::converge(recorder, context).await;
    }
}

/// O1 and O6 against the ground truth. Returns what is retained by design.
pub async fn audit(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
    bystanders: &[(Resource, String)],
    state: &mut CampaignState,
) -> Vec<Resource> {
    let phase = recorder.begin("audit");
    let Some(ground_truth) = &context.ground_truth else {
        recorder.end(phase, Verdict::Unknown, "there is no ground truth to check");
        return Vec::new();
    };
    let provider = &context.trial.scenario.provider;
    let declared = |resource: &Resource| {
        compare::retained(resource, auditor.resource_types()).is_some()
            || provider.retained(resource).is_some()
    };
    let key = |resource: &Resource| end_state::key(&context.run, resource);
    let kept = context.trial.clean().map(|clean| &clean.retained);
    let mut after = Vec::new();
    let (mut staying, mut orphans) = (Vec::new(), Vec::new());
    for _ in 0..CHECKS_MAX {
        tokio::time::sleep(auditor.settle()).await;
        after = ground_truth.inventory();
        let attribution = Attribution::now(context, auditor);
        let (left, _) = attribution.arrivals(&baseline.resources, &after);
        (staying, orphans) = retained::split(left, declared, key, kept);
        if orphans.is_empty() {
            break;
        }
    }
    state.retained = retained::counted(&staying, key);
    let price = prices::price(auditor);
    let said = if recorder.torn_down {
        "is left behind, though teardown reported success"
    } else {
        "is left behind"
    };
    let items: Vec<Item> = orphans
        .iter()
        .map(|orphan| Item::new(orphan, &price, said))
        .collect();
    let count = items.len();
    recorder.add_violations(findings("O1 orphans", items));
    let verdict = if count == 0 {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    // The ground truth counts as one cell, which is always complete.
    let coverage = Coverage {
        cells: 1,
        listed: 1,
        ..Coverage::default()
    };
    recorder.audit = Audit {
        coverage,
        ..Audit::empty(verdict)
    };
    let gone = audit::check_missing(recorder, context, auditor, baseline, &after);
    audit::check_bystanders(recorder, context, auditor, bystanders, &gone);
    let verdict = recorder.audit.verdict;
    recorder.end(
        phase,
        verdict,
        format!("{count} left in the ground truth beyond what is retained by design"),
    );
    staying
}
