//! A person's attestation of a run: `attestation.json`, a signature (Ed25519) over the digests of its record and its
//! journal, with a name and a statement.
//!
//! It counts only while both files are as they were signed, and only when the key is trusted: the user's own, or one that
//! the user has listed. Anyone can write a file that says a name.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use kubeproof_contract::{bounded, private};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{FILE_BYTES_MAX, JOURNAL_FILE, RECORD_FILE};

/// Its name in the run's folder.
pub const FILE: &str = "attestation.json";
/// The user's key, in the folder of settings.
const KEY_FILE: &str = "attest.key";
/// Keys of others that the user trusts, in the folder of settings: a line each, the key and then whose it is.
const TRUSTED_FILE: &str = "attesters";

/// A signed statement about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The version of its form.
    pub schema_version: u32,
    /// The run.
    pub run_id: String,
    /// Who attests.
    pub name: String,
    /// What that person says.
    pub statement: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// SHA-256 of `record.json`, base64.
    pub record_sha256: String,
    /// SHA-256 of `journal.jsonl`, base64.
    pub journal_sha256: String,
    /// The public key, base64.
    pub public_key: String,
    /// The signature over all of that, base64.
    pub signature: String,
}

/// What an attestation is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A trusted key has signed these files: the name and the statement.
    Valid { name: String, statement: String },
    /// The signature is right, but the key is not trusted.
    UnknownKey { name: String, key: String },
    /// A file is not what was signed.
    Changed(&'static str),
    /// It is not a signature of this attestation.
    Forged,
}

/// Why there is no attestation.
#[derive(Debug, thiserror::Error)]
pub enum AttestationError {
    #[error("{}: {source}", .path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is not an attestation: {source}", .path.display())]
    Form {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{} is not a key of `kubeproof attest --new-key`", .0.display())]
    Key(PathBuf),
    #[error("there is no folder for settings: set XDG_CONFIG_HOME or HOME")]
    NoFolder,
    #[error("a {0} is one line of at most {TEXT_MAX} characters, and not empty")]
    Text(&'static str),
    #[error("the system gives no random numbers for a key")]
    NoRandomness,
}

/// The most characters of a name or a statement.
const TEXT_MAX: usize = 500;

/// The text that is signed: every field, a line each.
fn signed_text(of: &Attestation) -> String {
    format!(
        "kubeproof attestation {}\nrun {}\nname {}\nstatement {}\nat {}\nrecord {}\njournal {}\nkey {}\n",
        of.schema_version,
        of.run_id,
        of.name,
        of.statement,
        of.signed_at,
        of.record_sha256,
        of.journal_sha256,
        of.public_key
    )
}

/// A person's key.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Makes a key and writes it into a new file that only its owner can read.
    ///
    /// # Errors
    /// When it cannot be made or written, or a file is there already.
    pub fn make(path: &Path) -> Result<Self, AttestationError> {
        let failed = |source| AttestationError::File {
            path: path.to_owned(),
            source,
        };
        if path.exists() {
            return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
        }
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| AttestationError::NoRandomness)?;
        if let Some(folder) = path.parent() {
            private::folder(folder).map_err(failed)?;
        }
        let text = BASE64_STANDARD.encode(key.as_ref()) + "\n";
        private::write(path, &text).map_err(failed)?;
        Self::read(path)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Self, AttestationError> {
        let text = text(path)?;
        let bytes = BASE64_STANDARD.decode(text.trim()).ok();
        let key = bytes.and_then(|bytes| Ed25519KeyPair::from_pkcs8(&bytes).ok());
        key.map(Self)
            .ok_or_else(|| AttestationError::Key(path.to_owned()))
    }

    /// Its public part, base64.
    pub fn public(&self) -> String {
        BASE64_STANDARD.encode(self.0.public_key().as_ref())
    }
}

/// Signs the record and the journal in a run's folder, and writes the attestation beside them.
///
/// # Errors
/// When a file cannot be read or written, or a text is none.
pub fn sign(
    folder: &Path,
    run_id: &str,
    (name, statement): (&str, &str),
    key: &SigningKey,
    now: Timestamp,
) -> Result<Attestation, AttestationError> {
    let mut attestation = Attestation {
        schema_version: 1,
        run_id: run_id.to_owned(),
        name: line("name", name)?,
        statement: line("statement", statement)?,
        signed_at: now,
        record_sha256: digest(&folder.join(RECORD_FILE))?,
        journal_sha256: digest(&folder.join(JOURNAL_FILE))?,
        public_key: key.public(),
        signature: String::new(),
    };
    let signature = key.0.sign(signed_text(&attestation).as_bytes());
    attestation.signature = BASE64_STANDARD.encode(signature.as_ref());
    let path = folder.join(FILE);
    let text = serde_json::to_string_pretty(&attestation);
    let text = text.map_err(|source| AttestationError::Form {
        path: path.clone(),
        source,
    })?;
    super::write(&path, &(text + "\n"))
        .map_err(|source| AttestationError::File { path, source })?;
    Ok(attestation)
}

fn line(what: &'static str, text: &str) -> Result<String, AttestationError> {
    let text = text.trim();
    let is_line =
        !text.is_empty() && text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control);
    is_line
        .then(|| text.to_owned())
        .ok_or(AttestationError::Text(what))
}

/// What the attestation in a run's folder is worth; `None` if there is none.
///
/// # Errors
/// When a file cannot be read, or is something else.
pub fn check(
    folder: &Path,
    run_id: &str,
    trusted: &[String],
) -> Result<Option<Standing>, AttestationError> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let read = serde_json::from_str::<Attestation>(&text(&path)?);
    let attestation = read.map_err(|source| AttestationError::Form { path, source })?;
    if !is_signed(&attestation) {
        return Ok(Some(Standing::Forged));
    }
    for (what, file, signed) in [
        ("record", RECORD_FILE, &attestation.record_sha256),
        ("journal", JOURNAL_FILE, &attestation.journal_sha256),
    ] {
        if digest(&folder.join(file))? != *signed {
            return Ok(Some(Standing::Changed(what)));
        }
    }
    if attestation.run_id != run_id {
        return Ok(Some(Standing::Changed("run")));
    }
    let Attestation {
        name,
        statement,
        public_key: key,
        ..
    } = attestation;
    Ok(Some(if trusted.contains(&key) {
        Standing::Valid { name, statement }
    } else {
        Standing::UnknownKey { name, key }
    }))
}

fn is_signed(attestation: &Attestation) -> bool {
    let decoded = |text: &str| BASE64_STANDARD.decode(text).ok();
    let parts = decoded(&attestation.public_key).zip(decoded(&attestation.signature));
    parts.is_some_and(|(key, signature)| {
        let key = UnparsedPublicKey::new(&ED25519, key);
        key.verify(signed_text(attestation).as_bytes(), &signature)
            .is_ok()
    })
}

/// Where the user's key is.
///
/// # Errors
/// When the user has no folder for settings.
pub fn key_file() -> Result<PathBuf, AttestationError> {
    Ok(settings()?.join(KEY_FILE))
}

/// The public keys that count: the user's own, and those that the user has listed.
///
/// # Errors
/// When a file is there and cannot be read.
pub fn trusted() -> Result<Vec<String>, AttestationError> {
    let Ok(folder) = settings() else {
        return Ok(Vec::new());
    };
    let mut keys = Vec::new();
    let own = folder.join(KEY_FILE);
    if own.exists() {
        keys.push(SigningKey::read(&own)?.public());
    }
    let listed = folder.join(TRUSTED_FILE);
    if listed.exists() {
        let text = text(&listed)?;
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        let lines = text.lines().filter(|line| !line.trim().starts_with('#'));
        keys.extend(lines.filter_map(first));
    }
    Ok(keys)
}

/// The user's folder of settings, as the XDG base directories say.
fn settings() -> Result<PathBuf, AttestationError> {
    let given = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let of_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".config"));
    let base = given.filter(|path| path.is_absolute()).or_else(of_home);
    base.map(|base| base.join("kubeproof"))
        .ok_or(AttestationError::NoFolder)
}

fn text(path: &Path) -> Result<String, AttestationError> {
    bounded::text(path, FILE_BYTES_MAX).map_err(|source| AttestationError::File {
        path: path.to_owned(),
        source,
    })
}

fn digest(path: &Path) -> Result<String, AttestationError> {
    let text = text(path)?;
    Ok(BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests;
