//! Whether the programs of a scenario could run here, asked in an environment that leads to no other cloud than theirs.

use std::path::Path;

use kubeproof_contract::scenario::Tier;
use kubeproof_contract::serve::Redirect;
use kubeproof_external::access::Access as _;
use kubeproof_external::readiness::{Setting, readiness};
use kubeproof_external::redact::Redactor;

use super::external;
use super::lab;
use super::progress::Silent;
use super::stage::{Stage, Surroundings};
use super::trial::Trial;
use crate::simulate::environment;
use crate::stopwatch::today;

/// The address of simulators that are not served yet.
const LOOPBACK: &str = "127.0.0.1";

/// Whether the programs that a trial's scenario names are here, or what is missing and how to get it. A program that
/// is asked gets in rehearsal nothing of a real cloud, and live exactly the observer's credentials, once they are
/// known to be of an allowed account.
///
/// # Errors
/// With what is missing, or why there is no access.
pub fn of_programs(trial: &Trial, around: &Surroundings) -> Result<String, String> {
    let block = &trial.scenario.content.provisioner;
    let redactor = external::redactor(trial, &around.env_file).unwrap_or_default();
    let scenario_folder = external::folder_of(&trial.scenario);
    let asked = |setting: &Setting| {
        readiness(block, &scenario_folder, setting).map_err(|missing| redactor.clean(&missing))
    };
    let asks = block.command.as_ref().is_some_and(|it| it.ready.is_some());
    if !asks || trial.tier == Tier::Kind {
        return asked(&Setting::default());
    }
    // It holds what variables name as long as the program runs.
    let folder = tempfile::tempdir().map_err(|error| format!("no folder can be made: {error}"))?;
    let redirects = match trial.tier {
        Tier::Live => vec![live(trial, around, folder.path(), &redactor)?],
        _ => rehearsed(trial, folder.path()),
    };
    asked(&confined(redirects)?)
}

/// The setting of these redirects, whose files are written.
fn confined(redirects: Vec<Redirect>) -> Result<Setting, String> {
    environment::write_files(&redirects)?;
    let all = redirects.into_iter();
    Ok(Setting {
        variables: all.flat_map(|redirect| redirect.variables).collect(),
        is_confined: true,
    })
}

/// What leads away from all real clouds. The trial's own is not served before the trial.
fn rehearsed(trial: &Trial, folder: &Path) -> Vec<Redirect> {
    let scenario = &trial.scenario;
    environment::settled(vec![
        environment::common(folder, &environment::own(), LOOPBACK),
        scenario.provider.confine(&scenario.content, folder),
    ])
}

/// The observer's credentials, which `redactor` learns.
fn live(
    trial: &Trial,
    around: &Surroundings,
    folder: &Path,
    redactor: &Redactor,
) -> Result<Redirect, String> {
    let runtime = lab::runtime(trial).map_err(|error| format!("no runtime: {error}"))?;
    // It writes nothing into the folder of the run, which has not begun.
    let around = Surroundings {
        out: None,
        ..around.clone()
    };
    let redirect = runtime.block_on(async {
        let stage = Stage::set(trial, &around, &Silent::shared(), today())?;
        match stage.access() {
            Some(access) => access.environment(folder).await,
            None => Ok(Redirect::default()),
        }
    })?;
    for variable in &redirect.variables {
        let value = variable.value.as_deref().unwrap_or_default();
        // The places of files are no secrets.
        if !variable.name.ends_with("_FILE") {
            redactor.learn_variable(&variable.name, value);
        }
    }
    Ok(redirect)
}
