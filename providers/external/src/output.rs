//! The file that a program may write: access to its cluster, its cost claim, and what it made or left.
//!
//! Terraform's outputs are read in the same way. Nothing in it is believed unchecked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kubeproof_contract::bounded;
use kubeproof_contract::scenario::USD_MAX;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// The largest file that is read, in bytes.
const BYTES_MAX: u64 = 4 << 20;

/// What a program reports.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// A kubeconfig, or the path of one.
    #[serde(default)]
    pub kubeconfig: Option<String>,
    /// What an hour costs, US dollars.
    #[serde(default)]
    pub claimed_usd_per_hour: Option<Value>,
    /// What it made: any name → the cloud's id.
    #[serde(default)]
    pub made: BTreeMap<String, String>,
    /// What a program that failed left behind: the cloud's ids, all of them. `None`: it does not say.
    #[serde(default, deserialize_with = "ids")]
    pub left_behind: Option<Vec<String>>,
}

/// A kubeconfig that a program hands over. It holds secrets.
pub struct Kubeconfig {
    /// Its text.
    pub text: String,
    /// The folder that its relative paths start from.
    pub folder: PathBuf,
}

/// A list of ids, none of them empty; the list may be. `null` is refused, because it could mean "nothing" as well
/// as "not known".
fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let ids = Vec::<String>::deserialize(deserializer)?;
    if ids.iter().any(|id| id.trim().is_empty()) {
        return Err(D::Error::custom("an empty id"));
    }
    Ok(Some(ids))
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the kubeconfig: it holds secrets.
        f.debug_struct("Output")
            .field("claimed_usd_per_hour", &self.claimed_usd_per_hour)
            .field("made", &self.made)
            .field("left_behind", &self.left_behind)
            .finish_non_exhaustive()
    }
}

/// The JSON schema of the file, for authors of programs. A test of the harness compares it with what is read.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What a program may write into KUBEPROOF_OUTPUT",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "kubeconfig": {
                "description": "A kubeconfig, or the path of one from KUBEPROOF_DIR on",
                "type": ["string", "null"],
            },
            "claimed_usd_per_hour": {
                "description": "What an hour costs, US dollars",
                "type": ["number", "string", "null"],
                "minimum": 0,
                "maximum": 1_000_000_000,
            },
            "made": {
                "description": "What it made: any name, the cloud's id",
                "type": "object",
                "additionalProperties": { "type": "string" },
            },
            "left_behind": {
                "description": "Of a program that failed: what is left, by the cloud's ids or names, all of \
                                it. An empty list: nothing. `unknown` among them: it could not find out",
                "type": "array",
                "items": { "type": "string", "pattern": "\\S" },
            },
        },
    })
}

/// Why what a program reports cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The file cannot be read.
    #[error("KUBEPROOF_OUTPUT ({}) cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else. The parser's message may quote it, so it is not kept.
    #[error(
        "KUBEPROOF_OUTPUT ({}) is not what is expected, at line {line} column {column}: a JSON object with some of \
         kubeconfig, claimed_usd_per_hour, made (names with ids) and left_behind (a list of ids)",
        .path.display()
    )]
    NotExpected {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// The kubeconfig that it names cannot be read.
    #[error("its kubeconfig {} cannot be read: {source}", .path.display())]
    NoKubeconfig {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Why a claim is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// It is too large to be meant.
    #[error("claimed_usd_per_hour is more than a billion dollars")]
    TooLarge,
    /// It is not a number, or a negative one.
    #[error("claimed_usd_per_hour is not an amount such as 0.2876")]
    NoAmount,
}

/// A program that ended with 0 and left something behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it ended with 0, and says that it left {} behind: a program that leaves something behind ends with another exit \
     code",
    .0.join(", ")
)]
pub struct LeftBehind(Vec<String>);

/// Reads the file. One that was not written says nothing.
///
/// # Errors
/// With the file and what is wrong with it, without quoting it.
pub fn read(path: &Path) -> Result<Output, OutputError> {
    let path = path.to_owned();
    let text = match bounded::text(&path, BYTES_MAX) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Output::default()),
        Err(source) => return Err(OutputError::Unreadable { path, source }),
    };
    if text.trim().is_empty() {
        return Ok(Output::default());
    }
    serde_json::from_str(&text).map_err(|error| OutputError::NotExpected {
        path,
        line: error.line(),
        column: error.column(),
    })
}

impl Output {
    /// Checks that a program which ended with 0 left nothing behind.
    ///
    /// # Errors
    /// When it reports that it did.
    pub fn nothing_left(&self) -> Result<(), LeftBehind> {
        match self.left_behind.as_deref() {
            None | Some([]) => Ok(()),
            Some(left) => Err(LeftBehind(left.to_vec())),
        }
    }

    /// The claim.
    ///
    /// # Errors
    /// When it is not an amount.
    pub fn claim(&self) -> Result<Option<Decimal>, ClaimError> {
        let text = match &self.claimed_usd_per_hour {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            // As written: digits, never a float of ours.
            Some(other) => other.to_string(),
        };
        let number = text.parse().or_else(|_| Decimal::from_scientific(&text));
        match number {
            Ok(usd) if usd > USD_MAX => Err(ClaimError::TooLarge),
            Ok(usd) if !usd.is_sign_negative() => Ok(Some(usd)),
            _ => Err(ClaimError::NoAmount),
        }
    }

    /// The kubeconfig that it hands over, if it hands over one.
    ///
    /// # Errors
    /// When it names a file that cannot be read.
    pub fn kubeconfig(&self, folder: &Path) -> Result<Option<Kubeconfig>, OutputError> {
        let Some(given) = &self.kubeconfig else {
            return Ok(None);
        };
        if given.contains('\n') || given.trim_start().starts_with('{') {
            return Ok(Some(Kubeconfig {
                text: given.clone(),
                folder: folder.to_owned(),
            }));
        }
        let path = folder.join(given.trim());
        let folder = path.parent().unwrap_or(folder).to_owned();
        match bounded::text(&path, BYTES_MAX) {
            Ok(text) => Ok(Some(Kubeconfig { text, folder })),
            Err(source) => Err(OutputError::NoKubeconfig { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Output, OutputError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("o.json");
        std::fs::write(&path, text).expect("written");
        read(&path)
    }

    #[test]
    fn a_claim_is_read_from_its_digits() {
        let claim = |text: &str| parsed(text).expect("read").claim();
        assert_eq!(claim("{}"), Ok(None));
        let cents = Decimal::new(2876, 4);
        assert_eq!(
            claim(r#"{"claimed_usd_per_hour": 0.2876}"#),
            Ok(Some(cents))
        );
        assert_eq!(
            claim(r#"{"claimed_usd_per_hour": "0.2876"}"#),
            Ok(Some(cents))
        );
        assert!(claim(r#"{"claimed_usd_per_hour": -1}"#).is_err());
        assert!(claim(r#"{"claimed_usd_per_hour": "much"}"#).is_err());
        for huge in [
            "7.9e28",
            "\"79228162514264337593543950335\"",
            "\"1e400\"",
            "1000000000.01",
        ] {
            let said = claim(&format!(r#"{{"claimed_usd_per_hour": {huge}}}"#));
            assert!(said.is_err(), "{huge}: {said:?}");
        }
        let digits = r#"{"claimed_usd_per_hour": 0.1000000000000000055511151231257827}"#;
        assert!(claim(digits).expect("read").is_some());
    }

    #[test]
    fn what_is_no_such_file_is_refused_and_not_quoted() {
        let error = parsed(r#"{"kubeconfg": "secret-value"}"#).expect_err("refused");
        let error = format!("{error} {error:?}");
        assert!(error.contains("line 1 column"), "{error}");
        assert!(!error.contains("secret-value"), "{error}");
        let nowhere = read(Path::new("/nowhere/at/all"));
        for nothing in [parsed(" \n"), nowhere] {
            assert_eq!(nothing.expect("read"), Output::default());
        }
    }

    #[test]
    fn what_is_left_behind_is_a_list_of_ids_or_not_said() {
        let left = |text: &str| match parsed(text) {
            Ok(output) => Ok(output.left_behind),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(left("{}"), Ok(None));
        assert_eq!(left(r#"{"left_behind": []}"#), Ok(Some(Vec::new())));
        let ids = Some(vec!["vpc-1".to_owned(), "unknown".to_owned()]);
        assert_eq!(left(r#"{"left_behind": ["vpc-1", "unknown"]}"#), Ok(ids));
        for wrong in [
            r#""vpc-1""#,
            "7",
            "[7]",
            "{}",
            "null",
            r#"[""]"#,
            r#"["a", " "]"#,
        ] {
            let error = left(&format!(r#"{{"left_behind": {wrong}}}"#)).expect_err(wrong);
            assert!(error.contains("left_behind (a list of ids)"), "{error}");
        }
    }

    #[test]
    fn a_success_that_left_something_behind_is_none() {
        let check = |text: &str, expected: Option<&str>| {
            let said = parsed(text).expect("read").nothing_left().err();
            assert_eq!(said.is_some(), expected.is_some(), "{text}: {said:?}");
            let said = said.map(|said| said.to_string()).unwrap_or_default();
            assert!(said.contains(expected.unwrap_or_default()), "{said}");
        };
        check("{}", None);
        check(r#"{"left_behind": []}"#, None);
        check(
            r#"{"left_behind": ["vpc-1", "eni-2"]}"#,
            Some("it left vpc-1, eni-2 behind"),
        );
    }

    #[test]
    fn what_is_endless_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("o.json");
        std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
        assert!(read(&path).is_err());
        let endless = Output {
            kubeconfig: Some("/dev/zero".to_owned()),
            ..Output::default()
        };
        assert!(endless.kubeconfig(folder.path()).is_err());
    }

    #[test]
    fn a_missing_kubeconfig_is_reported() {
        let none = Output::default().kubeconfig(Path::new("/"));
        assert!(none.is_ok_and(|kubeconfig| kubeconfig.is_none()));
        let lost = Output {
            kubeconfig: Some("not-there".to_owned()),
            ..Output::default()
        };
        assert!(lost.kubeconfig(Path::new("/nowhere")).is_err());
    }
}
