//! Sets of fields, as trees: the parts of an object that a manager owns.
//!
//! Source: the documentation of server-side apply, and the form `FieldsV1` (`f:` a field, `k:` an item by its
//! keys, `v:` a plain item, `.` the value itself).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Metadata that only the server owns.
const SERVERS_OWN: [&str; 9] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "uid",
];

/// One element of a path into an object, as `FieldsV1` writes it: `f:data`, `k:{"name":"c"}`, `v:"x"`.
pub(crate) type PathElement = String;

/// A set of fields, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    here: bool,
    below: BTreeMap<PathElement, Self>,
}

impl FieldSet {
    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        !self.here && self.below.values().all(Self::is_empty)
    }

    /// Adds all of another set.
    pub(crate) fn add(&mut self, other: &Self) {
        self.here |= other.here;
        for (step, inner) in &other.below {
            self.below.entry(step.clone()).or_default().add(inner);
        }
    }

    /// Removes exactly what is in another set.
    pub(crate) fn take_out(&mut self, other: &Self) {
        self.here &= !other.here;
        for (step, inner) in &other.below {
            if let Some(mine) = self.below.get_mut(step) {
                mine.take_out(inner);
            }
        }
        self.below.retain(|_, inner| !inner.is_empty());
    }

    /// What is in both.
    pub(crate) fn shared(&self, other: &Self) -> Self {
        let mut shared = Self {
            here: self.here && other.here,
            below: BTreeMap::new(),
        };
        for (step, inner) in &self.below {
            if let Some(theirs) = other.below.get(step) {
                shared.below.insert(step.clone(), inner.shared(theirs));
            }
        }
        shared.below.retain(|_, inner| !inner.is_empty());
        shared
    }

    /// All paths in it.
    pub(crate) fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut paths = Vec::new();
        if self.here {
            paths.push(Vec::new());
        }
        for (step, inner) in &self.below {
            for mut path in inner.paths() {
                path.insert(0, step.clone());
                paths.push(path);
            }
        }
        paths
    }

    /// Whether a path, or anything below it, is in it.
    pub(crate) fn touches(&self, path: &[PathElement]) -> bool {
        match path.split_first() {
            None => !self.is_empty(),
            Some((step, rest)) => self
                .below
                .get(step)
                .is_some_and(|inner| inner.touches(rest)),
        }
    }

    /// Reads `FieldsV1`.
    pub(crate) fn read(value: &Value) -> Self {
        let mut set = Self::default();
        let map = value.as_object().cloned().unwrap_or_default();
        set.here = map.is_empty() || map.contains_key(".");
        for (step, inner) in map.iter().filter(|(step, _)| *step != ".") {
            set.below.insert(step.clone(), Self::read(inner));
        }
        set
    }

    /// Writes `FieldsV1`.
    pub(crate) fn write(&self) -> Value {
        let mut map = Map::new();
        if self.here && !self.below.is_empty() {
            map.insert(".".to_owned(), json!({}));
        }
        for (step, inner) in &self.below {
            map.insert(step.clone(), inner.write());
        }
        Value::Object(map)
    }

    /// Adds a path.
    pub(crate) fn insert(&mut self, path: &[PathElement]) {
        match path.split_first() {
            None => self.here = true,
            Some((step, rest)) => self.below.entry(step.clone()).or_default().insert(rest),
        }
    }

    /// Without what belongs to the server, and without the status unless it is what was written.
    pub(crate) fn owned(mut self, status: bool) -> Self {
        for step in ["f:apiVersion", "f:kind"] {
            self.below.remove(step);
        }
        if status {
            self.below.retain(|step, _| step == "f:status");
        } else {
            self.below.remove("f:status");
        }
        if let Some(metadata) = self.below.get_mut("f:metadata") {
            metadata.here = false;
            for name in SERVERS_OWN {
                metadata.below.remove(&format!("f:{name}"));
            }
        }
        self.here = false;
        self.below.retain(|_, inner| !inner.is_empty());
        self
    }
}

/// A path as text: `.spec.ports[port=80,protocol="TCP"].name`.
pub(crate) fn path_text(path: &[PathElement]) -> String {
    let mut words = String::new();
    for step in path {
        match step.split_once(':') {
            Some(("f", name)) => words += &format!(".{name}"),
            Some(("k", keys)) => {
                let keys: BTreeMap<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let parts: Vec<String> = keys
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                words += &format!("[{}]", parts.join(","));
            }
            Some((_, value)) => words += &format!("[={value}]"),
            None => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_a_real_server_writes_them() {
        let path = [
            "f:spec",
            "f:ports",
            "k:{\"port\":80,\"protocol\":\"TCP\"}",
            "f:name",
        ];
        let expected = ".spec.ports[port=80,protocol=\"TCP\"].name";
        assert_eq!(path_text(&path.map(str::to_owned)), expected);
    }
}
