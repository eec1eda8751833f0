//! Reads that do not show yet what came to be a moment ago.
//!
//! Apart from the services because every list has the same form: items with an `id`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::wire::{ApiError, Outcome};

/// The seconds of `stale-read(30)`; none for another fault.
pub(crate) fn seconds(asked: &str) -> Option<i64> {
    let argument = asked.strip_prefix("stale-read(")?;
    argument.strip_suffix(')')?.parse().ok()
}

/// What a read answers without these, and whether it lacks any of them.
pub(crate) fn without(data: Value, young: &BTreeSet<&str>) -> (Outcome, bool) {
    let is_young = |item: &Value| {
        let id = item.get("id").and_then(Value::as_str);
        id.is_some_and(|id| young.contains(id))
    };
    match data {
        Value::Array(items) => {
            let before = items.len();
            let shown: Vec<Value> = items.into_iter().filter(|item| !is_young(item)).collect();
            let lacks = shown.len() < before;
            (Ok(Value::Array(shown)), lacks)
        }
        one if is_young(&one) => {
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
    fn a_list_lacks_what_is_young_and_what_is_young_alone_is_not_there() {
        let young = BTreeSet::from(["b"]);
        let (list, lacks) = without(json!([{"id": "a"}, {"id": "b"}]), &young);
        assert_eq!((list, lacks), (Ok(json!([{"id": "a"}])), true));
        assert!(without(json!({"id": "b"}), &young).0.is_err());
        let old = json!({"id": "a"});
        assert_eq!(without(old.clone(), &young), (Ok(old), false));
    }

    #[test]
    fn other_faults_hide_nothing() {
        assert_eq!(seconds("stale-read(30)"), Some(30));
        assert_eq!(seconds("async-stuck"), None);
    }
}
