//! The lifecycle of a trial, from preflight to cost. Read it from top to bottom.
//!
//! Teardown and audit run whatever happened before.

use std::collections::BTreeSet;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_contract::scenario::{Expectation, Tier};

use crate::audit::compare;
use crate::audit::inventory::Inventory;
use crate::inspect::attribution::Attribution;
use crate::phases::access::{self, Nodes};
use crate::phases::teardown::TeardownResult;
use crate::phases::{
    audit, budget, bystander, checks, cost, ground_truth_audit, job, provision, teardown,
    unobserved,
};
use crate::prices;
use crate::recorder::Recorder;
use crate::run_directory::{self, registry};
use crate::run_directory::{Intent, RecordedBaseline};
use crate::trial::Expected;
use crate::trial::output::{CampaignState, TrialOutput};
use crate::trial_context::TrialContext;
use crate::{live, oracles};

/// Runs a trial in its context.
pub async fn run(context: &TrialContext<'_>) -> TrialOutput {
    let mut recorder = Recorder::new(context);
    let observer = context.observer(Actor::Observer);
    let auditor = context.observer(Actor::Auditor);
    let mut state = CampaignState::default();
    let campaign = context.trial.is_campaign();
    let go = campaign || checks::preflight(&mut recorder, context, observer.as_ref()).await;
    if context.cancel.is_cancelled() || !go {
        return done(recorder, context, state);
    }
    let baseline = if campaign {
        ground_truth_audit::baseline(context)
    } else {
        audit::baseline(&mut recorder, context, auditor.as_ref()).await
    };
    let Some(baseline) = baseline else {
        return done(recorder, context, state);
    };
    bystander::record_state(&mut recorder, context, &baseline);
    let bystanders = context
        .ground_truth
        .as_ref()
        .map(|ground_truth| ground_truth.bystanders())
        .unwrap_or_default();
    if let Err(problem) = intend(context, observer.as_ref(), &baseline).await {
        // Without a written intent, a crash of kubeproof could leave resources that no file names.
        recorder.add_finding(
            "intent",
            format!("the intent could not be written, so nothing was created: {problem}"),
        );
        return done(recorder, context, state);
    }
    register(context);
    let overspent = tokio::select! {
        biased;
        () = make_and_use(&mut recorder, context, auditor.as_ref(), &baseline, &mut state) => None,
        // The work is dropped wherever it is; teardown works from what exists.
        () = stopped(context) => None,
        why = overspent(context, observer.as_ref()) => Some(why),
    };
    if let Some(why) = overspent {
        recorder.add_finding("O4 bill", why);
    }
    take_down(&mut recorder, context, auditor.as_ref(), &baseline).await;
    if recorder.ended_by_machine {
        // What an aborted program left behind proves nothing.
        return done(recorder, context, state);
    }
    let auditing = auditor.as_ref();
    let mut not_of_run = if campaign {
        ground_truth_audit::audit(
            &mut recorder,
            context,
            auditing,
            &baseline,
            &bystanders,
            &mut state,
        )
        .await
    } else {
        audit::audit(&mut recorder, context, auditing, &baseline, &bystanders).await
    };
    not_of_run.extend(baseline.resources);
    if let Some(ground_truth) = &context.ground_truth {
        let most = observer.most_at_once();
        let all = Attribution::now(context, auditor.as_ref())
            .lifetimes_without_bystanders(ground_truth.lifetimes());
        let lives = of_run(all, &not_of_run);
        let (since, price) = (context.run.started_at, prices::price(auditor.as_ref()));
        recorder.add_violations(oracles::duplicates::duplicates(
            &lives, &most, since, &price,
        ));
    }
    // The account is not listed any more.
    context.faults.trial_is_over();
    // Missing resources of others cannot be cleaned up.
    let (orphans, coverage) = (&recorder.audit.orphans, &recorder.audit.coverage);
    if compare::verdict(orphans, coverage, context.trial.tier) == Verdict::Pass {
        unregister(context);
    }
    settle_up(&mut recorder, context, observer.as_ref(), auditor.as_ref()).await;
    bystander::tear_down(&mut recorder, context).await;
    unobserved::record_unobserved(&mut recorder, context);
    done(recorder, context, state)
}

/// The cost; and in rehearsal a last check of the ground truth, for what appeared during the wait for the bill.
async fn settle_up(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    observer: &dyn Observer,
    auditor: &dyn Observer,
) {
    let checked = context
        .ground_truth
        .as_ref()
        .filter(|_| !context.trial.is_campaign());
    let audited = checked.map(|ground_truth| ground_truth.inventory());
    cost::cost(recorder, context, observer).await;
    if let Some(audited) = audited {
        audit::late_orphans(recorder, context, auditor, audited);
    }
}

/// Registers the run: from here on it may leave something real behind.
fn register(context: &TrialContext<'_>) {
    if context.trial.tier == Tier::Rehearsal {
        return;
    }
    context
        .cancel
        .register(&context.run.id, &context.clean_up_command());
    if let Some(out) = &context.out {
        registry::enter(&context.run.id, out);
    }
}

/// Unregisters the run: it has left nothing.
fn unregister(context: &TrialContext<'_>) {
    context.cancel.unregister(&context.run.id);
    if context.trial.tier != Tier::Rehearsal {
        registry::leave(&context.run.id);
    }
}

/// Writes the intent of the run, with its account and its baseline.
async fn intend(
    context: &TrialContext<'_>,
    observer: &dyn Observer,
    baseline: &Inventory,
) -> Result<(), String> {
    let Some(out) = &context.out else {
        return Ok(());
    };
    let account = match context.trial.tier {
        Tier::Rehearsal => None,
        Tier::Kind => observer.account_id().await.ok().flatten(),
        // Asked again here: nothing is created in an account whose id is not in the intent.
        Tier::Live => Some(
            live::in_allowed_account(observer, &context.accounts)
                .await
                .map_err(|refusal| refusal.message)?,
        ),
    };
    let types: Vec<&str> = observer.resource_types().iter().map(|it| it.name).collect();
    let before = RecordedBaseline::of(observer.regions(), &types, &baseline.resources);
    let trial = context.trial;
    let intent = Intent {
        run: context.run.clone(),
        scenario: trial.name(),
        file: trial.scenario.file.clone(),
        provider: trial.scenario.provider.name().to_owned(),
        tier: trial.tier,
        seed: trial.seed,
        text: trial.scenario.text.to_string(),
        account,
        before: Some(before),
    };
    run_directory::write_intent(out, &intent).map_err(|error| error.to_string())
}

/// Ends with the reason when the trial must be torn down to stay within its budget; never when that is not watched.
async fn overspent(context: &TrialContext<'_>, observer: &dyn Observer) -> String {
    if !context.watches_budget {
        return std::future::pending().await;
    }
    budget::is_reached(context.scenario(), observer).await
}

/// Ends when the trial was asked to stop and no program runs any more: each was interrupted and had time to save its
/// state.
async fn stopped(context: &TrialContext<'_>) {
    context.cancel.cancelled().await;
    context.programs.interrupt();
    context.programs.idle().await;
}

/// Tears down; if faults last until they are lifted, once more after that.
async fn take_down(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
) {
    if recorder.ended_by_machine {
        // Only in rehearsal: nothing real is left, and another process would be just as slow.
        return;
    }
    let torn = teardown::teardown(recorder, context).await;
    let expected = context.trial.expected();
    let goes_on = torn == TeardownResult::UnderFault && expected.recovers();
    // A lasting fault must not prevent the clean-up.
    if goes_on || (torn != TeardownResult::Down && expected == Expected::Persists) {
        context.faults.lift();
        teardown::finish(recorder, context).await;
    }
    if context.trial.expects(Expectation::FinishesLater) {
        audit::must_be_unknown(recorder, context, auditor, baseline).await;
        context.faults.lift();
        teardown::finish(recorder, context).await;
    }
}

/// Provisions, as often as the trial requires, and uses the cluster.
async fn make_and_use(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    baseline: &Inventory,
    state: &mut CampaignState,
) {
    let (mut provisioned, again) = provision::first(recorder, context).await;
    if again {
        if context.trial.expects(Expectation::CleanedThenRetried) {
            teardown::teardown(recorder, context).await;
            audit::nothing_left(recorder, context, auditor, baseline).await;
        }
        provisioned = provision::retry(recorder, context).await;
    }
    match provisioned {
        Some(provisioned) if context.trial.is_campaign() => {
            ground_truth_audit::ready(recorder, context, baseline, &provisioned, state).await;
        }
        Some(provisioned) => use_cluster(recorder, context, &provisioned).await,
        None => {}
    }
}

/// The lifetimes of the run's resources, without the baseline and without what the cloud created for itself.
fn of_run(lives: Vec<Lifetime>, others: &[Resource]) -> Vec<Lifetime> {
    let others: BTreeSet<_> = others.iter().map(Resource::key).collect();
    lives
        .into_iter()
        .filter(|life| !others.contains(&life.resource.key()))
        .collect()
}

/// Uses a cluster that the provisioner reported ready.
async fn use_cluster(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    provisioned: &Provisioned,
) {
    let observer = context.observer(Actor::Observer);
    checks::checks(recorder, context, observer.as_ref(), provisioned).await;
    access::check(
        recorder,
        context,
        observer.as_ref(),
        provisioned,
        Nodes::InChecks,
    )
    .await;
    unobserved::duplicates_now(recorder, context).await;
    if context.trial.expects(Expectation::JobFailsThenHealed) {
        job::must_fail(recorder, context).await;
        if let Some(healed) = provision::retry(recorder, context).await {
            checks::checks(recorder, context, observer.as_ref(), &healed).await;
            job::run_job(recorder, context).await;
        }
    }
    if !context.trial.is_main() {
        return;
    }
    provision::converge(recorder, context).await;
    job::run_job(recorder, context).await;
    job::scale(recorder, context).await;
    provision::hold(recorder, context).await;
}

/// Runs the oracles over the journal, and creates the record.
fn done(
    mut recorder: Recorder<'_, '_>,
    context: &TrialContext<'_>,
    state: CampaignState,
) -> TrialOutput {
    context.faults.trial_is_over();
    if context.cancel.is_cancelled() {
        let phase = recorder.begin("stop");
        recorder.end(phase, Verdict::Unknown, "was asked to stop");
    }
    for early in context.faults.ignored_retry_after() {
        recorder.add_finding("O5 ends", early);
    }
    let calls = context.journal.calls();
    recorder.add_violations(oracles::calls::read_only_violations(&calls));
    // A campaign makes as many attempts as its faults require, and each has its own budget.
    if !context.trial.is_campaign() {
        recorder.add_violations(oracles::calls::budget(
            calls.len(),
            context.scenario().limits.calls,
        ));
    }
    let log = std::mem::take(&mut recorder.log);
    let phase_starts = std::mem::take(&mut recorder.phase_starts);
    TrialOutput {
        record: recorder.into_record(),
        log,
        phase_starts,
        state,
    }
}
