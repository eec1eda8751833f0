//! Injected stale reads: a read does not show yet what was created a moment ago.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::wire::{ApiError, Outcome};

/// The seconds of `stale-read(30)`; `None` for another fault.
pub(crate) fn seconds(asked: &str) -> Option<i64> {
    let argument = asked.strip_prefix("stale-read(")?;
    argument.strip_suffix(')')?.parse().ok()
}

/// What a read answers without these resources, and whether that changes the answer.
pub(crate) fn without(data: Value, new: &BTreeSet<&str>) -> (Outcome, bool) {
    let is_new = |item: &Value| {
        let id = item.get("id").and_then(Value::as_str);
        id.is_some_and(|id| new.contains(id))
    };
    match data {
        Value::Array(items) => {
            let before = items.len();
            let shown: Vec<Value> = items.into_iter().filter(|item| !is_new(item)).collect();
            let lacks = shown.len() < before;
            (Ok(Value::Array(shown)), lacks)
        }
        one if is_new(&one) => {
            let id = one["id"].as_str().unwrap_or_default();
            (Err(ApiError::absent("object", id)), true)
        }
        other => (Ok(other), false),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_lacks_new_items_and_a_single_new_item_is_not_found() {
        let new = BTreeSet::from(["b"]);
        let (list, lacks) = without(json!([{"id": "a"}, {"id": "b"}]), &new);
        assert_eq!((list, lacks), (Ok(json!([{"id": "a"}])), true));
        assert!(without(json!({"id": "b"}), &new).0.is_err());
        let old = json!({"id": "a"});
        assert_eq!(without(old.clone(), &new), (Ok(old), false));
    }

    #[test]
    fn other_faults_hide_nothing() {
        assert_eq!(seconds("stale-read(30)"), Some(30));
        assert_eq!(seconds("async-stuck"), None);
    }
}
