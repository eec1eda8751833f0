//! Any command: programs that make a cluster, remove it, and may estimate its cost beforehand.
//!
//! They communicate by their environment, one output file and their exit code.

use std::fs;
use std::path::Path;

use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_contract::scenario::CommandBlock;

use super::{environment, output_file, wrong};
use crate::environment::Phase;
use crate::output::{self, Output};
use crate::program::{self, Call, find};
use crate::workspace::Workspace;

/// Runs the estimate, if there is one, and then makes the cluster.
///
/// # Errors
/// When a program failed, or what it wrote cannot be used.
pub async fn provision(
    workspace: &Workspace,
    block: &CommandBlock,
) -> Result<Output, ProvisionerError> {
    let estimated = match &block.estimate {
        Some(list) => said(workspace, list, Phase::Estimate).await?,
        None => Output::default(),
    };
    let mut output = said(workspace, &block.provision, Phase::Provision).await?;
    if output.claimed_usd_per_hour.is_none() {
        output.claimed_usd_per_hour = estimated.claimed_usd_per_hour;
    }
    Ok(output)
}

/// Removes everything of the run.
///
/// # Errors
/// When the program failed.
pub async fn teardown(workspace: &Workspace, block: &CommandBlock) -> Result<(), ProvisionerError> {
    said(workspace, &block.teardown, Phase::Teardown)
        .await
        .map(drop)
}

/// Runs one of the programs, and reads the file that it wrote for us. A failed program may report what it left behind;
/// if it does not, or was killed before it could, that is unknown.
async fn said(
    workspace: &Workspace,
    list: &[String],
    phase: Phase,
) -> Result<Output, ProvisionerError> {
    let file = output_file(workspace);
    forget(&file)?;
    let call = call(workspace, list, phase)?;
    let ended = program::succeed(workspace, &call).await;
    let read = output::read(&file);
    // It may hold access to the cluster, so it is always removed.
    forget(&file)?;
    if let Err(mut error) = ended {
        match read {
            Ok(output) => error.left_behind = output.left_behind.unwrap_or(error.left_behind),
            Err(problem) => error.unreadable = Some(problem.to_string()),
        }
        return Err(error);
    }
    let output = read.map_err(wrong)?;
    let title = &call.title;
    let contradiction = |left| wrong(format!("{title}: {left}"));
    output.nothing_left().map_err(contradiction)?;
    Ok(output)
}

fn forget(file: &Path) -> Result<(), ProvisionerError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(wrong(format!(
            "{} cannot be removed: {error}",
            file.display()
        ))),
        _ => Ok(()),
    }
}

fn call(workspace: &Workspace, list: &[String], phase: Phase) -> Result<Call, ProvisionerError> {
    let (program, arguments) = list
        .split_first()
        .ok_or_else(|| wrong("a list without a program"))?;
    Ok(Call {
        program: find(program, &workspace.scenario_folder).map_err(wrong)?,
        arguments: arguments.to_vec(),
        folder: workspace.scenario_folder.clone(),
        variables: environment(workspace, phase),
        without: Vec::new(),
        document: false,
        title: format!("`{}`", list.join(" ")),
    })
}
