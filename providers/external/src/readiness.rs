//! Readiness: whether the programs of a scenario can run here, before anything is created.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kubeproof_contract::process::{ProcessError, ProcessSpec};
use kubeproof_contract::scenario::{CommandBlock, ProvisionerBlock, TerraformBlock};
use kubeproof_contract::serve::Variable;

use crate::environment::Phase;
use crate::program::{MissingProgram, find, with_environment};
use crate::provisioner::terraform;

/// The longest that a program may take to report whether it can run.
const LIMIT: Duration = Duration::from_mins(1);

/// The environment of that program, besides the caller's.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Variables that are set and taken out.
    pub variables: Vec<Variable>,
    /// Whether it gets no other variable that leads to a real cloud.
    pub is_confined: bool,
}

/// Why the programs of a scenario cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum ReadinessError {
    /// There is no configuration.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// Terraform is not here.
    #[error("{0}; see https://developer.hashicorp.com/terraform/install")]
    NoTerraform(#[source] MissingProgram),
    /// A program is not here.
    #[error("{0}; install it")]
    NoProgram(#[source] MissingProgram),
    /// The programs cannot be asked.
    #[error("no runtime: {0}")]
    NoRuntime(#[source] std::io::Error),
    /// The program that reports whether they can run did not end.
    #[error(transparent)]
    NoAnswer(#[from] ProcessError),
    /// That program failed.
    #[error("`{command}` failed, so {client} is missing here: {last_line}")]
    Failed {
        /// The program with its arguments.
        command: String,
        /// What it looks for.
        client: String,
        /// The last line that it wrote.
        last_line: String,
    },
}

/// Where the programs of this block were found, or what is missing and how to get it.
///
/// # Errors
/// With what is missing.
pub fn readiness(
    block: &ProvisionerBlock,
    scenario_folder: &Path,
    setting: &Setting,
) -> Result<String, ReadinessError> {
    match (&block.terraform, &block.command) {
        (Some(block), _) => of_terraform(block, scenario_folder),
        (None, Some(block)) => of_command(block, scenario_folder, setting),
        (None, None) => Ok("it is built in".to_owned()),
    }
}

fn of_terraform(block: &TerraformBlock, folder: &Path) -> Result<String, ReadinessError> {
    let dir = folder.join(&block.dir);
    if !dir.is_dir() {
        return Err(ReadinessError::NoFolder(dir));
    }
    let program = find(terraform::program(block), folder).map_err(ReadinessError::NoTerraform)?;
    Ok(program.display().to_string())
}

fn of_command(
    block: &CommandBlock,
    folder: &Path,
    setting: &Setting,
) -> Result<String, ReadinessError> {
    let lists = [
        Some(&block.provision),
        Some(&block.teardown),
        block.estimate.as_ref(),
    ];
    for list in lists.into_iter().flatten().chain(&block.ready) {
        find(program_of(list), folder).map_err(ReadinessError::NoProgram)?;
    }
    let Some(ready) = &block.ready else {
        return Ok(program_of(&block.provision).to_owned());
    };
    let program = find(program_of(ready), folder).map_err(ReadinessError::NoProgram)?;
    let order = ProcessSpec::new(&program, LIMIT).arguments(ready.iter().skip(1));
    let order = with_environment(order, &setting.variables, setting.is_confined)
        .variable("KUBEPROOF_PHASE", Phase::Ready.name())
        .folder(folder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ReadinessError::NoRuntime)?;
    let ended = runtime.block_on(order.run())?;
    if ended.status.success() {
        return Ok(program_of(&block.provision).to_owned());
    }
    let client = block.client.as_deref().unwrap_or("what it needs");
    Err(ReadinessError::Failed {
        command: ready.join(" "),
        client: client.to_owned(),
        last_line: ended.last_lines(1),
    })
}

/// The program of a list.
fn program_of(list: &[String]) -> &str {
    list.first().map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(ready: &[&str]) -> ProvisionerBlock {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ProvisionerBlock {
            command: Some(CommandBlock {
                provision: list(&["sh", "-c", "true"]),
                teardown: list(&["sh", "-c", "true"]),
                estimate: None,
                ready: (!ready.is_empty()).then(|| list(ready)),
                client: Some("boto3".to_owned()),
            }),
            ..ProvisionerBlock::default()
        }
    }

    #[test]
    fn what_is_missing_is_reported_with_how_to_get_it() {
        let asked = |block: &ProvisionerBlock, folder: &Path| {
            let ready = readiness(block, folder, &Setting::default());
            ready.map_err(|missing| missing.to_string())
        };
        let here = Path::new("/");
        assert_eq!(asked(&command(&[]), here), Ok("sh".to_owned()));
        assert_eq!(
            asked(&command(&["sh", "-c", "true"]), here),
            Ok("sh".to_owned())
        );
        let missing = asked(&command(&["sh", "-c", "echo no module >&2; exit 1"]), here);
        let missing = missing.expect_err("missing");
        assert!(
            missing.contains("boto3 is missing here: no module"),
            "{missing}"
        );
        let missing = asked(&command(&["no-such-program-here"]), here).expect_err("missing");
        assert!(missing.contains("install it"), "{missing}");
    }
}
