//! The context of one trial: clock, journal, fault plan, and the layered transports into the account.
//!
//! The only place where the tiers differ.

pub mod account;
pub mod bystander;
pub mod cancel;
pub mod checkpoint;
mod error;
mod layers;
mod options;
pub mod progress;
pub mod runtime;
pub mod sandbox;
mod simulated;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use kubeproof_contract::call::Actor;
use kubeproof_contract::call_key::CallKeys;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::disk::{Disk, DiskDialect, Files};
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::{Connection, CredentialVariables, Credentials, ProgressSink};
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioner};
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::{AnyScenario, Tier};
use kubeproof_contract::serve::Served;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::workload::{Workload, WorkloadError};
use kubeproof_external::redact::Redactor;

pub use self::error::ContextError;
pub use self::options::RunOptions;

use self::account::Account;
use self::bystander::BystanderState;
use self::checkpoint::Checkpoint;
use self::layers::Layers;
use self::sandbox::Sandbox;
use crate::programs::live_access::LiveAccess;
use crate::programs::live_credentials::LiveCredentials;
use crate::programs::proxy::{Onward, ProgramProxy};
use crate::programs::{self, ProgramSetting, ServeSetting};
use crate::run_directory;
use crate::run_directory::folder::Folder;
use crate::trial::Trial;
use crate::trial_context::cancel::CancelToken;
use crate::trial_context::progress::Progress;

/// Names the image of jobs for scenarios that name none: where the default one cannot be pulled.
pub const JOB_IMAGE_VARIABLE: &str = "KUBEPROOF_JOB_IMAGE";

/// Everything that one trial runs with.
pub struct TrialContext<'a> {
    pub trial: &'a Trial,
    pub run: Run,
    /// The run's own folder, for files that a provisioner needs. It may not exist yet.
    pub directory: PathBuf,
    /// Holds the lock of that folder.
    pub folder: Folder,
    pub clock: Clock,
    /// All calls made so far.
    pub journal: Journal,
    /// The faults with their counters.
    pub faults: FaultPlan,
    /// What the provisioner's calls are about.
    pub keys: CallKeys,
    /// The simulator's ground truth; `None` where the account is real.
    pub ground_truth: Option<Arc<dyn GroundTruth>>,
    /// The same account over sockets, if the provisioner is a program; `None` in the other tiers.
    pub served: Option<Arc<dyn Served>>,
    /// The programs of the trial: none run when the provisioner is built in.
    pub programs: Programs,
    /// Receives the progress of the trial.
    pub progress: Arc<dyn Progress>,
    /// Removes secrets from output and records; `None` where no secret can occur.
    pub redactor: Option<Redactor>,
    /// Set when the trial is to stop.
    pub cancel: CancelToken,
    /// The plan of the scenario.
    pub plan: Box<dyn Plan>,
    /// The image of jobs for scenarios that name none; `None` is the default image.
    pub job_image: Option<String>,
    /// Folder where intent, journal and record are written, if anywhere.
    pub out: Option<PathBuf>,
    /// Live: the ids of the accounts in which the trial may happen.
    pub accounts: Vec<String>,
    /// Whether the trial is torn down before it exceeds its scenario's budget: always when live.
    pub watches_budget: bool,
    /// Whether what the run makes is kept, without teardown.
    pub keeps: bool,
    /// The second cluster in the account of the run, if any.
    pub bystander: BystanderState,
    /// The files that the provisioner's processes keep on disk.
    pub files: SharedTransport,
    /// The lifecycle from which this one goes on.
    pub checkpoint: Option<Arc<Checkpoint>>,
    /// Where a program is rehearsed.
    pub sandbox: Option<Arc<Sandbox>>,
    /// Live: the proxy that its programs are led through, where their cloud has one.
    pub proxy: Option<Arc<ProgramProxy>>,
    /// The clock's speed while a program runs live, where that is not the real clock: in tests.
    pub pace: Option<NonZeroU32>,
    innermost: SharedTransport,
    credentials: Credentials,
    /// Those of the provisioner, where it may do less than others.
    limited: Option<CredentialVariables>,
}

impl Account for TrialContext<'_> {
    fn observer(&self, actor: Actor) -> Box<dyn Observer> {
        self.trial
            .scenario
            .provider
            .observer(self.scenario(), self.connection(actor))
    }

    fn handed_over(&self, access: &KubernetesAccess) -> Result<Box<dyn Workload>, WorkloadError> {
        let provider = &self.trial.scenario.provider;
        provider.workload(access, self.transport(Actor::Observer))
    }

    fn transport(&self, actor: Actor) -> SharedTransport {
        let keyed = actor == Actor::Provisioner && self.faults.needs_keys();
        let layers = self.layers(actor, keyed);
        layers.over(Arc::clone(&self.innermost))
    }
}

impl<'a> TrialContext<'a> {
    /// Creates the context on the current runtime, whose clock it follows.
    ///
    /// # Errors
    /// When live calls are impossible here, or the run's folder is not available.
    pub fn new(
        trial: &'a Trial,
        options: &RunOptions,
        progress: &Arc<dyn Progress>,
        today: Timestamp,
    ) -> Result<Self, ContextError> {
        let start = trial.start(today);
        let run = trial.run(&options.owner, start);
        let context = Self::of_run(trial, run, options, progress, start)?;
        match &context.checkpoint {
            Some(checkpoint) => checkpoint.files_to(&context.directory)?,
            None if context.served.is_some() => programs::forget(&context.directory)?,
            None => {}
        }
        Ok(context)
    }

    /// Creates the context for an existing run, at this date, to clean up after it.
    ///
    /// # Errors
    /// When calls are impossible here.
    pub fn of_run(
        trial: &'a Trial,
        run: Run,
        options: &RunOptions,
        progress: &Arc<dyn Progress>,
        start: Timestamp,
    ) -> Result<Self, ContextError> {
        let keeps_files =
            trial.tier != Tier::Rehearsal || trial.scenario.content.provisioner.is_external();
        let out = options.sandbox.as_ref().map(|sandbox| sandbox.folder());
        let folder = Folder::take(out.or(options.out.as_deref()), &run.id, keeps_files)?;
        let checkpoint = options.checkpoint.clone();
        let clock = Clock::starting_at(checkpoint.as_ref().map_or(start, |it| it.at));
        let provider = &trial.scenario.provider;
        let faults = FaultPlan::new(trial.faults());
        let (journal, keys) = match &checkpoint {
            Some(checkpoint) => (checkpoint.journal(), checkpoint.keys.fork()),
            None => (Journal::default(), CallKeys::of(&run)),
        };
        let setting = ServeSetting {
            clock,
            journal: journal.clone(),
            faults: faults.clone(),
            keys: keys.clone(),
            place: options
                .sandbox
                .as_ref()
                .map(|sandbox| (sandbox.address, sandbox.place.clone())),
        };
        let reached = simulated::reached(trial, options, setting)?;
        let context = Self {
            trial,
            run,
            directory: folder.path.clone(),
            folder,
            clock,
            journal,
            faults,
            keys,
            ground_truth: reached.ground_truth,
            served: reached.served,
            programs: Programs::default(),
            plan: provider.plan(&trial.scenario.content),
            progress: Arc::clone(progress),
            // The bystander's programs have secrets too.
            redactor: checkpoint
                .as_ref()
                .and_then(|checkpoint| checkpoint.redactor.clone())
                .or_else(|| options.bystander.redactor())
                .or_else(|| programs::redactor(trial, &options.env_file)),
            cancel: options.cancel.clone(),
            out: options.out.clone(),
            bystander: options.bystander.clone(),
            accounts: options.accounts.clone(),
            watches_budget: trial.tier == Tier::Live,
            keeps: options.keep,
            // A simulator knows no image but the default one.
            job_image: options
                .job_image
                .clone()
                .filter(|_| trial.tier != Tier::Rehearsal),
            checkpoint,
            sandbox: options.sandbox.clone(),
            proxy: ProgramProxy::of(trial)?,
            pace: None,
            innermost: reached.innermost,
            files: Files::empty(),
            credentials: reached.credentials,
            limited: options
                .limited_to
                .as_ref()
                .and_then(|_| provider.limited_credentials()),
        };
        context.prepare_faults();
        Ok(context)
    }

    /// Tells the faults whether programs make the calls, and who makes the changes of others.
    fn prepare_faults(&self) {
        if self.proxy.is_some() {
            self.faults.include_programs();
        }
        let connection = self.connection(Actor::Foreign);
        let provider = &self.trial.scenario.provider;
        if let Some(foreign) = provider.foreign_changes(self.scenario(), connection) {
            self.faults.let_change(foreign);
        }
    }

    /// The scenario of the trial.
    pub fn scenario(&self) -> &AnyScenario {
        &self.trial.scenario.content
    }

    /// The text without secrets.
    pub fn redact(&self, text: String) -> String {
        match &self.redactor {
            Some(redactor) => redactor.clean(&text),
            None => text,
        }
    }

    /// The command that cleans up after this run if it is abandoned.
    pub fn clean_up_command(&self) -> String {
        run_directory::clean_up_command(&self.run.id, self.out.as_deref())
    }

    /// The disk of the provisioner's processes. No other actor has one.
    fn disk(&self, actor: Actor) -> Disk {
        if actor != Actor::Provisioner {
            return Disk::unwatched();
        }
        let dialect = Arc::new(DiskDialect);
        let files = Arc::clone(&self.files);
        let faulted = self.faults.layer(files, dialect.clone(), actor);
        Disk::over(self.journal.layer(faulted, dialect, actor, self.clock))
    }

    fn connection(&self, actor: Actor) -> Connection {
        Connection {
            transport: self.transport(actor),
            clock: self.clock,
            seed: self.trial.seed,
            run: self.run.clone(),
            credentials: match &self.limited {
                Some(limited) if actor == Actor::Provisioner => Credentials::Given(limited.clone()),
                _ => self.credentials.clone(),
            },
            directory: self.directory.clone(),
            disk: self.disk(actor),
            progress: self.progress(),
        }
    }

    /// Receives the progress messages of the provisioner.
    pub fn progress(&self) -> ProgressSink {
        let (progress, trial) = (Arc::clone(&self.progress), self.trial.name());
        let redactor = self.redactor.clone();
        ProgressSink::new(Arc::new(move |line: &str| match &redactor {
            Some(redactor) => progress.note(&trial, &redactor.clean(line)),
            None => progress.note(&trial, line),
        }))
    }

    /// The deleter of what is left, which acts as the provisioner.
    pub fn deleter(&self) -> Box<dyn Deleter> {
        let connection = self.connection(Actor::Provisioner);
        let provider = &self.trial.scenario.provider;
        provider.deleter(self.scenario(), connection)
    }

    /// What an estimate needs now, with the prices that an observer has seen.
    pub fn prices(&self, observer: &dyn Observer) -> PriceContext {
        PriceContext {
            today: self.clock.now(),
            listed: observer.learned().prices,
        }
    }

    /// How programs reach the account in live trials; `None` in other tiers and for built-in provisioners.
    pub fn access(&self) -> Option<LiveAccess> {
        let programs = self.scenario().provisioner.is_external();
        (programs && self.trial.tier == Tier::Live).then(|| LiveAccess {
            credentials: LiveCredentials {
                provider: Arc::clone(&self.trial.scenario.provider),
                scenario: self.scenario().clone(),
                connection: self.connection(Actor::Observer),
                accounts: self.accounts.clone(),
            },
            proxy: self.proxy.clone().map(|proxy| (proxy, self.onward())),
        })
    }

    /// How the calls of a program go on from the proxy.
    fn onward(&self) -> Onward {
        let layers = self.layers(Actor::Provisioner, true);
        Onward {
            layers: Arc::new(move |innermost| layers.over(innermost)),
            innermost: Arc::clone(&self.innermost),
            time_scale: self.pace.map_or(1, NonZeroU32::get),
        }
    }

    fn layers(&self, actor: Actor, keyed: bool) -> Layers {
        Layers {
            dialect: self.trial.scenario.provider.dialect(),
            actor,
            faults: self.faults.clone(),
            journal: self.journal.clone(),
            clock: self.clock,
            keys: keyed.then(|| self.keys.clone()),
        }
    }

    /// A new process of the provisioner, with no memory of an earlier one.
    pub fn provisioner(&self) -> Box<dyn Provisioner> {
        self.provisioner_of(self.scenario())
    }

    /// The provisioner of the first attempt, which some scenarios ask for a different cluster by mistake.
    pub fn first_provisioner(&self) -> Box<dyn Provisioner> {
        match self.trial.first_cluster() {
            Some(cluster) => self.provisioner_of(&self.scenario().with_cluster(cluster)),
            None => self.provisioner(),
        }
    }

    fn program_setting(&self) -> ProgramSetting<'_> {
        ProgramSetting {
            trial: self.trial,
            run: &self.run,
            directory: &self.directory,
            progress: self.progress(),
            redactor: self.redactor.as_ref(),
            programs: &self.programs,
            access: self.access(),
            served: self.served.as_deref(),
            pace: self.pace,
            limited: self.limited.as_ref(),
        }
    }

    fn provisioner_of(&self, scenario: &AnyScenario) -> Box<dyn Provisioner> {
        if let Some(program) = programs::provisioner(self.program_setting(), scenario) {
            return program;
        }
        let connection = self.connection(Actor::Provisioner);
        self.trial
            .scenario
            .provider
            .provisioner(scenario, connection)
    }
}
