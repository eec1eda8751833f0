//! The parameters of a request by name, whatever the protocol: path, query, form, and the leaves of JSON.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

/// Deepest level of a JSON body that is read.
const DEPTH_MAX: usize = 16;

/// All parameters of a request, sorted, without those that only say how it was sent.
pub fn of(request: &Request<Bytes>) -> Vec<(String, String)> {
    let path = request.uri().path().split('/').enumerate();
    let mut all: Vec<(String, String)> = path
        .filter(|(_, part)| !part.is_empty())
        .map(|(index, part)| (format!("/{index}"), part.to_owned()))
        .collect();
    if let Some(query) = request.uri().query() {
        all.extend(form(query.as_bytes()));
    }
    let body = request.body();
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() || value.is_array() => {
            leaves(String::new(), &value, DEPTH_MAX, &mut all);
        }
        _ => all.extend(form(body)),
    }
    all.retain(|(name, _)| !says_how(name));
    // Clients write maps in any order.
    all.sort();
    all
}

fn form(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(text).into_owned()
}

fn leaves(name: String, value: &Value, depth: usize, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) if depth > 0 => {
            for (key, value) in map {
                leaves(format!("{name}.{key}"), value, depth - 1, into);
            }
        }
        Value::Array(items) if depth > 0 => {
            for (index, value) in items.iter().enumerate() {
                leaves(format!("{name}.{index}"), value, depth - 1, into);
            }
        }
        Value::String(text) => into.push((name, text.clone())),
        other => into.push((name, other.to_string())),
    }
}

/// Whether a parameter is the call's name (which the signature has) or its signature in a query.
fn says_how(name: &str) -> bool {
    matches!(name, "Action" | "Version") || name.starts_with("X-Amz-")
}

/// Whether a parameter is a client's token: drawn anew for each attempt.
pub fn is_token(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    last.ends_with("token") || matches!(last.as_str(), "callerreference" | "requestid")
}
