//! A provider: a cloud and all that we know of it, behind one trait.
//!
//! The harness has one list of these and names no cloud anywhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use crate::account::Account;
use crate::call::{Dialect, Signature};
use crate::clock::Clock;
use crate::disk::Disk;
use crate::documented::DocumentedEffect;
use crate::fault::{Effect, Fault};
use crate::fault_layer::ForeignChanges;
use crate::provisioner::Provisioner;
use crate::resource::{MonthlyCost, Resource};
use crate::run::Run;
use crate::scenario::{AnyScenario, ScenarioError, Tier};
use crate::serve::{Redirect, ServeError, Served, Serving, Variable};
use crate::transport::SharedTransport;
use crate::world::Rehearsal;

/// What a provider needs to make clients: where calls go, what time it is, and for which run.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The layered transport of one actor.
    pub transport: SharedTransport,
    /// The trial's clock.
    pub clock: Clock,
    /// The seed of whatever would be random (idempotency tokens).
    pub seed: u64,
    /// The run.
    pub run: Run,
    /// How to find credentials.
    pub credentials: Credentials,
    /// The run's own folder, for files that a provisioner cannot do without (state, kubeconfig).
    /// It may not exist yet.
    pub directory: PathBuf,
    /// What its processes keep from one to the next, where a provisioner keeps anything there.
    pub disk: Disk,
    /// Hears what is being done.
    pub voice: Voice,
}

/// Hears lines.
pub type Ear = Arc<dyn Fn(&str) + Send + Sync>;

/// Says to whoever watches a trial what is being done, line by line. Never a secret.
#[derive(Clone, Default)]
pub struct Voice(Option<Ear>);

impl Voice {
    /// A voice that this function hears.
    pub fn heard_by(listener: Ear) -> Self {
        Self(Some(listener))
    }

    /// Says a line.
    pub fn say(&self, line: &str) {
        if let Some(listener) = &self.0 {
            listener(line);
        }
    }
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Voice")
    }
}

/// Credentials as a program finds them in its environment. `Debug` shows the names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Given(pub BTreeMap<String, String>);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Credentials that are being looked for.
pub type Finding<'a> = Pin<Box<dyn Future<Output = Result<Given, String>> + Send + 'a>>;

/// How to find credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Made-up ones that the simulator knows.
    Rehearsal,
    /// A `.env` file first, then the cloud's own documented order; never a prompt.
    Documented {
        /// The `.env` file to read first, if it exists.
        env_file: PathBuf,
    },
    /// Exactly these, and no others: what a program was given.
    Given(Given),
}

/// A provisioner's deliberate defect, for proving that the harness catches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The name in scenario files, such as `leaks-elastic-ip`.
    pub name: &'static str,
    /// What is wrong with it.
    pub about: &'static str,
}

/// A provider.
pub trait Provider: Send + Sync {
    /// The name in scenario files and on the command line.
    fn name(&self) -> &'static str;

    /// The name in reports.
    fn title(&self) -> &'static str;

    /// How its requests are named and its errors worded.
    fn dialect(&self) -> Arc<dyn Dialect>;

    /// Reads a scenario file's text, with all that the provider can tell about it without an account.
    ///
    /// # Errors
    /// With line, column and what would be right.
    fn read(&self, text: &str) -> Result<AnyScenario, ScenarioError>;

    /// The JSON schema of its scenario files.
    fn schema(&self) -> serde_json::Value;

    /// The tiers in which its scenarios can run.
    fn tiers(&self) -> &'static [Tier] {
        &[Tier::Rehearsal, Tier::Live]
    }

    /// A fresh simulated account, with decoys in it, on the current runtime's clock. `None` when
    /// there is no simulator: then it has no tier `rehearsal`.
    fn rehearse(&self, scenario: &AnyScenario, clock: Clock, seed: u64) -> Option<Rehearsal>;

    /// The way out of this process in the other tiers: HTTPS, unless the provider knows another
    /// besides.
    fn way_out(&self, https: SharedTransport) -> SharedTransport {
        https
    }

    /// Who makes the foreign changes that the faults of a trial name. `None`: nobody.
    fn foreign_changes(
        &self,
        _scenario: &AnyScenario,
        _connection: Connection,
    ) -> Option<Arc<dyn ForeignChanges>> {
        None
    }

    /// The observer of the account.
    fn account(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Account>;

    /// A new process of the provisioner that the scenario names.
    fn provisioner(&self, scenario: &AnyScenario, connection: Connection) -> Box<dyn Provisioner>;

    /// The defects that its reference provisioner can be given.
    fn defects(&self) -> &'static [Defect];

    /// What can happen to a call of this name, as the cloud documents it, and what nobody documents
    /// (pedantic). The death of the caller is documented by nobody and can happen to every call: it is
    /// not listed here. Empty: nothing is known, so nothing is struck.
    fn documented_effects(&self, _call: &Signature) -> Vec<DocumentedEffect> {
        Vec::new()
    }

    /// All calls that its dialect can name and a fault can be aimed at, those to a cluster's API server
    /// included. Empty: it cannot tell, so no fault is refused.
    fn calls(&self) -> Vec<Signature> {
        Vec::new()
    }

    /// Whether its simulator carries out this effect ([`crate::fault::Effect::is_simulated`], and what the
    /// dialect says to show later) on a call of this name, once it accepts it.
    fn simulates(&self, _call: &Signature, _effect: &Effect) -> bool {
        false
    }

    /// Why a call of this name never meets this effect, where the cloud itself is the reason. `None`: it can,
    /// or nothing is known against it.
    fn cannot_meet(&self, _call: &Signature, _effect: &Effect) -> Option<&'static str> {
        None
    }

    /// The changes that somebody else can make, with what each does. A name that ends in `:X` takes an
    /// argument.
    fn foreign_change_names(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Why what an oracle found under these faults is a limit that the cloud imposes on every provisioner,
    /// with the source. `None` where a provisioner could do better: then it is a finding.
    fn limit(&self, _faults: &[Fault], _oracle: &str, _message: &str) -> Option<String> {
        None
    }

    /// The checklist ids that belong to this provider, with titles: none may be missing in a record.
    fn checklist(&self) -> &'static [(&'static str, &'static str)];

    /// Whether this provider could run here in a tier other than rehearsal: with what (the credential
    /// source, the engine), or what is missing and how to get it. Asks nobody for a password.
    ///
    /// # Errors
    /// With what is missing, where it was looked for, and what to do.
    fn readiness(&self, tier: Tier, env_file: &Path) -> Result<String, String>;

    /// Why no account of this cloud can have this id, if none can: an allow-list that names it was mistyped.
    fn account_id_problem(&self, _id: &str) -> Option<String> {
        None
    }

    /// Serves a fresh simulated account over sockets, on the current runtime, which must live as long
    /// as it is served.
    ///
    /// # Errors
    /// [`ServeError::NoSimulator`] where there is none, or why sockets cannot be listened to.
    fn serve(&self, _serving: Serving) -> Result<Arc<dyn Served>, ServeError> {
        Err(ServeError::NoSimulator)
    }

    /// The environment that sends this cloud's usual clients to a served account, and nowhere else.
    /// `folder` is one of the command's own, for files that variables name; `environment` is the
    /// caller's, some of which may have to go.
    fn redirect(
        &self,
        _served: &dyn Served,
        _folder: &Path,
        _environment: &BTreeMap<String, String>,
    ) -> Redirect {
        Redirect::default()
    }

    /// The credentials of a connection to a real account, as variables by which a program has exactly these.
    ///
    /// # Errors
    /// When there are none, or none that can be handed on.
    fn given<'a>(&'a self, _connection: &'a Connection) -> Finding<'a> {
        let title = self.title();
        Box::pin(async move { Err(format!("programs cannot be run on a real {title}")) })
    }

    /// What else a program's environment needs besides [`Provider::given`], so that it uses these credentials in
    /// the scenario's place, and none of the caller's. `folder` is one of the program's own, for files that
    /// variables name. All other variables of clouds are taken out by the harness.
    fn confine(&self, _scenario: &AnyScenario, _folder: &Path) -> Redirect {
        Redirect::default()
    }

    /// The environment that makes this cloud's usual tools mark what they make as the run's, where a tool
    /// reads any.
    fn marks(&self, _run: &Run) -> Vec<Variable> {
        Vec::new()
    }

    /// The id in the inventory of what a provisioner that is a program says it made: by the name that it
    /// gives it (for terraform the resource's address) and the id that it gives. `None` when the
    /// inventory has no resources of this type, so that nothing can be compared.
    fn inventory_id(&self, _name: &str, id: &str) -> Option<String> {
        Some(id.to_owned())
    }

    /// Why a resource may remain after everything that was made is removed, if it may: what the cloud
    /// makes for the account at first use and keeps.
    fn stays(&self, _resource: &Resource) -> Option<String> {
        None
    }

    /// What keeping a resource costs a month, without a scenario; `None` when no price is known.
    fn monthly_cost(&self, _resource: &Resource) -> Option<MonthlyCost> {
        None
    }
}
