//! JSON merge patch (RFC 7396) and JSON patch (RFC 6902).

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::json::{items, text};

/// The value with a merge patch: `null` removes, objects merge, anything else replaces.
pub(crate) fn merged(base: Value, change: &Value) -> Value {
    let Value::Object(change) = change else {
        return change.clone();
    };
    let mut map = match base {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    for (key, value) in change {
        if value.is_null() {
            map.remove(key);
        } else {
            let old = map.remove(key).unwrap_or_default();
            map.insert(key.clone(), merged(old, value));
        }
    }
    Value::Object(map)
}

/// The value with a JSON patch. Operations: add, remove, replace, test; the others are refused.
pub(crate) fn json_patch(base: &Value, change: &Value) -> Result<Value, Failure> {
    let mut value = base.clone();
    for step in items(change, "") {
        let (what, path) = (text(step, "/op"), text(step, "/path"));
        let new = step.get("value").cloned().unwrap_or_default();
        let done = match what {
            "test" => value.pointer(path) == Some(&new),
            "remove" => take(&mut value, path).is_some(),
            "replace" => value.pointer_mut(path).map(|old| *old = new).is_some(),
            "add" => add(&mut value, path, new).is_some(),
            other => return Err(Failure::not_simulated(&format!("JSON patch {other}"))),
        };
        if !done {
            return Err(Failure::bad_request(format!(
                "the server rejected our request: JSON patch `{what} {path}` does not apply"
            )));
        }
    }
    Ok(value)
}

fn parts(path: &str) -> Option<(&str, String)> {
    let (parent, key) = path.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

fn take(value: &mut Value, path: &str) -> Option<Value> {
    let (parent, key) = parts(path)?;
    match value.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&key),
        Value::Array(list) => {
            let index = key.parse().ok().filter(|index| *index < list.len())?;
            Some(list.remove(index))
        }
        _ => None,
    }
}

fn add(value: &mut Value, path: &str, new: Value) -> Option<()> {
    let (parent, key) = parts(path)?;
    match value.pointer_mut(parent)? {
        Value::Object(map) => {
            map.insert(key, new);
        }
        Value::Array(list) if key == "-" => list.push(new),
        Value::Array(list) => {
            let index = key.parse().ok().filter(|index| *index <= list.len())?;
            list.insert(index, new);
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_merges_objects_and_removes_nulls() {
        let base = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        let change = json!({"a": {"b": null, "e": 3}, "d": [2]});
        assert_eq!(
            merged(base, &change),
            json!({"a": {"c": 2, "e": 3}, "d": [2]})
        );
    }

    #[test]
    fn a_json_patch_adds_tests_and_removes_in_order() {
        let base = json!({"list": [1, 2], "map": {"a/b": 1}});
        let change = json!([
            {"op": "test", "path": "/map/a~1b", "value": 1},
            {"op": "add", "path": "/list/-", "value": 3},
            {"op": "remove", "path": "/list/0"},
            {"op": "replace", "path": "/map/a~1b", "value": 2},
        ]);
        let expected = json!({"list": [2, 3], "map": {"a/b": 2}});
        assert_eq!(json_patch(&base, &change).ok(), Some(expected));
        let failing = json!([{"op": "test", "path": "/list/0", "value": 9}]);
        assert!(json_patch(&base, &failing).is_err());
    }
}
