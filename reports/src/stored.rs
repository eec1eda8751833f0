//! Reads JSON that an earlier kubeproof wrote, and refuses forms that this version does not know.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::output::{SCHEMA_VERSION, TOOL_VERSION};

/// Why a file cannot be read.
#[derive(Debug)]
pub enum StoredError {
    /// It is of a form that this version does not know, so that its keys may mean something else.
    Form {
        /// The version of its form.
        schema_version: u64,
        /// The version of kubeproof that wrote it, if it says so.
        tool_version: Option<String>,
    },
    /// Its content is not what was expected.
    Content(serde_json::Error),
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form {
                schema_version,
                tool_version,
            } => {
                let writer = tool_version.as_deref().unwrap_or("of an unknown version");
                write!(
                    f,
                    "schema_version {schema_version}, written by kubeproof {writer}, is not known to kubeproof \
                     {TOOL_VERSION}, which reads up to {SCHEMA_VERSION}: use the version that wrote it, or a newer one"
                )
            }
            Self::Content(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StoredError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Form { .. } => None,
            Self::Content(error) => Some(error),
        }
    }
}

/// What an output says of its form; the first form of records did not say it.
#[derive(Deserialize)]
struct Header {
    schema_version: Option<u64>,
    tool_version: Option<String>,
}

/// Reads a record, a campaign or another JSON output.
///
/// # Errors
/// When it is of an unknown form, or is something else. The form comes first: a newer one may lack keys that
/// this version needs.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoredError> {
    let header: Header = serde_json::from_str(text).map_err(StoredError::Content)?;
    let known = 1..=u64::from(SCHEMA_VERSION);
    match header.schema_version {
        Some(schema_version) if !known.contains(&schema_version) => Err(StoredError::Form {
            schema_version,
            tool_version: header.tool_version,
        }),
        _ => serde_json::from_str(text).map_err(StoredError::Content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Content {
        verdict: String,
    }

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = read::<Content>(text).map(|content| content.verdict);
        let found = found.map_err(|error| error.to_string());
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn the_known_form_and_what_says_no_form_are_read() {
        check(r#"{"verdict": "pass"}"#, Ok("pass"));
        let text = r#"{"schema_version": 1, "tool_version": "0.0.1", "verdict": "pass"}"#;
        check(text, Ok("pass"));
    }

    #[test]
    fn an_unknown_form_is_refused_whatever_else_it_says() {
        let text = r#"{"schema_version": 2, "tool_version": "9.1.0", "verdict": "pass"}"#;
        check(text, Err("schema_version 2, written by kubeproof 9.1.0"));
        check(r#"{"schema_version": 2}"#, Err("of an unknown version"));
        check(
            r#"{"schema_version": 0, "verdict": "pass"}"#,
            Err("schema_version 0"),
        );
        for form in ["\"1\"", "-1", "1.5", "[1]"] {
            let text = format!(r#"{{"schema_version": {form}, "verdict": "pass"}}"#);
            check(&text, Err("at line 1"));
        }
    }

    #[test]
    fn what_is_something_else_is_told_with_its_place() {
        check("[]", Err("at line 1"));
        check(r#"{"schema_version": 1}"#, Err("missing field `verdict`"));
    }
}
