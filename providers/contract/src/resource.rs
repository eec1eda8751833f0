//! Resources and resource types, as plain data.
//!
//! The simulator's truth and the auditor's inventory use the same shape, so they can be compared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The fact that names the call by which the run's own identity made a resource, where the cloud's trail of
/// events is what showed it.
pub const MADE_BY_FACT: &str = "made_by";

/// A thing in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The resource type, such as `nat_gateway`.
    pub resource_type: String,
    /// The id under which the cloud knows it.
    pub id: String,
    /// Its name, when it has one.
    pub name: Option<String>,
    /// The region, or `global`.
    pub region: String,
    /// Its tags or labels.
    pub tags: BTreeMap<String, String>,
    /// The state in the cloud's own word, empty when it has none.
    pub state: String,
    /// When it was created, when the cloud says so.
    pub created_at: Option<Timestamp>,
    /// Facts that price or ownership need: `instance_type`, `size_gb`, `vpc_id`, …
    pub facts: BTreeMap<String, String>,
}

impl Resource {
    /// A resource without name, tags or facts.
    pub fn new(resource_type: &str, id: impl Into<String>, region: &str) -> Self {
        Self {
            resource_type: resource_type.to_owned(),
            id: id.into(),
            name: None,
            region: region.to_owned(),
            tags: BTreeMap::new(),
            state: String::new(),
            created_at: None,
            facts: BTreeMap::new(),
        }
    }

    /// Whether this is another look at the same resource: as [`Resource::key`] says, without making one.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
            && self.resource_type == other.resource_type
            && self.region == other.region
    }

    /// The key under which two looks at one resource are the same: region, type and id.
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
    /// Whether it lives outside any region.
    pub global: bool,
    /// Why resources of this type may remain after a run without being a leak, if they may.
    pub stays_because: Option<&'static str>,
}

/// One resource's life in the simulator's truth: for the twins oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// The resource as it last was.
    pub resource: Resource,
    /// When it came to be.
    pub from: Timestamp,
    /// When it ceased to be, if it did.
    pub to: Option<Timestamp>,
}

/// The price of keeping a resource for one month of 730 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthlyCost {
    /// US dollars a month.
    pub usd: Decimal,
}
