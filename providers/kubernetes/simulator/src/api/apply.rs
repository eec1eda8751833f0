//! Server-side apply: a client names the fields that it wants to own, and gets them unless others own them.
//!
//! Source: the documentation of server-side apply; merging, pruning and conflicts follow its rules.

use serde_json::{Map, Value};

use crate::api::diff;
use crate::api::field_managers::{Conflict, Managers, Writer};
use crate::api::field_set::PathElement;
use crate::store::schema::{self, Field, Shape};
use crate::store::types::Type;

/// Merges an applied object into the existing one, if there is one. Fields that the manager applied before
/// and now leaves out are removed, unless others own them too.
///
/// # Errors
/// If others own what would change, and it is not forced: each such field.
pub(crate) fn apply(
    of: &'static Type,
    writer: &Writer<'_>,
    live: &Value,
    wanted: &Value,
    force: bool,
) -> Result<Value, Vec<Conflict>> {
    let mut managers = Managers::of(live);
    let root = Field::of_type(of.kind);
    let mut after = merged(&root, live.clone(), wanted);
    let before = managers.owned_by(writer);
    let named = diff::named(of.kind, wanted);
    managers.assign(of, writer, named);
    let owned = managers.all_owned();
    let mut left: Vec<Vec<PathElement>> = before.paths();
    // An item is removed as a whole: without its keys it could not be found again.
    left.sort_by_key(Vec::len);
    for path in left.iter().filter(|path| !owned.touches(path)) {
        take(&root, &mut after, path);
    }
    let found = diff::diff(of.kind, live, &after, false);
    let conflicts = managers.conflicts(writer, &found.written);
    if !conflicts.is_empty() && !force {
        return Err(conflicts);
    }
    managers.disown(writer, &found.written);
    managers.forget(&found.gone);
    managers.write(&mut after);
    Ok(after)
}

fn merged(field: &Field, old: Value, new: &Value) -> Value {
    if field.is_atomic() {
        return new.clone();
    }
    match (&field.shape, old, new) {
        (Shape::Object(_) | Shape::Map(_), Value::Object(mut map), Value::Object(new)) => {
            for (key, value) in new {
                let inner = below(field, key);
                let old = map.remove(key).unwrap_or_default();
                map.insert(key.clone(), merged(&inner, old, value));
            }
            Value::Object(map)
        }
        (Shape::List(_), Value::Array(mut list), Value::Array(new)) => {
            for value in new {
                let step = diff::item_element(field, value);
                let same = |item: &&mut Value| diff::item_element(field, item) == step;
                match list.iter_mut().find(same) {
                    Some(item) => *item = merged(&field.inner(), item.take(), value),
                    None => list.push(value.clone()),
                }
            }
            Value::Array(list)
        }
        (_, _, new) => new.clone(),
    }
}

/// Removes the value at a path.
fn take(field: &Field, value: &mut Value, path: &[PathElement]) {
    let Some((step, rest)) = path.split_first() else {
        return;
    };
    match value {
        Value::Object(map) => {
            let name = step.strip_prefix("f:").unwrap_or(step);
            if rest.is_empty() {
                map.remove(name);
            } else if let Some(inner) = map.get_mut(name) {
                take(&below(field, name), inner, rest);
                // A map or list that held only this is removed with it.
                if inner.as_object().is_some_and(Map::is_empty)
                    || inner.as_array().is_some_and(Vec::is_empty)
                {
                    map.remove(name);
                }
            }
        }
        Value::Array(list) => {
            let at = list
                .iter()
                .position(|item| diff::item_element(field, item) == *step);
            match at {
                Some(index) if rest.is_empty() => {
                    list.remove(index);
                }
                Some(index) => take(&field.inner(), &mut list[index], rest),
                None => {}
            }
        }
        _ => {}
    }
}

fn below(field: &Field, name: &str) -> Field {
    match &field.shape {
        Shape::Object(of) => schema::find(of)
            .and_then(|of| of.field(name))
            .cloned()
            .unwrap_or_else(|| field.inner()),
        _ => field.inner(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by(
        manager: &str,
        wanted: &Value,
        live: &Value,
        force: bool,
    ) -> Result<Value, Vec<Conflict>> {
        let writer = Writer {
            manager,
            applies: true,
            subresource: None,
            now: "2026-03-01T10:00:00Z",
        };
        apply(Type::of("configmaps"), &writer, live, wanted, force)
    }

    #[test]
    fn what_a_manager_leaves_out_goes_unless_another_owns_it_too() {
        let both = json!({"data": {"a": "1", "b": "1"}});
        let live = by("one", &both, &json!({}), false).unwrap();
        let live = by("two", &json!({"data": {"b": "1"}}), &live, false).unwrap();
        let after = by("one", &json!({}), &live, false).unwrap();
        assert_eq!(after["data"], json!({"b": "1"}));
    }

    #[test]
    fn an_item_that_is_left_out_goes_with_all_that_the_server_filled_in() {
        let writer = Writer {
            manager: "one",
            applies: true,
            subresource: None,
            now: "2026-03-01T10:00:00Z",
        };
        let service = |port: Value| json!({"spec": {"ports": [port]}});
        let first = service(json!({"name": "a", "port": 80}));
        let of = Type::of("services");
        let mut live = apply(of, &writer, &json!({}), &first, false).unwrap();
        live["spec"]["ports"][0]["protocol"] = "TCP".into();
        live["spec"]["ports"][0]["targetPort"] = 80.into();
        let second = service(json!({"name": "a", "port": 81}));
        let after = apply(of, &writer, &live, &second, false).unwrap();
        assert_eq!(after["spec"], second["spec"]);
    }

    #[test]
    fn another_value_for_what_another_owns_is_a_conflict_until_it_is_forced() {
        let live = by(
            "one",
            &json!({"data": {"a": "1", "b": "1"}}),
            &json!({}),
            false,
        )
        .unwrap();
        let wanted = json!({"data": {"a": "2"}});
        let conflict = Conflict {
            with: "\"one\"".to_owned(),
            field: ".data.a".to_owned(),
        };
        assert_eq!(by("two", &wanted, &live, false).unwrap_err(), [conflict]);
        let after = by("two", &wanted, &live, true).unwrap();
        assert_eq!(after["data"], json!({"a": "2", "b": "1"}));
        let owns = |index: usize| after["metadata"]["managedFields"][index]["fieldsV1"].clone();
        assert_eq!(owns(0), json!({"f:data": {"f:b": {}}}));
        assert_eq!(owns(1), json!({"f:data": {"f:a": {}}}));
    }
}
