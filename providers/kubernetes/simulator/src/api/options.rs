//! The options of a write: dry run, field validation, and field manager.
//!
//! Source of names, values and refusals: the documentation of the Kubernetes API concepts (dry run,
//! field validation, server-side apply).

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use crate::wire::status::Failure;

/// Longest name of a field manager.
const MANAGER_MAX: usize = 128;

/// What happens to unknown fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validation {
    /// They are dropped.
    Ignore,
    /// They are dropped, with a warning each.
    Warn,
    /// They are rejected.
    Strict,
}

/// The options of a write.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Change nothing.
    pub(crate) dry: bool,
    pub(crate) validation: Validation,
    /// The manager that will own the written fields.
    pub(crate) manager: String,
    /// Take over fields that others own.
    pub(crate) force: bool,
}

impl Options {
    /// Reads the query of a request that creates, updates or patches: `CreateOptions`, ….
    pub(crate) fn read(
        kind: &str,
        request: &Request<Bytes>,
        query: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let of = |name: &str| {
            query
                .get(name)
                .map(String::as_str)
                .filter(|text| !text.is_empty())
        };
        let apply = media_type(request) == APPLY;
        let mut errors = Vec::new();
        let mut refuse = |field: &str, what: String| errors.push((field.to_owned(), what));
        if of("force").is_some() && !apply {
            refuse(
                "force",
                "Forbidden: may not be specified for non-apply patch".to_owned(),
            );
        }
        if apply && of("fieldManager").is_none() {
            let what = "Required value: is required for apply patch";
            refuse("fieldManager", what.to_owned());
        }
        if of("fieldManager").is_some_and(|name| name.len() > MANAGER_MAX) {
            let what = format!("Too long: may not be more than {MANAGER_MAX} bytes");
            refuse("fieldManager", what);
        }
        let dry = dry_run(query.get("dryRun").map(String::as_str));
        if let Err(what) = &dry {
            refuse("dryRun", what.to_string());
        }
        let validation = match of("fieldValidation") {
            None | Some("Warn") => Validation::Warn,
            Some("Ignore") => Validation::Ignore,
            Some("Strict") => Validation::Strict,
            Some(other) => {
                let known = r#""", "Ignore", "Strict", "Warn""#;
                let what = format!("Unsupported value: \"{other}\": supported values: {known}");
                refuse("fieldValidation", what);
                Validation::Warn
            }
        };
        if !errors.is_empty() {
            return Err(Failure::invalid_options(kind, &errors));
        }
        Ok(Self {
            dry: dry.unwrap_or(false),
            validation,
            manager: of("fieldManager").map_or_else(|| user_agent(request), str::to_owned),
            force: of("force") == Some("true"),
        })
    }
}

/// The media type of an apply patch.
pub(crate) const APPLY: &str = "application/apply-patch+yaml";

/// A value that the field `dryRun` cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unsupported value: [\"{0}\"]: supported values: \"All\"")]
pub(crate) struct DryRunError(String);

/// Whether this is a dry run.
pub(crate) fn dry_run(asked: Option<&str>) -> Result<bool, DryRunError> {
    match asked {
        None | Some("") => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(DryRunError(other.to_owned())),
    }
}

/// The media type of a request's body, without parameters; empty if it names none.
pub(crate) fn media_type(request: &Request<Bytes>) -> &str {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
}

/// The manager of a client that names none: its program, from the user agent.
fn user_agent(request: &Request<Bytes>) -> String {
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name: String = agent
        .split('/')
        .next()
        .unwrap_or_default()
        .chars()
        .take(MANAGER_MAX)
        .collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

/// The dry run that `DeleteOptions` ask for, in the query or in the body.
pub(crate) fn dry_deletion(
    body: &Value,
    query: &BTreeMap<String, String>,
) -> Result<bool, DryRunError> {
    let listed = body.get("dryRun").and_then(Value::as_array);
    let first = listed.and_then(|list| list.first()).and_then(Value::as_str);
    dry_run(query.get("dryRun").map(String::as_str).or(first))
}
