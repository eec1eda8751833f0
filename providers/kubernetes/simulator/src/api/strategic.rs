//! Strategic merge patch: lists of named things merge by their key, as kubectl expects.
//!
//! Source: the documentation of strategic merge patch; the keys are those of the API's schema.

use serde_json::{Map, Value};

use crate::json::{items, text};
use crate::store::schema::{self, Field, Shape};

/// An object of a kind with a strategic merge patch applied.
pub(crate) fn merged(kind: &'static str, base: Value, change: &Value) -> Value {
    value(&Field::of_type(kind), base, change)
}

fn value(field: &Field, base: Value, change: &Value) -> Value {
    match (base, change) {
        (Value::Array(old), Value::Array(new)) => list(field, old, new),
        (base, Value::Object(change)) => object(field, base, change),
        (_, change) => change.clone(),
    }
}

fn object(field: &Field, base: Value, change: &Map<String, Value>) -> Value {
    let mut map = match base {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    if change.get("$patch").is_some_and(|what| what == "replace") {
        map.clear();
    }
    if let Some(Value::Array(kept)) = change.get("$retainKeys") {
        map.retain(|key, _| kept.iter().any(|name| name == key));
    }
    for (key, new) in change {
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(Value::Array(old)) = map.get_mut(list) {
                old.retain(|item| !items(new, "").contains(item));
            }
        } else if key.starts_with('$') {
            // Order directives change nothing that is read here.
        } else if new.is_null() {
            map.remove(key);
        } else {
            let old = map.remove(key).unwrap_or_default();
            map.insert(key.clone(), value(&below(field, key), old, new));
        }
    }
    Value::Object(map)
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

fn list(field: &Field, old: Vec<Value>, new: &[Value]) -> Value {
    Value::Array(match field.merge_key {
        None => new.to_vec(),
        Some("") => {
            let fresh: Vec<Value> = new
                .iter()
                .filter(|item| !old.contains(item))
                .cloned()
                .collect();
            [old, fresh].concat()
        }
        Some(key) => by_key(field, old, new, key),
    })
}

fn by_key(field: &Field, mut list: Vec<Value>, changes: &[Value], key: &str) -> Vec<Value> {
    if changes
        .iter()
        .any(|change| text(change, "/$patch") == "replace")
    {
        let whole = |change: &&Value| change.get("$patch").is_none();
        return changes.iter().filter(whole).cloned().collect();
    }
    for change in changes {
        let at = list
            .iter()
            .position(|item| item.get(key) == change.get(key));
        let removed = text(change, "/$patch") == "delete";
        match at {
            Some(index) if removed => {
                list.remove(index);
            }
            Some(index) => list[index] = value(&field.inner(), list[index].take(), change),
            None if removed => {}
            None => list.push(change.clone()),
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::merged;

    fn check(base: serde_json::Value, change: serde_json::Value, expected: serde_json::Value) {
        let whole = |spec| json!({"spec": spec});
        assert_eq!(merged("Pod", whole(base), &whole(change)), whole(expected));
    }

    #[test]
    fn containers_merge_by_name_and_can_be_removed() {
        check(
            json!({"containers": [{"name": "a", "image": "x", "tty": true}, {"name": "b"}]}),
            json!({"containers": [
                {"name": "a", "image": "y"}, {"name": "b", "$patch": "delete"}, {"name": "c"},
            ]}),
            json!({"containers": [{"name": "a", "image": "y", "tty": true}, {"name": "c"}]}),
        );
    }

    #[test]
    fn lists_without_a_key_are_replaced() {
        check(
            json!({"tolerations": [{"key": "a"}], "containers": [{"name": "c", "args": ["1"]}]}),
            json!({"tolerations": [{"key": "b"}], "containers": [{"name": "c", "args": ["2"]}]}),
            json!({"tolerations": [{"key": "b"}], "containers": [{"name": "c", "args": ["2"]}]}),
        );
    }

    #[test]
    fn keys_that_are_not_retained_go() {
        check(
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [
                {"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}},
            ]}),
            json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
        );
    }
}
