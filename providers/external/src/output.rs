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

/// Reads the file. One that was not written says nothing.
///
/// # Errors
/// With the file and what is wrong with it, without quoting it.
pub fn read(path: &Path) -> Result<Output, String> {
    let wrong = |what: String| format!("KUBEPROOF_OUTPUT ({}) {what}", path.display());
    let text = match bounded::text(path, BYTES_MAX) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Output::default()),
        Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
    };
    if text.trim().is_empty() {
        return Ok(Output::default());
    }
    serde_json::from_str(&text).map_err(|error| {
        // The parser's message may quote the file.
        wrong(format!(
            "is not what is expected, at line {} column {}: a JSON object with some of kubeconfig, \
             claimed_usd_per_hour, made (names with ids) and left_behind (a list of ids)",
            error.line(),
            error.column()
        ))
    })
}

impl Output {
    /// Checks that a program which ended with 0 left nothing behind.
    ///
    /// # Errors
    /// When it reports that it did.
    pub fn nothing_left(&self) -> Result<(), String> {
        match self.left_behind.as_deref() {
            None | Some([]) => Ok(()),
            Some(left) => Err(format!(
                "it ended with 0, and says that it left {} behind: a program that leaves something \
                 behind ends with another exit code",
                left.join(", ")
            )),
        }
    }

    /// The claim.
    ///
    /// # Errors
    /// When it is not an amount.
    pub fn claim(&self) -> Result<Option<Decimal>, String> {
        let text = match &self.claimed_usd_per_hour {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            // As written: digits, never a float of ours.
            Some(other) => other.to_string(),
        };
        let number = text.parse().or_else(|_| Decimal::from_scientific(&text));
        match number {
            Ok(usd) if usd > USD_MAX => {
                Err("claimed_usd_per_hour is more than a billion dollars".to_owned())
            }
            Ok(usd) if !usd.is_sign_negative() => Ok(Some(usd)),
            _ => Err("claimed_usd_per_hour is not an amount such as 0.2876".to_owned()),
        }
    }

    /// The text of the kubeconfig that it hands over, and the folder that its relative paths start from. `None`: it
    /// hands over none.
    ///
    /// # Errors
    /// When it names a file that cannot be read.
    pub fn kubeconfig(&self, folder: &Path) -> Result<Option<(String, PathBuf)>, String> {
        let Some(given) = &self.kubeconfig else {
            return Ok(None);
        };
        if given.contains('\n') || given.trim_start().starts_with('{') {
            return Ok(Some((given.clone(), folder.to_owned())));
        }
        let path = folder.join(given.trim());
        let cannot = |error| format!("its kubeconfig {} cannot be read: {error}", path.display());
        let text = bounded::text(&path, BYTES_MAX).map_err(cannot)?;
        let beside = path.parent().unwrap_or(folder).to_owned();
        Ok(Some((text, beside)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Output, String> {
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
        assert!(error.contains("line 1 column"), "{error}");
        assert!(!error.contains("secret-value"), "{error}");
        assert_eq!(parsed(" \n"), Ok(Output::default()));
        assert_eq!(read(Path::new("/nowhere/at/all")), Ok(Output::default()));
    }

    #[test]
    fn what_is_left_behind_is_a_list_of_ids_or_not_said() {
        let left = |text: &str| parsed(text).map(|output| output.left_behind);
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
            let said = said.unwrap_or_default();
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
        assert_eq!(Output::default().kubeconfig(Path::new("/")), Ok(None));
        let lost = Output {
            kubeconfig: Some("not-there".to_owned()),
            ..Output::default()
        };
        assert!(lost.kubeconfig(Path::new("/nowhere")).is_err());
    }
}
