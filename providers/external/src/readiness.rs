//! Readiness: whether the programs of a scenario can run here, before anything is created.

use std::path::Path;
use std::time::Duration;

use kubeproof_contract::process::ProcessSpec;
use kubeproof_contract::scenario::{CommandBlock, ProvisionerBlock, TerraformBlock};
use kubeproof_contract::serve::Variable;

use crate::environment::Phase;
use crate::program::{find, with_environment};
use crate::provisioner::terraform;

/// The longest that a program may take to report whether it can run.
const LIMIT: Duration = Duration::from_secs(60);

/// The environment of that program, besides the caller's.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Variables that are set and taken out.
    pub variables: Vec<Variable>,
    /// Whether it gets no other variable that leads to a real cloud.
    pub is_confined: bool,
}

/// Where the programs of this block were found, or what is missing and how to get it.
///
/// # Errors
/// With what is missing.
pub fn readiness(
    block: &ProvisionerBlock,
    scenario_folder: &Path,
    setting: &Setting,
) -> Result<String, String> {
    match (&block.terraform, &block.command) {
        (Some(block), _) => of_terraform(block, scenario_folder),
        (None, Some(block)) => of_command(block, scenario_folder, setting),
        (None, None) => Ok("it is built in".to_owned()),
    }
}

fn of_terraform(block: &TerraformBlock, folder: &Path) -> Result<String, String> {
    let dir = folder.join(&block.dir);
    if !dir.is_dir() {
        return Err(format!("there is no folder {}", dir.display()));
    }
    let program = find(terraform::program(block), folder).map_err(|missing| {
        format!("{missing}; see https://developer.hashicorp.com/terraform/install")
    })?;
    Ok(program.display().to_string())
}

fn of_command(block: &CommandBlock, folder: &Path, setting: &Setting) -> Result<String, String> {
    let lists = [
        Some(&block.provision),
        Some(&block.teardown),
        block.estimate.as_ref(),
    ];
    for list in lists.into_iter().flatten().chain(&block.ready) {
        find(program_of(list), folder).map_err(|missing| format!("{missing}; install it"))?;
    }
    let Some(ready) = &block.ready else {
        return Ok(program_of(&block.provision).to_owned());
    };
    let program = find(program_of(ready), folder)?;
    let order = ProcessSpec::new(&program, LIMIT).arguments(ready.iter().skip(1));
    let order = with_environment(order, &setting.variables, setting.is_confined)
        .variable("KUBEPROOF_PHASE", Phase::Ready.name())
        .folder(folder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let ended = runtime
        .block_on(order.run())
        .map_err(|error| error.to_string())?;
    if ended.status.success() {
        return Ok(program_of(&block.provision).to_owned());
    }
    let client = block.client.as_deref().unwrap_or("what it needs");
    Err(format!(
        "`{}` failed, so {client} is missing here: {}",
        ready.join(" "),
        ended.last_lines(1)
    ))
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
        let asked =
            |block: &ProvisionerBlock, folder: &Path| readiness(block, folder, &Setting::default());
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
