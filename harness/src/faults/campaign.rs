//! Runs a campaign: the clean run first, then every schedule, on threads that share nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use kubeproof_contract::mutex::lock;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::Campaign;

pub use super::options::{CampaignOptions, Mode};

use super::baseline::{CampaignBaseline, baseline};
use super::lifecycle::{self, LifecycleResult, ShrunkLifecycle};
use super::plan_file::ScenarioPlan;
use super::reorder_buffer::ReorderBuffer;
use super::results_file::{Head, ResultsError};
use super::schedules::{Schedule, TargetedFault};
use super::shrink::shrink;
use super::summary::{add_lifecycle, written};
use crate::runner::{self, RunError};
use crate::scenario::Scenario;
use crate::trial::plan::in_tier;
use crate::trial::{Part, Trial};
use crate::trial_context::RunOptions;
use crate::trial_context::bystander::BystanderState;
use crate::trial_context::sandbox::Sandbox;
use crate::wall_clock::{Stopwatch, today};

/// Progress of a campaign.
pub trait CampaignProgress: Sync {
    /// This many lifecycles will be run.
    fn planned(&self, _scenario: &str, _lifecycles: usize) {}
    /// The clean runs have shown what is to be run.
    fn plan_made(&self, _plan: ScenarioPlan) {}
    /// So many of them have results from before.
    fn resumed(&self, _lifecycles: usize) {}
    /// One of them has finished.
    fn lifecycle_done(&self, _calls: u64, _findings: usize) {}
}

/// How many lifecycles may finish ahead of an unfinished one before them.
const AHEAD_MAX: usize = 1024;
/// How often a lifecycle of a program is run whose fault was not reached.
const TRIES: usize = 3;

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
    // A program's deadlines follow its time scale here as in a trial.
    let scenario = &in_tier(scenario, Tier::Rehearsal);
    let mut campaign = Campaign {
        seed: options.seed,
        scenarios: vec![scenario.name().to_owned()],
        ..Campaign::default()
    };
    let clean = Trial {
        scenario: scenario.clone(),
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: options.seed,
    };
    // One account for all, with the bystander in it that the clean run tears down.
    let run_options = runner::with_bystander(&clean, run_options)?;
    let sandboxes = sandboxes(scenario, options.jobs)?;
    if let Some(baseline) = baseline(&clean, options, (&run_options, &sandboxes), &mut campaign)? {
        let (name, unstable) = (scenario.name(), &campaign.unstable);
        let singles = &baseline.plan.singles;
        progress.plan_made(ScenarioPlan::of(name, options.seed, unstable, singles));
        let running = Running {
            scenario,
            options,
            run_options: &run_options,
            baseline: &baseline,
            sandboxes: &sandboxes,
            stopwatch: &stopwatch,
        };
        running.all(progress, &mut campaign)?;
    }
    campaign.elapsed_seconds = seconds(&stopwatch);
    campaign.finished_at = Some(today());
    Ok(campaign)
}

/// The sandboxes of threads, for programs; none for built-in provisioners, which have no files and no sockets.
fn sandboxes(scenario: &Scenario, jobs: usize) -> Result<Vec<Arc<Sandbox>>, RunError> {
    if !scenario.content.provisioner.is_external() {
        return Ok(Vec::new());
    }
    let made: Result<Vec<Sandbox>, _> = (0..jobs.max(1)).map(Sandbox::new).collect();
    let made = made.map_err(|error| RunError {
        trial: scenario.name().to_owned(),
        message: format!("no folder can be made: {error}"),
    })?;
    Ok(made.into_iter().map(Arc::new).collect())
}

/// What a campaign runs with, once it has a plan.
struct Running<'a> {
    scenario: &'a Scenario,
    options: &'a CampaignOptions,
    run_options: &'a RunOptions,
    baseline: &'a CampaignBaseline,
    sandboxes: &'a [Arc<Sandbox>],
    stopwatch: &'a Stopwatch,
}

impl Running<'_> {
    /// The lifecycles of the sample, by their places in the plan; `None` if all are to be run.
    fn sample(&self) -> Option<BTreeSet<usize>> {
        let count = self.options.sample?;
        let mut all: Vec<usize> = (0..self.baseline.here).collect();
        fastrand::Rng::with_seed(self.options.seed).shuffle(&mut all);
        Some(all.into_iter().take(count).collect())
    }

    /// Whether no other lifecycle is to begin.
    fn is_over(&self) -> bool {
        let limit = self.options.within;
        limit.is_some_and(|limit| u128::from(self.stopwatch.milliseconds()) >= limit.as_millis())
    }

    /// Runs the lifecycles of the plan, in any order; their results are added in the order of the plan. What was not run
    /// is named.
    fn all(
        &self,
        progress: &dyn CampaignProgress,
        campaign: &mut Campaign,
    ) -> Result<(), RunError> {
        let sample = self.sample();
        let is_chosen = |index: usize| sample.as_ref().is_none_or(|all| all.contains(&index));
        let chosen = || {
            let all = self.baseline.plan.here().enumerate();
            all.filter(|(index, _)| is_chosen(*index))
        };
        let count = sample.as_ref().map_or(self.baseline.here, BTreeSet::len);
        progress.planned(self.scenario.name(), count);
        let done = if self.options.lists_only {
            0
        } else {
            progress.resumed(self.resumed(campaign)?);
            let next = chosen().map(|(_, schedule)| schedule).enumerate();
            self.side_by_side(Mutex::new(next), count, progress, campaign)?
        };
        campaign.stopped |= done < count;
        if done == count && sample.is_none() {
            return Ok(());
        }
        let left_out = self.baseline.plan.here().enumerate();
        let left_out = left_out.filter(|(index, _)| !is_chosen(*index));
        for (_, schedule) in chosen().skip(done).chain(left_out) {
            let name = self.scenario.name();
            campaign.was_not_run(|| format!("{name}: {}", written(&schedule)));
        }
        Ok(())
    }

    /// The name under which results are kept.
    fn results_of(&self) -> String {
        let scenario = self.scenario;
        format!("{}/{}", scenario.provider.name(), scenario.name())
    }

    /// How many lifecycles have results from before. Results of anything else are refused.
    fn resumed(&self, campaign: &Campaign) -> Result<usize, RunError> {
        let Some(results) = &self.options.results else {
            return Ok(0);
        };
        let portion = campaign.portions.last();
        let portion = portion.map(|it| format!("{} {}", it.plan, it.written()));
        let plan = format!(
            "{} sample {:?} bystander {:?}",
            portion.unwrap_or_default(),
            self.options.sample,
            !matches!(self.run_options.bystander, BystanderState::Nothing(_))
        );
        let text = &self.scenario.text;
        let head = Head::of(&self.results_of(), text, self.options.seed, plan);
        results.begin(&head).map_err(|error| self.unkept(&error))
    }

    fn unkept(&self, error: &ResultsError) -> RunError {
        RunError {
            trial: self.scenario.name().to_owned(),
            message: error.to_string(),
        }
    }

    /// The result of a lifecycle: that from before, or that of running it now, which is kept.
    fn result(
        &self,
        place: usize,
        schedule: &Schedule,
        sandbox: Option<&Arc<Sandbox>>,
    ) -> Result<ShrunkLifecycle, RunError> {
        let Some(results) = &self.options.results else {
            return self.run_schedule(schedule, sandbox);
        };
        let name = self.results_of();
        if let Some(done) = results.done(&name, place, schedule) {
            return Ok(done);
        }
        let shrunk = self.run_schedule(schedule, sandbox)?;
        // An interrupted lifecycle has no result.
        if !self.run_options.cancel.is_cancelled() {
            let kept = results.add(&name, place, (schedule, &shrunk));
            kept.map_err(|error| self.unkept(&error))?;
        }
        Ok(shrunk)
    }

    /// Runs lifecycles on threads. Returns how many of the first were all run.
    fn side_by_side(
        &self,
        next: Mutex<impl Iterator<Item = (usize, Schedule)> + Send>,
        count: usize,
        progress: &dyn CampaignProgress,
        campaign: &mut Campaign,
    ) -> Result<usize, RunError> {
        let failed: Mutex<Option<RunError>> = Mutex::default();
        let summarized = ReorderBuffer::new(
            AHEAD_MAX,
            |(schedule, shrunk): (Schedule, ShrunkLifecycle)| {
                add_lifecycle(self.scenario, &schedule, shrunk, campaign);
            },
        );
        let work = |thread: usize| {
            let sandbox = self.sandboxes.get(thread);
            if sandbox.is_some_and(|sandbox| sandbox.checkpoint().is_none()) {
                // A clean run of its own, from which faults in the teardown go on. Without it they begin at the beginning.
                let _ = self.run(&[], sandbox);
            }
            loop {
                if self.is_over() {
                    return;
                }
                let Some((index, schedule)) = lock(&next).next() else {
                    return;
                };
                match self.result(index, &schedule, sandbox) {
                    // An interrupted lifecycle has no result.
                    _ if self.run_options.cancel.is_cancelled() => return summarized.end(),
                    Ok(shrunk) => {
                        let result = &shrunk.result;
                        progress.lifecycle_done(result.calls, result.findings.len());
                        summarized.add(index, (schedule, shrunk));
                    }
                    Err(problem) => {
                        lock(&failed).get_or_insert(problem);
                        return summarized.end();
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            let work = &work;
            for thread in 0..self.options.jobs.clamp(1, count.max(1)) {
                scope.spawn(move || work(thread));
            }
        });
        if let Some(problem) = lock(&failed).take() {
            return Err(problem);
        }
        Ok(summarized.finish())
    }

    fn run(
        &self,
        schedule: &[TargetedFault],
        sandbox: Option<&Arc<Sandbox>>,
    ) -> Result<LifecycleResult, RunError> {
        let mut run_options = self.run_options.clone();
        run_options.sandbox = sandbox.cloned();
        // What is aimed at the teardown alone needs no provision of its own.
        if schedule.iter().all(|one| one.fault.target.in_teardown) {
            run_options.checkpoint = sandbox.and_then(|sandbox| sandbox.checkpoint());
        }
        let faults = schedule.iter().map(|targeted| targeted.fault.clone());
        let clean = &self.baseline.clean;
        let trial = lifecycle::trial(self.scenario, faults.collect(), clean, self.options.seed);
        lifecycle::run(&trial, &run_options)
    }

    /// Runs one lifecycle; that of a program again if its fault was not reached, because its calls come as the machine
    /// lets them.
    fn reached(
        &self,
        schedule: &[TargetedFault],
        sandbox: Option<&Arc<Sandbox>>,
    ) -> Result<LifecycleResult, RunError> {
        let mut result = self.run(schedule, sandbox)?;
        if !self.scenario.content.provisioner.is_external() {
            return Ok(result);
        }
        for _ in 1..TRIES {
            let missed = result.injected.iter().any(|(_, injected)| *injected == 0);
            let is_known = !result.findings.is_empty();
            if !missed || is_known || self.run_options.cancel.is_cancelled() {
                break;
            }
            result = self.run(schedule, sandbox)?;
        }
        Ok(result)
    }

    /// Runs one lifecycle; if it has findings, again with fewer faults, as long as the same oracles report them.
    fn run_schedule(
        &self,
        schedule: &Schedule,
        sandbox: Option<&Arc<Sandbox>>,
    ) -> Result<ShrunkLifecycle, RunError> {
        let result = self.reached(schedule, sandbox)?;
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
            let again = self.run(fewer, sandbox);
            again.is_ok_and(|again| oracles(&again) == first)
        });
        let mut result = result;
        if needed.len() < schedule.len() {
            // The findings are those of the smaller schedule, the injected faults those of the whole.
            let small = self.run(&needed, sandbox)?;
            result.findings = small.findings;
            result.around = small.around;
        }
        Ok(ShrunkLifecycle { result, needed })
    }
}

fn seconds(stopwatch: &Stopwatch) -> f64 {
    let milliseconds = u32::try_from(stopwatch.milliseconds()).unwrap_or(u32::MAX);
    f64::from(milliseconds) / 1000.0
}
