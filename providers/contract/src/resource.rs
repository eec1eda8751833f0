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

/// The same resource with more that is known of it.
impl Resource {
    /// With a name.
    #[must_use]
    pub fn named(self, name: impl Into<Option<String>>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// With tags.
    #[must_use]
    pub fn tagged(self, tags: BTreeMap<String, String>) -> Self {
        Self { tags, ..self }
    }

    /// With a state.
    #[must_use]
    pub fn in_state(self, state: impl Into<String>) -> Self {
        Self {
            state: state.into(),
            ..self
        }
    }

    /// With the time of its creation.
    #[must_use]
    pub fn created(self, at: Timestamp) -> Self {
        Self {
            created_at: Some(at),
            ..self
        }
    }

    /// With one more property.
    #[must_use]
    pub fn with(mut self, property: &str, value: impl ToString) -> Self {
        self.properties
            .insert(property.to_owned(), value.to_string());
        self
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_resource_is_added_and_its_identity_stays() {
        let bare = Resource::new("disk", "d-1", "r");
        let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let full = bare
            .clone()
            .named("n".to_owned())
            .tagged(tags.clone())
            .in_state("ready")
            .created(Timestamp::UNIX_EPOCH)
            .with("size_gb", 8);
        assert!(full.is_same(&bare));
        let seen = (full.name.as_deref(), full.tags, full.state.as_str());
        assert_eq!(seen, (Some("n"), tags, "ready"));
        assert_eq!(full.created_at, Some(Timestamp::UNIX_EPOCH));
        assert_eq!(full.properties["size_gb"], "8");
    }
}
