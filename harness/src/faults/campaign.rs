//! Runs a campaign: the clean run first, then every schedule, on threads that share nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use kubeproof_contract::call::Signature;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::disk;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::Campaign;
use kubeproof_reports::campaign::portion::Portion;

use super::clean::doubts;
use super::injection_points::injection_points;
use super::lifecycle::{self, LifecycleResult, ShrunkLifecycle};
use super::plan::{Combination, Plan};
use super::reorder_buffer::ReorderBuffer;
use super::schedules::{self, EffectFilter, Schedule, TargetedFault};
use super::shard::Shard;
use super::shrink::shrink;
use super::summary::{add_lifecycle, campaign_finding};
use crate::runner::{self, RunError};
use crate::scenario::Scenario;
use crate::trial::{CleanRun, Part, Trial};
use crate::trial_context::RunOptions;
use crate::trial_context::progress::Silent;
use crate::wall_clock::Stopwatch;

/// How single faults are combined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each alone.
    Singles,
    /// Each pair.
    Pairs,
    /// This many random pairs.
    Random(usize),
    /// These faults, together, in one lifecycle.
    These(Vec<Fault>),
}

/// Options of a campaign.
#[derive(Clone, Debug)]
pub struct CampaignOptions {
    /// How single faults are combined.
    pub mode: Mode,
    /// Which effects are injected.
    pub effect_filter: EffectFilter,
    /// Whether to inject into every call of a polling loop.
    pub every_poll: bool,
    /// Seed.
    pub seed: u64,
    /// The part of the campaign to run here.
    pub shard: Option<Shard>,
    /// Threads.
    pub jobs: usize,
}

/// Progress of a campaign.
pub trait CampaignProgress: Sync {
    /// This many lifecycles will be run.
    fn planned(&self, _scenario: &str, _lifecycles: usize) {}
    /// One of them has finished.
    fn lifecycle_done(&self, _calls: u64, _findings: usize) {}
}

/// The clean run of a scenario, and the plan made from it.
struct CampaignBaseline {
    clean: Arc<CleanRun>,
    plan: Plan,
    here: usize,
}

/// How many lifecycles may finish ahead of an unfinished one before them.
const AHEAD_MAX: usize = 1024;

/// Runs the campaign of one scenario.
///
/// # Errors
/// When lifecycles could not be run at all.
pub fn run(
    scenario: &Scenario,
    options: &CampaignOptions,
    run_options: &RunOptions,
    progress: &dyn CampaignProgress,
) -> Result<Campaign, RunError> {
    let stopwatch = Stopwatch::start();
    let mut campaign = Campaign {
        seed: options.seed,
        scenarios: vec![scenario.name().to_owned()],
        ..Campaign::default()
    };
    let clean = clean_trial(scenario, options, Part::Lifecycle(Vec::new()));
    // One account for all, with the bystander in it that the clean run tears down.
    let run_options = runner::with_bystander(&clean, run_options)?;
    if let Some(baseline) = baseline(&clean, options, &run_options, &mut campaign)? {
        progress.planned(scenario.name(), baseline.here);
        all(
            scenario,
            options,
            &run_options,
            &baseline,
            progress,
            &mut campaign,
        )?;
    }
    campaign.elapsed_seconds = seconds(&stopwatch);
    Ok(campaign)
}

fn clean_trial(scenario: &Scenario, options: &CampaignOptions, part: Part) -> Trial {
    Trial {
        scenario: scenario.clone(),
        part,
        tier: Tier::Rehearsal,
        seed: options.seed,
    }
}

/// Runs the clean run twice: as a whole trial with all its checks, and as one of the campaign's lifecycles.
/// `None` if it is not clean, because then nothing that follows would prove anything. Chosen faults are run all the
/// same, and reported beside the findings of the clean run.
fn baseline(
    whole: &Trial,
    options: &CampaignOptions,
    run_options: &RunOptions,
    campaign: &mut Campaign,
) -> Result<Option<CampaignBaseline>, RunError> {
    let scenario = &whole.scenario;
    let silent = Silent::shared();
    let (proven, _) = runner::in_memory(whole, run_options, &silent)?;
    let lean = clean_trial(scenario, options, Part::Campaign(Vec::new(), None));
    let (ran, journal) = runner::in_memory(&lean, run_options, &silent)?;
    if run_options.cancel.is_cancelled() {
        campaign.stopped = true;
        return Ok(None);
    }
    let records = [&proven.record, &ran.record];
    for finding in records.iter().flat_map(|record| &record.findings) {
        let finding = campaign_finding(scenario, &[], finding.clone(), Vec::new());
        campaign.findings.push(finding);
    }
    for doubt in records.iter().flat_map(|record| doubts(record)) {
        let name = scenario.name();
        campaign
            .unknown
            .push(format!("{name}: the clean run: {doubt}"));
    }
    let all_pass = records.iter().all(|record| record.verdict == Verdict::Pass);
    if !all_pass && !matches!(options.mode, Mode::These(_)) {
        return Ok(None);
    }
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
    let points = injection_points(&journal, &ran.phase_starts, options.every_poll);
    let plan = planned(scenario, options, &points);
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

fn planned(
    scenario: &Scenario,
    options: &CampaignOptions,
    points: &[super::injection_points::InjectionPoint],
) -> Plan {
    let provider = &scenario.provider;
    let documented = |signature: &Signature| {
        if signature.service == disk::SERVICE {
            return disk::documented(signature);
        }
        provider.documented_effects(signature)
    };
    let singles = || schedules::singles(points, documented, &options.effect_filter);
    let (singles, combination) = match &options.mode {
        Mode::Singles => (singles(), Combination::AsTheyAre),
        Mode::Pairs => (singles(), Combination::Pairs),
        Mode::Random(count) => (singles(), Combination::Random(*count)),
        Mode::These(faults) => {
            let aim = |fault: &Fault| {
                let at = points.iter().find(|point| {
                    fault.target.names(fault.target.actor, &point.signature)
                        && fault.target.occurrence == point.occurrence
                });
                TargetedFault {
                    fault: fault.clone(),
                    signature: at.map_or_else(
                        || Signature {
                            service: fault.target.service.clone(),
                            operation: fault.target.operation.clone(),
                            mutating: true,
                        },
                        |point| point.signature.clone(),
                    ),
                    part: at.map_or(super::injection_points::Part::Provision, |point| point.part),
                }
            };
            (
                vec![faults.iter().map(aim).collect()],
                Combination::AsTheyAre,
            )
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

/// Runs all lifecycles of the plan, in any order; their results are added in the order of the plan.
fn all(
    scenario: &Scenario,
    options: &CampaignOptions,
    run_options: &RunOptions,
    baseline: &CampaignBaseline,
    progress: &dyn CampaignProgress,
    campaign: &mut Campaign,
) -> Result<(), RunError> {
    let next = Mutex::new(baseline.plan.here().enumerate());
    let failed: Mutex<Option<RunError>> = Mutex::default();
    let summarized = ReorderBuffer::new(
        AHEAD_MAX,
        |(schedule, shrunk): (Schedule, ShrunkLifecycle)| {
            add_lifecycle(scenario, &schedule, shrunk, campaign);
        },
    );
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, baseline.here.max(1)) {
            scope.spawn(|| {
                loop {
                    let Some((index, schedule)) = lock(&next).next() else {
                        return;
                    };
                    match run_schedule(scenario, options, run_options, baseline, &schedule) {
                        // An interrupted lifecycle has no result.
                        _ if run_options.cancel.is_cancelled() => return summarized.end(),
                        Ok(shrunk) => {
                            progress
                                .lifecycle_done(shrunk.result.calls, shrunk.result.findings.len());
                            summarized.add(index, (schedule, shrunk));
                        }
                        Err(problem) => {
                            lock(&failed).get_or_insert(problem);
                            return summarized.end();
                        }
                    }
                }
            });
        }
    });
    if let Some(problem) = lock(&failed).take() {
        return Err(problem);
    }
    let done = summarized.finish();
    campaign.stopped = done < baseline.here;
    Ok(())
}

/// Runs one lifecycle; if it has findings, again with fewer faults, as long as the same oracles report them.
fn run_schedule(
    scenario: &Scenario,
    options: &CampaignOptions,
    run_options: &RunOptions,
    baseline: &CampaignBaseline,
    schedule: &Schedule,
) -> Result<ShrunkLifecycle, RunError> {
    let run = |schedule: &[TargetedFault]| {
        let faults = schedule
            .iter()
            .map(|targeted| targeted.fault.clone())
            .collect();
        let trial = lifecycle::trial(scenario, faults, &baseline.clean, options.seed);
        lifecycle::run(&trial, run_options)
    };
    let result = run(schedule)?;
    let oracles = |result: &LifecycleResult| -> BTreeSet<String> {
        let oracles = result.findings.iter().map(|finding| finding.oracle.clone());
        oracles.collect()
    };
    if result.findings.is_empty() || schedule.len() == 1 {
        let needed = schedule.clone();
        return Ok(ShrunkLifecycle { result, needed });
    }
    let first = oracles(&result);
    let needed = shrink(schedule, |fewer| {
        run(fewer).is_ok_and(|again| oracles(&again) == first)
    });
    let mut result = result;
    if needed.len() < schedule.len() {
        // The findings are those of the smaller schedule, the injected faults those of the whole.
        let small = run(&needed)?;
        result.findings = small.findings;
        result.around = small.around;
    }
    Ok(ShrunkLifecycle { result, needed })
}

fn seconds(stopwatch: &Stopwatch) -> f64 {
    let milliseconds = u32::try_from(stopwatch.milliseconds()).unwrap_or(u32::MAX);
    f64::from(milliseconds) / 1000.0
}
