//! An inference endpoint as a scenario asks for it.
//!
//! The limits are those of the service: `protected` is refused, and a timeout to zero is 15 to 2880 minutes
//! (`../shared/reference`, api/judges.md section 5).

use kubeproof_contract::scenario::Word;
use kubeproof_contract::{checked_number, checked_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An inference endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointSpec {
    /// The cloud whose hardware it runs on.
    pub vendor: Vendor,
    /// The vendor's region.
    pub region: Word,
    /// What computes.
    pub accelerator: Accelerator,
    /// The hardware, such as `intel-spr` or `nvidia-l4`.
    pub instance_type: Word,
    /// How much of it a replica has, such as `x1`.
    pub instance_size: Word,
    /// Where else to try, in this order, when there is no capacity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<Place>,
    /// The repository of the model.
    pub model: ModelId,
    /// The branch, tag or commit of the model; without it, the newest commit of `main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// What the model does. Only a text generator can return the scenario's text, which proves execution.
    #[serde(default = "text_generation")]
    pub task: Word,
    /// Who may call it.
    #[serde(default, rename = "type")]
    pub visibility: Visibility,
    /// How many replicas.
    pub scaling: Scaling,
}

/// The task whose answers contain what was asked.
pub(crate) const TEXT_GENERATION: &str = "text-generation";

fn text_generation() -> Word {
    Word(TEXT_GENERATION.to_owned())
}

/// Hardware in a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The cloud whose hardware it is.
    pub vendor: Vendor,
    /// The vendor's region.
    pub region: Word,
    /// The hardware.
    pub instance_type: Word,
    /// How much of it a replica has.
    pub instance_size: Word,
}

/// A name as the API writes it.
macro_rules! named {
    ($name:ident: $($variant:ident = $text:literal),+) => {
        impl $name {
            /// As the API writes it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

/// Whose hardware an endpoint runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// Amazon's.
    Aws,
    /// Microsoft's.
    Azure,
    /// Google's.
    Gcp,
}

named!(Vendor: Aws = "aws", Azure = "azure", Gcp = "gcp");

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Accelerator {
    /// Processors.
    Cpu,
    /// Graphics processors.
    Gpu,
    /// Inferentia.
    Neuron,
    /// Tensor processors.
    Tpu,
}

named!(Accelerator: Cpu = "cpu", Gpu = "gpu", Neuron = "neuron", Tpu = "tpu");

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Who has a token that reaches the namespace.
    #[default]
    Authenticated,
    /// As before, and only over a private connection.
    Private,
    /// Anyone.
    Public,
}

named!(Visibility: Authenticated = "authenticated", Private = "private", Public = "public");

checked_text!(
    /// A model's repository, with its owner.
    ModelId,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_name = |name: &str| !name.is_empty() && name.chars().all(allowed);
        text.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
    },
    "is no model such as openai-community/gpt2"
);

checked_text!(
    /// A branch, a tag or a commit.
    Revision,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        (1..=255).contains(&text.len()) && text.chars().all(allowed)
    },
    "is no revision: a branch, a tag or a commit"
);

/// How many replicas an endpoint has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// The fewest.
    #[schemars(range(min = 0, max = 32))]
    pub min_replicas: MinReplicas,
    /// The most.
    #[serde(default)]
    #[schemars(range(min = 1, max = 32))]
    pub max_replicas: Replicas,
    /// After so many minutes without a request it has none. `min_replicas: 0` needs it, and nothing else may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_to_zero_minutes: Option<ScaleToZero>,
    /// Another replica starts when each has more than so many requests that wait for an answer. Without it, the use of the
    /// hardware decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub pending_requests: Option<PendingRequests>,
}

checked_number!(
    /// Requests that wait for an answer.
    PendingRequests,
    1..=100,
    "requests are out of range: 1 to 100"
);

checked_number!(
    /// The fewest replicas.
    MinReplicas,
    0..=32,
    "replicas are out of range: 0 to 32"
);

checked_number!(
    /// The most replicas.
    Replicas,
    1..=32,
    "replicas are out of range: 1 to 32"
);

impl Default for Replicas {
    fn default() -> Self {
        Self(1)
    }
}

checked_number!(
    /// Minutes without a request.
    ScaleToZero,
    15..=2880,
    "minutes are out of range: 15 to 2880"
);

impl EndpointSpec {
    /// Why this cannot be asked for, if it cannot.
    pub(super) fn problem(&self) -> Option<String> {
        let Scaling {
            min_replicas: MinReplicas(min),
            max_replicas: Replicas(max),
            scale_to_zero_minutes: to_zero,
            pending_requests: _,
        } = &self.scaling;
        if min > max {
            let message = format!(
                "endpoint.scaling: max_replicas must be at least as many as min_replicas, {min}"
            );
            return Some(message);
        }
        if to_zero.is_some() != (*min == 0) {
            let message =
                "endpoint.scaling: `min_replicas: 0` and scale_to_zero_minutes need each other";
            return Some(message.to_owned());
        }
        None
    }

    /// Where it is tried, in this order.
    pub fn places(&self) -> Vec<Place> {
        let first = Place {
            vendor: self.vendor,
            region: self.region.clone(),
            instance_type: self.instance_type.clone(),
            instance_size: self.instance_size.clone(),
        };
        [vec![first], self.fallbacks.clone()].concat()
    }

    /// Whether its answers contain what was asked.
    pub fn generates_text(&self) -> bool {
        self.task.0 == TEXT_GENERATION
    }

    /// The fewest replicas.
    pub fn min(&self) -> u32 {
        self.scaling.min_replicas.0
    }

    /// The most replicas.
    pub fn max(&self) -> u32 {
        self.scaling.max_replicas.0
    }

    /// More than how many requests that wait for each replica start another; none is by the use of the hardware.
    pub fn pending_requests(&self) -> Option<u32> {
        self.scaling.pending_requests.as_ref().map(|count| count.0)
    }

    /// After how many minutes without a request it has no replica, if ever.
    pub fn minutes_to_zero(&self) -> Option<u32> {
        self.scaling
            .scale_to_zero_minutes
            .as_ref()
            .map(|minutes| minutes.0)
    }
}

impl Place {
    /// The hardware as the price list names it: `nvidia-l4 x1`.
    pub fn hardware(&self) -> String {
        format!("{} {}", self.instance_type.0, self.instance_size.0)
    }

    /// For messages: `nvidia-l4 x1 in aws us-east-1`.
    pub fn text(&self) -> String {
        let (vendor, region) = (self.vendor.as_str(), &self.region.0);
        format!("{} in {vendor} {region}", self.hardware())
    }
}
