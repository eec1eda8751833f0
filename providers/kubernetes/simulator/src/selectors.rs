//! Label and field selectors.
//!
//! Apart because lists, watches and collection deletes select in the same way.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::Failure;
use crate::json::text;
use crate::types::Type;

/// What a request asks for among the objects of a type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector` of a query.
    pub(crate) fn of_query(of: &Type, query: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let labels = split(text("labelSelector"))
            .into_iter()
            .map(|part| requirement(&part))
            .collect::<Result<_, _>>()?;
        let fields = split(text("fieldSelector"))
            .into_iter()
            .map(|part| field(of, &part))
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether nothing is asked for.
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

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn requirement(part: &str) -> Result<Requirement, Failure> {
    let part = part.trim();
    let wrong = || Failure::bad_request(format!("unable to parse requirement: `{part}`"));
    let set = |text: &str| -> Option<Vec<String>> {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(
            inner
                .split(',')
                .map(|value| value.trim().to_owned())
                .collect(),
        )
    };
    let key = |text: &str| text.trim().to_owned();
    if let Some((name, values)) = part.split_once(" notin ") {
        return Ok(Requirement::NotIn(
            key(name),
            set(values).ok_or_else(wrong)?,
        ));
    }
    if let Some((name, values)) = part.split_once(" in ") {
        return Ok(Requirement::In(key(name), set(values).ok_or_else(wrong)?));
    }
    if let Some((name, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key(name), vec![key(value)]));
    }
    if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In(key(name), vec![key(value)]));
    }
    match part.strip_prefix('!') {
        Some(name) => Ok(Requirement::Absent(key(name))),
        None if part.contains([' ', '(', '<', '>']) => Err(wrong()),
        None => Ok(Requirement::Exists(part.to_owned())),
    }
}

fn field(of: &Type, part: &str) -> Result<(String, bool, String), Failure> {
    let (name, equal, value) = if let Some((name, value)) = part.split_once("!=") {
        (name, false, value)
    } else if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (name, true, value)
    } else {
        return Err(Failure::bad_request(format!(
            "invalid field selector: `{part}`"
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
