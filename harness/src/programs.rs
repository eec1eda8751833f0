//! Serves the simulated account to programs, and sets up their workspace.
//!
//! Built-in provisioners need none of it. The observers of a trial work in memory, on a clock that jumps; a program
//! reaches the same account over sockets, and while it runs the clock keeps pace with real time. Journal and faults
//! are those of the trial.

pub mod live_access;
pub mod live_credentials;
pub mod proxy;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeproof_contract::call_key::CallKeys;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::{CredentialVariables, ProgressSink, Provider};
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::{AnyScenario, Tier};
use kubeproof_contract::serve::{ClientEnvironment, Place, ServeError, Served, Sharing, Variable};
use kubeproof_external::access::Access;
use kubeproof_external::redact::Redactor;
use kubeproof_external::workspace::{self, Workspace};

use self::live_access::LiveAccess;
use crate::scenario::Scenario;
use crate::simulate::environment;
use crate::trial::Trial;

/// Prefix of the variables that name control routes, which a program under test does not get.
const CONTROL: &str = "KUBEPROOF_CONTROL_";

/// What a trial observes of the calls of its programs, and does to them.
pub struct ServeSetting {
    pub clock: Clock,
    pub journal: Journal,
    pub faults: FaultPlan,
    pub keys: CallKeys,
    /// The sandbox that it takes place in.
    pub place: Option<(IpAddr, Place)>,
}

/// Serves the account of a rehearsal over sockets, on the current runtime.
///
/// # Errors
/// When no socket can be opened.
pub fn serve(
    trial: &Trial,
    rehearsal: &Rehearsal,
    setting: ServeSetting,
) -> Result<Arc<dyn Served>, ServeError> {
    let anywhere = (Ipv4Addr::LOCALHOST.into(), Place::default());
    let (address, place) = setting.place.unwrap_or(anywhere);
    rehearsal.servable.serve(Sharing {
        listen: SocketAddr::new(address, 0),
        place,
        clock: setting.clock,
        time_scale: workspace::time_scale(&trial.scenario.content.provisioner).get(),
        dialect: trial.scenario.provider.dialect(),
        journal: setting.journal,
        faults: setting.faults,
        keys: setting.keys,
    })
}

/// The folder of an earlier run that cannot be removed.
#[derive(Debug, thiserror::Error)]
#[error("{} of an earlier run cannot be removed: {source}", .folder.display())]
pub struct NotForgotten {
    pub folder: PathBuf,
    pub source: std::io::Error,
}

/// Removes the files that programs of an earlier rehearsal with the same id kept: they describe another account.
///
/// # Errors
/// With the folder that cannot be removed.
pub fn forget(directory: &Path) -> Result<(), NotForgotten> {
    let folder = directory.join(workspace::FOLDER);
    if !folder.is_dir() {
        return Ok(());
    }
    std::fs::remove_dir_all(&folder).map_err(|source| NotForgotten { folder, source })
}

/// The folder of a scenario's file: relative paths in it begin there.
pub fn folder_of(scenario: &Scenario) -> PathBuf {
    let file = absolute(Path::new(&scenario.file));
    file.parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// What the programs of one trial run with.
pub struct ProgramSetting<'a> {
    pub trial: &'a Trial,
    pub run: &'a Run,
    /// The run's own folder.
    pub directory: &'a Path,
    /// Receives the progress messages of programs.
    pub progress: ProgressSink,
    pub redactor: Option<&'a Redactor>,
    /// Those that run.
    pub programs: &'a Programs,
    /// How they reach the account in live trials.
    pub access: Option<LiveAccess>,
    /// The simulated account over sockets; `None` in the other tiers.
    pub served: Option<&'a dyn Served>,
    /// The clock's speed while a program runs, where there is no simulated account and the clock is not the real one.
    pub pace: Option<NonZeroU32>,
    /// The credentials of a program that may do less than others.
    pub limited: Option<&'a CredentialVariables>,
}

/// A new process of the program that a scenario names; `None` when the provisioner is built in.
pub fn provisioner(
    setting: ProgramSetting<'_>,
    scenario: &AnyScenario,
) -> Option<Box<dyn Provisioner>> {
    let block = &scenario.provisioner;
    if !block.is_external() {
        return None;
    }
    let provider = setting.trial.scenario.provider.as_ref();
    let mut workspace = Workspace {
        run: setting.run.clone(),
        directory: absolute(setting.directory),
        scenario_folder: folder_of(&setting.trial.scenario),
        progress: setting.progress,
        redactor: setting.redactor.cloned().unwrap_or_default(),
        variables: provider.marks(setting.run),
        files: Vec::new(),
        time_scale: setting.pace,
        real_sleeps: block.real_sleeps,
        real_limit: workspace::real_limit(block),
        programs: setting.programs.clone(),
        access: setting
            .access
            .map(|access| Arc::new(access) as Arc<dyn Access>),
    };
    if let Some(served) = setting.served {
        workspace.time_scale = Some(workspace::time_scale(block));
        for redirect in redirects(provider, served, &workspace.folder()) {
            for Variable { name, value, .. } in &redirect.variables {
                // Paths of files are not secrets.
                if let Some(value) = value.as_ref().filter(|value| !value.starts_with('/')) {
                    workspace.redactor.learn_variable(name, value);
                }
            }
            let variables = redirect.variables.into_iter();
            workspace
                .variables
                .extend(variables.filter(is_for_programs));
            workspace.files.extend(redirect.files);
        }
        for variable in &mut workspace.variables {
            let limited = setting.limited.and_then(|all| all.0.get(&variable.name));
            variable.value = limited.cloned().or_else(|| variable.value.take());
        }
    }
    let program = kubeproof_external::provisioner::of(block, workspace)?;
    Some(Box::new(program))
}

/// Knows the secrets that may occur in a trial; `None` where everything is simulated in this process.
pub fn redactor(trial: &Trial, env_file: &Path) -> Option<Redactor> {
    let block = &trial.scenario.content.provisioner;
    if trial.tier == Tier::Rehearsal && !block.is_external() {
        return None;
    }
    let redactor = Redactor::of_environment();
    redactor.learn_env_file(env_file);
    redactor.learn_env_file(&folder_of(&trial.scenario).join(".env"));
    for (name, value) in block.terraform.iter().flat_map(|block| &block.vars) {
        redactor.learn_document(&serde_json::json!({ name: value }));
    }
    Some(redactor)
}

fn is_for_programs(variable: &Variable) -> bool {
    !variable.name.starts_with(CONTROL)
}

fn redirects(
    provider: &dyn Provider,
    served: &dyn Served,
    folder: &Path,
) -> Vec<ClientEnvironment> {
    let own = environment::own();
    let address = served.address().ip().to_string();
    environment::settled(vec![
        environment::common(folder, &own, &address),
        environment::of_cloud(provider, served, folder, &own),
    ])
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
