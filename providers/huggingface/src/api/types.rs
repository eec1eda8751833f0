//! The answers of Hugging Face's services, as far as they are used here. Unknown members are ignored: the services grow.

mod hub;

use std::collections::BTreeMap;

use kubeproof_contract::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

pub use hub::{
    AccessToken, Auth, Caller, Entity, FineGrained, Job, JobHardware, JobStatus, Organisation,
    Repository, Runtime, ScheduledJob, ScheduledSpec, Scoped, SpaceHardware, Webhook,
};

/// An inference endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its name: unique in its namespace, and free again once it is deleted.
    pub name: String,
    /// Who may call it.
    #[serde(rename = "type")]
    pub visibility: String,
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where its replicas say that they are well.
    pub health_route: String,
    pub compute: Compute,
    pub model: Model,
    pub provider: Provider,
    pub status: Status,
}

/// The hardware of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compute {
    pub accelerator: String,
    pub instance_type: String,
    pub instance_size: String,
    pub scaling: Scaling,
}

/// How many replicas an endpoint has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scaling {
    pub min_replica: u32,
    pub max_replica: u32,
    /// Minutes without a request after which there is none.
    #[serde(default)]
    pub scale_to_zero_timeout: Option<u32>,
    /// What decides on their number: `{"pendingRequests": 2}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<serde_json::Value>,
}

impl Scaling {
    /// More than how many waiting requests start another replica, if they decide.
    pub fn pending_requests(&self) -> Option<f64> {
        self.measure.as_ref()?["pendingRequests"].as_f64()
    }
}

/// The model of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub repository: String,
    #[serde(default)]
    pub revision: Option<String>,
    #[serde(default)]
    pub task: Option<String>,
    pub framework: String,
    #[serde(default)]
    pub image: serde_json::Value,
}

/// Where an endpoint runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    pub vendor: String,
    pub region: String,
}

/// What an endpoint does now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub state: String,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub error_message: Option<String>,
    /// When it was made, as the service writes it: what tells it from an earlier one of the same name.
    pub created_at: String,
    /// Where the model is asked; none until the first replica runs.
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub ready_replica: u32,
    #[serde(default)]
    pub target_replica: u32,
}

/// The states of an endpoint.
pub mod state {
    pub const RUNNING: &str = "running";
    pub const SCALED_TO_ZERO: &str = "scaledToZero";
    pub const PAUSED: &str = "paused";
    pub const PENDING: &str = "pending";
    pub const FAILED: &str = "failed";
    pub const UPDATE_FAILED: &str = "updateFailed";
}

impl Endpoint {
    /// The marks among its tags: those of the form `key=value`.
    pub fn marks(&self) -> BTreeMap<String, String> {
        let marks = self.tags.iter().filter_map(|tag| tag.split_once('='));
        marks
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    /// The state, with all that is said about it.
    pub fn state(&self) -> String {
        let Status { state, message, .. } = &self.status;
        let error = self.status.error_message.as_deref();
        let said = error.or(Some(message)).filter(|text| !text.is_empty());
        said.map_or_else(|| state.clone(), |said| format!("{state}: {said}"))
    }

    /// The hardware as the price list names it: `nvidia-l4 x1`.
    pub fn hardware(&self) -> String {
        hardware(&self.compute.instance_type, &self.compute.instance_size)
    }
}

fn hardware(instance_type: &str, instance_size: &str) -> String {
    format!("{instance_type} {instance_size}")
}

/// A page of the list of endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointPage {
    pub items: Vec<Endpoint>,
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// The hardware that a namespace can use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Hardware {
    pub vendors: Vec<VendorHardware>,
}

/// The hardware of one vendor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct VendorHardware {
    pub name: String,
    pub regions: Vec<RegionHardware>,
}

/// The hardware in one region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RegionHardware {
    pub name: String,
    pub computes: Vec<Offer>,
}

/// One kind of hardware.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    pub accelerator: String,
    pub instance_type: String,
    pub instance_size: String,
    #[serde(default)]
    pub num_accelerators: u32,
    /// US dollars for a replica and hour.
    #[serde(deserialize_with = "amount")]
    pub price_per_hour: Decimal,
    /// `available`, `low_availability`, `not_available`, `reserved`, `deprecated`.
    #[serde(default)]
    pub status: String,
    pub quota: Quota,
}

/// An amount from its digits, never through a float.
fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let digits = Number::deserialize(from)?.to_string();
    let amount = digits
        .parse()
        .or_else(|_| Decimal::from_scientific(&digits));
    amount.map_err(D::Error::custom)
}

/// What of a kind of hardware may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    pub max_accelerators: u32,
    pub used_accelerators: u32,
}

impl Offer {
    /// The hardware as the price list names it: `nvidia-l4 x1`.
    pub fn hardware(&self) -> String {
        hardware(&self.instance_type, &self.instance_size)
    }
}

impl Hardware {
    /// The offers of a vendor in a region.
    pub fn of(&self, vendor: &str, region: &str) -> &[Offer] {
        let vendor = self.vendors.iter().find(|one| one.name == vendor);
        let mut regions = vendor.into_iter().flat_map(|one| &one.regions);
        regions
            .find(|one| one.name == region)
            .map_or(&[], |one| &one.computes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_from_their_digits() {
        let offer = |price: &str| {
            let text = format!(
                "{{\"accelerator\":\"cpu\",\"instanceType\":\"a\",\"instanceSize\":\"x1\",\"pricePerHour\":{price},\"quota\":{{\"maxAccelerators\":1,\"usedAccelerators\":0}}}}"
            );
            serde_json::from_str::<Offer>(&text).map(|offer| offer.price_per_hour.to_string())
        };
        assert_eq!(offer("0.033").ok().as_deref(), Some("0.033"));
        assert_eq!(offer("12").ok().as_deref(), Some("12"));
        assert!(offer("null").is_err());
    }
}
