//! Which provisioner is under test: a built-in one, terraform, or any command.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Usd;

/// Which provisioner is under test: one of `builtin`, `terraform` and `command`. The default is the built-in
/// `reference`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvisionerBlock {
    /// A built-in provisioner; `reference` is kubeproof's own.
    #[serde(default)]
    pub builtin: Option<BuiltIn>,
    /// A terraform configuration.
    #[serde(default)]
    pub terraform: Option<TerraformBlock>,
    /// Any programs.
    #[serde(default)]
    pub command: Option<CommandBlock>,
    /// A deliberate defect of the built-in one, to prove that the harness catches it.
    #[serde(default)]
    pub defect: Option<String>,
    /// What the provisioner claims that an hour costs, US dollars. Without this, its own claim counts.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub claims_usd_per_hour: Option<Usd>,
    /// Rehearsals of programs: simulated seconds per real second while a program runs (default 60: a 10-minute
    /// cluster takes 10 s).
    #[serde(default)]
    #[schemars(range(min = 1, max = 3600))]
    pub time_scale: Option<u32>,
    /// Rehearsals of Python programs: sleep in real time. Without this, `time.sleep` waits on the rehearsal's clock, which
    /// jumps when the whole program sleeps.
    #[serde(default)]
    pub real_sleeps: bool,
    /// Limit of one run of a program, real seconds (default 900).
    #[serde(default)]
    #[schemars(range(min = 1, max = 86400))]
    pub real_limit_seconds: Option<u32>,
}

/// The built-in provisioners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// The reference implementation of the provider.
    #[default]
    Reference,
}

/// A terraform configuration as a provisioner: `init`, `plan`, `apply` and `destroy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformBlock {
    /// The folder of the configuration, next to the scenario file. It is copied into the run's folder.
    pub dir: String,
    /// Its variables. In strings, `{name}` is the natural name of the run's cluster and `{run_id}` the run's id.
    #[serde(default)]
    pub vars: BTreeMap<String, serde_json::Value>,
    /// The program to run instead of `terraform`.
    #[serde(default)]
    pub program: Option<String>,
    /// What must be installed for it, as `KUBEPROOF_CLIENTS` names it (such as `azurerm`); `terraform` unless it is said.
    #[serde(default)]
    pub client: Option<String>,
}

/// Programs as a provisioner. Each is a list of a program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandBlock {
    /// Creates the cluster, or finishes creating it.
    pub provision: Vec<String>,
    /// Removes everything that belongs to the run.
    pub teardown: Vec<String>,
    /// Reports in advance what an hour costs.
    #[serde(default)]
    pub estimate: Option<Vec<String>>,
    /// Succeeds if everything that the programs need is installed. It is run before anything else.
    #[serde(default)]
    pub ready: Option<Vec<String>>,
    /// The client library that the programs use, as `KUBEPROOF_CLIENTS` names it (such as `boto3`).
    #[serde(default)]
    pub client: Option<String>,
}

/// How the figures of a scenario are meant: of subnets, roles, nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// No fewer and no more: the built-in provisioner makes what the scenario says.
    #[default]
    Exactly,
    /// No fewer: a program makes what its author wanted, of which a scenario file can name the most important part.
    AtLeast,
}

impl Demand {
    /// Whether so many are as they were asked for.
    pub fn is_met(self, seen: usize, asked: usize) -> bool {
        match self {
            Self::Exactly => seen == asked,
            Self::AtLeast => seen >= asked,
        }
    }

    /// Whether something that the scenario does not name may be there.
    pub fn allows_more(self) -> bool {
        self == Self::AtLeast
    }
}

impl ProvisionerBlock {
    /// How the figures of the scenario are meant for this provisioner.
    pub fn demand(&self) -> Demand {
        if self.is_external() {
            Demand::AtLeast
        } else {
            Demand::Exactly
        }
    }

    /// Whether the provisioner is an external program.
    pub fn is_external(&self) -> bool {
        self.terraform.is_some() || self.command.is_some()
    }

    /// The client library that the programs use, as `KUBEPROOF_CLIENTS` names it.
    pub fn client(&self) -> Option<&str> {
        if let Some(terraform) = &self.terraform {
            return Some(terraform.client.as_deref().unwrap_or("terraform"));
        }
        let command = self.command.as_ref()?;
        let program = command.provision.first().map(String::as_str);
        command.client.as_deref().or(program)
    }
}
