//! Patches: JSON merge patch (RFC 7396), JSON patch (RFC 6902), strategic merge patch.
//!
//! Pure functions: they compute the patched object and write nothing.

use serde_json::{Map, Value};

use crate::api::strategic;
use crate::json::{items, text};
use crate::wire::status::Failure;

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// The media types of patches that change what is there.
pub(crate) const MEDIA_TYPES: [&str; 3] = [JSON_PATCH, MERGE, STRATEGIC];

/// Reads a patch.
pub(crate) fn read(media: &str, bytes: &[u8]) -> Result<Value, Failure> {
    let wrong = |why: String| Failure::bad_request(format!("error decoding patch: {why}"));
    let patch: Value = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
    match (media, &patch) {
        (JSON_PATCH, Value::Array(_)) => Ok(patch),
        (JSON_PATCH, _) => Err(wrong("a JSON patch is a list of steps".to_owned())),
        (_, Value::Object(_)) => Ok(patch),
        _ => Err(wrong("a merge patch is an object".to_owned())),
    }
}

/// An object of a kind, patched.
pub(crate) fn patched(
    kind: &'static str,
    media: &str,
    base: &Value,
    patch: &Value,
) -> Result<Value, Failure> {
    match media {
        JSON_PATCH => json_patch(base, patch),
        MERGE => Ok(merged(base.clone(), patch)),
        _ => Ok(strategic::merged(kind, base.clone(), patch)),
    }
}

/// The value with a merge patch: `null` removes, objects merge, anything else replaces.
fn merged(base: Value, change: &Value) -> Value {
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

/// The value with a JSON patch.
fn json_patch(base: &Value, change: &Value) -> Result<Value, Failure> {
    let mut value = base.clone();
    for step in items(change, "") {
        if apply(&mut value, step).is_none() {
            return Err(Failure::patch_does_not_apply());
        }
    }
    Ok(value)
}

fn apply(value: &mut Value, step: &Value) -> Option<()> {
    let (path, from) = (text(step, "/path"), text(step, "/from"));
    let new = step.get("value").cloned();
    match text(step, "/op") {
        "test" => (value.pointer(path) == new.as_ref()).then_some(()),
        "remove" => take(value, path).map(|_| ()),
        "replace" => {
            *value.pointer_mut(path)? = new?;
            Some(())
        }
        "add" => add(value, path, new?),
        "copy" => {
            let copy = value.pointer(from)?.clone();
            add(value, path, copy)
        }
        "move" => {
            let moved = take(value, from)?;
            add(value, path, moved)
        }
        _ => None,
    }
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
    fn a_json_patch_does_all_steps_or_none() {
        let base = json!({"a": ["x"], "b/c": 1});
        let steps = json!([
            {"op": "test", "path": "/b~1c", "value": 1},
            {"op": "add", "path": "/a/-", "value": "y"},
            {"op": "replace", "path": "/a/0", "value": "z"},
            {"op": "copy", "from": "/a/1", "path": "/d"},
            {"op": "move", "from": "/b~1c", "path": "/e"},
        ]);
        let expected = json!({"a": ["z", "y"], "d": "y", "e": 1});
        assert_eq!(json_patch(&base, &steps).unwrap(), expected);
        for step in [
            json!({"op": "test", "path": "/a/0", "value": "y"}),
            json!({"op": "remove", "path": "/a/1"}),
            json!({"op": "replace", "path": "/none", "value": 1}),
            json!({"op": "other", "path": "/a"}),
        ] {
            assert!(json_patch(&base, &json!([step])).is_err(), "{step}");
        }
    }
}
