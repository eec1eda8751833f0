//! Injected stale reads: a read does not show yet what was created a moment ago.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use crate::history::History;
use crate::injected::InjectedFault;

/// The ids of what is too new to be shown: made after the account `began`, and a moment before `now`.
pub fn too_new<'a>(
    history: &'a History,
    fault: &InjectedFault,
    began: Timestamp,
    now: Timestamp,
) -> BTreeSet<&'a str> {
    let lifetimes = history.lifetimes().iter();
    let new = lifetimes.filter(|life| life.from > began && fault.is_too_new(life.from, now));
    new.map(|life| life.resource.id.as_str()).collect()
}

/// What a read answers without these resources, which have their id in `id`: a shorter list, or nothing for a single
/// one. If that changes the answer, the fault is carried out.
pub fn without(data: Value, new: &BTreeSet<&str>, fault: &InjectedFault) -> Option<Value> {
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
            Some(Value::Array(items))
        }
        one if is_new(&one) => {
            fault.take_hidden();
            None
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
    use kubeproof_contract::resource::Resource;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_lacks_new_items_and_a_single_new_item_is_not_found() {
        let without = |data| {
            let fault = InjectedFault::default();
            let seen = without(data, &BTreeSet::from(["b"]), &fault);
            (seen, fault.is_taken())
        };
        let list = without(json!([{"id": "a"}, {"id": "b"}]));
        assert_eq!(list, (Some(json!([{"id": "a"}])), true));
        assert_eq!(without(json!({"id": "b"})), (None, true));
        let old = json!({"id": "a"});
        assert_eq!(without(old.clone()), (Some(old), false));
    }

    #[test]
    fn what_was_there_from_the_beginning_is_never_too_new() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut history = History::default();
        let (old, new) = (
            Resource::new("box", "a", "r"),
            Resource::new("box", "b", "r"),
        );
        history.observe(at(0), "all", vec![old.clone()]);
        history.observe(at(3), "all", vec![old, new]);
        let request = Request::get("/").header(ASYNC_FAULT_HEADER, "stale-read(5)");
        let fault = InjectedFault::of(&request.body(Bytes::new()).unwrap()).unwrap();
        let check = |now, expected: &[&str]| {
            let seen = too_new(&history, &fault, at(0), at(now));
            assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected, "{now} s");
        };
        check(4, &["b"]);
        check(8, &[]);
    }
}
