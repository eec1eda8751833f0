//! The likeliest victim: a cluster that the same provisioner made before the run, under another run id and
//! a name of which the run's is the beginning. It must survive the run, and is torn down after it.
//!
//! Its calls are in no journal of the trial's, meet no fault and are in no bill. The run begins in a copy of
//! the account in which it was made, at the same date as without it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::check::Verdict;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::world::Snapshot;
use kubeproof_external::redact::Redactor;

use super::book::Book;
use super::external;
use super::folder::Folder;
use super::progress::{Progress, Silent};
use super::stage::{Stage, Surroundings};
use super::trial::{Part, Trial};
use crate::audit::inventory::Inventory;
use crate::stopwatch::today;

/// How long it lives before the run begins, besides the time that it may take to be made: what was begun
/// and is not waited for comes to rest.
const REST_MINUTES: u32 = 60;

/// Who is beside the run in its account.
#[derive(Clone, Default)]
pub enum Beside {
    /// A bystander, to be made before the trial.
    #[default]
    Wanted,
    /// None, and why.
    Nothing(&'static str),
    /// One that could not be made, and why.
    Failed(String),
    /// This one.
    Cluster(Arc<Bystander>),
}

/// A cluster of another run.
pub struct Bystander {
    run: Run,
    account: Arc<dyn Snapshot>,
    /// Where its programs keep their files: held as long as it is there.
    _folder: Option<Folder>,
    directory: PathBuf,
    files: SharedTransport,
    redactor: Option<Redactor>,
}

impl Beside {
    /// A bystander, unless it is not wanted.
    pub fn unless(unwanted: bool) -> Self {
        if unwanted {
            Self::Nothing("it was not wanted")
        } else {
            Self::Wanted
        }
    }

    /// Knows the secrets that came up while the bystander was made.
    pub fn redactor(&self) -> Option<Redactor> {
        match self {
            Self::Cluster(cluster) => cluster.redactor.clone(),
            Self::Wanted | Self::Nothing(_) | Self::Failed(_) => None,
        }
    }

    /// The account that a run beside it begins in; none is a fresh one.
    pub fn account(&self) -> Option<&dyn Snapshot> {
        match self {
            Self::Cluster(cluster) => Some(cluster.account.as_ref()),
            Self::Wanted | Self::Nothing(_) | Self::Failed(_) => None,
        }
    }
}

/// Why a trial has no bystander, if it has none.
fn needless(trial: &Trial) -> Option<&'static str> {
    if trial.tier != Tier::Rehearsal {
        return Some("a second cluster is made in rehearsals only");
    }
    // Programs take their time, and the main trial of the scenario has one.
    let failure = matches!(trial.part, Part::Failure(..));
    let program = trial.scenario.content.provisioner.is_external();
    (failure && program).then_some("a program makes a second cluster for the main trial only")
}

/// The surroundings of a trial with the bystander in them, made on the current runtime where one is wanted.
pub async fn beside(
    trial: &Trial,
    around: &Surroundings,
    progress: &Arc<dyn Progress>,
) -> Surroundings {
    let mut around = around.clone();
    if matches!(around.beside, Beside::Wanted) {
        around.beside = match needless(trial) {
            Some(why) => Beside::Nothing(why),
            None => make(trial, &around, progress)
                .await
                .map_or_else(Beside::Failed, |made| Beside::Cluster(Arc::new(made))),
        };
    }
    around
}

/// The trial of the bystander: of the same scenario, without any fault.
fn its_trial(trial: &Trial) -> Trial {
    Trial {
        part: Part::Lifecycle(Vec::new()),
        ..trial.clone()
    }
}

/// Makes it, so long before the trial that the trial begins at its own date.
async fn make(
    trial: &Trial,
    around: &Surroundings,
    progress: &Arc<dyn Progress>,
) -> Result<Bystander, String> {
    // What SDKs draw must not be the same as in the run.
    fastrand::seed(!trial.seed);
    let start = trial.start(today());
    let its_trial = its_trial(trial);
    let minutes = its_trial.scenario.content.limits.provision_minutes;
    let head = i64::from(minutes.saturating_add(REST_MINUTES));
    let began = start - SignedDuration::from_mins(head);
    let of_trial = trial.run(&around.owner, start);
    let run = of_trial.beside(began);
    // Programs keep files, inside the folder of the trial: it is no run that anybody reports on.
    let external = trial.scenario.content.provisioner.is_external();
    let out = around.out.as_ref().filter(|_| external);
    let alone = Surroundings {
        beside: Beside::Nothing("it is the bystander"),
        out: out.map(|out| out.join(&of_trial.id)),
        ..around.clone()
    };
    // The trial's own name would be shown, and what is done is not the trial's.
    let silent = Silent::shared();
    let stage = Stage::of_run(&its_trial, run, &alone, &silent, began);
    let stage = stage?;
    if stage.served.is_some() {
        external::forget(&stage.directory)?;
    }
    progress.note(
        &trial.name(),
        "the same provisioner makes a cluster of another run first",
    );
    let mut provisioner = stage.provisioner();
    let work = provisioner.provision();
    let ended = limited(&stage, minutes, work).await;
    drop(provisioner);
    if let Some(served) = &stage.served {
        served.stop().await;
    }
    ended?;
    let rest = Duration::try_from(start.duration_since(stage.clock.now())).unwrap_or_default();
    tokio::time::sleep(rest).await;
    fastrand::seed(trial.seed);
    let world = stage
        .world
        .as_ref()
        .ok_or("there is no simulated account")?;
    Ok(Bystander {
        account: world.snapshot(),
        run: stage.run,
        _folder: Some(stage.folder),
        directory: stage.directory,
        files: stage.files,
        redactor: stage.redactor,
    })
}

/// Work that ends: by itself, at its limit, or when stopping is asked for.
async fn limited<T>(
    stage: &Stage<'_>,
    minutes: u32,
    work: impl Future<Output = Result<T, kubeproof_contract::provisioner::ProvisionerError>>,
) -> Result<T, String> {
    let limit = Duration::from_secs(u64::from(minutes) * 60);
    stage.programs.begin();
    tokio::select! {
        biased;
        () = stage.stop.wait() => Err("was asked to stop".to_owned()),
        ended = tokio::time::timeout(limit, work) => match ended {
            Ok(ended) => ended.map_err(|error| error.message),
            Err(_) => Err(format!("it was not done after {minutes} minutes")),
        },
    }
}

/// Writes into the book who is beside the run.
pub fn tell(book: &mut Book<'_, '_>, stage: &Stage<'_>, baseline: &Inventory) {
    match &stage.beside {
        Beside::Wanted | Beside::Nothing(_) => {}
        // Told once, by the clean run.
        Beside::Cluster(_) if stage.trial.clean().is_some() => {}
        Beside::Failed(problem) => {
            let begun = book.begin("bystander");
            let message = format!(
                "the same provisioner could not make a cluster of another run before this one, so that \
                 nothing shows whether it would spare one: {problem}"
            );
            book.end(begun, Verdict::Unknown, message);
        }
        Beside::Cluster(cluster) => {
            let begun = book.begin("bystander");
            let all = baseline.resources.iter();
            let count = all.filter(|one| cluster.run.owns(&one.tags)).count();
            let message = format!(
                "{} was made before by the same provisioner and must survive: {count} resources carry \
                 its tag",
                cluster.run.name("")
            );
            book.end(begun, Verdict::Pass, message);
        }
    }
}

/// Tears it down, in a copy of the account as the trial left it. In campaigns the copies of the account are
/// simply dropped.
pub async fn tear_down(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    let (Beside::Cluster(cluster), Some(world)) = (&stage.beside, &stage.world) else {
        return;
    };
    if stage.trial.is_campaign() || stage.stop.asked() {
        return;
    }
    let begun = book.begin("bystander-teardown");
    match again(cluster, stage, world.snapshot()).await {
        Ok(()) => book.end(begun, Verdict::Pass, "its provisioner tore it down"),
        Err(problem) if stage.stop.asked() => book.end(begun, Verdict::Unknown, problem),
        // One that cannot tear down anything says nothing of what the run did to its neighbour.
        Err(problem) if !book.torn_down => {
            let message = format!("nor can its provisioner tear down this one: {problem}");
            book.end(begun, Verdict::Skipped, message);
        }
        Err(problem) => {
            let message = format!(
                "{} was there before the run, and its provisioner cannot tear it down any more: {problem}",
                cluster.run.name("")
            );
            book.find("O6 decoys", message.clone());
            book.end(begun, Verdict::Fail, message);
        }
    }
}

async fn again(
    cluster: &Bystander,
    stage: &Stage<'_>,
    account: Arc<dyn Snapshot>,
) -> Result<(), String> {
    let its_trial = its_trial(stage.trial);
    let there = Bystander {
        run: cluster.run.clone(),
        account,
        _folder: None,
        directory: cluster.directory.clone(),
        files: Arc::clone(&cluster.files),
        redactor: cluster.redactor.clone(),
    };
    let around = Surroundings {
        owner: cluster.run.owner.clone(),
        stop: stage.stop.clone(),
        beside: Beside::Cluster(Arc::new(there)),
        ..Surroundings::quiet()
    };
    let silent = Silent::shared();
    let now: Timestamp = stage.clock.now();
    let its = Stage::of_run(&its_trial, cluster.run.clone(), &around, &silent, now);
    let mut its = its?;
    its.directory.clone_from(&cluster.directory);
    its.files = Arc::clone(&cluster.files);
    let minutes = its_trial.scenario.content.limits.teardown_minutes;
    let mut provisioner = its.provisioner();
    let ended = limited(&its, minutes, provisioner.teardown()).await;
    drop(provisioner);
    if let Some(served) = &its.served {
        served.stop().await;
    }
    ended
}
