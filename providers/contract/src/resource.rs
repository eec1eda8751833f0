//! Resources and resource types, as plain data.
//!
//! The simulator's ground truth and the auditor's inventory use the same types, so they can be compared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::scope::Scope;

mod form;

/// The property that names the call by which the run's own identity created a resource, where this is known from
/// the cloud's event log.
pub const MADE_BY_PROPERTY: &str = "made_by";
/// The property that says why a resource may remain after everything of the run is removed. Its name in JSON is
/// older than the word that is used for it now.
pub const RETAINED_PROPERTY: &str = "stays";

/// A resource in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "form::ResourceForm", into = "form::ResourceForm")]
pub struct Resource {
    /// The resource type, such as `nat_gateway`.
    pub resource_type: String,
    /// The cloud's id of it.
    pub id: String,
    /// What tells it from an earlier or later one with the same id, where ids are names that are used again: the
    /// cloud's unique id, or the time of creation. `None` where ids are never used again, or the cloud does not tell.
    pub incarnation: Option<String>,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it lives.
    pub scope: Scope,
    /// Its tags or labels.
    pub tags: BTreeMap<String, String>,
    /// The state in the cloud's own words; empty when it has none.
    pub state: String,
    /// What that state means.
    pub lifetime: Lifetime,
    /// When it was created, if the cloud tells.
    pub created_at: Option<Timestamp>,
    /// Properties that pricing or ownership needs: `instance_type`, `size_gb`, `vpc_id`, …
    pub properties: BTreeMap<String, String>,
}

/// Where a resource is between creation and end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifetime {
    /// It exists, even if it does nothing: a stopped machine with a disk that is billed.
    #[default]
    Alive,
    /// It is being deleted.
    Ending,
    /// It failed or has ended: of no use, though somebody may still have to delete it.
    Dead,
}

impl Lifetime {
    /// What a state means in a cloud with these words for a resource that is being deleted, and for one that is of no
    /// use any more. Capitals make no difference.
    pub fn of_state(state: &str, ending: &[&str], dead: &[&str]) -> Self {
        let is_one_of = |words: &[&str]| words.iter().any(|it| it.eq_ignore_ascii_case(state));
        if is_one_of(dead) {
            Self::Dead
        } else if is_one_of(ending) {
            Self::Ending
        } else {
            Self::Alive
        }
    }
}

/// Identifies a resource across inventories.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// Where it lives.
    pub scope: Scope,
    /// The resource type.
    pub resource_type: String,
    /// The cloud's id of it.
    pub id: String,
    /// What tells it from others with the same id.
    pub incarnation: Option<String>,
}

impl Resource {
    /// A live resource without name, tags or properties, whose id is never used again.
    pub fn new(resource_type: &str, id: impl Into<String>, scope: impl Into<Scope>) -> Self {
        Self {
            resource_type: resource_type.to_owned(),
            id: id.into(),
            incarnation: None,
            name: None,
            scope: scope.into(),
            tags: BTreeMap::new(),
            state: String::new(),
            lifetime: Lifetime::Alive,
            created_at: None,
            properties: BTreeMap::new(),
        }
    }

    /// Whether both describe the same resource: compares [`Resource::key`] without building it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
            && self.resource_type == other.resource_type
            && self.scope == other.scope
            && self.incarnation == other.incarnation
    }

    /// Whether both may describe the same resource: an incarnation that one of them does not tell is no difference.
    pub fn may_be(&self, other: &Self) -> bool {
        let untold = self.incarnation.is_none() || other.incarnation.is_none();
        self.id == other.id
            && self.resource_type == other.resource_type
            && self.scope == other.scope
            && (untold || self.incarnation == other.incarnation)
    }

    /// What identifies it.
    pub fn key(&self) -> ResourceKey {
        ResourceKey {
            scope: self.scope.clone(),
            resource_type: self.resource_type.clone(),
            id: self.id.clone(),
            incarnation: self.incarnation.clone(),
        }
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

    /// In a state, and what that means.
    #[must_use]
    pub fn in_state(self, state: impl Into<String>, lifetime: Lifetime) -> Self {
        Self {
            state: state.into(),
            lifetime,
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
    /// Why resources of this type may remain after a run without being a leak, if they may.
    pub retained_because: Option<&'static str>,
}

impl ResourceType {
    /// A type of which nothing may remain.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            retained_because: None,
        }
    }
}

/// When one resource of the ground truth existed: for the duplicates oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifespan {
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
            .in_state("ready", Lifetime::Alive)
            .created(Timestamp::UNIX_EPOCH)
            .with("size_gb", 8);
        assert!(full.is_same(&bare));
        let seen = (full.name.as_deref(), full.tags, full.state.as_str());
        assert_eq!(seen, (Some("n"), tags, "ready"));
        assert_eq!(full.created_at, Some(Timestamp::UNIX_EPOCH));
        assert_eq!(full.properties["size_gb"], "8");
    }
    #[test]
    fn an_incarnation_that_is_not_told_is_no_difference() {
        let of = |id: &str, incarnation: Option<&str>| Resource {
            incarnation: incarnation.map(str::to_owned),
            ..Resource::new("role", id, "r")
        };
        let check = |one: Resource, other: Resource, is_same: bool, may_be: bool| {
            assert_eq!(one.is_same(&other), is_same, "{one:?} {other:?}");
            assert_eq!(one.may_be(&other), may_be, "{one:?} {other:?}");
        };
        check(of("a", Some("1")), of("a", Some("1")), true, true);
        check(of("a", Some("1")), of("a", Some("2")), false, false);
        check(of("a", Some("1")), of("a", None), false, true);
        check(of("a", None), of("b", None), false, false);
    }
}
