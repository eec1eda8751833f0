//! Whether the programs of a scenario can run here, asked in an environment that leads only to their own cloud.

use std::path::Path;
use std::sync::mpsc;

use kubeproof_contract::scenario::Tier;
use kubeproof_contract::serve::ClientEnvironment;
use kubeproof_external::access::{Access as _, AccessError};
use kubeproof_external::readiness::{Setting, readiness};

use tokio::sync::oneshot;

use crate::programs;
use crate::simulate::environment::{self, NotWritten};
use crate::trial::Trial;
use crate::trial_context::progress::Silent;
use crate::trial_context::runtime::runtime;
use crate::trial_context::{ContextError, RunOptions, TrialContext};
use crate::wall_clock::today;

/// The address of simulators that are not served yet.
const LOOPBACK: &str = "127.0.0.1";

/// Why the programs of a scenario cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum ProgramsError {
    /// What is missing and how to get it, without secrets.
    #[error("{0}")]
    Missing(String),
    #[error("no folder can be made: {0}")]
    NoFolder(#[source] std::io::Error),
    #[error("no runtime: {0}")]
    NoRuntime(#[source] std::io::Error),
    #[error(transparent)]
    NotWritten(#[from] NotWritten),
    #[error(transparent)]
    Context(#[from] ContextError),
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// Whether the programs of a trial's scenario are installed, or what is missing and how to get it. In rehearsal a
/// program gets no access to a real cloud; live it gets what it will run with, once the observer's credentials are known
/// to belong to an allowed account.
///
/// # Errors
/// With what is missing, or why there is no access.
pub fn of_programs(trial: &Trial, options: &RunOptions) -> Result<String, ProgramsError> {
    let block = &trial.scenario.content.provisioner;
    let redactor = programs::redactor(trial, &options.env_file).unwrap_or_default();
    let scenario_folder = programs::folder_of(&trial.scenario);
    let asked = |setting: &Setting| {
        readiness(block, &scenario_folder, setting)
            .map_err(|missing| ProgramsError::Missing(redactor.clean(&missing.to_string())))
    };
    let asks = block.command.as_ref().is_some_and(|it| it.ready.is_some());
    if !asks || trial.tier == Tier::Kind {
        return asked(&Setting::default());
    }
    // Holds the files that variables name, as long as the program runs.
    let folder = tempfile::tempdir().map_err(ProgramsError::NoFolder)?;
    if trial.tier != Tier::Live {
        return asked(&confined(rehearsed(trial, folder.path()))?);
    }
    live(trial, options, folder.path(), |redirect| {
        for variable in &redirect.variables {
            let value = variable.value.as_deref().unwrap_or_default();
            // Paths of files are not secrets.
            if !variable.name.ends_with("_FILE") {
                redactor.learn_variable(&variable.name, value);
            }
        }
        asked(&confined(vec![redirect])?)
    })
}

/// The setting of these redirects, whose files are written.
fn confined(redirects: Vec<ClientEnvironment>) -> Result<Setting, NotWritten> {
    environment::write_files(&redirects)?;
    let all = redirects.into_iter();
    Ok(Setting {
        variables: all.flat_map(|redirect| redirect.variables).collect(),
        is_confined: true,
    })
}

/// An environment that leads to no real cloud. The trial's own account is not served before the trial.
fn rehearsed(trial: &Trial, folder: &Path) -> Vec<ClientEnvironment> {
    let scenario = &trial.scenario;
    environment::settled(vec![
        environment::common(folder, &environment::own(), LOOPBACK),
        scenario.provider.confine(&scenario.content, folder),
    ])
}

/// Asks in the environment of a live program, whose proxy is open for as long as that takes.
fn live(
    trial: &Trial,
    options: &RunOptions,
    folder: &Path,
    ask: impl FnOnce(ClientEnvironment) -> Result<String, ProgramsError>,
) -> Result<String, ProgramsError> {
    let runtime = runtime(trial).map_err(ProgramsError::NoRuntime)?;
    // Writes nothing into the folder of the run, which has not begun.
    let options = RunOptions {
        out: None,
        ..options.clone()
    };
    let (tell, told) = mpsc::channel();
    let (asked, is_asked) = oneshot::channel::<()>();
    let (runtime, options) = (&runtime, &options);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            runtime.block_on(async {
                let access = async {
                    let context = TrialContext::new(trial, options, &Silent::shared(), today())?;
                    let redirect = match context.access() {
                        Some(access) => access.environment(folder).await?,
                        None => ClientEnvironment::default(),
                    };
                    Ok::<_, ProgramsError>((redirect, context))
                };
                match access.await {
                    Ok((redirect, _context)) => {
                        // The one that asks is gone only when it has given up.
                        let _ = tell.send(Ok(redirect));
                        let _ = is_asked.await;
                    }
                    Err(error) => {
                        let _ = tell.send(Err(error));
                    }
                }
            });
        });
        let answer = match told.recv() {
            Ok(redirect) => redirect.and_then(ask),
            Err(_) => Err(ProgramsError::Missing(
                "its environment is unknown".to_owned(),
            )),
        };
        drop(asked);
        answer
    })
}
