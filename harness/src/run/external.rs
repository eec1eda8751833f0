//! Programs on the stage: the simulated account served beside the trial, and the ground that they stand on.
//!
//! Apart from the stage because built-in provisioners need none of it. The observers of a trial go on in
//! memory, on a clock that jumps; a program reaches the same account over sockets, and while it runs the
//! clock keeps pace with the real time that it waits. Journal and faults are the trial's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::scenario::{AnyScenario, Tier};
use kubeproof_contract::serve::{Redirect, ServeError, Served, Sharing, Variable};
use kubeproof_contract::world::Rehearsal;
use kubeproof_external::access::Access;
use kubeproof_external::ground::{self, Ground};
use kubeproof_external::provisioner;
use kubeproof_external::redact::Redactor;

use super::stage::Stage;
use super::trial::Trial;
use crate::scenario::Scenario;
use crate::simulate::environment;

/// How the variables begin that name control routes: a program under test has none.
const CONTROL: &str = "KUBEPROOF_CONTROL_";

/// Serves the account of a rehearsal besides, on the current runtime.
///
/// # Errors
/// When sockets cannot be listened to.
pub fn serve(
    trial: &Trial,
    rehearsal: &Rehearsal,
    (clock, journal, faults): (Clock, &Journal, &FaultPlan),
) -> Result<Arc<dyn Served>, ServeError> {
    rehearsal.servable.serve(Sharing {
        listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
        clock,
        time_scale: ground::time_scale(&trial.scenario.content.provisioner).get(),
        dialect: trial.scenario.provider.dialect(),
        journal: journal.clone(),
        faults: faults.clone(),
    })
}

/// Removes what programs of an earlier rehearsal kept: it has the same id, and was of another account.
///
/// # Errors
/// With the folder that cannot be removed.
pub fn forget(directory: &Path) -> Result<(), String> {
    let folder = directory.join(ground::FOLDER);
    if !folder.is_dir() {
        return Ok(());
    }
    std::fs::remove_dir_all(&folder).map_err(|error| {
        let folder = folder.display();
        format!("{folder} of an earlier run cannot be removed: {error}")
    })
}

/// The folder of a scenario's file: what its blocks name relatively begins there.
pub fn folder_of(scenario: &Scenario) -> PathBuf {
    let file = absolute(Path::new(&scenario.file));
    file.parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// A new process of the program that a scenario names; `None` when the provisioner is built in.
pub fn provisioner(stage: &Stage<'_>, scenario: &AnyScenario) -> Option<Box<dyn Provisioner>> {
    let block = &scenario.provisioner;
    if !block.is_external() {
        return None;
    }
    let mut ground = Ground {
        run: stage.run.clone(),
        directory: absolute(&stage.directory),
        scenario_folder: folder_of(&stage.trial.scenario),
        voice: stage.voice(),
        redactor: stage.redactor.clone().unwrap_or_default(),
        variables: stage.trial.scenario.provider.marks(&stage.run),
        files: Vec::new(),
        time_scale: None,
        real_limit: ground::real_limit(block),
        programs: stage.programs.clone(),
        access: stage
            .access()
            .map(|access| Arc::new(access) as Arc<dyn Access>),
    };
    if let Some(served) = &stage.served {
        ground.time_scale = Some(ground::time_scale(block));
        for redirect in redirects(stage, served.as_ref(), &ground.folder()) {
            for Variable { name, value, .. } in &redirect.variables {
                // The places of files are no secrets.
                if let Some(value) = value.as_ref().filter(|value| !value.starts_with('/')) {
                    ground.redactor.learn_variable(name, value);
                }
            }
            let variables = redirect.variables.into_iter();
            ground.variables.extend(variables.filter(is_for_programs));
            ground.files.extend(redirect.files);
        }
    }
    let program = provisioner::of(block, ground)?;
    Some(Box::new(program))
}

/// Knows the secrets that may come up in a trial; none where everything is made up and in this process.
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

fn redirects(stage: &Stage<'_>, served: &dyn Served, folder: &Path) -> Vec<Redirect> {
    let own = environment::own();
    let address = served.address().ip().to_string();
    let provider = stage.trial.scenario.provider.as_ref();
    environment::settled(vec![
        environment::common(folder, &own, &address),
        environment::of_cloud(provider, served, folder, &own),
    ])
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
