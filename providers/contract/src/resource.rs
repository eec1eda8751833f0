//! Resources and resource types, as plain data.
//!
//! The simulator's ground truth and the auditor's inventory use the same types, so they can be compared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The property that names the call by which the run's own identity created a resource, where this is known from
/// the cloud's event log.
pub const MADE_BY_PROPERTY: &str = "made_by";
/// The property that says why a resource may remain after everything of the run is removed. Its name in JSON is
/// older than the word that is used for it now.
pub const RETAINED_PROPERTY: &str = "stays";

/// A resource in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The resource type, such as `nat_gateway`.
    pub resource_type: String,
    /// The cloud's id of it.
    pub id: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The region, or `global`.
    pub region: String,
    /// Its tags or labels.
    pub tags: BTreeMap<String, String>,
    /// The state in the cloud's own words; empty when it has none.
    pub state: String,
    /// When it was created, if the cloud tells.
    pub created_at: Option<Timestamp>,
    /// Properties that pricing or ownership needs: `instance_type`, `size_gb`, `vpc_id`, …
    #[serde(rename = "facts")]
    pub properties: BTreeMap<String, String>,
}

impl Resource {
    /// A resource without name, tags or properties.
    pub fn new(resource_type: &str, id: impl Into<String>, region: &str) -> Self {
        Self {
            resource_type: resource_type.to_owned(),
            id: id.into(),
            name: None,
            region: region.to_owned(),
            tags: BTreeMap::new(),
            state: String::new(),
            created_at: None,
            properties: BTreeMap::new(),
        }
    }

    /// Whether both describe the same resource: compares [`Resource::key`] without building it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
            && self.resource_type == other.resource_type
            && self.region == other.region
    }

    /// What identifies a resource: region, type and id.
    pub fn key(&self) -> (String, String, String) {
        (
            self.region.clone(),
            self.resource_type.clone(),
            self.id.clone(),
        )
    }
}

/// A type of resource that a provider can list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// The name, such as `nat_gateway`.
    pub name: &'static str,
    /// Whether it belongs to no region.
    pub global: bool,
    /// Why resources of this type may remain after a run without being a leak, if they may.
    pub retained_because: Option<&'static str>,
}

/// The lifetime of one resource in the ground truth: for the duplicates oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The resource as it last was.
    pub resource: Resource,
    /// When it was created.
    pub from: Timestamp,
    /// When it ceased to exist, if it did.
    pub to: Option<Timestamp>,
}

/// The price of keeping a resource for one month of 730 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthlyCost {
    /// US dollars per month.
    pub usd: Decimal,
}
