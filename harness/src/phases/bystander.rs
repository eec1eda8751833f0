//! The bystander: a cluster that the same provisioner created before the run, under another run id and a name that
//! starts with the run's name (`kp-r1-0a1b2c3d` and `kp-r1-0a1b2c3d-2`). It must survive the run, and is torn down afterwards.
//!
//! So O6 catches a provisioner that deletes by a name prefix, or by a tag that a tool puts on all its clusters. What its
//! creation does to others counts too, unless its teardown takes it back: the run finds it done already. So does what its
//! creation added and nothing removes, such as a role with a fixed name that all clusters of a tool share: it is in the
//! run's baseline, where O1 cannot see it. The run begins
//! in a copy of the account, at the same date as without a bystander. Everything in it is a bystander, does not count
//! towards the run's quotas and is in none of its bills (`GroundTruth::snapshot`). The bystander's calls are not in the
//! journal and get no faults; after the run its own provisioner must still be able to tear it down. Forced failures of
//! programs have no bystander, because programs take real time; a campaign creates one, and each lifecycle begins in a
//! copy of that account.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::ground_truth::Snapshot;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::process::Programs;
use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;

use crate::audit::compare;
use crate::audit::inventory::Inventory;
use crate::oracles::Violation;
use crate::oracles::bystanders::{self, HarmedResource};
use crate::oracles::orphans;
use crate::prices;
use crate::programs::{self, NotForgotten};
use crate::recorder::phase_outcome::{PhaseOutcome, Told};
use crate::trial::{Part, Trial};
use crate::trial_context::account::Account as _;
use crate::trial_context::bystander::{Bystander, BystanderState};
use crate::trial_context::cancel::CancelToken;
use crate::trial_context::progress::{Progress, Silent};
use crate::trial_context::{ContextError, RunOptions, TrialContext};
use crate::wall_clock::today;

/// How long it exists before the run begins, after the time limit of its creation: changes that the provisioner does
/// not wait for can settle.
const REST_MINUTES: u32 = 60;

/// Why a bystander could not be created or torn down.
#[derive(Debug, thiserror::Error)]
pub enum BystanderError {
    #[error(transparent)]
    Context(#[from] ContextError),
    /// Files of an earlier run are in the way.
    #[error(transparent)]
    Forget(#[from] NotForgotten),
    /// Its provisioner failed.
    #[error(transparent)]
    Provisioner(#[from] ProvisionerError),
    #[error("it was not done after {minutes} minutes")]
    Late { minutes: u32 },
    #[error("was asked to stop")]
    Stopped,
    #[error("there is no simulated account")]
    NoGroundTruth,
}

/// Why a trial has no bystander, if it has none.
fn needless(trial: &Trial) -> Option<&'static str> {
    if trial.tier != Tier::Rehearsal {
        return Some("a second cluster is made in rehearsals only");
    }
    // Programs are slow, and the main trial of the scenario has a bystander.
    let failure = matches!(trial.part, Part::Failure(..));
    let program = trial.scenario.content.provisioner.is_external();
    (failure && program).then_some("a program makes a second cluster for the main trial only")
}

/// The options of a trial with its bystander, which is created on the current runtime if one is wanted.
pub async fn with_bystander(
    trial: &Trial,
    options: &RunOptions,
    progress: &Arc<dyn Progress>,
) -> RunOptions {
    let mut options = options.clone();
    if matches!(options.bystander, BystanderState::Wanted) {
        options.bystander = match needless(trial) {
            Some(why) => BystanderState::Nothing(why),
            None => make(trial, &options, progress).await.map_or_else(
                |error| BystanderState::Failed(error.to_string()),
                |made| BystanderState::Cluster(Arc::new(made)),
            ),
        };
    }
    options
}

/// The trial that creates the bystander: of the same scenario, without faults.
fn its_trial(trial: &Trial) -> Trial {
    Trial {
        part: Part::Lifecycle(Vec::new()),
        ..trial.clone()
    }
}

/// Creates it early enough that the trial begins at its own date.
async fn make(
    trial: &Trial,
    options: &RunOptions,
    progress: &Arc<dyn Progress>,
) -> Result<Bystander, BystanderError> {
    // The SDKs must not draw the same random numbers as in the run.
    fastrand::seed(!trial.seed);
    let start = trial.start(today());
    let its_trial = its_trial(trial);
    let minutes = its_trial.scenario.content.limits.provision_minutes;
    let head = i64::from(minutes.saturating_add(REST_MINUTES));
    let began = start - SignedDuration::from_mins(head);
    let of_trial = trial.run(&options.owner, start);
    let run = of_trial.beside(began);
    // Programs keep files inside the folder of the trial: the bystander is not a run with a report.
    let external = trial.scenario.content.provisioner.is_external();
    let out = options.out.as_ref().filter(|_| external);
    let alone = RunOptions {
        bystander: BystanderState::Nothing("it is the bystander"),
        out: out.map(|out| out.join(&of_trial.id)),
        ..options.clone()
    };
    // Progress would be shown under the trial's name.
    let silent = Silent::shared();
    let context = TrialContext::of_run(&its_trial, run, &alone, &silent, began);
    let context = context?;
    if context.served.is_some() {
        programs::forget(&context.directory)?;
    }
    progress.note(
        &trial.name(),
        "the same provisioner makes a cluster of another run first",
    );
    let ground_truth = context
        .ground_truth
        .as_ref()
        .ok_or(BystanderError::NoGroundTruth)?;
    let (others, before) = (ground_truth.bystanders(), ground_truth.inventory());
    let mut provisioner = context.provisioner();
    let work = provisioner.provision();
    let ended = limited((&context.programs, &context.cancel), minutes, work).await;
    drop(provisioner);
    if let Some(served) = &context.served {
        served.stop().await;
    }
    ended?;
    let rest = Duration::try_from(start.duration_since(context.clock.now())).unwrap_or_default();
    tokio::time::sleep(rest).await;
    fastrand::seed(trial.seed);
    Ok(Bystander {
        touched: bystanders::touched(others, &ground_truth.bystanders()),
        made: compare::new_resources(&before, &ground_truth.inventory()),
        account: ground_truth.snapshot(),
        run: context.run,
        folder: Some(context.folder),
        directory: context.directory,
        files: context.files,
        redactor: context.redactor,
    })
}

/// Runs work until it ends, its limit is reached, or stopping is requested.
async fn limited<T>(
    (programs, cancel): (&Programs, &CancelToken),
    minutes: u32,
    work: impl Future<Output = Result<T, ProvisionerError>>,
) -> Result<T, BystanderError> {
    let limit = Duration::from_secs(u64::from(minutes) * 60);
    programs.begin();
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(BystanderError::Stopped),
        ended = tokio::time::timeout(limit, work) => match ended {
            Ok(ended) => Ok(ended?),
            Err(_) => Err(BystanderError::Late { minutes }),
        },
    }
}

/// Whether there is a bystander, if that is worth a phase.
pub fn state(
    bystander: &BystanderState,
    naming: &dyn Naming,
    baseline: &Inventory,
) -> Option<PhaseOutcome> {
    match bystander {
        BystanderState::Wanted | BystanderState::Nothing(_) => None,
        BystanderState::Failed(problem) => {
            let message = format!(
                "the same provisioner could not make a cluster of another run before this one, so it is \
                 unknown whether it would spare one: {problem}"
            );
            Some(PhaseOutcome::new(Verdict::Unknown, message))
        }
        BystanderState::Cluster(cluster) => {
            let all = baseline.resources.iter();
            let count = all
                .filter(|one| naming.is_marked(&cluster.run, one))
                .count();
            let message = format!(
                "{} was made before by the same provisioner and must survive: {count} resources carry \
                 its tag",
                naming.name(&cluster.run, "")
            );
            Some(PhaseOutcome::new(Verdict::Pass, message))
        }
    }
}

/// What is used to tear it down.
pub struct Remains<'a> {
    pub cluster: &'a Bystander,
    /// A copy of the account as the trial left it.
    pub account: Arc<dyn Snapshot>,
    pub trial: &'a Trial,
    pub plan: &'a dyn Plan,
    pub now: Timestamp,
    pub cancel: &'a CancelToken,
    /// Whether a teardown of the trial reported success.
    pub torn_down: bool,
}

/// Tears it down, in a copy of the account.
pub async fn tear_down(remains: &Remains<'_>) -> PhaseOutcome {
    match again(remains).await {
        Ok(traces) if traces.are_none() => {
            PhaseOutcome::new(Verdict::Pass, "its provisioner tore it down")
        }
        Ok(Traces { harmed, left }) => {
            let message = format!(
                "its provisioner tore it down, but of what making it did, {} resources are left, and {} of others are \
                 deleted or changed",
                left.len(),
                harmed.len()
            );
            let mut told = Told::default();
            let price = prices::price(remains.plan);
            told.violations(orphans::made_before_the_run(&left, &price));
            told.violations(bystanders::violations(&harmed, &price));
            PhaseOutcome::new(Verdict::Fail, message).with(told)
        }
        Err(problem) if remains.cancel.is_cancelled() => {
            PhaseOutcome::new(Verdict::Unknown, problem.to_string())
        }
        // A provisioner that cannot tear down anything does not show what the run did to the bystander.
        Err(problem) if !remains.torn_down => {
            let message = format!("nor can its provisioner tear down this one: {problem}");
            PhaseOutcome::new(Verdict::Skipped, message)
        }
        Err(problem) => {
            let message = format!(
                "{} was there before the run, and its provisioner cannot tear it down any more: {problem}",
                remains.cluster.run.name("")
            );
            let mut told = Told::default();
            told.violations([Violation::new("O6 bystanders", message.clone())]);
            PhaseOutcome::new(Verdict::Fail, message).with(told)
        }
    }
}

/// What its creation did and no teardown has taken back.
struct Traces {
    /// Resources of others that are still not as they were.
    harmed: Vec<HarmedResource>,
    /// Resources that it added and that are still there.
    left: Vec<Resource>,
}

impl Traces {
    fn are_none(&self) -> bool {
        self.harmed.is_empty() && self.left.is_empty()
    }

    /// Those in this account now.
    fn of(remains: &Remains<'_>, its: &TrialContext<'_>) -> Result<Self, BystanderError> {
        let ground_truth = its.ground_truth.as_ref();
        let ground_truth = ground_truth.ok_or(BystanderError::NoGroundTruth)?;
        let (observer, provider) = (its.observer(Actor::Auditor), &its.trial.scenario.provider);
        let types = observer.resource_types();
        let is_retained = |one: &Resource| {
            compare::retained(one, types).is_some() || provider.retained(one).is_some()
        };
        let Bystander { touched, made, .. } = remains.cluster;
        Ok(Self {
            harmed: bystanders::harmed_before_the_run(touched, &ground_truth.bystanders()),
            left: orphans::still_there(made, &ground_truth.inventory(), is_retained),
        })
    }
}

/// Tears it down. Returns what its creation did and is still not taken back.
async fn again(remains: &Remains<'_>) -> Result<Traces, BystanderError> {
    let cluster = remains.cluster;
    let its_trial = its_trial(remains.trial);
    let there = Bystander {
        run: cluster.run.clone(),
        account: Arc::clone(&remains.account),
        touched: Vec::new(),
        made: Vec::new(),
        folder: None,
        directory: cluster.directory.clone(),
        files: Arc::clone(&cluster.files),
        redactor: cluster.redactor.clone(),
    };
    let options = RunOptions {
        owner: cluster.run.owner.clone(),
        cancel: remains.cancel.clone(),
        bystander: BystanderState::Cluster(Arc::new(there)),
        ..RunOptions::quiet()
    };
    let silent = Silent::shared();
    let its = TrialContext::of_run(
        &its_trial,
        cluster.run.clone(),
        &options,
        &silent,
        remains.now,
    );
    let mut its = its?;
    its.directory.clone_from(&cluster.directory);
    its.files = Arc::clone(&cluster.files);
    let minutes = its_trial.scenario.content.limits.teardown_minutes;
    let mut provisioner = its.provisioner();
    let ended = limited(
        (&its.programs, &its.cancel),
        minutes,
        provisioner.teardown(),
    )
    .await;
    drop(provisioner);
    if let Some(served) = &its.served {
        served.stop().await;
    }
    ended?;
    let traces = Traces::of(remains, &its)?;
    if traces.are_none() {
        return Ok(traces);
    }
    // What the cloud takes back takes time to show.
    tokio::time::sleep(Duration::from_mins(u64::from(REST_MINUTES))).await;
    Traces::of(remains, &its)
}
