//! Builds a `Resource` from a listed item, field by field, leaving out what the cloud leaves out.

use aws_sdk_ec2::types::Tag;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::resource::{Lifetime, Resource};

use crate::observer::clients::timestamp;
use crate::prices::{self, HOURS_PER_MONTH};

/// States in which a resource is being deleted.
const ENDING: &[&str] = &["deleting", "shutting-down", "pendingdeletion"];
/// States in which a resource never came to life, or has ended.
const DEAD: &[&str] = &["failed", "create_failed", "deleted", "terminated"];

/// A resource under construction.
#[derive(Clone, Debug)]
pub struct Entry(Resource);

impl Entry {
    /// A resource of a type with an id, in a region.
    pub fn new(resource_type: &str, id: Option<&str>, region: &str) -> Self {
        Self(Resource::new(resource_type, id.unwrap_or_default(), region))
    }

    /// EC2's tags; the tag `Name` is the name.
    pub fn ec2_tags(self, tags: &[Tag]) -> Self {
        self.tags(tags.iter().map(|tag| (tag.key(), tag.value())))
    }

    /// Tags; the tag `Name` is the name.
    pub fn tags<'a>(
        mut self,
        tags: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) -> Self {
        for (key, value) in tags {
            let key = key.unwrap_or_default().to_owned();
            self.0
                .tags
                .insert(key, value.unwrap_or_default().to_owned());
        }
        if let Some(name) = self.0.tags.get("Name") {
            self.0.name = Some(name.clone());
        }
        self
    }

    /// A natural name.
    pub fn named(mut self, name: Option<&str>) -> Self {
        self.0.name = name.map(str::to_owned).or(self.0.name);
        self
    }

    /// The state, as the cloud calls it.
    pub fn state(mut self, state: Option<&str>) -> Self {
        set_state(&mut self.0, state);
        self
    }

    /// What tells it from others with the same id, where the id is a name.
    pub fn incarnation(mut self, incarnation: Option<impl ToString>) -> Self {
        self.0.incarnation = incarnation.map(|it| it.to_string());
        self
    }

    /// The time of creation.
    pub fn created(self, at: Option<&DateTime>) -> Self {
        self.created_at(at.and_then(timestamp))
    }

    /// When it was created, if the cloud tells.
    pub fn created_at(mut self, at: Option<Timestamp>) -> Self {
        self.0.created_at = at;
        self
    }

    /// A property, unless the cloud leaves it out.
    pub fn property(mut self, key: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.0.properties.insert(key.to_owned(), value.to_string());
        }
        self
    }

    pub fn done(self) -> Resource {
        self.0
    }
}

/// Sets the state, as the cloud calls it, and what it means.
pub fn set_state(resource: &mut Resource, state: Option<&str>) {
    state.unwrap_or_default().clone_into(&mut resource.state);
    resource.lifetime = Lifetime::of_state(&resource.state, ENDING, DEAD);
}

/// A property of a resource, or nothing.
pub fn property<'a>(resource: &'a Resource, key: &str) -> &'a str {
    resource.properties.get(key).map_or("", String::as_str)
}

/// A property that is a list: separated by blanks.
pub fn properties<'a>(resource: &'a Resource, key: &str) -> impl Iterator<Item = &'a str> {
    property(resource, key).split_whitespace()
}

/// A list as a property; an empty one is left out.
pub fn joined<'a>(items: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let joined = items.into_iter().collect::<Vec<_>>().join(" ");
    (!joined.is_empty()).then_some(joined)
}

/// The price of a month at an hourly price from the table, US dollars.
pub fn month_of_hours(region: &str, group: &str, sku: &str) -> Option<Decimal> {
    prices::exact(region, group, sku).map(|price| price.usd * Decimal::from(HOURS_PER_MONTH))
}
