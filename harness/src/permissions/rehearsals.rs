//! The rehearsals whose calls tell what a provisioner needs: the scenario's trials, and the lifecycles of its campaign.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::disk;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::journal::Call;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Record;
use serde_json::Value;

use super::options::Options;
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

/// What keeps a teardown from asking Kubernetes to remove what it made: then the provisioner must.
const CLUSTER_AWAY: &str = "kubernetes:*@teardown*1000=server-error";

/// One rehearsed trial, and what its provisioner called.
pub struct Rehearsed {
    /// Its name, with the faults that were added to it.
    pub name: String,
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
    /// What came of the campaign, if there was one.
    pub campaign: Option<CampaignCalls>,
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
        let mut rehearsals = Self {
            trials: Vec::new(),
            calls: Vec::new(),
            campaign: None,
            doubts: Vec::new(),
            count: 0,
        };
        let mut kinds = Kinds::default();
        for (name, trial) in trials(scenario, options.seed)? {
            let rehearsed = rehearse((name, &trial), &quiet())?;
            let (name, verdict) = (&rehearsed.name, rehearsed.record.verdict);
            if verdict != Verdict::Pass {
                rehearsals.doubts.push(format!(
                    "the rehearsal of {name} was {verdict}: there may be calls that were not made"
                ));
            }
            kinds.add(&rehearsed.calls);
            rehearsals.trials.push(rehearsed);
            rehearsals.count += 1;
        }
        if options.with_campaign {
            let campaign = run_campaign(scenario, options, None)?;
            kinds.0.extend(campaign.kinds.0.clone());
            rehearsals.count += campaign.lifecycles;
            rehearsals.doubts.extend(campaign.problem.clone());
            rehearsals.doubts.extend(campaign.untried.clone());
            rehearsals.campaign = Some(campaign);
        }
        rehearsals.calls = kinds.0.into_values().collect();
        Ok(rehearsals)
    }
}

/// One call of each kind.
#[derive(Default)]
struct Kinds(BTreeMap<(String, String, Vec<String>), Call>);

impl Kinds {
    fn add(&mut self, calls: &[Call]) {
        for call in calls {
            let signature = call.signature.to_string();
            let key = (signature, call.target.clone(), call.names.clone());
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

/// The trials of a scenario in rehearsal, by name, and one more where its job leaves something in the cloud.
fn trials(scenario: &Scenario, seed: u64) -> Result<Vec<(String, Trial)>, RunError> {
    let wrong = |message: String| RunError {
        trial: scenario.name().to_owned(),
        message,
    };
    let choice = |faults| Choice {
        tier: Tier::Rehearsal,
        providers: Vec::new(),
        seed,
        faults,
        only: Vec::new(),
        clients: None,
    };
    let planned = |faults| {
        let scenarios = std::slice::from_ref(scenario);
        let planned = plan(scenarios, &choice(faults)).map_err(|error| wrong(error.to_string()))?;
        Ok::<_, RunError>(planned.trials)
    };
    let trials = planned(Vec::new())?.into_iter();
    let mut all: Vec<(String, Trial)> = trials.map(|trial| (trial.name(), trial)).collect();
    let content = &scenario.content;
    if content.job.with_leftovers && !content.provisioner.is_external() {
        let away: Fault = CLUSTER_AWAY
            .parse()
            .map_err(|error| wrong(format!("{CLUSTER_AWAY}: {error}")))?;
        let more = planned(vec![away])?.into_iter();
        all.extend(more.map(|trial| (format!("{} --fault '{CLUSTER_AWAY}'", trial.name()), trial)));
    }
    Ok(all)
}

/// Rehearses one trial.
///
/// # Errors
/// When it cannot be run.
pub fn rehearse(
    (name, trial): (String, &Trial),
    options: &RunOptions,
) -> Result<Rehearsed, RunError> {
    let (output, journal) = runner::in_memory(trial, options, &Silent::shared())?;
    Ok(Rehearsed {
        name,
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

/// Progress of a campaign, which is not shown.
struct Unwatched;

impl CampaignProgress for Unwatched {}

/// What came of a campaign.
#[derive(Default)]
pub struct CampaignCalls {
    kinds: Kinds,
    /// How often each operation was answered with which error.
    pub errors: BTreeMap<(String, String), u64>,
    pub lifecycles: usize,
    /// What was found, or what could not be determined.
    pub problem: Option<String>,
    /// What of its plan was not run.
    pub untried: Option<String>,
}

impl CampaignCalls {
    fn add(&mut self, calls: &[Call]) {
        self.kinds.add(calls);
        for call in calls {
            if let Some(error) = &call.error {
                let key = (call.signature.to_string(), error.clone());
                *self.errors.entry(key).or_default() += 1;
            }
        }
    }
}

/// Runs the campaign of a scenario, under this document alone if there is one.
///
/// # Errors
/// When it cannot be run.
pub fn run_campaign(
    scenario: &Scenario,
    options: Options,
    limited_to: Option<Arc<Value>>,
) -> Result<CampaignCalls, RunError> {
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
        sample: options.sample,
        within: None,
        lists_only: false,
        results: None,
        plan: None,
    };
    let seen = Arc::new(Mutex::new(CampaignCalls::default()));
    let sink = Arc::clone(&seen);
    let run_options = RunOptions {
        limited_to,
        calls: Some(Arc::new(move |calls: &[Call]| {
            lock(&sink).add(&of_provisioner(calls));
        })),
        ..RunOptions::quiet()
    };
    let campaign = campaign::run(scenario, &campaign_options, &run_options, &Unwatched)?;
    let mut seen = std::mem::take(&mut *lock(&seen));
    seen.lifecycles = usize::try_from(campaign.lifecycles).unwrap_or(usize::MAX);
    let finding = campaign.findings.first().map(|finding| &finding.message);
    let first = finding.or_else(|| campaign.unknown.first());
    seen.problem = first.map(|first| format!("the campaign: {first}"));
    let not_run = campaign.not_run_count();
    if not_run > 0 || campaign.unexplained() > 0 || seen.lifecycles == 0 {
        seen.untried = Some(format!(
            "the campaign: {not_run} lifecycles were not run, and {} faults did not reach their calls",
            campaign.unexplained()
        ));
    }
    Ok(seen)
}
