//! The members that a body may have: their types, and the resources that links must lead to.

use serde_json::{Value, json};

use super::item::Phase;
use super::place;
use crate::links;
use crate::state::State;
use crate::wire::{ApiError, Object};

/// The type of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    Flag,
    Number,
    /// A number that is written as text.
    Long,
    Texts,
    /// Texts by text keys.
    Labels,
    Object,
    Objects,
    /// A link to a resource of this collection, which must exist and be ready.
    Link(&'static str),
    Links(&'static str),
    /// A link to anything, which is not looked up.
    Path,
    /// Ignored: the service writes it.
    Output,
}

/// The members of every body that the service writes itself.
const OUTPUT: &[&str] = &[
    "kind",
    "id",
    "name",
    "selfLink",
    "selfLinkWithId",
    "creationTimestamp",
    "region",
    "zone",
    "status",
];

/// The members of a body that a collection knows, checked, with links in canonical form.
pub(crate) fn read(
    state: &State,
    of: &str,
    known: &[(&str, Member)],
    body: Object,
) -> Result<Object, ApiError> {
    let mut document = Object::new();
    for (name, value) in body {
        let found = known.iter().find(|(member, _)| *member == name);
        let Some((_, member)) = found else {
            if OUTPUT.contains(&name.as_str()) {
                continue;
            }
            // The real service may know it.
            return Err(ApiError::not_simulated(&format!("{of} with {name}")));
        };
        if value.is_null() || *member == Member::Output {
            continue;
        }
        let mut value = checked(state, &name, *member, value)?;
        if matches!(member, Member::Object | Member::Objects | Member::Texts) {
            make_canonical(state, &mut value);
        }
        document.insert(name, value);
    }
    Ok(document)
}

fn checked(state: &State, name: &str, member: Member, value: Value) -> Result<Value, ApiError> {
    let wrong = |why: &str| ApiError::bad_member(name, &value, why);
    let is_right = match member {
        Member::Text | Member::Output => value.is_string(),
        Member::Word(words) => {
            let known = value.as_str().is_some_and(|word| words.contains(&word));
            if !known {
                return Err(wrong(&format!("Must be one of [{}].", words.join(", "))));
            }
            true
        }
        Member::Flag => value.is_boolean(),
        Member::Number => value.as_i64().is_some_and(|one| i32::try_from(one).is_ok()),
        Member::Long => {
            let text = value.as_str().and_then(|text| text.parse::<i64>().ok());
            let number = value.as_i64().or(text);
            let number = number.ok_or_else(|| wrong("Must be a number."))?;
            return Ok(json!(number.to_string()));
        }
        Member::Texts => all(&value, Value::is_string),
        Member::Objects => all(&value, Value::is_object),
        Member::Object => value.is_object(),
        Member::Path => {
            let link = value.as_str().ok_or_else(|| wrong("Must be a link."))?;
            return Ok(json!(place::link(state, links::below_project(link))));
        }
        Member::Labels => {
            check_labels(&value).map_err(|error| wrong(&error.to_string()))?;
            true
        }
        Member::Link(to) => {
            let link = value.as_str().ok_or_else(|| wrong("Must be a link."))?;
            return Ok(json!(resolved(state, name, link, to)?));
        }
        Member::Links(to) => {
            let links = value.as_array().ok_or_else(|| wrong("Must be links."))?;
            let links = links.iter().map(|link| {
                let link = link.as_str().ok_or_else(|| wrong("Must be links."))?;
                resolved(state, name, link, to)
            });
            return Ok(json!(links.collect::<Result<Vec<_>, _>>()?));
        }
    };
    if is_right {
        return Ok(value);
    }
    Err(ApiError::new(
        400,
        "INVALID_ARGUMENT",
        "invalid",
        format!("Invalid JSON payload received. Invalid value at 'resource.{name}': {value}"),
    ))
}

/// Gives the links inside a value their canonical form, so that what refers to a resource can be found.
fn make_canonical(state: &State, value: &mut Value) {
    match value {
        Value::String(text) => {
            let is_link = text.starts_with("http") && text.contains("/compute/v1/projects/");
            if is_link || text.starts_with("projects/") {
                *text = place::link(state, links::below_project(text));
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| make_canonical(state, one)),
        Value::Object(all) => all.values_mut().for_each(|one| make_canonical(state, one)),
        _ => {}
    }
}

fn all(value: &Value, is_right: fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|all| all.iter().all(is_right))
}

/// Why a value is no map of labels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LabelError {
    #[error("Must be a map of labels.")]
    NoMap,
    #[error("Label values must be strings.")]
    NoText,
    #[error(
        "Label key '{0}' violates format constraints. The key must start with a lowercase letter, can only contain lowercase letters, numeric characters, underscores and dashes, and can be at most 63 characters long."
    )]
    Key(String),
    #[error(
        "Label value '{0}' violates format constraints. The value can only contain lowercase letters, numeric characters, underscores and dashes, and can be at most 63 characters long."
    )]
    Value(String),
    #[error("At most 64 labels are allowed.")]
    TooMany,
}

impl From<LabelError> for ApiError {
    fn from(error: LabelError) -> Self {
        Self::invalid(error.to_string())
    }
}

/// Labels are lower case, and short.
pub(crate) fn check_labels(value: &Value) -> Result<(), LabelError> {
    let labels = value.as_object().ok_or(LabelError::NoMap)?;
    let is_plain = |text: &str| {
        text.chars().count() <= 63
            && text.chars().all(|one| {
                one.is_lowercase() || one.is_numeric() || matches!(one, '_' | '-')
                    // Letters of scripts without cases.
                    || (one.is_alphabetic() && !one.is_uppercase())
            })
    };
    for (key, value) in labels {
        let value = value.as_str().ok_or(LabelError::NoText)?;
        let begins = key.chars().next().is_some_and(char::is_alphabetic);
        if !begins || !is_plain(key) {
            return Err(LabelError::Key(key.clone()));
        }
        if !is_plain(value) {
            return Err(LabelError::Value(value.to_owned()));
        }
    }
    if labels.len() > 64 {
        return Err(LabelError::TooMany);
    }
    Ok(())
}

/// The canonical form of a link to a resource of a collection, which must exist and be ready.
pub(crate) fn resolved(
    state: &State,
    member: &str,
    link: &str,
    to: &str,
) -> Result<String, ApiError> {
    let path = links::below_project(link);
    let plural = path.rsplit('/').nth(1).unwrap_or_default();
    if plural != to {
        let why = format!("The URL is malformed. Must be a link to one of {to}.");
        return Err(ApiError::bad_member(member, &json!(link), &why));
    }
    let Some(item) = state.compute.items.get(path) else {
        return Err(absent(state, path));
    };
    if item.phase != Phase::Ready {
        return Err(not_ready(state, path));
    }
    Ok(place::link(state, path))
}

/// 404 for a path below the project.
pub(crate) fn absent(state: &State, path: &str) -> ApiError {
    let project = &state.setup.project;
    ApiError::not_found(format!(
        "The resource 'projects/{project}/{path}' was not found"
    ))
}

/// 400: an operation on the resource has not ended.
pub(crate) fn not_ready(state: &State, path: &str) -> ApiError {
    let project = &state.setup.project;
    ApiError::new(
        400,
        "FAILED_PRECONDITION",
        "resourceNotReady",
        format!("The resource 'projects/{project}/{path}' is not ready"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_lower_case_and_have_no_colon() {
        let is_right = |key: &str, value: &str| check_labels(&json!({ key: value })).is_ok();
        assert!(is_right("kubeproof-run", "r1") && is_right("a", ""));
        assert!(!is_right("kubeproof:run", "r1") && !is_right("A", "b") && !is_right("a", "B"));
        assert!(!is_right("", "b") && !is_right("1", "b") && !is_right("a", &"b".repeat(64)));
    }
}
