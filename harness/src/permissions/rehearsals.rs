//! The rehearsals whose calls tell what a provisioner needs: the scenario's trials, and the lifecycles of its campaign.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::disk;
use kubeproof_contract::journal::Call;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::page;
use kubeproof_reports::record::Record;

use super::Options;
use crate::faults::campaign::{self, CampaignOptions, CampaignProgress, Mode};
use crate::faults::schedules::EffectFilter;
use crate::runner::{self, RunError};
use crate::scenario::Scenario;
use crate::trial::Trial;
use crate::trial::plan::{Choice, plan};
use crate::trial_context::RunOptions;
use crate::trial_context::bystander::BystanderState;
use crate::trial_context::progress::Silent;

/// The API of a cluster, whose permissions are not the cloud's.
const KUBERNETES: &str = "kubernetes";

/// One rehearsed trial, and what its provisioner called.
pub struct Rehearsed {
    pub trial: Trial,
    pub record: Record,
    /// The calls to the cloud, in order.
    pub calls: Vec<Call>,
}

/// All of them.
pub struct Rehearsals {
    /// The trials of the scenario.
    pub trials: Vec<Rehearsed>,
    /// Calls of all rehearsals, each kind once.
    pub calls: Vec<Call>,
    /// Why these are not all calls that there can be.
    pub doubts: Vec<String>,
    /// How many rehearsals there were.
    pub count: usize,
}

impl Rehearsals {
    /// Rehearses the trials of a scenario, and its campaign if that is asked for.
    ///
    /// # Errors
    /// When there is none, or one cannot be run.
    pub fn run(scenario: &Scenario, options: Options) -> Result<Self, RunError> {
        let trials = trials(scenario, options.seed)?;
        let mut rehearsals = Self {
            trials: Vec::new(),
            calls: Vec::new(),
            doubts: Vec::new(),
            count: 0,
        };
        let mut all = Kinds::default();
        for trial in trials {
            let rehearsed = rehearse(&trial, &quiet())?;
            if rehearsed.record.verdict != Verdict::Pass {
                let (name, verdict) = (trial.name(), rehearsed.record.verdict);
                rehearsals.doubts.push(format!(
                    "the rehearsal of {name} was {verdict}: it may need calls that were not made"
                ));
            }
            all.add(&rehearsed.calls);
            rehearsals.trials.push(rehearsed);
            rehearsals.count += 1;
        }
        if options.with_campaign {
            let kinds = Arc::new(Mutex::new(all));
            let sink = Arc::clone(&kinds);
            let run_options = RunOptions {
                calls: Some(Arc::new(move |calls| {
                    lock(&sink).add(&of_provisioner(calls));
                })),
                ..RunOptions::quiet()
            };
            let (lifecycles, problems) = run_campaign(scenario, options, &run_options)?;
            rehearsals.count += lifecycles;
            rehearsals.doubts.extend(problems);
            all = std::mem::take(&mut lock(&kinds));
        }
        rehearsals.calls = all.0.into_values().collect();
        Ok(rehearsals)
    }
}

/// One call of each kind.
#[derive(Default)]
struct Kinds(BTreeMap<(String, String, Vec<String>), Call>);

impl Kinds {
    fn add(&mut self, calls: &[Call]) {
        for call in calls {
            let key = (
                call.signature.to_string(),
                call.target.clone(),
                call.names.clone(),
            );
            self.0.entry(key).or_insert_with(|| call.clone());
        }
    }
}

/// Options of rehearsals in an account without a second cluster.
pub fn quiet() -> RunOptions {
    RunOptions {
        bystander: BystanderState::unless(true),
        ..RunOptions::quiet()
    }
}

/// The trials of a scenario in rehearsal.
fn trials(scenario: &Scenario, seed: u64) -> Result<Vec<Trial>, RunError> {
    let choice = Choice {
        tier: Tier::Rehearsal,
        providers: Vec::new(),
        seed,
        faults: Vec::new(),
        only: Vec::new(),
        clients: None,
    };
    let planned = plan(std::slice::from_ref(scenario), &choice).map_err(|error| RunError {
        trial: scenario.name().to_owned(),
        message: error.to_string(),
    })?;
    Ok(planned.trials)
}

/// Rehearses one trial.
///
/// # Errors
/// When it cannot be run.
pub fn rehearse(trial: &Trial, options: &RunOptions) -> Result<Rehearsed, RunError> {
    let (output, journal) = runner::in_memory(trial, options, &Silent::shared())?;
    Ok(Rehearsed {
        trial: trial.clone(),
        record: output.record,
        calls: of_provisioner(&journal),
    })
}

/// A provisioner's calls to the cloud: not those to its disk and to a cluster.
fn of_provisioner(journal: &[Call]) -> Vec<Call> {
    let is_to_cloud = |call: &&Call| {
        let service = call.signature.service.as_str();
        call.actor == Actor::Provisioner && service != disk::SERVICE && service != KUBERNETES
    };
    journal.iter().filter(is_to_cloud).cloned().collect()
}

/// Progress of a campaign that nobody watches.
struct Unwatched;

impl CampaignProgress for Unwatched {}

/// Runs the campaign of a scenario: how many lifecycles there were, and why it is not a pass.
///
/// # Errors
/// When it cannot be run.
pub fn run_campaign(
    scenario: &Scenario,
    options: Options,
    run_options: &RunOptions,
) -> Result<(usize, Vec<String>), RunError> {
    let campaign_options = CampaignOptions {
        mode: Mode::Singles,
        effect_filter: EffectFilter {
            effects: Vec::new(),
            pedantic: false,
        },
        every_poll: false,
        seed: options.seed,
        shard: None,
        jobs: options.jobs,
        every: false,
        sample: None,
        within: None,
        lists_only: false,
        plan: None,
    };
    let campaign = campaign::run(scenario, &campaign_options, run_options, &Unwatched)?;
    let verdict = page::verdict(&campaign);
    let mut problems = Vec::new();
    if verdict != Verdict::Pass {
        let first = campaign.findings.first().map(|finding| &finding.message);
        let first = first.or_else(|| campaign.unknown.first());
        problems.push(format!(
            "the campaign was {verdict}: {}",
            first.map_or("a fault did not reach its call", String::as_str)
        ));
    }
    let lifecycles = usize::try_from(campaign.lifecycles).unwrap_or(usize::MAX);
    Ok((lifecycles, problems))
}
