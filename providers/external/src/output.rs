//! The file that a program may write: access to its cluster, what it claims, what it says it made.
//!
//! Apart from the programs because terraform's outputs mean the same. Nothing in it is believed unchecked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kubeproof_contract::bounded;
use kubeproof_contract::scenario::USD_MAX;
use rust_decimal::Decimal;
use serde::Deserialize;

/// The largest file that is read, bytes.
const BYTES_MAX: u64 = 4 << 20;

/// What a program says.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// A kubeconfig, or the path of one.
    #[serde(default)]
    pub kubeconfig: Option<String>,
    /// What an hour costs, US dollars.
    #[serde(default)]
    pub claimed_usd_per_hour: Option<serde_json::Value>,
    /// What it made: any name → the cloud's id.
    #[serde(default)]
    pub made: BTreeMap<String, String>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the kubeconfig: it holds secrets.
        f.debug_struct("Output")
            .field("claimed_usd_per_hour", &self.claimed_usd_per_hour)
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
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
        // The parser's own words may quote the file.
        wrong(format!(
            "is not what is expected, at line {} column {}: a JSON object with some of kubeconfig, \
             claimed_usd_per_hour and made",
            error.line(),
            error.column()
        ))
    })
}

impl Output {
    /// The claim.
    ///
    /// # Errors
    /// When it is no amount.
    pub fn claim(&self) -> Result<Option<Decimal>, String> {
        let text = match &self.claimed_usd_per_hour {
            None | Some(serde_json::Value::Null) => return Ok(None),
            Some(serde_json::Value::String(text)) => text.clone(),
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

    /// The text of the kubeconfig that it hands over, and the folder that paths in it begin at. `None`: it hands
    /// over none.
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
    fn without_a_kubeconfig_it_says_so() {
        assert_eq!(Output::default().kubeconfig(Path::new("/")), Ok(None));
        let lost = Output {
            kubeconfig: Some("not-there".to_owned()),
            ..Output::default()
        };
        assert!(lost.kubeconfig(Path::new("/nowhere")).is_err());
    }
}
