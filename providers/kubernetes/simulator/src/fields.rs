//! Sets of fields: which parts of an object somebody owns, and how two objects differ.
//!
//! Apart from who owns them. Source: the documentation of server-side apply, and the form `FieldsV1`
//! (`f:` a field, `k:` an item by its keys, `v:` a plain item, `.` the thing itself).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::schema::{self, Field, Shape};

/// Metadata that belongs to the server and to nobody else.
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

/// A step into an object, as `FieldsV1` writes it: `f:data`, `k:{"name":"c"}`, `v:"x"`.
pub(crate) type Step = String;

/// A set of fields, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    here: bool,
    below: BTreeMap<Step, Self>,
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

    /// Takes out exactly what is in another set.
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
    pub(crate) fn paths(&self) -> Vec<Vec<Step>> {
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
    pub(crate) fn touches(&self, path: &[Step]) -> bool {
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

    fn insert(&mut self, path: &[Step]) {
        match path.split_first() {
            None => self.here = true,
            Some((step, rest)) => self.below.entry(step.clone()).or_default().insert(rest),
        }
    }

    /// Without what belongs to the server, and without the status unless it is what was written.
    fn owned(mut self, status: bool) -> Self {
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

/// A path in words: `.spec.ports[port=80,protocol="TCP"].name`.
pub(crate) fn in_words(path: &[Step]) -> String {
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

/// All fields that an applied object names: what its manager wants to own.
pub(crate) fn named(kind: &'static str, object: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    collect(&Field::of_type(kind), object, &mut Vec::new(), &mut set);
    set.owned(false)
}

fn collect(field: &Field, value: &Value, path: &mut Vec<Step>, set: &mut FieldSet) {
    let Some(parts) = parts(field, value) else {
        return set.insert(path);
    };
    // A map that holds nothing is owned itself.
    if parts.is_empty() && value.is_object() {
        set.insert(path);
    }
    let items = matches!(field.shape, Shape::Map(_) | Shape::List(_));
    for (step, inner, value) in parts {
        path.push(step);
        collect(&inner, value, path, set);
        if items {
            set.insert(path);
        }
        path.pop();
    }
}

/// How an object changed: what is new or different, and what is gone.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// Fields that are new or have another value.
    pub(crate) written: FieldSet,
    /// Fields that are gone.
    pub(crate) gone: FieldSet,
}

/// How two objects of a type differ, in the status or in all but the status.
pub(crate) fn difference(
    kind: &'static str,
    before: &Value,
    after: &Value,
    status: bool,
) -> Difference {
    let mut found = Difference::default();
    let field = Field::of_type(kind);
    compare(
        &field,
        Some(before),
        Some(after),
        &mut Vec::new(),
        &mut found,
    );
    Difference {
        written: found.written.owned(status),
        gone: found.gone.owned(status),
    }
}

fn compare(
    field: &Field,
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<Step>,
    found: &mut Difference,
) {
    if before == after {
        return;
    }
    let old = before
        .and_then(|value| parts(field, value))
        .unwrap_or_default();
    let new = after
        .and_then(|value| parts(field, value))
        .unwrap_or_default();
    if field.is_atomic() || (old.is_empty() && new.is_empty()) {
        let set = if after.is_some() {
            &mut found.written
        } else {
            &mut found.gone
        };
        return set.insert(path);
    }
    // What every object has from its beginning is nobody's.
    let given = matches!(
        path.last().map(String::as_str),
        None | Some(
            "f:metadata" | "f:spec" | "f:status" | "f:strategy" | "f:template" | "f:containers"
        )
    );
    if before.is_none() && !given {
        found.written.insert(path);
    }
    if after.is_none() {
        found.gone.insert(path);
    }
    let mut steps: BTreeMap<Step, (Field, Option<&Value>, Option<&Value>)> = BTreeMap::new();
    for (step, inner, value) in old {
        steps.insert(step, (inner, Some(value), None));
    }
    for (step, inner, value) in new {
        steps.entry(step).or_insert((inner, None, None)).2 = Some(value);
    }
    for (step, (inner, before, after)) in steps {
        path.push(step);
        compare(&inner, before, after, path, found);
        path.pop();
    }
}

/// The parts of a value, each a step with its field; none when the value is owned as a whole.
fn parts<'a>(field: &Field, value: &'a Value) -> Option<Vec<(Step, Field, &'a Value)>> {
    if field.is_atomic() {
        return None;
    }
    match (&field.shape, value) {
        (Shape::Object(name), Value::Object(map)) => {
            let of = schema::find(name)?;
            let known = |name: &str| of.field(name).cloned();
            let part = |(name, value): (&'a String, &'a Value)| {
                Some((format!("f:{name}"), known(name)?, value))
            };
            Some(map.iter().filter_map(part).collect())
        }
        (Shape::Map(_), Value::Object(map)) => {
            let part = |(name, value): (&'a String, &'a Value)| {
                (format!("f:{name}"), field.inner(), value)
            };
            Some(map.iter().map(part).collect())
        }
        (Shape::List(_), Value::Array(list)) => {
            let part = |value: &'a Value| (item_step(field, value), field.inner(), value);
            Some(list.iter().map(part).collect())
        }
        _ => None,
    }
}

/// The step to an item of a list that tells its items apart.
pub(crate) fn item_step(field: &Field, item: &Value) -> Step {
    if field.is_set {
        return format!("v:{item}");
    }
    let of = match &field.shape {
        Shape::List(inner) => match **inner {
            Shape::Object(name) => schema::find(name),
            _ => None,
        },
        _ => None,
    };
    let keys: BTreeMap<&str, Value> = field
        .keys
        .iter()
        .filter_map(|key| {
            let default = || {
                let field = of?.field(key)?;
                Some(Value::from(field.default?))
            };
            Some((*key, item.get(*key).cloned().or_else(default)?))
        })
        .collect();
    format!("k:{}", json!(keys))
}

#[cfg(test)]
mod tests;
