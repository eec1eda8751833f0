//! What is done with a cluster that the provisioner reported ready: checks, access, job, scaling, waiting.

use kubeproof_contract::call::Actor;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::scenario::Expectation;

use super::attempts::attempt_setting;
use super::provision::{converge, retry};
use crate::audit::inventory::Inventory;
use crate::inspect::run_listing::{made_since, of_run};
use crate::inspect::sources::Sources;
use crate::oracles::needs;
use crate::phases::access::{self, Nodes, Question};
use crate::phases::checks::{self, Checked};
use crate::phases::job::{self, JobPhase};
use crate::phases::{provision, unobserved};
use crate::recorder::Recorder;
use crate::trial_context::TrialContext;
use crate::trial_context::account::Account as _;

/// Uses the cluster.
pub async fn use_cluster(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    baseline: &Inventory,
    provisioned: &Provisioned,
) {
    let observer = context.observer(Actor::Observer);
    check(recorder, context, observer.as_ref(), provisioned).await;
    list_made(recorder, context, observer.as_ref(), baseline).await;
    let phase = recorder.begin("access");
    let question = Question {
        account: context,
        run: &context.run,
        nodes: Nodes::InChecks,
        nodes_expected: context.plan.nodes_expected(),
        clean: context.trial.clean().map(|clean| clean.access),
    };
    let (_, outcome) = access::check(&question, observer.as_ref(), provisioned).await;
    recorder.write(phase, outcome);
    if context.ground_truth.is_none() {
        let phase = recorder.begin(needs::DUPLICATES);
        let observer = observer.as_ref();
        let there = of_run(
            Sources::of(context),
            observer,
            &mut recorder.bystanders_seen,
        )
        .await;
        recorder.seen_of_run.extend(there.iter().flatten().cloned());
        let since = context.run.started_at;
        let outcome = unobserved::duplicates_now(there, context.plan.as_ref(), since);
        recorder.write(phase, outcome);
    }
    let workload = JobPhase {
        account: context,
        run: &context.run,
        job: &context.scenario().job,
        image: context.job_image.as_deref(),
        seed: context.trial.seed,
        cancel: &context.cancel,
    };
    if context.trial.expects(Expectation::JobFailsThenHealed) {
        let phase = recorder.begin("run_job_struck");
        let outcome =
            job::must_fail(&workload, || attempt_setting(context).conditions().forced).await;
        recorder.write(phase, outcome);
        if let Some(healed) = retry(recorder, context).await {
            check(recorder, context, observer.as_ref(), &healed).await;
            run_job(recorder, &workload).await;
        }
    }
    if !context.trial.is_main() {
        return;
    }
    converge(recorder, context).await;
    run_job(recorder, &workload).await;
    if let Some(to) = workload.job.scale_to {
        let phase = recorder.begin("scale");
        let outcome = job::scale(&workload, to).await;
        recorder.write(phase, outcome);
    }
    hold(recorder, context).await;
}

/// Lists what a program has made, which its cost is estimated for, where the provider can.
async fn list_made(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    observer: &dyn Observer,
    baseline: &Inventory,
) {
    let scenario = context.scenario();
    let provider = &context.trial.scenario.provider;
    let can = provider.plan_of_made(scenario, &[]).is_some();
    if !scenario.provisioner.is_external() || !can || !context.trial.is_main() {
        return;
    }
    recorder.made = made_since(Sources::of(context), observer, &baseline.resources).await;
    if recorder.made.is_none() {
        recorder.note("what the program made could not be listed: its cost is estimated by the scenario alone");
    }
}

async fn hold(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    if let Some(why) = context.plan.free_because() {
        recorder.skip("hold", &format!("time costs nothing: {why}"));
        return;
    }
    let phase = recorder.begin("hold");
    let first = Sources::of(context).first_change(recorder.provisioning_since);
    let first = first.unwrap_or(context.run.started_at);
    let minutes = context.scenario().cost.duration_minutes;
    let outcome = provision::hold(context.clock, &context.cancel, first, minutes).await;
    recorder.write(phase, outcome);
}

async fn check(
    recorder: &mut Recorder<'_, '_>,
    context: &TrialContext<'_>,
    observer: &dyn Observer,
    provisioned: &Provisioned,
) {
    let phase = recorder.begin("checks");
    let is_program = context.scenario().provisioner.is_external();
    let using = Checked {
        observer,
        plan: context.plan.as_ref(),
        run: &context.run,
        program_of: is_program.then_some(context.trial.scenario.provider.as_ref()),
        ground_truth: context.ground_truth.as_deref(),
    };
    let outcome = checks::checks(&using, provisioned, &mut recorder.told).await;
    recorder.write(phase, outcome);
}

async fn run_job(recorder: &mut Recorder<'_, '_>, workload: &JobPhase<'_>) {
    let phase = recorder.begin("run_job");
    let outcome = job::run_job(workload).await;
    recorder.write(phase, outcome);
}
