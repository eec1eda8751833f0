//! The stage of one trial: clock, journal, fault plan, and the layered ways into the account.
//!
//! Apart from the phases because it is the one place where the tiers differ.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::{Disk, DiskDialect, Files};
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::https::Https;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::{Connection, Credentials, Voice};
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::{AnyScenario, Tier};
use kubeproof_contract::serve::Served;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::world::World;
use kubeproof_external::redact::Redactor;

use super::access::LiveAccess;
use super::bystander::Beside;
use super::folder::Folder;
use super::progress::Progress;
use super::stop::Stop;
use super::trial::Trial;
use super::{directory, external};
use crate::audit::claims::OwnCalls;

/// The longest that one live request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(120);

/// Names the image of jobs for scenarios that name none: where the default one cannot be pulled.
pub const JOB_IMAGE_VARIABLE: &str = "KUBEPROOF_JOB_IMAGE";

/// Where one trial takes place.
pub struct Stage<'a> {
    /// The trial.
    pub trial: &'a Trial,
    /// Its run.
    pub run: Run,
    /// Its own folder, for files that a provisioner cannot do without. It may not exist yet.
    pub directory: PathBuf,
    /// That folder, which is the run's alone as long as this is held.
    pub folder: Folder,
    /// Its clock.
    pub clock: Clock,
    /// All calls made so far.
    pub journal: Journal,
    /// The faults with their counters.
    pub faults: FaultPlan,
    /// The simulator's truth; none in the other tiers.
    pub world: Option<Arc<dyn World>>,
    /// The same account over sockets, when the provisioner is a program; none in the other tiers.
    pub served: Option<Arc<dyn Served>>,
    /// The programs of the trial: none run when the provisioner is built in.
    pub programs: Programs,
    /// Listens.
    pub progress: Arc<dyn Progress>,
    /// Takes secrets out of what is said and kept; none where nothing from outside comes in.
    pub redactor: Option<Redactor>,
    /// The wish to stop.
    pub stop: Stop,
    /// The image of jobs, where scenarios name none; none is the default one.
    pub job_image: Option<String>,
    /// Folder where intent, journal and record are written, if anywhere.
    pub out: Option<PathBuf>,
    /// Live: the ids of the accounts in which the trial may happen.
    pub accounts: Vec<String>,
    /// Whether it is torn down when its scenario's budget would be overspent: always when live.
    pub watches_budget: bool,
    /// Who is beside the run in its account.
    pub beside: Beside,
    /// What the provisioner's processes keep on their disk.
    pub files: SharedTransport,
    innermost: SharedTransport,
    credentials: Credentials,
}

/// What a trial gets from outside.
#[derive(Clone)]
pub struct Surroundings {
    /// Who runs it: becomes the owner tag.
    pub owner: String,
    /// The `.env` file that live credentials are looked for in first.
    pub env_file: PathBuf,
    /// The folder that run directories are made in; none writes nothing.
    pub out: Option<PathBuf>,
    /// The wish to stop.
    pub stop: Stop,
    /// Live: the ids of the accounts in which trials may happen.
    pub accounts: Vec<String>,
    /// The image of jobs, where scenarios name none; none is the default one.
    pub job_image: Option<String>,
    /// Rehearsal: who is beside the run in its account.
    pub beside: Beside,
}

impl Surroundings {
    /// For rehearsals that write nothing.
    pub fn quiet() -> Self {
        Self {
            owner: "kubeproof".to_owned(),
            env_file: PathBuf::from(".env"),
            out: None,
            stop: Stop::default(),
            accounts: Vec::new(),
            job_image: None,
            beside: Beside::default(),
        }
    }
}

impl<'a> Stage<'a> {
    /// Sets the stage on the current runtime, whose clock it follows.
    ///
    /// # Errors
    /// When live calls cannot be made from here at all, or its folder is not to be had.
    pub fn set(
        trial: &'a Trial,
        around: &Surroundings,
        progress: &Arc<dyn Progress>,
        today: Timestamp,
    ) -> Result<Self, String> {
        let start = trial.start(today);
        let run = trial.run(&around.owner, start);
        let stage = Self::of_run(trial, run, around, progress, start)?;
        if stage.served.is_some() {
            external::forget(&stage.directory)?;
        }
        Ok(stage)
    }

    /// Sets the stage for a run that exists already, at this date: to clean up after it.
    ///
    /// # Errors
    /// When calls cannot be made from here at all.
    pub fn of_run(
        trial: &'a Trial,
        run: Run,
        around: &Surroundings,
        progress: &Arc<dyn Progress>,
        start: Timestamp,
    ) -> Result<Self, String> {
        let keeps_files =
            trial.tier != Tier::Rehearsal || trial.scenario.content.provisioner.is_external();
        let folder = Folder::take(around.out.as_deref(), &run.id, keeps_files)?;
        let clock = Clock::starting_at(start);
        let provider = &trial.scenario.provider;
        let (journal, faults) = (Journal::default(), FaultPlan::new(trial.faults()));
        let mut served = None;
        let (innermost, world, credentials) = match trial.tier {
            Tier::Rehearsal => {
                let account = around.beside.account();
                let rehearsal = account
                    .map(|account| account.fork(clock))
                    .or_else(|| provider.rehearse(&trial.scenario.content, clock, trial.seed))
                    .ok_or_else(|| {
                        let title = provider.title();
                        format!("{title} has no simulator")
                    })?;
                let mut transport = Arc::clone(&rehearsal.transport);
                if trial.scenario.content.provisioner.is_external() {
                    let own = (clock, &journal, &faults);
                    let sockets = external::serve(trial, &rehearsal, own)
                        .map_err(|error| error.to_string())?;
                    transport = sockets.in_memory();
                    served = Some(sockets);
                    faults.strike_programs();
                }
                (transport, Some(rehearsal.world), Credentials::Rehearsal)
            }
            Tier::Kind | Tier::Live => {
                let https: SharedTransport =
                    Arc::new(Https::new(REQUEST_LIMIT).map_err(|error| error.to_string())?);
                let env_file = around.env_file.clone();
                let way_out = provider.way_out(https);
                (way_out, None, Credentials::Documented { env_file })
            }
        };
        let stage = Self {
            trial,
            run,
            directory: folder.path.clone(),
            folder,
            clock,
            journal,
            faults,
            world,
            served,
            programs: Programs::default(),
            progress: Arc::clone(progress),
            // What the bystander's programs were given or told is secret, too.
            redactor: around
                .beside
                .redactor()
                .or_else(|| external::redactor(trial, &around.env_file)),
            stop: around.stop.clone(),
            out: around.out.clone(),
            beside: around.beside.clone(),
            accounts: around.accounts.clone(),
            watches_budget: trial.tier == Tier::Live,
            // A simulator knows no image but the default one.
            job_image: around
                .job_image
                .clone()
                .filter(|_| trial.tier != Tier::Rehearsal),
            innermost,
            files: Files::empty(),
            credentials,
        };
        let connection = stage.connection(Actor::Foreign);
        if let Some(foreign) = provider.foreign_changes(stage.scenario(), connection) {
            stage.faults.let_change(foreign);
        }
        Ok(stage)
    }

    /// The scenario of the trial.
    pub fn scenario(&self) -> &AnyScenario {
        &self.trial.scenario.content
    }

    /// A text without secrets.
    pub fn clean(&self, text: String) -> String {
        match &self.redactor {
            Some(redactor) => redactor.clean(&text),
            None => text,
        }
    }

    /// The command that finishes the clean-up of this run, if it must be left at once.
    pub fn clean_up_command(&self) -> String {
        directory::clean_up_command(&self.run.id, self.out.as_deref())
    }

    /// The calls of this trial that may have changed something, and whether they are all there are: those of
    /// a program that is not ours pass through no journal outside rehearsal.
    pub fn own_calls(&self) -> OwnCalls {
        let external = self.scenario().provisioner.is_external();
        let seen = self.trial.tier == Tier::Rehearsal || !external;
        OwnCalls::of(self.journal.calls(), seen)
    }

    /// The layered transport of an actor: journal outside, so that it sees what the actor saw.
    pub fn transport(&self, actor: Actor) -> SharedTransport {
        let dialect = self.trial.scenario.provider.dialect();
        let struck = self
            .faults
            .layer(Arc::clone(&self.innermost), Arc::clone(&dialect), actor);
        self.journal.layer(struck, dialect, actor, self.clock)
    }

    /// The disk of the provisioner's processes. Nobody else has any.
    fn disk(&self, actor: Actor) -> Disk {
        if actor != Actor::Provisioner {
            return Disk::unwatched();
        }
        let dialect = Arc::new(DiskDialect);
        let files = Arc::clone(&self.files);
        let struck = self.faults.layer(files, dialect.clone(), actor);
        Disk::over(self.journal.layer(struck, dialect, actor, self.clock))
    }

    fn connection(&self, actor: Actor) -> Connection {
        Connection {
            transport: self.transport(actor),
            clock: self.clock,
            seed: self.trial.seed,
            run: self.run.clone(),
            credentials: self.credentials.clone(),
            directory: self.directory.clone(),
            disk: self.disk(actor),
            voice: self.voice(),
        }
    }

    /// What a provisioner says while it works.
    pub fn voice(&self) -> Voice {
        let (progress, trial) = (Arc::clone(&self.progress), self.trial.name());
        let redactor = self.redactor.clone();
        Voice::heard_by(Arc::new(move |line: &str| match &redactor {
            Some(redactor) => progress.note(&trial, &redactor.clean(line)),
            None => progress.note(&trial, line),
        }))
    }

    /// The account as this actor sees it.
    pub fn account(&self, actor: Actor) -> Box<dyn Account> {
        self.trial
            .scenario
            .provider
            .account(self.scenario(), self.connection(actor))
    }

    /// How programs reach the account when they run live; none elsewhere, and for built-in provisioners.
    pub fn access(&self) -> Option<LiveAccess> {
        let programs = self.scenario().provisioner.is_external();
        (programs && self.trial.tier == Tier::Live).then(|| LiveAccess {
            provider: Arc::clone(&self.trial.scenario.provider),
            scenario: self.scenario().clone(),
            connection: self.connection(Actor::Observer),
            accounts: self.accounts.clone(),
        })
    }

    /// A new process of the provisioner, with no memory of an earlier one.
    pub fn provisioner(&self) -> Box<dyn Provisioner> {
        self.provisioner_of(self.scenario())
    }

    /// The provisioner of the first attempt: it may be asked for another cluster, by mistake.
    pub fn first_provisioner(&self) -> Box<dyn Provisioner> {
        match self.trial.first_cluster() {
            Some(cluster) => self.provisioner_of(&self.scenario().with_cluster(cluster)),
            None => self.provisioner(),
        }
    }

    fn provisioner_of(&self, scenario: &AnyScenario) -> Box<dyn Provisioner> {
        if let Some(program) = external::provisioner(self, scenario) {
            return program;
        }
        let connection = self.connection(Actor::Provisioner);
        self.trial
            .scenario
            .provider
            .provisioner(scenario, connection)
    }
}
