//! Which provisioner is under test: a built-in one, terraform, or any command.
//!
//! Apart from the rest of the file because what stands here decides how a trial is run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Usd;

/// Which provisioner is under test: one of `builtin`, `terraform` and `command`; none means the built-in
/// `reference`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvisionerBlock {
    /// A built-in provisioner; `reference` is ours.
    #[serde(default)]
    pub builtin: Option<BuiltIn>,
    /// A terraform configuration.
    #[serde(default)]
    pub terraform: Option<TerraformBlock>,
    /// Any programs.
    #[serde(default)]
    pub command: Option<CommandBlock>,
    /// A deliberate defect given to the built-in one, for proving that the harness catches it.
    #[serde(default)]
    pub defect: Option<String>,
    /// What the provisioner claims that an hour costs, US dollars; without it, its own claim counts.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub claims_usd_per_hour: Option<Usd>,
    /// Rehearsals of programs: how many of the cloud's seconds pass in a real one while a program runs
    /// (default 60: a 10-minute cluster takes 10 s).
    #[serde(default)]
    #[schemars(range(min = 1, max = 3600))]
    pub time_scale: Option<u32>,
    /// The longest that one run of a program may take, real seconds (default 900).
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
    /// The folder of the configuration, beside the scenario file. It is copied into the run's folder.
    pub dir: String,
    /// Its variables. In texts `{name}` is the run's natural name (of the cluster), `{run_id}` its id.
    #[serde(default)]
    pub vars: BTreeMap<String, serde_json::Value>,
    /// The program, if it is not `terraform`.
    #[serde(default)]
    pub program: Option<String>,
}

/// Programs as a provisioner. Each is a list of a program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandBlock {
    /// Makes the cluster, or finishes making it.
    pub provision: Vec<String>,
    /// Removes everything of the run.
    pub teardown: Vec<String>,
    /// Says beforehand what an hour costs.
    #[serde(default)]
    pub estimate: Option<Vec<String>>,
    /// Succeeds where everything that the programs need is there; run before anything else.
    #[serde(default)]
    pub ready: Option<Vec<String>>,
    /// The client that it is written for, as KUBEPROOF_CLIENTS names it (such as `boto3`).
    #[serde(default)]
    pub client: Option<String>,
}

impl ProvisionerBlock {
    /// Whether the provisioner is a program that is not ours.
    pub fn is_external(&self) -> bool {
        self.terraform.is_some() || self.command.is_some()
    }

    /// The client that the programs are written for, as KUBEPROOF_CLIENTS names it.
    pub fn client(&self) -> Option<&str> {
        if self.terraform.is_some() {
            return Some("terraform");
        }
        let command = self.command.as_ref()?;
        let program = command.provision.first().map(String::as_str);
        command.client.as_deref().or(program)
    }
}
