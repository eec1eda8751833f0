//! Label selectors as objects have them: labels that must be equal, and expressions.

use serde_json::Value;

use crate::json::{items, text};

/// Whether a selector selects an object. One that is not there selects nothing, an empty one everything.
pub(crate) fn selects(selector: Option<&Value>, object: &Value) -> bool {
    let Some(selector) = selector.filter(|selector| selector.is_object()) else {
        return false;
    };
    let labels = object.pointer("/metadata/labels");
    let label = |key: &str| labels.and_then(|labels| labels.get(key));
    let equal = selector.get("matchLabels").and_then(Value::as_object);
    let mut equal = equal.into_iter().flatten();
    equal.all(|(key, wanted)| label(key) == Some(wanted))
        && items(selector, "/matchExpressions")
            .iter()
            .all(|expression| fits(expression, label(text(expression, "/key"))))
}

/// Whether a value fits an expression.
pub(crate) fn fits(expression: &Value, value: Option<&Value>) -> bool {
    let listed = || value.is_some_and(|value| items(expression, "/values").contains(value));
    let number = |value: Option<&Value>| value?.as_str()?.parse::<i64>().ok();
    let bound = || number(items(expression, "/values").first());
    match text(expression, "/operator") {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number(value)
            .zip(bound())
            .is_some_and(|(one, than)| one > than),
        "Lt" => number(value)
            .zip(bound())
            .is_some_and(|(one, than)| one < than),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(selector: &Value, expected: bool) {
        let pod = json!({"metadata": {"labels": {"app": "web", "size": "3"}}});
        assert_eq!(selects(Some(selector), &pod), expected, "{selector}");
    }

    #[test]
    fn labels_and_expressions_must_all_fit() {
        check(&json!({}), true);
        check(&json!({"matchLabels": {"app": "web"}}), true);
        check(
            &json!({"matchLabels": {"app": "web", "tier": "front"}}),
            false,
        );
        let expression = |operator: &str, key: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        check(&expression("In", "app", json!(["api", "web"])), true);
        check(&expression("NotIn", "app", json!(["api"])), true);
        check(&expression("NotIn", "tier", json!(["front"])), true);
        check(&expression("Exists", "tier", json!([])), false);
        check(&expression("DoesNotExist", "tier", json!([])), true);
        check(&expression("Gt", "size", json!(["2"])), true);
        check(&expression("Lt", "size", json!(["2"])), false);
        check(&expression("Near", "size", json!(["2"])), false);
    }

    #[test]
    fn without_a_selector_nothing_is_selected() {
        assert!(!selects(None, &json!({"metadata": {}})));
    }
}
