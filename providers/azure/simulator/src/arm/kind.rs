//! What a resource type is: its members, its durations, and what follows from a change.

use kubeproof_simkit::operation::Failure;
use serde_json::{Value, json};

use super::item::Item;
use crate::route::Call;
use crate::state::State;
use crate::wire::{ApiError, Object};

/// A resource that is about to be made, or the change of one.
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) location: String,
    /// The key of the resource that it is a part of.
    pub(crate) parent: Option<String>,
    /// As it was, when it exists.
    pub(crate) existing: Option<Item>,
    pub(crate) tags: Object,
    /// What was asked for, without location and tags.
    pub(crate) document: Object,
    /// The parts that were given with it.
    pub(crate) children: Vec<Child>,
    /// Whether parts that were not given go.
    pub(crate) replaces_children: bool,
}

/// A part of a resource that was given with it.
pub(crate) struct Child {
    pub(crate) kind: &'static Kind,
    pub(crate) name: String,
    pub(crate) document: Object,
}

/// Whether a member that has a default was left to it: clients write out what they do not set.
pub(crate) fn is_unsaid(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        _ => false,
    }
}

impl Draft {
    /// The key under which the resource is kept.
    pub(crate) fn key(&self) -> String {
        self.id.to_ascii_lowercase()
    }

    /// A property; null if it is not there.
    pub(crate) fn property(&self, member: &str) -> &Value {
        let properties = self.document.get("properties");
        properties
            .and_then(|properties| properties.get(member))
            .unwrap_or(&Value::Null)
    }

    /// A property that is text; empty if it is none.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.property(member).as_str().unwrap_or_default()
    }

    /// A list in the properties; empty if there is none.
    pub(crate) fn list(&self, member: &str) -> Vec<Value> {
        self.property(member)
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Sets a property that was left out.
    pub(crate) fn default(&mut self, member: &str, value: Value) {
        if is_unsaid(self.property(member)) {
            self.set(member, value);
        }
    }

    /// Sets a property.
    pub(crate) fn set(&mut self, member: &str, value: Value) {
        let properties = self
            .document
            .entry("properties")
            .or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(member.to_owned(), value);
        }
    }

    /// Takes a property out.
    pub(crate) fn take(&mut self, member: &str) -> Option<Value> {
        let properties = self.document.get_mut("properties")?.as_object_mut()?;
        properties.remove(member)
    }
}

/// How a PUT is answered whose operation takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// 201, or 200 for a change, with `Azure-AsyncOperation`.
    Created,
    /// The same, with `Location` besides.
    CreatedWithLocation,
    /// 202, with both addresses.
    Accepted,
}

/// A resource type.
pub(crate) struct Kind {
    /// `Microsoft.Network`.
    pub(crate) namespace: &'static str,
    /// `virtualNetworks`, and `subnets` below.
    pub(crate) types: &'static [&'static str],
    /// The type of its resources in an inventory; empty where they belong to what they are a part of.
    pub(crate) resource_type: &'static str,
    /// What the properties of a request may hold and have an effect here.
    pub(crate) members: &'static [&'static str],
    /// What a request may hold besides location, tags and properties.
    pub(crate) further: &'static [&'static str],
    /// The properties that an inventory shows.
    pub(crate) properties: &'static [&'static str],
    /// What an inventory shows besides: its name, and its value.
    pub(crate) described: fn(&State, &Item) -> Vec<(&'static str, String)>,
    /// Whether a location has to be given.
    pub(crate) has_location: bool,
    /// Seconds of a creation, of a change and of a deletion: none where it is there at once.
    pub(crate) seconds: [i64; 3],
    pub(crate) begins: Begins,
    pub(crate) is_name: fn(&str) -> bool,
    /// The code of a refused deletion, when something uses the resource.
    pub(crate) in_use: &'static str,
    /// Refuses a deletion, for another reason than that something uses the resource.
    pub(crate) check_delete: fn(&State, &Item) -> Result<(), ApiError>,
    /// The code of a refused change, while another one runs.
    pub(crate) busy: &'static str,
    /// Checks a new resource or a change, and adds what the caller left out.
    pub(crate) prepare: fn(&mut State, &Call<'_>, &mut Draft) -> Result<(), ApiError>,
    /// How an accepted change fails in its operation.
    pub(crate) failure: fn(&State, &Call<'_>, &Draft) -> Option<Failure>,
    /// What follows when half of a creation is done; the flag says that there are no machines.
    pub(crate) halfway: fn(&mut State, &str, bool),
    /// What follows when a resource was made.
    pub(crate) made: fn(&mut State, &str),
    /// What follows when it was changed.
    pub(crate) changed: fn(&mut State, &str),
    /// What follows when it is gone; the flag says that something is left.
    pub(crate) removed: fn(&mut State, &Item, bool),
    /// Whether another resource that refers to this one keeps it from being deleted.
    pub(crate) is_kept_by: fn(&Item, &Item) -> bool,
    /// Adds the members that follow from others, or from other resources.
    pub(crate) show: fn(&State, &Item, &mut Object),
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.full_type())
    }
}

impl Kind {
    /// A resource type with nothing special about it.
    pub(crate) const fn plain(
        namespace: &'static str,
        types: &'static [&'static str],
        resource_type: &'static str,
    ) -> Self {
        Self {
            namespace,
            types,
            resource_type,
            members: &[],
            further: &[],
            properties: &[],
            described: |_, _| Vec::new(),
            has_location: true,
            seconds: [5, 5, 5],
            begins: Begins::Created,
            is_name: is_usual_name,
            in_use: "InUse",
            check_delete: |_, _| Ok(()),
            busy: "AnotherOperationInProgress",
            prepare: |_, _, _| Ok(()),
            failure: |_, _, _| None,
            halfway: |_, _, _| {},
            made: |_, _| {},
            changed: |_, _| {},
            removed: |_, _, _| {},
            is_kept_by: |_, _| true,
            show: |_, _, _| {},
        }
    }

    /// `Microsoft.Network/virtualNetworks/subnets`.
    pub(crate) fn full_type(&self) -> String {
        format!("{}/{}", self.namespace, self.types.join("/"))
    }

    /// Whether resources stand in the list of all resources: parts of others do not, but for links of zones.
    pub(crate) fn is_listed(&self) -> bool {
        self.types.len() == 1 || self.types.last() == Some(&"virtualNetworkLinks")
    }

    /// The id of a resource in a group, by the names of what it is a part of and its own.
    pub(crate) fn id(&self, subscription: &str, group: &str, names: &[&str]) -> String {
        let parts = self.types.iter().zip(names);
        let parts: String = parts
            .map(|(kind, name)| format!("/{kind}/{name}"))
            .collect();
        format!(
            "{subscription}/resourceGroups/{group}/providers/{}{parts}",
            self.namespace
        )
    }
}

/// Letters, digits, dots, underscores and dashes.
fn is_usual_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=80).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(fits)
}
