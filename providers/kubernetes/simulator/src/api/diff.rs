//! The fields that an applied object names, and how two objects differ, field by field.
//!
//! The schema says which lists and maps are owned item by item and which as a whole.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::field_set::{FieldSet, PathElement};
use crate::store::schema::{self, Field, Shape};

/// All fields that an applied object names: what its manager wants to own.
pub(crate) fn named(kind: &'static str, object: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    collect(&Field::of_type(kind), object, &mut Vec::new(), &mut set);
    set.owned(false)
}

fn collect(field: &Field, value: &Value, path: &mut Vec<PathElement>, set: &mut FieldSet) {
    let Some(parts) = parts(field, value) else {
        return set.insert(path);
    };
    // An empty map is owned itself.
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
pub(crate) struct Diff {
    /// Fields that are new or have another value.
    pub(crate) written: FieldSet,
    /// Fields that are gone.
    pub(crate) gone: FieldSet,
}

/// How two objects of a type differ, in the status or in all but the status.
pub(crate) fn diff(kind: &'static str, before: &Value, after: &Value, status: bool) -> Diff {
    let mut found = Diff::default();
    let field = Field::of_type(kind);
    compare(
        &field,
        Some(before),
        Some(after),
        &mut Vec::new(),
        &mut found,
    );
    Diff {
        written: found.written.owned(status),
        gone: found.gone.owned(status),
    }
}

fn compare(
    field: &Field,
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<PathElement>,
    found: &mut Diff,
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
    // No manager owns what every object has from its creation.
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
    let mut steps: BTreeMap<PathElement, (Field, Option<&Value>, Option<&Value>)> = BTreeMap::new();
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
fn parts<'a>(field: &Field, value: &'a Value) -> Option<Vec<(PathElement, Field, &'a Value)>> {
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
            let part = |value: &'a Value| (item_element(field, value), field.inner(), value);
            Some(list.iter().map(part).collect())
        }
        _ => None,
    }
}

/// The path element of an item, in a list whose items have keys.
pub(crate) fn item_element(field: &Field, item: &Value) -> PathElement {
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
mod tests {
    use super::*;

    #[test]
    fn an_applied_object_owns_what_it_names() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
            "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "name": "http"}]},
        });
        // As a real server writes it for this object.
        let expected = json!({"f:spec": {
            "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {
                ".": {}, "f:name": {}, "f:port": {},
            }},
            "f:selector": {},
        }});
        let set = named("Service", &service);
        assert_eq!(set.write(), expected);
        assert_eq!(FieldSet::read(&expected), set);
    }

    #[test]
    fn a_new_object_is_owned_with_the_maps_around_its_values() {
        let map = json!({"metadata": {"name": "a", "labels": {"l": "1"}}, "data": {"x": "1"}});
        let found = diff("ConfigMap", &json!({}), &map, false);
        // As a real server writes it for this object.
        let expected = json!({
            "f:data": {".": {}, "f:x": {}}, "f:metadata": {"f:labels": {".": {}, "f:l": {}}},
        });
        assert_eq!(found.written.write(), expected);
    }

    #[test]
    fn a_change_writes_what_differs_and_loses_what_is_gone() {
        let before = json!({"data": {"a": "1", "b": "1", "c": "1"}});
        let after = json!({"data": {"a": "1", "b": "2", "d": "1"}});
        let found = diff("ConfigMap", &before, &after, false);
        assert_eq!(
            found.written.write(),
            json!({"f:data": {"f:b": {}, "f:d": {}}})
        );
        assert_eq!(found.gone.write(), json!({"f:data": {"f:c": {}}}));
    }

    #[test]
    fn a_status_is_owned_apart() {
        let after = json!({"spec": {"replicas": 1}, "status": {"replicas": 1}});
        let written = |status| {
            diff("Deployment", &json!({}), &after, status)
                .written
                .write()
        };
        assert_eq!(written(false), json!({"f:spec": {"f:replicas": {}}}));
        assert_eq!(written(true), json!({"f:status": {"f:replicas": {}}}));
    }
}
