//! One resource of any collection.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifetime, Resource};
use serde_json::{Value, json};

use super::collection::Collection;
use super::place::{self, Scope};
use super::{RUN_MARK, operations, write};
use crate::links;
use crate::setup::RUN_LABEL;
use crate::state::State;
use crate::wire::{Object, time};

/// How far a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its insertion has not ended.
    Making,
    Ready,
    /// Its deletion has not ended.
    Deleting,
}

/// A resource.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) of: &'static Collection,
    pub(crate) scope: Scope,
    pub(crate) name: String,
    /// The unique id, which a later resource of the same name does not have.
    pub(crate) id: u64,
    pub(crate) created: Timestamp,
    pub(crate) phase: Phase,
    /// Its members, links in canonical form. Without those that follow from the others.
    pub(crate) document: Object,
}

impl Item {
    /// Its path below the project.
    pub(crate) fn path(&self) -> String {
        self.of.path(&self.scope, &self.name)
    }

    /// A member that is text; empty if there is none.
    pub(crate) fn text(&self, member: &str) -> &str {
        text(&self.document, member)
    }

    /// A list of objects or texts; empty if there is none.
    pub(crate) fn list(&self, member: &str) -> &[Value] {
        let list = self.document.get(member).and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }

    /// The run that it belongs to, as its label or its description says.
    pub(crate) fn run(&self) -> Option<String> {
        let labels = self.document.get("labels");
        let label = labels.and_then(|labels| labels.get(RUN_LABEL)?.as_str());
        let hidden = self.document.get(RUN_MARK).and_then(Value::as_str);
        let described = || {
            let words = self.text("description").split([' ', ',', ';']);
            let mut runs = words.filter_map(|word| word.strip_prefix(RUN_LABEL)?.strip_prefix('='));
            runs.next()
        };
        label.or(hidden).or_else(described).map(str::to_owned)
    }

    /// Its labels.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        // A template's labels are those of its machines.
        let of_machines = || self.document.get("properties")?.get("labels");
        let labels = self.document.get("labels").or_else(of_machines);
        let texts = labels.and_then(Value::as_object).into_iter().flatten();
        texts
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect()
    }

    /// The resource as the API shows it.
    pub(crate) fn shown(&self, state: &State) -> Value {
        let mut shown = self.document.clone();
        // What the API shows only by calls of its own.
        shown.retain(|name, _| !name.starts_with('#'));
        let path = self.path();
        shown.insert("kind".to_owned(), json!(self.of.kind));
        shown.insert("id".to_owned(), json!(self.id.to_string()));
        shown.insert("name".to_owned(), json!(self.name));
        shown.insert("creationTimestamp".to_owned(), json!(time(self.created)));
        shown.insert("selfLink".to_owned(), json!(place::link(state, &path)));
        match &self.scope {
            Scope::Global => {}
            Scope::Region(_) => {
                let link = place::link(state, &self.scope.to_string());
                shown.insert("region".to_owned(), json!(link));
            }
            Scope::Zone(_) => {
                let link = place::link(state, &self.scope.to_string());
                shown.insert("zone".to_owned(), json!(link));
            }
        }
        if self.of.has_fingerprint {
            let fingerprint = operations::fingerprint(&self.document);
            shown.insert("fingerprint".to_owned(), json!(fingerprint));
        }
        if self.of.members.iter().any(|(name, _)| *name == "labels") {
            let fingerprint = write::label_fingerprint(&self.document);
            shown.insert("labelFingerprint".to_owned(), json!(fingerprint));
        }
        let status = (self.of.status)(state, self);
        if !status.is_empty() {
            shown.insert("status".to_owned(), json!(status));
        }
        (self.of.show)(state, self, &mut shown);
        Value::Object(shown)
    }

    /// The resource as an auditor sees it.
    pub(crate) fn resource(&self, state: &State) -> Resource {
        let mut resource =
            Resource::new(self.of.resource_type, &self.name, self.scope.of_inventory());
        resource.name = Some(self.name.clone());
        resource.tags = self.labels();
        resource.created_at = Some(self.created);
        resource.incarnation = Some(self.id.to_string());
        resource.state = (self.of.status)(state, self);
        resource.lifetime = match self.phase {
            Phase::Making | Phase::Ready => Lifetime::Alive,
            Phase::Deleting => Lifetime::Ending,
        };
        let mut properties = BTreeMap::new();
        for member in self.of.properties {
            let shown = self.document.get(*member).map(property).unwrap_or_default();
            if !shown.is_empty() {
                properties.insert(property_name(self.of, member), shown);
            }
        }
        resource.properties = properties;
        resource
    }
}

/// The name of a property: that of its member, as an inventory writes it.
fn property_name(of: &Collection, member: &str) -> String {
    match (of.plural, member) {
        ("disks", "type") => return "disk_type".to_owned(),
        (_, "IPAddress") => return "ip_address".to_owned(),
        _ => {}
    }
    let mut name = String::new();
    for c in member.chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// The value of a property: of a link the name, of a list its words or how long it is.
fn property(value: &Value) -> String {
    match value {
        Value::String(link) if link.contains("projects/") => links::name(link).to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.iter().any(Value::is_object) => all.len().to_string(),
        Value::Array(all) => all.iter().map(property).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A member that is text; empty if there is none.
pub(crate) fn text<'o>(object: &'o Object, member: &str) -> &'o str {
    object
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Whether a value holds this text anywhere.
pub(crate) fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(one) => one == text,
        Value::Array(all) => all.iter().any(|one| mentions(one, text)),
        Value::Object(all) => all.values().any(|one| mentions(one, text)),
        _ => false,
    }
}
