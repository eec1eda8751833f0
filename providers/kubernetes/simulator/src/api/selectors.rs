//! Label and field selectors of lists, watches and collection deletes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::selector_parser::{self, Requirement};
use crate::json::text;
use crate::store::types::Type;
use crate::wire::status::Failure;

/// The label and field selectors of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector` of a query.
    pub(crate) fn of_query(of: &Type, query: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let labels = selector_parser::read(text("labelSelector"))?;
        let fields = text("fieldSelector")
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .map(|part| field(of, part))
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether it selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected.
    pub(crate) fn selects(&self, object: &Value) -> bool {
        let label = |key: &str| {
            object
                .pointer("/metadata/labels")
                .and_then(|labels| labels.get(key)?.as_str())
        };
        self.labels.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => {
                label(key).is_some_and(|value| values.iter().any(|wanted| wanted == value))
            }
            Requirement::NotIn(key, values) => {
                label(key).is_none_or(|value| values.iter().all(|other| other != value))
            }
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Absent(key) => label(key).is_none(),
            Requirement::Above(key, least) => {
                number(label(key)).is_some_and(|value| value > *least)
            }
            Requirement::Below(key, most) => number(label(key)).is_some_and(|value| value < *most),
        }) && self.fields.iter().all(|(path, equal, wanted)| {
            let pointer = format!("/{}", path.replace('.', "/"));
            let value = match object.pointer(&pointer) {
                Some(Value::Bool(value)) => value.to_string(),
                None if path == "spec.unschedulable" => "false".to_owned(),
                _ => text(object, &pointer).to_owned(),
            };
            (value == *wanted) == *equal
        })
    }
}

fn number(label: Option<&str>) -> Option<i64> {
    label?.parse().ok()
}

fn field(of: &Type, part: &str) -> Result<(String, bool, String), Failure> {
    let (name, equal, value) = if let Some((name, value)) = part.split_once("!=") {
        (name, false, value)
    } else if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (name, true, value)
    } else {
        return Err(Failure::bad_request(format!(
            "invalid selector: '{part}'; can't understand '{part}'"
        )));
    };
    let name = name.trim();
    let known = match name {
        "metadata.name" => true,
        "metadata.namespace" => of.namespaced,
        _ => match of.id {
            "pods" => [
                "spec.nodeName",
                "spec.restartPolicy",
                "spec.schedulerName",
                "spec.serviceAccountName",
                "status.phase",
                "status.podIP",
            ]
            .contains(&name),
            "events" => {
                name.starts_with("involvedObject.") || ["reason", "type", "source"].contains(&name)
            }
            "nodes" => name == "spec.unschedulable",
            "namespaces" => name == "status.phase",
            "secrets" => name == "type",
            "services" => ["spec.clusterIP", "spec.type"].contains(&name),
            _ => false,
        },
    };
    if !known {
        return Err(Failure::bad_request(format!(
            "field label not supported: {name}"
        )));
    }
    Ok((name.to_owned(), equal, value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(labels: &str, expected: bool) {
        let query = BTreeMap::from([("labelSelector".to_owned(), labels.to_owned())]);
        let selector = Selector::of_query(Type::of("pods"), &query).unwrap();
        let pod = json!({"metadata": {"labels": {"app": "web", "tier": "front"}}});
        assert_eq!(selector.selects(&pod), expected, "{labels}");
    }

    #[test]
    fn label_selectors_know_all_operators() {
        check("", true);
        check("app=web", true);
        check("app==web,tier!=back", true);
        check("app in (api, web),tier", true);
        check("app notin (api, web)", false);
        check("!app", false);
        check("!zone", true);
        check("zone!=a", true);
        check("zone=a", false);
    }

    #[test]
    fn a_field_that_cannot_be_selected_by_is_an_error() {
        let query = BTreeMap::from([("fieldSelector".to_owned(), "spec.color=red".to_owned())]);
        assert!(Selector::of_query(Type::of("pods"), &query).is_err());
    }
}
