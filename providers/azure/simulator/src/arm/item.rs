//! One resource of any type.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::operation::Failure;
use serde_json::{Value, json};

use super::kind::Kind;
use crate::setup::RUN_TAG;
use crate::state::State;
use crate::wire::{Object, time};

/// How far a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Creating,
    Updating,
    Starting,
    Stopping,
    Deleting,
    Succeeded,
    Failed,
}

impl Phase {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Updating => "Updating",
            Self::Starting => "Starting",
            Self::Stopping => "Stopping",
            Self::Deleting => "Deleting",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// A resource.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) kind: &'static Kind,
    /// Its id, with the names as they were given first.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) location: String,
    /// The key of the resource that it is a part of.
    pub(crate) parent: Option<String>,
    pub(crate) tags: Object,
    pub(crate) phase: Phase,
    /// Why its last change failed.
    pub(crate) failure: Option<Failure>,
    /// Whether its creation has ended well.
    pub(crate) is_made: bool,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    /// A later resource of the same name has another.
    pub(crate) unique: String,
    /// Another one after each change.
    pub(crate) etag: String,
    /// What was asked for, completed.
    pub(crate) document: Object,
    /// The properties that the cloud gave.
    pub(crate) given: Object,
}

impl Item {
    /// A resource that is being made. Parts of other resources are told by their ids.
    pub(crate) fn new(
        state: &mut State,
        kind: &'static Kind,
        id: &str,
        group: &str,
        location: &str,
    ) -> Self {
        let name = id.rsplit('/').next().unwrap_or_default();
        let parent = (kind.types.len() > 1).then(|| parent(id).to_ascii_lowercase());
        Self {
            kind,
            id: id.to_owned(),
            name: name.to_owned(),
            group: group.to_owned(),
            location: location.to_owned(),
            parent,
            tags: Object::new(),
            phase: Phase::Creating,
            failure: None,
            is_made: false,
            created: state.now,
            changed: state.now,
            unique: state.ids.uuid(),
            etag: state.ids.uuid(),
            document: Object::new(),
            given: Object::new(),
        }
    }

    /// Whether it is of this type.
    pub(crate) fn is(&self, kind: &'static Kind) -> bool {
        std::ptr::eq(self.kind, kind)
    }

    /// The key under which it is kept.
    pub(crate) fn key(&self) -> String {
        self.id.to_ascii_lowercase()
    }

    /// A word of its SKU; empty if there is none.
    pub(crate) fn sku(&self, member: &str) -> &str {
        let sku = self.document.get("sku");
        sku.and_then(|sku| sku[member].as_str()).unwrap_or_default()
    }

    /// A property, as it was asked for or given; null if it is not there.
    pub(crate) fn property(&self, member: &str) -> &Value {
        let asked = self
            .document
            .get("properties")
            .and_then(|all| all.get(member));
        asked
            .or_else(|| self.given.get(member))
            .unwrap_or(&Value::Null)
    }

    /// A property that is text; empty if it is none.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.property(member).as_str().unwrap_or_default()
    }

    /// A property that is a number; 0 if it is none.
    pub(crate) fn number(&self, member: &str) -> u32 {
        let number = self.property(member).as_u64().unwrap_or(0);
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    pub(crate) fn set_property(&mut self, member: &str, value: Value) {
        let properties = self
            .document
            .entry("properties")
            .or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(member.to_owned(), value);
        }
    }

    /// The tags as texts.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        texts(&self.tags)
    }

    /// The run that it belongs to, as its tag says.
    pub(crate) fn run(&self) -> Option<String> {
        self.tags
            .get(RUN_TAG)
            .and_then(Value::as_str)
            .map(str::to_owned)
    }

    /// Its etag as it is written.
    pub(crate) fn shown_etag(&self) -> String {
        format!("W/\"{}\"", self.etag)
    }

    /// As the API shows it.
    pub(crate) fn shown(&self, state: &State) -> Value {
        let mut shown = self.document.clone();
        shown.insert("id".to_owned(), json!(self.id));
        shown.insert("name".to_owned(), json!(self.name));
        shown.insert("type".to_owned(), json!(self.kind.full_type()));
        if self.kind.has_location {
            shown.insert("location".to_owned(), json!(self.location));
            shown.insert("tags".to_owned(), json!(self.tags));
        }
        // Other namespaces have etags elsewhere, or none.
        if self.kind.namespace == "Microsoft.Network" {
            shown.insert("etag".to_owned(), json!(self.shown_etag()));
        }
        let properties = shown.remove("properties");
        let mut properties = properties
            .and_then(|all| all.as_object().cloned())
            .unwrap_or_default();
        properties.extend(self.given.clone());
        properties.insert("provisioningState".to_owned(), json!(self.phase.word()));
        (self.kind.show)(state, self, &mut properties);
        // What a hook puts here is shown outside of the properties.
        if let Some(Value::Object(outer)) = properties.remove("#outer") {
            shown.extend(outer);
        }
        shown.insert("properties".to_owned(), Value::Object(properties));
        Value::Object(shown)
    }

    /// The resource as an auditor sees it.
    pub(crate) fn resource(&self, state: &State) -> Resource {
        let scope = self.group.to_ascii_lowercase();
        let mut resource = Resource::new(self.kind.resource_type, self.key(), scope);
        // No list says when a part of another resource was made, nor how far and where it is.
        if !self.kind.is_listed() {
            return resource.named(self.name.clone());
        }
        resource.incarnation = Some(time(self.created));
        resource.name = Some(self.name.clone());
        resource.tags = self.tags();
        resource.lifetime = match self.phase {
            Phase::Deleting => Lifetime::Ending,
            _ => Lifetime::Alive,
        };
        self.phase.word().clone_into(&mut resource.state);
        resource.created_at = Some(self.created);
        resource.properties = BTreeMap::from([("location".to_owned(), self.location.clone())]);
        for member in self.kind.properties {
            let value = self.property(member);
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if !value.is_null() {
                resource.properties.insert((*member).to_owned(), text);
            }
        }
        let described = (self.kind.described)(state, self).into_iter();
        let described = described.map(|(name, value)| (name.to_owned(), value));
        resource.properties.extend(described);
        resource
    }
}

/// The id of the resource that one is a part of.
fn parent(id: &str) -> &str {
    let (rest, _) = id.rsplit_once('/').unwrap_or((id, ""));
    rest.rsplit_once('/').map_or(rest, |(rest, _)| rest)
}

/// An object of texts as a map.
pub(crate) fn texts(object: &Object) -> BTreeMap<String, String> {
    let all = object.iter();
    all.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}
