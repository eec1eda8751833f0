//! What refers to a resource, and so keeps it from being deleted.

use serde_json::Value;

use crate::arm::Item;
use crate::state::State;

/// The ids of the resources that keep this one.
pub(crate) fn users(state: &State, key: &str) -> Vec<String> {
    let Some(used) = state.arm.items.get(key) else {
        return Vec::new();
    };
    let below = format!("{key}/");
    let others = state.arm.items.all().filter(|other| {
        let other_key = other.key();
        let is_own_part = other_key == key || other_key.starts_with(&below);
        // A cluster shows what it has; what uses it are its machines and balancers.
        let is_shown = other.kind.namespace == "Microsoft.ContainerService";
        !is_own_part
            && !is_shown
            && (used.kind.is_kept_by)(other, used)
            && refers(other, key, &below)
    });
    others.map(|other| other.id.clone()).collect()
}

fn refers(item: &Item, key: &str, below: &str) -> bool {
    let asked = item.document.get("properties");
    asked.is_some_and(|value| names(value, key, below))
        || item.given.values().any(|value| names(value, key, below))
}

/// Whether a document names an id, or one below it, whatever its case.
fn names(value: &Value, key: &str, below: &str) -> bool {
    match value {
        Value::String(text) => {
            let begins = text
                .get(..below.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(below));
            begins || text.eq_ignore_ascii_case(key)
        }
        Value::Array(all) => all.iter().any(|one| names(one, key, below)),
        Value::Object(all) => all.values().any(|one| names(one, key, below)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_may_have_any_case_and_go_to_a_part() {
        let check = |text: &str, expected: bool| {
            let document = json!({"a": [{"id": text}]});
            assert_eq!(names(&document, "/g/v", "/g/v/"), expected, "{text}");
        };
        check("/G/V", true);
        check("/g/v/subnets/s", true);
        check("/g/v2", false);
        check("x", false);
    }
}
