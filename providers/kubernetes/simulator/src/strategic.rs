//! Strategic merge patch: lists of named things merge by their key, as kubectl expects.
//!
//! Source of the keys: the `patchMergeKey` marks of the Kubernetes API types.

use serde_json::{Map, Value};

use crate::json::{items, text};

/// The value with a strategic merge patch.
pub(crate) fn merged(base: Value, change: &Value) -> Value {
    let Value::Object(change) = change else {
        return change.clone();
    };
    let mut map = match base {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    if change.get("$patch").is_some_and(|what| what == "replace") {
        map.clear();
    }
    for (key, value) in change {
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(Value::Array(old)) = map.get_mut(list) {
                old.retain(|item| !items(value, "").contains(item));
            }
        } else if key.starts_with('$') {
            // Directives of order and retention change nothing that is read here.
        } else if value.is_null() {
            map.remove(key);
        } else {
            let old = map.remove(key).unwrap_or_default();
            map.insert(key.clone(), field(key, old, value));
        }
    }
    Value::Object(map)
}

fn field(name: &str, old: Value, new: &Value) -> Value {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) => match merge_key(name, new) {
            Some("") => {
                let fresh: Vec<Value> = new
                    .iter()
                    .filter(|item| !old.contains(item))
                    .cloned()
                    .collect();
                Value::Array([old, fresh].concat())
            }
            Some(key) => Value::Array(by_key(old, new, key)),
            None => Value::Array(new.clone()),
        },
        (old, new) => merged(old, new),
    }
}

/// The key by which a list merges; empty for sets of texts; none when lists replace each other.
fn merge_key(name: &str, items: &[Value]) -> Option<&'static str> {
    match name {
        "containers" | "initContainers" | "volumes" | "env" | "imagePullSecrets" => Some("name"),
        "conditions" => Some("type"),
        "taints" => Some("key"),
        "ownerReferences" => Some("uid"),
        "volumeMounts" => Some("mountPath"),
        "finalizers" => Some(""),
        "ports" if items.iter().any(|item| item.get("containerPort").is_some()) => {
            Some("containerPort")
        }
        "ports" => Some("port"),
        _ => None,
    }
}

fn by_key(mut list: Vec<Value>, changes: &[Value], key: &str) -> Vec<Value> {
    for change in changes {
        let at = list
            .iter()
            .position(|item| item.get(key) == change.get(key));
        let removed = text(change, "/$patch") == "delete";
        match at {
            Some(index) if removed => {
                list.remove(index);
            }
            Some(index) => list[index] = merged(list[index].take(), change),
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

    #[test]
    fn containers_merge_by_name_and_can_be_removed() {
        let base = json!({"containers": [{"name": "a", "image": "x", "tty": true}, {"name": "b"}]});
        let change = json!({"containers": [
            {"name": "a", "image": "y"}, {"name": "b", "$patch": "delete"}, {"name": "c"},
        ]});
        let expected =
            json!({"containers": [{"name": "a", "image": "y", "tty": true}, {"name": "c"}]});
        assert_eq!(merged(base, &change), expected);
    }
}
