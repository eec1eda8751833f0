//! Scenario files: what a provisioner is asked to do, in YAML.
//!
//! The types are generic over the provider's own `cluster` block, so that one reader reports line and column for
//! mistakes in either part while this crate knows no cloud.

mod allow;
mod failure;
mod limits;
mod offer;
mod problems;
mod provisioner;
mod values;

use std::any::Any;
use std::sync::Arc;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use allow::AllowBlock;
pub use failure::{Expectation, FailureBlock, FaultText};
pub use limits::LimitsBlock;
pub use offer::offer;
pub use provisioner::{BuiltIn, CommandBlock, Demand, ProvisionerBlock, TerraformBlock};
pub use values::{CallerNetwork, KubernetesVersion, Word};

use crate::checked::ValueError;

/// Why a scenario file cannot be used: what is wrong, where, and what would be correct.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScenarioError {
    /// Message with line and column.
    pub message: String,
}

/// The evidence tier of a trial.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Simulators in this process.
    Rehearsal,
    /// A real Kubernetes made by the real `kind` on Docker.
    Kind,
    /// A real cloud account.
    Live,
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rehearsal => "rehearsal",
            Self::Kind => "kind",
            Self::Live => "live",
        })
    }
}

/// One scenario file. `C` is the provider's own cluster block.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile<C> {
    /// Name of the scenario: lower-case letters, digits and dashes.
    pub scenario: Name,
    /// What the scenario shows, in a sentence.
    pub description: String,
    /// Name of the provider.
    pub provider: String,
    /// Tiers in which it can run.
    #[serde(default = "default_tiers")]
    pub tiers: Vec<Tier>,
    /// Which provisioner is under test.
    #[serde(default)]
    pub provisioner: ProvisionerBlock,
    /// The cluster to provision, in the provider's own format.
    pub cluster: C,
    /// The job to run on the cluster.
    #[serde(default)]
    pub job: JobBlock,
    /// The forced partial failures. Each is a separate trial.
    #[serde(default = "no_failures::<C>")]
    pub failures: Vec<FailureBlock<C>>,
    /// Known leaks that are accepted for a time: shown with their reasons, and no failures.
    #[serde(default)]
    pub allow: Vec<AllowBlock>,
    /// Cost expectations.
    #[serde(default)]
    pub cost: CostBlock,
    /// Limits of the trial.
    #[serde(default)]
    pub limits: LimitsBlock,
}

/// Written out, because the derived default would require one of the cluster block too.
fn no_failures<C>() -> Vec<FailureBlock<C>> {
    Vec::new()
}

fn default_tiers() -> Vec<Tier> {
    vec![Tier::Rehearsal]
}

/// A name of lower-case letters, digits and dashes, at most 40 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = (1..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let name = ValueError::unless(fits, text, |text| {
            format!(
                "`{text}` is not a name: use 1 to 40 lower-case letters, digits and dashes, a letter first"
            )
        });
        name.map(Self)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// The job that proves that the cluster runs workloads.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobBlock {
    /// The text that the job prints, followed by the run's nonce.
    #[serde(default = "default_print")]
    pub print: String,
    /// How long to wait for the job, seconds.
    #[serde(default = "default_job_timeout")]
    #[schemars(range(min = 1, max = 86400))]
    pub timeout_seconds: u32,
    /// Also create a `LoadBalancer` service and a volume claim, which must not outlive the cluster.
    #[serde(default)]
    pub with_leftovers: bool,
    /// The image of the job, if the default one cannot be pulled: any image with a `/bin/sh`. The variable
    /// `KUBEPROOF_JOB_IMAGE` sets it for all scenarios that do not.
    #[serde(default)]
    pub image: Option<String>,
    /// Request this many NVIDIA GPUs on one node; the job must count them.
    #[serde(default)]
    #[schemars(range(min = 1, max = 16))]
    pub gpus: Option<u32>,
    /// Also run a workload with the job's image, scaled up from one copy to this many and down to none.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    pub scale_to: Option<u32>,
}

fn default_print() -> String {
    "hello from kubeproof".to_owned()
}

fn default_job_timeout() -> u32 {
    600
}

impl Default for JobBlock {
    fn default() -> Self {
        Self {
            print: default_print(),
            timeout_seconds: default_job_timeout(),
            with_leftovers: false,
            image: None,
            gpus: None,
            scale_to: None,
        }
    }
}

/// An amount of US dollars, written as a number with at most six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NumberText", into = "String")]
pub struct Usd(pub Decimal);

/// The largest number of decimals of an amount in a scenario.
const DECIMALS_MAX: u32 = 6;
/// The largest amount of money that is accepted, US dollars. Sums and products of such amounts stay far below the
/// largest number that a decimal can hold.
pub const USD_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// A YAML number or text. Decimals are read from their digits, never through a float.
#[derive(Deserialize)]
#[serde(transparent)]
struct NumberText(String);

impl TryFrom<NumberText> for Usd {
    type Error = ValueError;

    fn try_from(text: NumberText) -> Result<Self, Self::Error> {
        text.0.parse()
    }
}

impl std::str::FromStr for Usd {
    type Err = ValueError;

    /// Digits with at most one point: no exponent and no plus sign. A minus sign is refused with its own message.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        let amount: Decimal = Some(digits)
            .filter(|digits| plain && digits.contains(|c: char| c.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .map_or_else(
                || ValueError::refuse(format!("`{text}` is not an amount such as 0.18")),
                Ok,
            )?;
        let refused = |why: &str| ValueError::refuse(format!("`{text}` {why}"));
        if digits != text {
            return refused("is negative");
        }
        if amount.normalize().scale() > DECIMALS_MAX {
            return refused("has more than six decimals");
        }
        if amount > USD_MAX {
            return refused("is more than a billion dollars");
        }
        Ok(Self(amount))
    }
}

impl From<Usd> for String {
    fn from(usd: Usd) -> Self {
        usd.0.to_string()
    }
}

/// Cost expectations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostBlock {
    /// Planned lifetime of the cluster, minutes. The trial keeps it alive for this long, in virtual time.
    #[serde(default = "default_duration")]
    #[schemars(range(min = 1, max = 1440))]
    pub duration_minutes: u32,
    /// Greatest difference between estimate and bill that passes, percent of the bill, for each line and for
    /// the total.
    #[serde(default = "default_tolerance")]
    #[schemars(range(min = 1, max = 50))]
    pub tolerance_percent: u32,
    /// The most that one trial may cost, US dollars. The meter must stay below it.
    #[serde(default = "default_budget")]
    #[schemars(with = "f64")]
    pub budget_usd: Usd,
}

fn default_duration() -> u32 {
    45
}

fn default_tolerance() -> u32 {
    20
}

fn default_budget() -> Usd {
    Usd(Decimal::new(2, 0))
}

impl Default for CostBlock {
    fn default() -> Self {
        Self {
            duration_minutes: default_duration(),
            tolerance_percent: default_tolerance(),
            budget_usd: default_budget(),
        }
    }
}

/// A scenario whose cluster block only its provider can read.
pub type AnyScenario = ScenarioFile<Arc<dyn Any + Send + Sync>>;

impl<C: Send + Sync + 'static> ScenarioFile<C> {
    /// Hides the cluster block's type, for the harness.
    pub fn into_any(self) -> AnyScenario {
        let hidden = |cluster: C| -> Arc<dyn Any + Send + Sync> { Arc::new(cluster) };
        let failure = |failure: FailureBlock<C>| FailureBlock {
            name: failure.name,
            faults: failure.faults,
            first_cluster: failure.first_cluster.map(hidden),
            expect: failure.expect,
        };
        ScenarioFile {
            scenario: self.scenario,
            description: self.description,
            provider: self.provider,
            tiers: self.tiers,
            provisioner: self.provisioner,
            cluster: hidden(self.cluster),
            job: self.job,
            failures: self.failures.into_iter().map(failure).collect(),
            allow: self.allow,
            cost: self.cost,
            limits: self.limits,
        }
    }
}

impl AnyScenario {
    /// The same scenario with another cluster block.
    #[must_use]
    pub fn with_cluster(&self, cluster: Arc<dyn Any + Send + Sync>) -> Self {
        Self {
            cluster,
            ..self.clone()
        }
    }

    /// The cluster block, for the provider that read it. `None` for any other type.
    pub fn cluster_as<C: Send + Sync + 'static>(&self) -> Option<&C> {
        self.cluster.downcast_ref()
    }
}

/// Parses a scenario file. The harness checks what the types cannot express.
///
/// # Errors
/// With line, column, an excerpt and what would be correct.
pub fn read<C: DeserializeOwned + Send + Sync + 'static>(
    text: &str,
) -> Result<AnyScenario, ScenarioError> {
    let file: ScenarioFile<C> = serde_saphyr::from_str(text).map_err(|error| ScenarioError {
        message: error.to_string(),
    })?;
    Ok(file.into_any())
}

/// Reads only the provider that a scenario file names.
///
/// # Errors
/// When the text is not YAML or does not name a provider.
pub fn provider_of(text: &str) -> Result<String, ScenarioError> {
    #[derive(Deserialize)]
    struct Head {
        provider: String,
    }
    serde_saphyr::from_str::<Head>(text)
        .map(|head| head.provider)
        .map_err(|error| ScenarioError {
            message: error.to_string(),
        })
}
