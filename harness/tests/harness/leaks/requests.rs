//! Writes the calls of the corpus as requests, and reads what later calls need from the answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use super::corpus::{Form, Service};

/// Texts by their names.
pub type Variables = BTreeMap<String, String>;

/// A text with its variables filled in: `$NAME`, or `${NAME}` before a letter.
///
/// # Panics
/// When a variable is unknown.
pub fn filled(text: &str, variables: &Variables) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        whole.push_str(before);
        let (name, following) = match after.strip_prefix('{') {
            Some(inner) => inner.split_once('}').expect("a closing brace"),
            None => after.split_at(end_of_name(after)),
        };
        let value = variables.get(name);
        whole.push_str(value.unwrap_or_else(|| panic!("no ${name} for `{text}`")));
        rest = following;
    }
    whole + rest
}

fn end_of_name(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// The same of all texts in a value, keys included.
pub fn filled_in(value: &Value, variables: &Variables) -> Value {
    match value {
        Value::String(text) => filled(text, variables).into(),
        Value::Array(all) => all.iter().map(|one| filled_in(one, variables)).collect(),
        Value::Object(all) => all
            .iter()
            .map(|(key, one)| (filled(key, variables), filled_in(one, variables)))
            .collect(),
        other => other.clone(),
    }
}

/// The request of a call.
pub fn request(
    service: &Service,
    operation: &str,
    arguments: &Value,
    variables: &Variables,
) -> Request<Bytes> {
    let operation = filled(operation, variables);
    let arguments = filled_in(arguments, variables);
    let url = filled(&service.url, variables);
    let (method, path) = operation.split_once(' ').unwrap_or(("POST", ""));
    let version = &service.version;
    let (path, body, content_type) = match service.form {
        Form::Query => {
            let head = [("Action", operation.as_str()), ("Version", version)];
            let all = head.map(|(key, value)| (key.to_owned(), value.to_owned()));
            let body = form(all.into_iter().chain(flat("", &arguments)));
            (String::new(), body, "application/x-www-form-urlencoded")
        }
        Form::Target => (
            String::new(),
            arguments.to_string(),
            "application/x-amz-json-1.1",
        ),
        Form::Encoded => {
            let body = form(flat("", &arguments).into_iter());
            (path.to_owned(), body, "application/x-www-form-urlencoded")
        }
        Form::Rest => {
            let mark = if path.contains('?') { '&' } else { '?' };
            let end = if version.is_empty() || path.contains(version.as_str()) {
                String::new()
            } else {
                format!("{mark}{version}")
            };
            let body = if arguments.is_null() {
                String::new()
            } else {
                arguments.to_string()
            };
            (format!("{path}{end}"), body, "application/json")
        }
    };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{url}{path}"))
        .header("content-type", content_type);
    for (key, value) in &service.headers {
        request = request.header(key, filled(value, variables));
    }
    if service.form == Form::Target {
        request = request.header("x-amz-target", format!("{version}.{operation}"));
    }
    request.body(Bytes::from(body)).expect("a request")
}

fn form(pairs: impl Iterator<Item = (String, String)>) -> String {
    let encoded = pairs.map(|(key, value)| format!("{}={}", percent(&key), percent(&value)));
    encoded.collect::<Vec<_>>().join("&")
}

fn percent(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let of = |byte: u8| {
        if is_plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(of).collect()
}

/// Nested arguments as a query writes them: `Tag.1.Key`.
fn flat(prefix: &str, value: &Value) -> Vec<(String, String)> {
    let below = |name: String| match prefix {
        "" => name,
        prefix => format!("{prefix}.{name}"),
    };
    match value {
        Value::Null => Vec::new(),
        Value::Array(all) => (1..)
            .zip(all)
            .flat_map(|(number, one): (u32, _)| flat(&below(number.to_string()), one))
            .collect(),
        Value::Object(all) => all
            .iter()
            .flat_map(|(name, one)| flat(&below(name.clone()), one))
            .collect(),
        Value::String(text) => vec![(prefix.to_owned(), text.clone())],
        other => vec![(prefix.to_owned(), other.to_string())],
    }
}

/// What an answer holds at a place: a JSON pointer, or the name of an XML element.
pub fn read(body: &[u8], place: &str) -> Option<String> {
    if place.starts_with('/') {
        let value: Value = serde_json::from_slice(body).ok()?;
        return match value.pointer(place)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
    }
    let text = String::from_utf8_lossy(body);
    let (_, rest) = text.split_once(&format!("<{place}>"))?;
    Some(rest.split_once("</")?.0.to_owned())
}
