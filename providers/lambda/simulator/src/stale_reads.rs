//! Injected stale reads: a read does not show yet what was created a moment ago.

use std::collections::BTreeSet;

use kubeproof_simkit::injected::InjectedFault;
use serde_json::Value;

use crate::wire::{ApiError, Outcome};

/// What a read answers without these resources. If that changes the answer, the fault is carried out.
pub(crate) fn without(data: Value, new: &BTreeSet<&str>, fault: &InjectedFault) -> Outcome {
    let is_new = |item: &Value| {
        let id = item.get("id").and_then(Value::as_str);
        id.is_some_and(|id| new.contains(id))
    };
    match data {
        Value::Array(mut items) => {
            let before = items.len();
            items.retain(|item| !is_new(item));
            if items.len() < before {
                fault.take_hidden();
            }
            Ok(Value::Array(items))
        }
        one if is_new(&one) => {
            fault.take_hidden();
            let id = one["id"].as_str().unwrap_or_default();
            Err(ApiError::absent("object", id))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_lacks_new_items_and_a_single_new_item_is_not_found() {
        let without = |data| {
            let fault = InjectedFault::default();
            let outcome = without(data, &BTreeSet::from(["b"]), &fault);
            (outcome.ok(), fault.is_taken())
        };
        let list = without(json!([{"id": "a"}, {"id": "b"}]));
        assert_eq!(list, (Some(json!([{"id": "a"}])), true));
        assert_eq!(without(json!({"id": "b"})), (None, true));
        let old = json!({"id": "a"});
        assert_eq!(without(old.clone()), (Some(old), false));
    }
}
