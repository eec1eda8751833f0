//! Redaction: a program's output may hold secrets, and none of them may be kept.
//!
//! Known secrets are recognised by their value (`values`), unknown ones by their form (`forms`).

mod forms;
mod names;
mod values;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use kubeproof_contract::bounded;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use serde_json::Value;

/// What replaces a secret.
pub const REDACTED: &str = "(redacted)";
/// The largest `.env` file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The longest private key, in lines: when the end is missing, not all text after it is secret.
const KEY_LINES_MAX: usize = 200;

/// Knows the secrets of a run. Its clones share what they learn.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<values::Values>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Knows the secrets among the variables of this process.
    pub fn of_environment() -> Self {
        // A value that is not text cannot appear in one.
        let own = std::env::vars_os()
            .map(|(name, value)| [name, value].map(|it| it.to_string_lossy().into_owned()));
        let redactor = Self::default();
        for [name, value] in own {
            redactor.learn_variable(&name, &value);
        }
        redactor
    }

    /// Learns one more secret; each of its lines is one.
    pub fn learn(&self, secret: &str) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .learn(secret);
    }

    /// Learns what is secret in a variable, by its name and its form.
    pub fn learn_variable(&self, name: &str, value: &str) {
        for secret in names::secrets_of(name, value) {
            self.learn(&secret);
        }
    }

    /// Learns the values of a file of variables (`.env`): everything there that is not plainly public is secret.
    pub fn learn_env_file(&self, path: &Path) {
        let Ok(bytes) = bounded::bytes(path, FILE_BYTES_MAX) else {
            return;
        };
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            self.learn_variable(name, value);
            let plain = value.trim_matches(['"', '\'']);
            self.learn_variable(name, plain);
            if !name.starts_with('#') && !names::is_public(name, plain) {
                self.learn(plain);
            }
        }
    }

    /// Learns what proves access to a cluster.
    pub fn learn_access(&self, access: &KubernetesAccess) {
        match &access.credential {
            Credential::Token(token) => self.learn(token),
            Credential::ClientCertificate { key_pem, .. } => self.learn_key(key_pem),
        }
    }

    /// The lines of a key: not those that all keys have.
    fn learn_key(&self, pem: &str) {
        for line in pem.lines().filter(|line| !line.starts_with("-----")) {
            self.learn(line);
        }
    }

    /// Learns the secrets of a document (a kubeconfig, terraform's outputs), by the names of its fields.
    pub fn learn_document(&self, document: &Value) {
        for secret in names::secrets_in(document) {
            self.learn(&secret);
        }
    }

    /// The text without secrets.
    pub fn clean(&self, text: &str) -> String {
        let mut stream = self.stream();
        let lines = text.split_inclusive('\n');
        lines
            .map(|line| {
                let body = line.strip_suffix('\n');
                let clean = stream.line(body.unwrap_or(line));
                if body.is_some() { clean + "\n" } else { clean }
            })
            .collect()
    }

    /// A document without secrets: its texts are cleaned, but for those in the named fields, by which records
    /// are known.
    pub fn clean_document(&self, document: &mut Value, kept: &[&str]) {
        match document {
            Value::String(text) => *text = self.clean(text),
            Value::Array(all) => all
                .iter_mut()
                .for_each(|one| self.clean_document(one, kept)),
            Value::Object(all) => {
                for (_, value) in all
                    .iter_mut()
                    .filter(|(name, _)| !kept.contains(&name.as_str()))
                {
                    self.clean_document(value, kept);
                }
            }
            _ => {}
        }
    }

    /// Cleans text line by line.
    pub fn stream(&self) -> Stream {
        Stream {
            redactor: self.clone(),
            in_key: None,
        }
    }
}

/// Cleans a stream line by line; a private key is secret from its first line to its last.
#[derive(Debug)]
pub struct Stream {
    redactor: Redactor,
    in_key: Option<usize>,
}

impl Stream {
    /// The line without secrets.
    pub fn line(&mut self, line: &str) -> String {
        if let Some(lines) = self.in_key {
            self.in_key = (lines < KEY_LINES_MAX).then_some(lines + 1);
            let Some(after) = forms::after_key(line) else {
                return REDACTED.to_owned();
            };
            self.in_key = None;
            return REDACTED.to_owned() + &self.line(after);
        }
        if let Some((before, key)) = forms::before_key(line) {
            self.in_key = Some(0);
            let rest = match forms::after_key(key) {
                None => String::new(),
                Some(after) => {
                    self.in_key = None;
                    self.line(after)
                }
            };
            return self.plain(before) + REDACTED + &rest;
        }
        self.plain(line)
    }

    fn plain(&self, line: &str) -> String {
        let values = self
            .redactor
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        forms::clean(&values.clean(line))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let redactor = Redactor::default();
        for (name, value) in [
            ("AWS_SECRET_ACCESS_KEY", "hunter2hunter2"),
            ("MY_TOKEN", "line-one-x\nline-two-y"),
            ("SECRET_FILE", "/a/path/to/it"),
            ("HOME", "/home/me"),
            ("DB_PASSWORD", "ab"),
        ] {
            redactor.learn_variable(name, value);
        }
        assert_eq!(redactor.clean(text), expected);
    }

    #[test]
    fn values_of_variables_that_look_secret_are_taken_out() {
        check("key hunter2hunter2, done", "key (redacted), done");
        check("line-two-y of a token", "(redacted) of a token");
        check(
            "/home/me /a/path/to/it stays",
            "/home/me /a/path/to/it stays",
        );
        check("ab is too short to be told", "ab is too short to be told");
    }

    #[test]
    fn a_private_key_is_secret_from_its_first_line_to_its_last() {
        check(
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAAAA\n-----END RSA PRIVATE KEY----- b\nc",
            "a\n(redacted)\n(redacted)\n(redacted)\n(redacted) b\nc",
        );
        check(
            r#"{"key": "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n"}"#,
            r#"{"key": "(redacted)\n"}"#,
        );
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----";
        check(certificate, certificate);
    }

    #[test]
    fn clones_share_what_they_learn() {
        let first = Redactor::default();
        let second = first.clone();
        first.learn("token-of-later");
        assert_eq!(second.clean("a token-of-later b"), "a (redacted) b");
    }

    #[test]
    fn of_an_env_file_all_is_secret_that_is_not_plainly_public() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".env");
        let text = "# AWS_NOTE=commented-out\nexport ANYTHING='opaque value 1'\nAWS_REGION=us-east-1\n\
                    DATABASE_URL=postgres://me:p4ssw0rd@db/x\nPORT=8080\nKUBEPROOF_OWNER=somebody\n\
                    PLAIN=q9w8e7r6t5\n";
        std::fs::write(&path, text).expect("written");
        let redactor = Redactor::default();
        redactor.learn_env_file(&path);
        let said = redactor.clean("opaque value 1|us-east-1|p4ssw0rd|8080|somebody|q9w8e7r6t5");
        assert_eq!(
            said,
            "(redacted)|us-east-1|(redacted)|8080|somebody|(redacted)"
        );
    }

    #[test]
    fn a_document_is_cleaned_but_for_the_fields_by_which_it_is_known() {
        let redactor = Redactor::default();
        redactor.learn("us-east-1-or-so");
        let mut document = json!({"scenario": "us-east-1-or-so", "n": 1,
            "phases": [{"message": "in us-east-1-or-so"}]});
        redactor.clean_document(&mut document, &["scenario"]);
        let expected = json!({"scenario": "us-east-1-or-so", "n": 1,
            "phases": [{"message": "in (redacted)"}]});
        assert_eq!(document, expected);
    }
}
