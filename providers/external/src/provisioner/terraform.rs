//! Terraform: `init`, `plan`, `apply` and `destroy` of a configuration, with its state in the run's folder.
//!
//! What it made is read from its state. A new process continues with the kept state, as a person would who runs
//! `apply` again. Sources: terraform's pages "Running Terraform in Automation", "Environment Variables", "Override
//! Files", "JSON Output Format".

pub mod configuration;
pub mod plan_output;

use std::path::{Path, PathBuf};

use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_contract::scenario::TerraformBlock;

use super::{environment, wrong};
use crate::environment::Phase;
use crate::output::Output;
use crate::program::{self, Call, find};
use crate::workspace::Workspace;

/// The program, unless the scenario names another.
const PROGRAM: &str = "terraform";
/// The saved plan, in the configuration's folder.
const PLAN: &str = "kubeproof.tfplan";
/// The caller's variables that would change what terraform does or make it log secrets.
const TAKEN_OUT: &[&str] = &[
    "TF_WORKSPACE",
    "TF_LOG",
    "TF_LOG_CORE",
    "TF_LOG_PROVIDER",
    "TF_LOG_PATH",
];
/// The prefix of variables that add arguments to terraform's commands.
const ARGUMENTS: &str = "TF_CLI_ARGS";

/// The program of a block.
pub fn program(block: &TerraformBlock) -> &str {
    block.program.as_deref().unwrap_or(PROGRAM)
}

/// One process of terraform's commands.
struct Terraform<'a> {
    workspace: &'a Workspace,
    program: PathBuf,
    folder: PathBuf,
    phase: Phase,
}

/// Applies the configuration, and reads what is in the state then.
///
/// # Errors
/// When terraform failed.
pub async fn provision(
    workspace: &Workspace,
    block: &TerraformBlock,
) -> Result<Output, ProvisionerError> {
    let terraform = Terraform::new(workspace, block, Phase::Provision)?;
    terraform.run(&["init"]).await?;
    let out = format!("-out={PLAN}");
    terraform.run(&["plan", &out]).await?;
    let plan = terraform.document(&["show", "-json", PLAN]).await?;
    let changes = plan_output::changes(&plan).map_err(wrong)?;
    workspace.progress.report(&changes.to_string());
    terraform.run(&["apply", "-auto-approve", PLAN]).await?;
    let state = terraform.document(&["show", "-json"]).await?;
    if let Some(outputs) = state.pointer("/values/outputs") {
        workspace.redactor.learn_document(outputs);
    }
    plan_output::output(&state).map_err(wrong)
}

/// Destroys everything that is in the state.
///
/// # Errors
/// When terraform failed.
pub async fn teardown(
    workspace: &Workspace,
    block: &TerraformBlock,
) -> Result<(), ProvisionerError> {
    let terraform = Terraform::new(workspace, block, Phase::Teardown)?;
    terraform.run(&["init"]).await?;
    terraform.run(&["destroy", "-auto-approve"]).await
}

impl<'a> Terraform<'a> {
    fn new(
        workspace: &'a Workspace,
        block: &TerraformBlock,
        phase: Phase,
    ) -> Result<Self, ProvisionerError> {
        Ok(Self {
            program: find(program(block), &workspace.scenario_folder).map_err(wrong)?,
            folder: configuration::prepare(workspace, block).map_err(wrong)?,
            workspace,
            phase,
        })
    }

    /// Runs a command that must succeed.
    async fn run(&self, arguments: &[&str]) -> Result<(), ProvisionerError> {
        let mut all = vec![arguments[0], "-input=false", "-no-color"];
        all.extend(&arguments[1..]);
        program::succeed(self.workspace, &self.call(&all, false))
            .await
            .map(drop)
    }

    /// Runs a command that writes a JSON document.
    async fn document(&self, arguments: &[&str]) -> Result<serde_json::Value, ProvisionerError> {
        let ended = program::succeed(self.workspace, &self.call(arguments, true)).await?;
        serde_json::from_str(&ended.output).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let command = arguments.join(" ");
            // Not the parser's own message: the document holds secrets.
            wrong(format!(
                "`terraform {command}` wrote no JSON, at line {line} column {column}"
            ))
        })
    }

    fn call(&self, arguments: &[&str], document: bool) -> Call {
        let mut variables = environment(self.workspace, self.phase);
        variables.extend(own_variables(self.workspace));
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        Call {
            program: self.program.clone(),
            title: format!("`terraform {}`", arguments.join(" ")),
            arguments,
            folder: self.folder.clone(),
            variables,
            without: taken_out(),
            document,
        }
    }
}

/// The environment for terraform itself.
fn own_variables(workspace: &Workspace) -> Vec<(String, String)> {
    let data: &Path = &workspace.folder().join("terraform-data");
    let tags = serde_json::json!(workspace.run.tags()).to_string();
    [
        ("TF_DATA_DIR", data.display().to_string()),
        ("TF_IN_AUTOMATION", "1".to_owned()),
        ("TF_INPUT", "0".to_owned()),
        // No calls to its vendor.
        ("CHECKPOINT_DISABLE", "1".to_owned()),
        // Only read by configurations that declare these variables.
        ("TF_VAR_kubeproof_name", workspace.run.name("")),
        ("TF_VAR_kubeproof_run_id", workspace.run.id.clone()),
        ("TF_VAR_kubeproof_tags", tags),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn taken_out() -> Vec<String> {
    let given = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let arguments = given.filter(|name| name.starts_with(ARGUMENTS));
    let fixed = TAKEN_OUT.iter().map(|name| (*name).to_owned());
    fixed.chain(arguments).collect()
}
