//! A provider: everything that we know about a cloud, behind one trait.
//!
//! The harness has one list of providers and names no cloud anywhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use crate::call::{Dialect, Signature};
use crate::clock::Clock;
use crate::deleter::Deleter;
use crate::disk::Disk;
use crate::documented_effects::DocumentedEffect;
use crate::fault::{Effect, Fault};
use crate::fault_layer::ForeignChanges;
use crate::ground_truth::Rehearsal;
use crate::observer::Observer;
use crate::permissions::Permissions;
use crate::placeholder::MakePlaceholders;
use crate::plan::Plan;
use crate::provider_errors::{NoCredentials, NotReady};
use crate::provisioner::{KubernetesAccess, Provisioner};
use crate::resource::{MonthlyCost, Resource};
use crate::run::Run;
use crate::scenario::{AnyScenario, ScenarioError, Tier};
use crate::serve::{ClientEnvironment, ServeError, Served, Serving, Variable};
use crate::terraform::{ClusterBlock, Configuration, TerraformProvider};
use crate::transport::SharedTransport;
use crate::workload::{Workload, WorkloadError};

/// What a provider needs to create clients: where calls go, what time it is, and for which run.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The transport of one actor, with its layers.
    pub transport: SharedTransport,
    /// The trial's clock.
    pub clock: Clock,
    /// The seed of everything that would be random (idempotency tokens).
    pub seed: u64,
    /// The run.
    pub run: Run,
    /// How to find credentials.
    pub credentials: Credentials,
    /// The run's own folder, for files that a provisioner needs (state, kubeconfig). It may not exist yet.
    pub directory: PathBuf,
    /// The disk for what a provisioner's processes hand on from one to the next, if anything.
    pub disk: Disk,
    /// Receives progress messages.
    pub progress: ProgressSink,
}

/// Receives progress messages, a line at a time.
pub type ProgressCallback = Arc<dyn Fn(&str) + Send + Sync>;

/// Reports what is being done in a trial, line by line. Never a secret. The default discards everything.
#[derive(Clone, Default)]
pub struct ProgressSink(Option<ProgressCallback>);

impl ProgressSink {
    /// A progress sink that calls this function for each line.
    pub fn new(callback: ProgressCallback) -> Self {
        Self(Some(callback))
    }

    /// Reports one line.
    pub fn report(&self, line: &str) {
        if let Some(callback) = &self.0 {
            callback(line);
        }
    }
}

impl std::fmt::Debug for ProgressSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProgressSink")
    }
}

/// Credentials as environment variables for a program. `Debug` shows only the names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CredentialVariables(pub BTreeMap<String, String>);

impl std::fmt::Debug for CredentialVariables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The pending result of [`ProgramSupport::credential_variables`].
pub type CredentialFuture<'a> =
    Pin<Box<dyn Future<Output = Result<CredentialVariables, NoCredentials>> + Send + 'a>>;

/// How to find credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Made-up ones that the simulator knows.
    Rehearsal,
    /// From a `.env` file first, then in the cloud's own documented order; never from a prompt.
    Documented {
        /// The `.env` file to read first, if it exists.
        env_file: PathBuf,
    },
    /// Exactly these and no others: those that a program was given.
    Given(CredentialVariables),
}

/// The operations that a simulator answers, by the service that they belong to, in order.
pub type SimulatedOperations = BTreeMap<&'static str, BTreeSet<&'static str>>;

/// A provisioner's deliberate defect, for proving that the harness catches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The name in scenario files, such as `leaks-elastic-ip`.
    pub name: &'static str,
    /// What is wrong with it.
    pub about: &'static str,
}

/// A cloud, and all that is known of it.
pub trait Provider:
    ProviderParts
    + Simulated
    + ProgramSupport
    + Documented
    + OtherActors
    + LiveAccess
    + Retention
    + Permissions
    + Send
    + Sync
{
    /// The name in scenario files and on the command line.
    fn name(&self) -> &'static str;

    /// The name in reports.
    fn title(&self) -> &'static str;

    /// How its requests are named and its errors are worded.
    fn dialect(&self) -> Arc<dyn Dialect>;

    /// Parses the text of a scenario file and checks everything that can be checked without an account.
    ///
    /// # Errors
    /// With line, column and what would be correct.
    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError>;

    /// The JSON schema of its scenario files.
    fn schema(&self) -> serde_json::Value;

    /// The tiers in which its scenarios can run.
    fn tiers(&self) -> &'static [Tier] {
        &[Tier::Rehearsal, Tier::Live]
    }

    /// The checklist ids of this provider, with titles. None may be missing from a record.
    fn checklist(&self) -> &'static [(&'static str, &'static str)];
}

/// What a provider makes for a scenario. None of them uses another.
pub trait ProviderParts: Send + Sync {
    /// The plan of the scenario.
    fn plan(&self, scenario: &AnyScenario) -> Box<dyn Plan>;

    /// The plan of a scenario whose program has made these, with lines for those of them that the scenario does not
    /// plan. `None` where the provider does not know the lines of resources.
    fn plan_of_made(&self, _scenario: &AnyScenario, _made: &[Resource]) -> Option<Box<dyn Plan>> {
        None
    }

    /// A new process of the provisioner that the scenario names.
    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner>;

    /// The observer of the account.
    fn observer(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Observer>;

    /// Workloads by the access that a provisioner has handed over. Their calls go through this transport.
    ///
    /// # Errors
    /// When the access cannot be used.
    fn workload(
        &self,
        access: &KubernetesAccess,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError>;

    /// Deletes what is left in the account.
    fn deleter(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Deleter>;
}

/// What it takes to rehearse a provider without an account.
pub trait Simulated: Send + Sync {
    /// A fresh simulated account with bystanders in it, on the current runtime's clock. `None` when there is
    /// no simulator; the tier `rehearsal` is then not supported.
    fn rehearse(&self, scenario: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal>;

    /// A fresh simulated account beside a real cluster, in the tier `kind`: what runs in the cluster reaches the account over
    /// sockets on the current runtime, whose clock is the real one; calls to all other hosts go over `https`. `None`: in
    /// that tier nothing of this provider is simulated.
    ///
    /// # Errors
    /// When it cannot listen.
    fn rehearse_beside(
        &self,
        _scenario: &AnyScenario,
        _start: (Clock, u64),
        _https: SharedTransport,
    ) -> Result<Option<Rehearsal>, ServeError> {
        Ok(None)
    }

    /// Serves a fresh simulated account over sockets, on the current runtime, which must live as long as it
    /// is served.
    ///
    /// # Errors
    /// [`ServeError::NoSimulator`] when there is none; other errors when it cannot listen.
    fn serve(&self, _serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
        Err(ServeError::NoSimulator)
    }

    /// The environment that sends this cloud's usual clients to a served account, and nowhere else. `folder`
    /// belongs to the command, for files that variables name; `environment` is the caller's, from which some
    /// variables may have to be removed.
    fn client_environment(
        &self,
        _served: &dyn Served,
        _folder: &Path,
        _environment: &BTreeMap<String, String>,
    ) -> ClientEnvironment {
        ClientEnvironment::default()
    }

    /// The operations that its simulator answers, by service, from the simulator's own tables. Empty: it has none.
    fn operations(&self) -> SimulatedOperations {
        SimulatedOperations::new()
    }

    /// Whether its simulator carries out this effect on a call of this name that it accepts: an effect that is
    /// simulated ([`crate::fault::Effect::is_simulated`]) or that the dialect shows later.
    fn simulates(&self, _call: &Signature, _effect: &Effect) -> bool {
        false
    }

    /// The defects that its reference provisioner can be given.
    fn defects(&self) -> &'static [Defect];
}

/// What it takes to run programs, such as terraform, against a provider.
pub trait ProgramSupport: Send + Sync {
    /// The credentials of a connection to a real account, as variables that give a program exactly these.
    ///
    /// # Errors
    /// When there are none, or none that can be handed on.
    fn credential_variables<'a>(&'a self, _connection: &'a Connection) -> CredentialFuture<'a> {
        Box::pin(async { Err(NoCredentials::Unsupported) })
    }

    /// What a program's environment needs in addition to [`ProgramSupport::credential_variables`], so that it uses
    /// these credentials and the scenario's region, and nothing of the caller's. `folder` belongs to the program,
    /// for files that variables name. The harness removes all other variables of clouds.
    fn confine(&self, _scenario: &AnyScenario, _folder: &Path) -> ClientEnvironment {
        ClientEnvironment::default()
    }

    /// What makes the placeholders of a run, with which a program works through our proxy in a real account. `None`: its
    /// programs get the real credentials, and their calls are not seen.
    fn placeholders(&self) -> Option<MakePlaceholders> {
        None
    }

    /// The environment that makes this cloud's usual tools mark what they create as the run's, where a tool
    /// reads any.
    fn marks(&self, _run: &Run) -> Vec<Variable> {
        Vec::new()
    }

    /// What it knows of its terraform provider. `None`: nothing.
    fn terraform(&self) -> Option<&'static TerraformProvider> {
        None
    }

    /// The `cluster` block of a new scenario, for the cluster that a terraform configuration makes, or, without one, the
    /// usual cluster. `None`: it cannot begin one.
    fn cluster_block(&self, _of: Option<&Configuration>) -> Option<ClusterBlock> {
        None
    }

    /// The inventory id of a resource that an external provisioner says it created, from the name (terraform:
    /// the resource's address) and the id that it reports. `None` when the inventory does not have this type,
    /// so that nothing can be compared.
    fn inventory_id(&self, _name: &str, id: &str) -> Option<String> {
        Some(id.to_owned())
    }
}

/// What the cloud documents of its calls, and what can therefore be injected.
pub trait Documented: Send + Sync {
    /// All calls that its dialect can name and a fault can target, including those to a cluster's API server.
    /// Empty: it cannot tell, so no fault is refused.
    fn calls(&self) -> Vec<Signature> {
        Vec::new()
    }

    /// The effects that can happen to a call of this name: those that the cloud documents, and undocumented
    /// (pedantic) ones. The death of the caller is documented nowhere and can happen at every call, so it is
    /// not listed here. Empty: nothing is known, so nothing is injected.
    fn documented_effects(&self, _call: &Signature) -> Vec<DocumentedEffect> {
        Vec::new()
    }

    /// What the rows of its own checklist mean, in Markdown: a heading of the third level for each id.
    fn checks_explained(&self) -> &'static str {
        ""
    }

    /// Why this effect can never happen to a call of this name in the real cloud. `None`: it can, or nothing
    /// is known.
    fn cannot_meet(&self, _call: &Signature, _effect: &Effect) -> Option<&'static str> {
        None
    }

    /// Why what an oracle found under these faults is a limit that the cloud imposes on every provisioner,
    /// with its source. `None` when a provisioner could do better: it is then a finding.
    fn limit(&self, _faults: &[Fault], _oracle: &str, _message: &str) -> Option<String> {
        None
    }
}

/// Changes that another actor makes in the account, when a fault asks for them.
pub trait OtherActors: Send + Sync {
    /// Makes the foreign changes that the faults of a trial name. `None`: it supports none.
    fn foreign_changes(
        &self,
        _scenario: &AnyScenario,
        _connection: Connection,
    ) -> Option<Arc<dyn ForeignChanges>> {
        None
    }

    /// The foreign changes that it supports, each with what it does. A name that ends in `:X` takes an
    /// argument.
    fn foreign_change_names(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// What it takes to run outside rehearsal.
pub trait LiveAccess: Send + Sync {
    /// The innermost transport in the other tiers: HTTPS, unless the provider adds another.
    fn live_transport(&self, https: SharedTransport) -> SharedTransport {
        https
    }

    /// Whether this provider could run on this machine in a tier other than rehearsal: what it would use (the
    /// credential source, the engine). Never prompts for a password.
    ///
    /// # Errors
    /// With what is missing, where it was searched for, and what to do.
    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, NotReady>;

    /// Why this cannot be the id of an account of this cloud, if it cannot: the allow-list has a typing error.
    fn account_id_problem(&self, _id: &str) -> Option<String> {
        None
    }
}

/// What remains in an account, why, and at what price.
pub trait Retention: Send + Sync {
    /// Why a resource may remain after everything was removed, if it may: the cloud creates it for the account
    /// at first use and keeps it.
    fn retained(&self, _resource: &Resource) -> Option<String> {
        None
    }

    /// What keeping a resource costs per month, without a scenario; `None` when no price is known.
    fn monthly_cost(&self, _resource: &Resource) -> Option<MonthlyCost> {
        None
    }
}
