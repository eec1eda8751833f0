//! The field managers of an object: who owns which of its fields, as `metadata.managedFields` says.
//!
//! The simulated controllers write without a manager: only clients own fields here.

use serde_json::{Value, json};

use crate::api::diff::diff;
use crate::api::field_set::{self, FieldSet};
use crate::json::{items, remove, set, text};
use crate::store::types::Type;

/// A writer: who writes, how and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) manager: &'a str,
    /// Whether it applies; otherwise it updates.
    pub(crate) applies: bool,
    /// The subresource that it writes, if it is not the object itself.
    pub(crate) subresource: Option<&'a str>,
    pub(crate) now: &'a str,
}

/// One manager of an object.
#[derive(Clone, Debug)]
struct Manager {
    name: String,
    applies: bool,
    subresource: String,
    version: String,
    time: String,
    owns: FieldSet,
}

impl Manager {
    fn is(&self, writer: &Writer<'_>) -> bool {
        self.name == writer.manager
            && self.applies == writer.applies
            && self.subresource == writer.subresource.unwrap_or_default()
    }

    fn describe(&self) -> String {
        let mut words = format!("\"{}\"", self.name);
        if !self.subresource.is_empty() {
            words += &format!(" with subresource \"{}\"", self.subresource);
        }
        if !self.applies {
            words += &format!(" using {}", self.version);
        }
        words
    }
}

/// All managers of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Managers {
    list: Vec<Manager>,
}

/// A field that another manager owns, as text: who, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) with: String,
    pub(crate) field: String,
}

impl Managers {
    /// The managers that an object names.
    pub(crate) fn of(object: &Value) -> Self {
        let list = items(object, "/metadata/managedFields")
            .iter()
            .filter(|entry| !text(entry, "/manager").is_empty())
            .map(|entry| Manager {
                name: text(entry, "/manager").to_owned(),
                applies: text(entry, "/operation") == "Apply",
                subresource: text(entry, "/subresource").to_owned(),
                version: text(entry, "/apiVersion").to_owned(),
                time: text(entry, "/time").to_owned(),
                owns: FieldSet::read(&entry["fieldsV1"]),
            })
            .collect();
        Self { list }
    }

    /// What a manager owns.
    pub(crate) fn owned_by(&self, writer: &Writer<'_>) -> FieldSet {
        let mine = self.list.iter().find(|manager| manager.is(writer));
        mine.map(|manager| manager.owns.clone()).unwrap_or_default()
    }

    /// What all managers own together.
    pub(crate) fn all_owned(&self) -> FieldSet {
        let mut all = FieldSet::default();
        for manager in &self.list {
            all.add(&manager.owns);
        }
        all
    }

    /// The fields of a set that others own.
    pub(crate) fn conflicts(&self, writer: &Writer<'_>, written: &FieldSet) -> Vec<Conflict> {
        let mut found = Vec::new();
        for manager in self.list.iter().filter(|manager| !manager.is(writer)) {
            for path in manager.owns.shared(written).paths() {
                found.push(Conflict {
                    with: manager.describe(),
                    field: field_set::path_text(&path),
                });
            }
        }
        found
    }

    /// Removes these from all managers but the writer.
    pub(crate) fn disown(&mut self, writer: &Writer<'_>, fields: &FieldSet) {
        for manager in self.list.iter_mut().filter(|manager| !manager.is(writer)) {
            manager.owns.take_out(fields);
        }
    }

    /// Removes these from all managers.
    pub(crate) fn forget(&mut self, fields: &FieldSet) {
        for manager in &mut self.list {
            manager.owns.take_out(fields);
        }
    }

    /// Sets what a manager owns. Its time changes only if that does.
    pub(crate) fn assign(&mut self, of: &Type, writer: &Writer<'_>, owns: FieldSet) {
        match self.list.iter_mut().find(|manager| manager.is(writer)) {
            Some(mine) if mine.owns == owns => {}
            Some(mine) => {
                mine.owns = owns;
                writer.now.clone_into(&mut mine.time);
            }
            None => self.list.push(Manager {
                name: writer.manager.to_owned(),
                applies: writer.applies,
                subresource: writer.subresource.unwrap_or_default().to_owned(),
                version: of.api_version(),
                time: writer.now.to_owned(),
                owns,
            }),
        }
    }

    /// Writes the managers into their object: those that apply first, then by time and name.
    pub(crate) fn write(mut self, object: &mut Value) {
        self.list.retain(|manager| !manager.owns.is_empty());
        if self.list.is_empty() {
            return remove(object, "/metadata/managedFields");
        }
        self.list.sort_by_cached_key(|manager| {
            (!manager.applies, manager.time.clone(), manager.name.clone())
        });
        let entries: Vec<Value> = self
            .list
            .iter()
            .map(|manager| {
                let operation = if manager.applies { "Apply" } else { "Update" };
                let mut entry = json!({
                    "manager": manager.name, "operation": operation,
                    "apiVersion": manager.version, "time": manager.time,
                    "fieldsType": "FieldsV1", "fieldsV1": manager.owns.write(),
                });
                if !manager.subresource.is_empty() {
                    set(&mut entry, "/subresource", manager.subresource.clone());
                }
                entry
            })
            .collect();
        set(object, "/metadata/managedFields", entries);
    }
}

/// Records who wrote what when an object was created, replaced or patched.
pub(crate) fn updated(of: &'static Type, writer: &Writer<'_>, before: &Value, after: &mut Value) {
    let mut managers = Managers::of(before);
    let given = after.pointer("/metadata/managedFields");
    // An empty list is the documented way to start over.
    if given
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().all(|entry| text(entry, "/manager").is_empty()))
    {
        return remove(after, "/metadata/managedFields");
    }
    let status = writer.subresource == Some("status");
    let found = diff(of.kind, before, after, status);
    managers.disown(writer, &found.written);
    managers.forget(&found.gone);
    let mut mine = managers.owned_by(writer);
    mine.add(&found.written);
    managers.assign(of, writer, mine);
    managers.write(after);
}
