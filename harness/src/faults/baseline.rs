//! The clean runs of a scenario, and the plan made from them.
//!
//! A built-in provisioner runs twice: as a whole trial with all its checks, and as one of the campaign's lifecycles. A
//! program runs as such a lifecycle three times, because only what is in all of them can be aimed at.

use std::sync::Arc;

use kubeproof_contract::call::Signature;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::disk;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::journal::Call;
use kubeproof_reports::campaign::portion::Portion;
use kubeproof_reports::campaign::{Campaign, Limit};
use kubeproof_reports::record::Record;

use super::classes;
use super::clean::doubts;
use super::injection_points::{InjectionPoint, Part as PartOfRun, injection_points};
use super::keyed_points::{CleanCalls, keyed_points};
use super::options::{CampaignOptions, Mode};
use super::plan::{Combination, Plan};
use super::schedules::{self, Schedule, TargetedFault};
use super::summary::campaign_finding;
use crate::oracles::end_state;
use crate::runner::{self, RunError};
use crate::scenario::Scenario;
use crate::trial::output::TrialOutput;
use crate::trial::{CleanRun, Part, Trial};
use crate::trial_context::RunOptions;
use crate::trial_context::progress::Silent;
use crate::trial_context::sandbox::Sandbox;

/// How often a program runs clean.
const CLEAN_RUNS: usize = 3;

/// The clean run of a scenario, and the plan made from it.
pub struct CampaignBaseline {
    pub clean: Arc<CleanRun>,
    pub plan: Plan,
    pub here: usize,
}

/// A finished run, and its journal.
type Finished = (TrialOutput, Vec<Call>);

/// Runs the clean runs. `None` if they are not clean, because then nothing that follows would prove anything. Chosen
/// faults are run all the same, and reported beside the findings of the clean run.
pub fn baseline(
    whole: &Trial,
    options: &CampaignOptions,
    (run_options, sandboxes): (&RunOptions, &[Arc<Sandbox>]),
    campaign: &mut Campaign,
) -> Result<Option<CampaignBaseline>, RunError> {
    let scenario = &whole.scenario;
    let (proven, _) = runner::in_memory(whole, run_options, &Silent::shared())?;
    let lean = Trial {
        part: Part::Campaign(Vec::new(), None),
        ..whole.clone()
    };
    let mut runs = clean_runs(&lean, options, (run_options, sandboxes))?;
    if run_options.cancel.is_cancelled() {
        campaign.stopped = true;
        return Ok(None);
    }
    let mut records = vec![&proven.record];
    records.extend(runs.iter().map(|(ran, _)| &ran.record));
    let all_pass = written_down(scenario, &records, campaign);
    if !all_pass && !matches!(options.mode, Mode::These(_)) {
        return Ok(None);
    }
    compare_ends(scenario, &runs, campaign);
    let calls = runs
        .iter()
        .map(|(ran, calls)| (calls.clone(), ran.phase_starts.clone()));
    let points = points(scenario, options, &calls.collect::<Vec<_>>(), campaign);
    let (ran, _) = runs.swap_remove(0);
    let Some(end_state) = ran.state.end_state else {
        let name = scenario.name();
        campaign.unknown.push(format!(
            "{name}: the clean run made no cluster to compare with"
        ));
        return Ok(None);
    };
    let clean = Arc::new(CleanRun {
        end_state,
        retained: ran.state.retained,
        access: ran.state.access,
    });
    let mut given = None;
    if let Some(plan) = &options.plan {
        given = Some(plan.schedules().map_err(|error| RunError {
            trial: scenario.name().to_owned(),
            message: format!("the plan cannot be read: {error}"),
        })?);
        campaign.unstable.clone_from(&plan.unstable);
    }
    let plan = planned(scenario, options, &points, given);
    let extent = plan.extent();
    let (shard, of) = options
        .shard
        .map_or((1, 1), |shard| (shard.number, shard.of));
    campaign.portions.push(Portion {
        scenario: scenario.name().to_owned(),
        plan: extent.digest,
        planned: extent.planned,
        shard,
        of,
    });
    let here = extent.here;
    Ok(Some(CampaignBaseline { clean, plan, here }))
}

/// The clean lifecycles: one of a built-in provisioner, several of a program, side by side.
fn clean_runs(
    lean: &Trial,
    options: &CampaignOptions,
    (run_options, sandboxes): (&RunOptions, &[Arc<Sandbox>]),
) -> Result<Vec<Finished>, RunError> {
    let makes_plan = options.plan.is_none() && !matches!(options.mode, Mode::These(_));
    let several = lean.scenario.content.provisioner.is_external() && makes_plan;
    let count = if several { CLEAN_RUNS } else { 1 };
    let mut runs = Vec::new();
    while runs.len() < count && !run_options.cancel.is_cancelled() {
        let now = options.jobs.clamp(1, count - runs.len());
        let run = |thread: usize| {
            let mut run_options = run_options.clone();
            // Each sandbox keeps a clean run to go on from.
            run_options.sandbox = sandboxes.get(thread).cloned();
            runner::in_memory(lean, &run_options, &Silent::shared())
        };
        let run = &run;
        let some: Vec<Result<Finished, RunError>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..now)
                .map(|thread| scope.spawn(move || run(thread)))
                .collect();
            let joined = threads.into_iter().map(|thread| {
                let died = |_| RunError {
                    trial: lean.name(),
                    message: "internal error in a clean run".to_owned(),
                };
                thread.join().unwrap_or_else(|panic| Err(died(panic)))
            });
            joined.collect()
        });
        for one in some {
            runs.push(one?);
        }
    }
    Ok(runs)
}

/// Adds the findings and doubts of the clean runs. Returns whether all passed.
fn written_down(scenario: &Scenario, records: &[&Record], campaign: &mut Campaign) -> bool {
    for finding in records.iter().flat_map(|record| &record.findings) {
        let finding = campaign_finding(scenario, &[], finding.clone(), Vec::new());
        if !campaign.findings.contains(&finding) {
            campaign.findings.push(finding);
        }
    }
    for one in records.iter().flat_map(|record| &record.allowed) {
        let finding = campaign_finding(scenario, &[], one.finding.clone(), Vec::new());
        let allowed = Limit {
            finding,
            why: one.permission.words(),
        };
        if !campaign.allowed.contains(&allowed) {
            campaign.allowed.push(allowed);
        }
    }
    for doubt in records.iter().flat_map(|record| doubts(record)) {
        let line = format!("{}: the clean run: {doubt}", scenario.name());
        if !campaign.unknown.contains(&line) {
            campaign.unknown.push(line);
        }
    }
    records.iter().all(|record| record.verdict == Verdict::Pass)
}

/// Clean runs that end in different states give nothing to compare with (O8).
fn compare_ends(scenario: &Scenario, runs: &[Finished], campaign: &mut Campaign) {
    let mut ends = runs
        .iter()
        .filter_map(|(ran, _)| ran.state.end_state.as_ref());
    let Some(first) = ends.next() else { return };
    for other in ends {
        if let Some(violation) = end_state::differs(first, other) {
            let line = format!(
                "{}: two clean runs end in different states, so O8 proves nothing: {}",
                scenario.name(),
                violation.message
            );
            if !campaign.unknown.contains(&line) {
                campaign.unknown.push(line);
            }
        }
    }
}

fn points(
    scenario: &Scenario,
    options: &CampaignOptions,
    runs: &[CleanCalls],
    campaign: &mut Campaign,
) -> Vec<InjectionPoint> {
    if !scenario.content.provisioner.is_external() {
        let all = runs.iter();
        return all
            .flat_map(|(calls, marks)| injection_points(calls, marks, options.every_poll))
            .collect();
    }
    let found = keyed_points(runs, options.every_poll);
    let name = scenario.name();
    let named = found.unstable.iter().map(|one| format!("{name}: {one}"));
    campaign.unstable.extend(named);
    if found.unstable_reads > 0 {
        let count = found.unstable_reads;
        campaign.unstable.push(format!(
            "{name}: {count} reads, whose course depends on how the machine lets the program poll"
        ));
    }
    found.stable
}

/// The plan for these points; its single faults are those of the plan that was given, if one was.
fn planned(
    scenario: &Scenario,
    options: &CampaignOptions,
    points: &[InjectionPoint],
    given: Option<Vec<Schedule>>,
) -> Plan {
    let provider = &scenario.provider;
    let documented = |signature: &Signature| {
        if signature.service == disk::SERVICE {
            return disk::documented(signature);
        }
        provider.documented_effects(signature)
    };
    let singles = || {
        let mut all = schedules::singles(points, documented, &options.effect_filter);
        if scenario.content.provisioner.is_external() {
            if !options.every {
                all = classes::classes(all);
            }
            classes::most_telling_first(&mut all);
        }
        all
    };
    let (singles, combination) = match &options.mode {
        Mode::Singles => (given.unwrap_or_else(singles), Combination::AsTheyAre),
        Mode::Pairs => (singles(), Combination::Pairs),
        Mode::Random(count) => (singles(), Combination::Random(*count)),
        Mode::These(faults) => {
            let all = faults.iter().map(|fault| aimed(fault, points)).collect();
            (vec![all], Combination::AsTheyAre)
        }
    };
    Plan {
        scenario: scenario.name().to_owned(),
        singles,
        combination,
        seed: options.seed,
        shard: options.shard,
    }
}

/// A fault from the command line, and the call of the clean run that it targets.
fn aimed(fault: &Fault, points: &[InjectionPoint]) -> TargetedFault {
    let target = &fault.target;
    let at = points.iter().find(|point| {
        let about = |key: &str| target.key.as_ref().is_none_or(|it| it.matches_text(key));
        target.names(target.actor, &point.signature)
            && target.occurrence == point.occurrence
            && point.key.as_deref().is_none_or(about)
            && (!target.in_teardown || point.part == PartOfRun::Teardown)
    });
    let unknown = || Signature {
        service: target.service.clone(),
        operation: target.operation.clone(),
        mutating: true,
    };
    TargetedFault {
        fault: fault.clone(),
        signature: at.map_or_else(unknown, |point| point.signature.clone()),
        part: at.map_or(PartOfRun::Provision, |point| point.part),
    }
}
