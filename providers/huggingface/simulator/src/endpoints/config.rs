//! The configuration of an endpoint: as it is sent, checked, and changed.
//!
//! Members: reference/api/huggingface.md, section 1, and judges.md, section 5. Rules without a source there are guesses,
//! and say so.

use std::collections::BTreeMap;

use kubeproof_simkit::rest::ApiError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::catalogue::{self, Hardware};
use super::image;
use crate::hub;
use crate::state::State;
use crate::wire::{bad_request, typed};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) name: String,
    #[serde(rename = "type", default = "authenticated")]
    pub(crate) access: String,
    pub(crate) compute: Compute,
    pub(crate) model: ModelConfig,
    pub(crate) provider: Place,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    // Kept and shown without an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) private_service: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) route: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache_http_responses: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<Value>,
}

fn authenticated() -> String {
    "authenticated".to_owned()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Compute {
    pub(crate) accelerator: String,
    pub(crate) instance_type: String,
    pub(crate) instance_size: String,
    pub(crate) scaling: Scaling,
    /// Only informational.
    #[serde(default, skip_serializing)]
    id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Scaling {
    pub(crate) min_replica: u32,
    pub(crate) max_replica: u32,
    /// Minutes.
    #[serde(default)]
    pub(crate) scale_to_zero_timeout: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) measure: Option<Measure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metric: Option<String>,
}

/// What an endpoint is scaled by, and at how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Measure {
    /// Requests without an answer, by replica.
    PendingRequests(Option<f64>),
    /// Percent.
    HardwareUsage(Option<f64>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ModelConfig {
    pub(crate) repository: String,
    pub(crate) framework: String,
    #[serde(default)]
    pub(crate) revision: Option<String>,
    #[serde(default)]
    pub(crate) task: Option<String>,
    pub(crate) image: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) args: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secrets: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) vendor: String,
    pub(crate) region: String,
}

/// The longest name, and the allowed times until an endpoint is scaled to zero, minutes.
const NAME_LENGTH_MAX: usize = 32;
const TIMEOUTS: std::ops::RangeInclusive<u32> = 15..=2880;
/// Most replicas of an endpoint: a guess.
const REPLICAS_MAX: u32 = 64;

impl Config {
    /// Reads a configuration.
    pub(crate) fn read(mut document: Value) -> Result<Self, ApiError> {
        let model = document.get_mut("model").and_then(Value::as_object_mut);
        if let Some(model) = model {
            if model.get("task").is_some_and(Value::is_null) {
                return Err(bad_request("model.task must not be null: leave it out"));
            }
            if let Some(image) = model.get_mut("image").and_then(Value::as_object_mut) {
                image::drop_unknown(image);
            }
        }
        let config: Self = typed(document)?;
        config.check()?;
        Ok(config)
    }

    /// The same with changes: only what is sent changes, and an image changes as a whole.
    pub(crate) fn changed(&self, changes: &Value) -> Result<Self, ApiError> {
        let Value::Object(given) = changes else {
            return Err(bad_request("the body must be an object"));
        };
        if given.contains_key("name") && given["name"] != self.name {
            return Err(bad_request("the name of an endpoint cannot be changed"));
        }
        if given.contains_key("provider") {
            let sent: Place = typed(given["provider"].clone())?;
            if sent != self.provider {
                return Err(bad_request(
                    "vendor and region of an endpoint cannot be changed",
                ));
            }
        }
        let mut document = serde_json::to_value(self).unwrap_or_default();
        merge(&mut document, changes);
        if document["model"]["task"].is_null() {
            let model = document["model"].as_object_mut();
            model.and_then(|model| model.remove("task"));
        }
        Self::read(document)
    }

    fn check(&self) -> Result<(), ApiError> {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let name = self.name.as_str();
        if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.chars().all(is_part) {
            return Err(bad_request(format!(
                "name must have at most {NAME_LENGTH_MAX} characters, lower-case letters, digits and `-`"
            )));
        }
        match self.access.as_str() {
            "public" | "authenticated" | "private" => {}
            "protected" => {
                return Err(bad_request(
                    "type `protected` is no longer supported: use `authenticated`",
                ));
            }
            _ => return Err(bad_request("type must be public, authenticated or private")),
        }
        image::check(&self.model.image)?;
        self.compute.scaling.check()
    }

    /// The instance that it asks for.
    pub(crate) fn hardware(&self) -> Option<&'static Hardware> {
        let Compute {
            instance_type,
            instance_size,
            ..
        } = &self.compute;
        catalogue::find(&self.provider.vendor, instance_type, instance_size)
    }

    /// The instance, if the vendor has it in the region.
    pub(crate) fn hardware_there(&self) -> Result<&'static Hardware, ApiError> {
        let region = self.provider.region.as_str();
        let found = self.hardware().filter(|one| one.regions.contains(&region));
        let found = found.filter(|one| one.accelerator == self.compute.accelerator);
        found.ok_or_else(|| {
            let Compute {
                accelerator,
                instance_type,
                instance_size,
                ..
            } = &self.compute;
            let vendor = &self.provider.vendor;
            bad_request(format!(
                "compute {accelerator} {instance_type} {instance_size} is not supported in {vendor} {region}"
            ))
        })
    }

    /// Refuses a model that does not exist. That it is refused, and a gated model or an unknown revision accepted and
    /// failing later, is a guess: the container downloads them.
    pub(crate) fn check_model(&self, state: &State) -> Result<(), ApiError> {
        let repository = &self.model.repository;
        if hub::find(state, repository).is_some() {
            return Ok(());
        }
        Err(bad_request(format!(
            "model repository {repository} was not found"
        )))
    }

    /// Why its model cannot be loaded, if it cannot.
    pub(crate) fn broken_because(&self, state: &State) -> Option<String> {
        let ModelConfig {
            repository,
            revision,
            ..
        } = &self.model;
        let model = hub::find(state, repository)?;
        if model.is_gated {
            return Some(format!(
                "Access to model {repository} is restricted: gated repository"
            ));
        }
        if hub::resolve(repository, revision.as_deref()).is_none() {
            let revision = revision.as_deref().unwrap_or_default();
            return Some(format!("{revision} is no revision of {repository}"));
        }
        None
    }
}

impl Scaling {
    fn check(&self) -> Result<(), ApiError> {
        let Self {
            min_replica,
            max_replica,
            ..
        } = *self;
        if !(1..=REPLICAS_MAX).contains(&max_replica) || min_replica > max_replica {
            return Err(bad_request(format!(
                "scaling needs 0 <= minReplica <= maxReplica and 1 <= maxReplica <= {REPLICAS_MAX}"
            )));
        }
        let Some(timeout) = self.scale_to_zero_timeout else {
            return Ok(());
        };
        if !TIMEOUTS.contains(&timeout) {
            let (least, most) = (TIMEOUTS.start(), TIMEOUTS.end());
            return Err(bad_request(format!(
                "scaleToZeroTimeout must be between {least} and {most} minutes"
            )));
        }
        Ok(())
    }
}

/// Puts changes into a document: objects are merged, everything else is replaced.
fn merge(document: &mut Value, changes: &Value) {
    let (Value::Object(into), Value::Object(changes)) = (document, changes) else {
        return;
    };
    for (key, value) in changes {
        let whole = ["image", "env", "secrets", "measure"].contains(&key.as_str());
        match (into.get_mut(key), value) {
            (Some(inner @ Value::Object(_)), Value::Object(_)) if !whole => merge(inner, value),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
