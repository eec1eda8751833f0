//! The provisioner: one value is one new process of it, which knows nothing but what is in the run's folder.
//!
//! Apart from terraform and commands, which differ in what they run: here the clock is paced while they do.

pub mod command;
pub mod terraform;

use std::path::PathBuf;

use async_trait::async_trait;
use kubeproof_contract::private;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::scenario::{CommandBlock, ProvisionerBlock, TerraformBlock};
use kubeproof_contract::serve::Variable;
use kubeproof_simkit::pace::Pace;

use crate::environment::{Phase, variables};
use crate::ground::Ground;
use crate::handed;
use crate::output::{self, Output};

/// The file that a program may write.
const OUTPUT: &str = "output.json";
/// The file that keeps its claim, for later processes.
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
    ground: Ground,
}

/// The provisioner of a block; `None` when it is a built-in one.
pub fn of(block: &ProvisionerBlock, ground: Ground) -> Option<ExternalProvisioner> {
    let kind = match (&block.terraform, &block.command) {
        (Some(block), _) => Kind::Terraform(block.clone()),
        (None, Some(block)) => Kind::Command(block.clone()),
        (None, None) => return None,
    };
    Some(ExternalProvisioner { kind, ground })
}

/// The file that a program may write in this run's folder.
fn output_file(ground: &Ground) -> PathBuf {
    ground.folder().join(OUTPUT)
}

/// The environment of a phase.
fn environment(ground: &Ground, phase: Phase) -> Vec<(String, String)> {
    variables(&ground.run, phase, &ground.folder(), &output_file(ground))
}

/// An error that says what could not be done with a file. What is left is not known here: only a program says it.
fn wrong(error: impl std::fmt::Display) -> ProvisionerError {
    ProvisionerError::left_unknown(error.to_string())
}

impl ExternalProvisioner {
    /// Lets the clock run beside the program, if it is not the real one.
    fn pace(&self) -> Option<Pace> {
        let scale = self.ground.time_scale?;
        Some(Pace::keep(scale, &self.ground.programs))
    }

    /// Gets access to a real account, for this process alone.
    async fn connect(&mut self) -> Result<(), ProvisionerError> {
        let Some(access) = self.ground.access.clone() else {
            return Ok(());
        };
        let folder = self.ground.folder();
        let redirect = access.environment(&folder).await.map_err(wrong)?;
        // The places of files are no secrets.
        let is_file = |variable: &&Variable| variable.name.ends_with("_FILE");
        for variable in redirect.variables.iter().filter(|it| !is_file(it)) {
            let value = variable.value.as_deref().unwrap_or_default();
            self.ground.redactor.learn_variable(&variable.name, value);
        }
        self.ground.variables.extend(redirect.variables);
        self.ground.files.extend(redirect.files);
        Ok(())
    }

    fn prepare(&self) -> Result<(), ProvisionerError> {
        let folder = self.ground.folder();
        private::folder(&folder)
            .map_err(|error| wrong(format!("{} cannot be made: {error}", folder.display())))?;
        for (path, content) in &self.ground.files {
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
            Kind::Terraform(block) => terraform::provision(&self.ground, block).await,
            Kind::Command(block) => command::provision(&self.ground, block).await,
        }
    }

    async fn remove(&self) -> Result<(), ProvisionerError> {
        match &self.kind {
            Kind::Terraform(block) => terraform::teardown(&self.ground, block).await,
            Kind::Command(block) => command::teardown(&self.ground, block).await,
        }
    }

    /// Takes over what the program says: its claim is kept, its access is handed over.
    async fn taken(&self, output: &Output) -> Result<Provisioned, ProvisionerError> {
        if let Some(usd) = output.claim().map_err(wrong)? {
            let path = self.ground.folder().join(CLAIM);
            let text = serde_json::json!({"claimed_usd_per_hour": usd.to_string()}).to_string();
            private::write(&path, &text)
                .map_err(|error| wrong(format!("{} cannot be written: {error}", path.display())))?;
        }
        let variables = environment(&self.ground, Phase::Provision);
        let handed = handed::over(&self.ground, &variables, output).await;
        let access = handed.map_err(wrong)?;
        if let Ok(access) = &access {
            self.ground.redactor.learn_access(access);
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

    fn claim(&self) -> Option<Claim> {
        let said = output::read(&self.ground.folder().join(CLAIM)).ok()?;
        Some(Claim {
            usd_per_hour: said.claim().ok()??,
            source: self.name(),
        })
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.connect().await?;
        self.prepare()?;
        let pace = self.pace();
        // A helper of its kubeconfig is a program of it, too: it may ask the cloud.
        let made = match self.make().await {
            Ok(output) => self.taken(&output).await,
            Err(error) => Err(error),
        };
        private::tighten(&self.ground.folder());
        if let Some(pace) = pace {
            pace.release().await;
        }
        made
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        self.connect().await?;
        self.prepare()?;
        let pace = self.pace();
        let removed = self.remove().await;
        private::tighten(&self.ground.folder());
        if let Some(pace) = pace {
            pace.release().await;
        }
        removed
    }
}
