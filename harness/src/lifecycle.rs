//! The lifecycle of a trial, from preflight to cost. Read it from top to bottom.
//!
//! ```text
//! preflight → baseline → [intent written] → provision (→ retry) → checks
//!           → converge → run_job → scale → hold    (main trial only)
//!           → teardown (→ teardown-retry) → teardown-again → audit → cost
//! ```
//!
//! With `--keep` a trial ends before teardown, as unknown. If preflight fails or the baseline cannot be listed, the trial stops before anything is created. Teardown and audit
//! run whatever happened before. Phases are given what they use and return what they have shown; the lifecycle writes it
//! into the record. A phase that says something and then waits says it to the recorder (`Recorder::told`), so that it is
//! not lost when Ctrl-C or the budget cuts the phase off. Every wait has a limit: deadlines of phases, a budget of calls,
//! a limit for each listing.

mod attempts;
mod campaign_ready;
mod intent;
mod kept;
mod provision;
mod settlement;
mod teardown;
mod use_cluster;

use std::collections::BTreeSet;
use std::sync::Arc;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::Scope;
use kubeproof_reports::record::Audit;

use self::intent::{intend, register, unregister};
use self::provision::provision;
use self::settlement::{record_proxy, record_unobserved, settle_up, tear_down_bystander};
use self::teardown::take_down;
use self::use_cluster::use_cluster;
use crate::audit::inventory::Inventory;
use crate::audit::{compare, retained};
use crate::inspect::Inspector;
use crate::inspect::attribution::Attribution;
use crate::inspect::ground_truth::GroundTruthInspector;
use crate::inspect::observer::ObserverInspector;
use crate::inspect::sources::Sources;
use crate::oracles;
use crate::oracles::end_state;
use crate::phases::audit::Known;
use crate::phases::checks::LiveAllowance;
use crate::phases::{audit, budget, bystander, checks};
use crate::recorder::Recorder;
use crate::trial::output::{CampaignState, TrialOutput};
use crate::trial_context::TrialContext;
use crate::trial_context::account::Account as _;
use crate::trial_context::bystander::BystanderState;
use crate::trial_context::checkpoint::{Checkpoint, ProgramFiles};

/// Runs a trial in its context.
pub async fn run(context: &TrialContext<'_>) -> TrialOutput {
    let mut recorder = Recorder::new(context);
    let observer = context.observer(Actor::Observer);
    let auditor = context.observer(Actor::Auditor);
    let mut state = CampaignState::default();
    let campaign = context.trial.is_campaign();
    let go = campaign || preflight(&mut recorder, context, observer.as_ref()).await;
    if context.cancel.is_cancelled() || !go {
        return done(recorder, context, state);
    }
    let Some(inspector) = inspector(context, auditor.as_ref()) else {
        return done(recorder, context, state);
    };
    let inspector = inspector.as_ref();
    let Some((baseline, bystanders)) = before(&mut recorder, context, inspector).await else {
        return done(recorder, context, state);
    };
    if context.checkpoint.is_none() {
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
            () = make_and_use(&mut recorder, context, inspector, &baseline, &mut state) => None,
            // The work is dropped wherever it is; teardown works from what exists.
            () = stopped(context) => None,
            why = overspent(context, observer.as_ref()) => Some(why),
        };
        recorder.write_cut_off();
        let is_kept = kept::is_kept(context, overspent.is_some());
        if let Some(why) = overspent {
            recorder.add_finding("O4 bill", why);
        }
        if is_kept {
            kept::note(&mut recorder, context);
            return done(recorder, context, state);
        }
        keep(&mut recorder, context, (&baseline, &bystanders), &state);
    }
    if campaign && context.cancel.is_cancelled() {
        // Nothing real is left, and a lifecycle that was stopped has no result.
        return done(recorder, context, state);
    }
    take_down(&mut recorder, context, inspector, &baseline).await;
    if recorder.ended_by_machine {
        // What an aborted program left behind proves nothing.
        return done(recorder, context, state);
    }
    let mut not_of_run = audited(&mut recorder, context, inspector, (&baseline, &bystanders)).await;
    place(&mut recorder.audit, context, observer.as_ref());
    if campaign {
        let key =
            |resource: &Resource| end_state::key(&context.run, context.plan.as_ref(), resource);
        state.retained = retained::counted(&not_of_run, key);
    }
    not_of_run.extend(baseline.resources);
    find_duplicates(&mut recorder, context, auditor.as_ref(), &not_of_run);
    // The account is not listed any more.
    context.faults.trial_is_over();
    if nothing_to_sweep(&recorder, context) {
        unregister(context);
    }
    settle_up(&mut recorder, context, observer.as_ref(), inspector).await;
    tear_down_bystander(&mut recorder, context).await;
    record_proxy(&mut recorder, context);
    record_unobserved(&mut recorder, context);
    done(recorder, context, state)
}

/// Whether the audit saw all of the account, and nothing in it that a sweep could remove.
fn nothing_to_sweep(recorder: &Recorder<'_, '_>, context: &TrialContext<'_>) -> bool {
    // Missing resources of others cannot be cleaned up.
    let (orphans, coverage) = (&recorder.audit.orphans, &recorder.audit.coverage);
    let is_clean = compare::verdict(orphans, coverage, context.trial.tier) == Verdict::Pass;
    // What the scenario allows is still there, and may be removed.
    is_clean && recorder.audit.allowed == 0
}

/// The account before the run: its inventory, and what bystanders have.
async fn before(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    inspector: &dyn Inspector,
) -> Option<(Inventory, Vec<(Resource, String)>)> {
    if let Some(checkpoint) = &context.checkpoint {
        recorder.note("goes on from a clean run after its provision");
        recorder.provisioning_since = checkpoint.provisioning_since;
        return Some((checkpoint.baseline.clone(), checkpoint.bystanders.clone()));
    }
    let baseline = baseline(recorder, context, inspector).await?;
    note_bystander(recorder, context, &baseline);
    let bystanders = context
        .ground_truth
        .as_ref()
        .map(|ground_truth| ground_truth.bystanders())
        .unwrap_or_default();
    Some((baseline, bystanders))
}

/// Keeps the clean run of a program in its sandbox, so that others can go on from here.
fn keep(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    (baseline, bystanders): (&Inventory, &[(Resource, String)]),
    state: &CampaignState,
) {
    let Some(sandbox) = &context.sandbox else {
        return;
    };
    let is_clean = context.trial.is_campaign() && context.trial.faults().is_empty();
    if !is_clean || state.end_state.is_none() {
        return;
    }
    let Some(ground_truth) = &context.ground_truth else {
        return;
    };
    let files = match ProgramFiles::of(&context.directory) {
        Ok(files) => files,
        // Every lifecycle then begins at its beginning.
        Err(problem) => return recorder.note(&problem.to_string()),
    };
    sandbox.keep(Arc::new(Checkpoint {
        account: ground_truth.copy(),
        at: context.clock.now(),
        baseline: baseline.clone(),
        bystanders: bystanders.to_vec(),
        provisioning_since: recorder.provisioning_since,
        calls: context.journal.calls(),
        keys: context.keys.fork(),
        redactor: context.redactor.clone(),
        files,
    }));
}

/// Records whether there is a bystander. In a campaign the clean run does it once.
fn note_bystander(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    baseline: &Inventory,
) {
    let says_it =
        context.trial.clean().is_none() || matches!(context.bystander, BystanderState::Failed(_));
    if let Some(outcome) =
        bystander::state(&context.bystander, context.plan.as_ref(), baseline).filter(|_| says_it)
    {
        let phase = recorder.begin("bystander");
        recorder.write(phase, outcome);
    }
}

/// O2: never two live duplicates, by the ground truth, without what does not belong to the run.
fn find_duplicates(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    auditor: &dyn Observer,
    not_of_run: &[Resource],
) {
    let Some(ground_truth) = &context.ground_truth else {
        return;
    };
    let all = Attribution::now(Sources::of(context), auditor)
        .lifetimes_without_bystanders(ground_truth.lifetimes());
    let lives = of_run(all, not_of_run);
    let since = context.run.started_at;
    let plan = context.plan.as_ref();
    recorder.add_violations(oracles::duplicates::duplicates(&lives, plan, since));
    let calls = context.journal.calls();
    recorder.add_violations(oracles::repeats::repeats(&lives, &calls, plan));
}

/// How the account is inspected: a campaign reads the ground truth, without which there is nothing to run it against.
fn inspector<'a>(
    context: &'a TrialContext<'_>,
    account: &'a dyn Observer,
) -> Option<Box<dyn Inspector + 'a>> {
    let sources = Sources::of(context);
    if !context.trial.is_campaign() {
        return Some(Box::new(ObserverInspector { sources, account }));
    }
    let ground_truth = context.ground_truth.as_deref()?;
    Some(Box::new(GroundTruthInspector {
        sources,
        account,
        ground_truth,
    }))
}

/// Preflight. `false` stops the trial before anything is created.
async fn preflight(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    observer: &dyn Observer,
) -> bool {
    let phase = recorder.begin("preflight");
    let live = (context.trial.tier == Tier::Live).then(|| LiveAllowance {
        access: context.access(),
        accounts: &context.accounts,
    });
    let outcome = checks::preflight(observer, live.as_ref()).await;
    let stops = checks::stops(outcome.verdict);
    recorder.write(phase, outcome);
    !stops
}

/// The baseline. `None` stops the trial.
async fn baseline(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    inspector: &dyn Inspector,
) -> Option<Inventory> {
    if context.trial.is_campaign() {
        return Some(inspector.take().await);
    }
    let phase = recorder.begin("baseline");
    let (baseline, outcome) = audit::baseline(inspector, context.trial.tier).await;
    recorder.write(phase, outcome);
    match baseline {
        Ok(baseline) => Some(baseline),
        Err(audit) => {
            recorder.audit = audit;
            None
        }
    }
}

/// Audits the account. Returns what is retained by design.
async fn audited(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    inspector: &dyn Inspector,
    (baseline, bystanders): (&Inventory, &[(Resource, String)]),
) -> Vec<Resource> {
    let phase = recorder.begin("audit");
    let known = Known {
        tier: context.trial.tier,
        baseline,
        bystanders,
        torn_down: recorder.torn_down,
    };
    let outcome = audit::audit(inspector, &known, &mut recorder.bystanders_seen).await;
    recorder.audit = outcome.audit;
    recorder.altered = outcome.altered;
    recorder.write(phase, outcome.phase);
    outcome.retained
}

/// Writes where each resource of the audit is, with the account that preflight has shown.
fn place(audit: &mut Audit, context: &TrialContext<'_>, observer: &dyn Observer) {
    let provider = context.trial.scenario.provider.name();
    let account = observer.learned().account;
    audit.place(|region| Scope::new(region).in_account(provider, account.as_deref()));
}

/// Ends with the reason when the trial must be torn down to stay within its budget; never when that is not watched.
async fn overspent(context: &TrialContext<'_>, observer: &dyn Observer) -> String {
    if !context.watches_budget {
        return std::future::pending().await;
    }
    let prices = context.prices(observer);
    budget::is_reached(context.scenario(), context.plan.as_ref(), &prices).await
}

/// Ends when the trial was asked to stop and no program runs any more: each was interrupted and had time to save its
/// state.
async fn stopped(context: &TrialContext<'_>) {
    context.cancel.cancelled().await;
    context.programs.interrupt();
    context.programs.idle().await;
}

/// Provisions, and uses the cluster.
async fn make_and_use(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    inspector: &dyn Inspector,
    baseline: &Inventory,
    state: &mut CampaignState,
) {
    match provision(recorder, context, inspector, baseline).await {
        Some(provisioned) if context.trial.is_campaign() => {
            campaign_ready::check(recorder, context, baseline, &provisioned, state).await;
        }
        Some(provisioned) => use_cluster(recorder, context, baseline, &provisioned).await,
        None => {}
    }
}

/// The lifetimes of the run's resources, without the baseline and without what the cloud created for itself.
fn of_run(lives: Vec<Lifespan>, others: &[Resource]) -> Vec<Lifespan> {
    let others: BTreeSet<_> = others.iter().map(Resource::key).collect();
    lives
        .into_iter()
        .filter(|life| !others.contains(&life.resource.key()))
        .collect()
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

#[cfg(test)]
mod tests;
