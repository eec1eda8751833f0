//! The provisioner that runs a program. One value is one new process of it, which knows only what is in the run's
//! folder.

pub mod command;
pub mod terraform;

use std::path::PathBuf;

use async_trait::async_trait;
use kubeproof_contract::private;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::scenario::{CommandBlock, ProvisionerBlock, TerraformBlock};
use kubeproof_contract::serve::Variable;
use kubeproof_simkit::paced_clock::PacedClock;

use crate::environment::{Phase, variables};
use crate::handed;
use crate::output::{self, Output};
use crate::sleeps::Sleeps;
use crate::workspace::Workspace;

/// The file that a program may write.
const OUTPUT: &str = "output.json";
/// The file that keeps its cost claim for later processes.
const CLAIM: &str = "claim.json";

/// Which kind of program.
#[derive(Clone, Debug)]
enum Kind {
    Terraform(TerraformBlock),
    Command(CommandBlock),
}

/// A provisioner that is a program.
#[derive(Clone, Debug)]
pub struct ExternalProvisioner {
    kind: Kind,
    workspace: Workspace,
}

/// The provisioner of a block; `None` when it is a built-in one.
pub fn of(block: &ProvisionerBlock, workspace: Workspace) -> Option<ExternalProvisioner> {
    let kind = match (&block.terraform, &block.command) {
        (Some(block), _) => Kind::Terraform(block.clone()),
        (None, Some(block)) => Kind::Command(block.clone()),
        (None, None) => return None,
    };
    Some(ExternalProvisioner { kind, workspace })
}

/// The file that a program may write in this run's folder.
fn output_file(workspace: &Workspace) -> PathBuf {
    workspace.folder().join(OUTPUT)
}

/// The environment of a phase.
fn environment(workspace: &Workspace, phase: Phase) -> Vec<(String, String)> {
    variables(
        &workspace.run,
        phase,
        &workspace.folder(),
        &output_file(workspace),
    )
}

/// An error about a file. What the run leaves behind is unknown here: only a program can report it.
fn wrong(error: impl std::fmt::Display) -> ProvisionerError {
    ProvisionerError::left_unknown(error.to_string())
}

/// The clock while a program runs.
struct Pace {
    clock: PacedClock,
    /// Where it sleeps.
    _sleeps: Option<Sleeps>,
}

impl ExternalProvisioner {
    /// Paces the clock while the program runs, unless it is the real one, and lets it sleep on it.
    fn pace(&mut self) -> Result<Option<Pace>, ProvisionerError> {
        let Some(scale) = self.workspace.time_scale else {
            return Ok(None);
        };
        let mut sleeps = None;
        if !self.workspace.real_sleeps {
            let folder = self.workspace.folder();
            let server = Sleeps::serve(&folder, &self.workspace.programs);
            let server =
                server.map_err(|error| wrong(format!("no sleeps on the clock: {error}")))?;
            self.workspace.variables.extend(server.variables());
            sleeps = Some(server);
        }
        Ok(Some(Pace {
            clock: PacedClock::keep(scale, &self.workspace.programs),
            _sleeps: sleeps,
        }))
    }

    /// Gets access to a real account, for this process alone.
    async fn connect(&mut self) -> Result<(), ProvisionerError> {
        let Some(access) = self.workspace.access.clone() else {
            return Ok(());
        };
        let folder = self.workspace.folder();
        let redirect = access.environment(&folder).await.map_err(wrong)?;
        // The paths of files are not secret.
        let is_file = |variable: &&Variable| variable.name.ends_with("_FILE");
        for variable in redirect.variables.iter().filter(|it| !is_file(it)) {
            let value = variable.value.as_deref().unwrap_or_default();
            self.workspace
                .redactor
                .learn_variable(&variable.name, value);
        }
        self.workspace.variables.extend(redirect.variables);
        self.workspace.files.extend(redirect.files);
        Ok(())
    }

    fn prepare(&self) -> Result<(), ProvisionerError> {
        let folder = self.workspace.folder();
        private::folder(&folder)
            .map_err(|error| wrong(format!("{} cannot be made: {error}", folder.display())))?;
        for (path, content) in &self.workspace.files {
            match private::write_new(path, content) {
                // A program has written it already.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let place = path.display();
                    return Err(wrong(format!("{place} cannot be written: {error}")));
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    async fn make(&self) -> Result<Output, ProvisionerError> {
        match &self.kind {
            Kind::Terraform(block) => terraform::provision(&self.workspace, block).await,
            Kind::Command(block) => command::provision(&self.workspace, block).await,
        }
    }

    async fn remove(&self) -> Result<(), ProvisionerError> {
        match &self.kind {
            Kind::Terraform(block) => terraform::teardown(&self.workspace, block).await,
            Kind::Command(block) => command::teardown(&self.workspace, block).await,
        }
    }

    /// Takes over what the program reports: keeps its claim, and hands over its access.
    async fn taken(&self, output: &Output) -> Result<Provisioned, ProvisionerError> {
        if let Some(usd) = output.claim().map_err(wrong)? {
            let path = self.workspace.folder().join(CLAIM);
            let text = serde_json::json!({"claimed_usd_per_hour": usd.to_string()}).to_string();
            private::write(&path, &text)
                .map_err(|error| wrong(format!("{} cannot be written: {error}", path.display())))?;
        }
        let variables = environment(&self.workspace, Phase::Provision);
        let handed = handed::over(&self.workspace, &variables, output).await;
        let mut access = handed.map_err(wrong)?;
        if let Ok(handed) = &mut access {
            self.workspace.redactor.learn_access(handed);
            if let Some(ours) = &self.workspace.access {
                let cluster = self.workspace.run.name("");
                *handed = ours
                    .of_cluster(&cluster, handed.clone())
                    .await
                    .map_err(wrong)?;
                self.workspace.redactor.learn_access(handed);
            }
        }
        Ok(Provisioned {
            access,
            made: output.made.clone(),
        })
    }
}

#[async_trait]
impl Provisioner for ExternalProvisioner {
    fn name(&self) -> String {
        match &self.kind {
            Kind::Terraform(block) => format!("terraform {}", block.dir.trim_end_matches('/')),
            Kind::Command(block) => {
                let words: Vec<&str> = block.provision.iter().take(2).map(String::as_str).collect();
                words.join(" ")
            }
        }
    }

    fn claim(&self) -> Option<ClaimedRate> {
        let said = output::read(&self.workspace.folder().join(CLAIM)).ok()?;
        Some(ClaimedRate {
            usd_per_hour: said.claim().ok()??,
            source: self.name(),
        })
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.connect().await?;
        self.prepare()?;
        let pace = self.pace()?;
        // A helper of its kubeconfig is one of its programs, too: it may call the cloud.
        let made = match self.make().await {
            Ok(output) => self.taken(&output).await,
            Err(error) => Err(error),
        };
        private::tighten(&self.workspace.folder());
        if let Some(pace) = pace {
            pace.clock.release().await;
        }
        made
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.connect().await?;
        self.prepare()?;
        let pace = self.pace()?;
        let removed = self.remove().await;
        private::tighten(&self.workspace.folder());
        if let Some(pace) = pace {
            pace.clock.release().await;
        }
        removed
    }
}
