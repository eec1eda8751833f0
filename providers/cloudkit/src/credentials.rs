//! Credentials in the documented order: a `.env` file first, then the environment; never a prompt.
//!
//! It reports which source was used, or where was searched. A value is never exported, logged or shown.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::provider::{
    Connection, CredentialFuture, CredentialVariables, Credentials,
};
use kubeproof_contract::provider_errors::{NoCredentials, NotReady};
use kubeproof_contract::scenario::Tier;
use sha2::{Digest, Sha256};

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// The file exists and is no `.env` file. The parser's own message would quote a line, which may hold a secret.
    #[error("the .env file {} cannot be read", .0.display())]
    EnvFile(PathBuf),
    /// No place has any.
    #[error("no {what}: looked for {name} in {} and in the environment{}; {advice}", .env_file.display(), and_in(file.as_deref()))]
    NotFound {
        /// What is missing.
        what: &'static str,
        /// The variable.
        name: &'static str,
        /// The `.env` file that was searched.
        env_file: PathBuf,
        /// The file of the cloud's own tools that was searched, if they have one.
        file: Option<PathBuf>,
        /// Where to get one.
        advice: &'static str,
    },
    /// The environment that a program was given has none.
    #[error("the program's environment has no {0}")]
    NotGiven(&'static str),
}

fn and_in(file: Option<&Path>) -> String {
    file.map_or_else(String::new, |file| format!(" and in {}", file.display()))
}

impl From<CredentialsError> for ObserverError {
    fn from(error: CredentialsError) -> Self {
        Self::new("credentials", error)
    }
}

/// Looks a variable up.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The variables of a `.env` file: read, never exported.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvFile {
    path: PathBuf,
    variables: BTreeMap<String, String>,
}

/// Shows the names alone.
impl fmt::Debug for EnvFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl EnvFile {
    /// Reads the file; one that does not exist is empty. Of two lines with one name the last counts, as in a shell.
    ///
    /// # Errors
    /// When any line of it cannot be read.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let mut variables = BTreeMap::new();
        if path.exists() {
            let unreadable = |_| CredentialsError::EnvFile(path.to_owned());
            for line in dotenvy::from_path_iter(path).map_err(unreadable)? {
                let (name, value) = line.map_err(unreadable)?;
                variables.insert(name, value);
            }
        }
        Ok(Self {
            path: path.to_owned(),
            variables,
        })
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// The file, for messages.
    pub fn place(&self) -> String {
        format!(".env file {}", self.path.display())
    }
}

/// A secret text. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for the header of a request or the environment of a program.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A name for the secret that does not reveal it: where an API names no account, a key belongs to one.
    pub fn fingerprint(&self) -> String {
        let bytes = Sha256::digest(self.0.as_bytes());
        let hex = bytes.iter().take(6).map(|byte| format!("{byte:02x}"));
        format!("key-{}", hex.collect::<String>())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// Why a text cannot be a [`Secret::fingerprint`], if it cannot.
pub fn fingerprint_problem(text: &str) -> Option<String> {
    let digits = text.strip_prefix("key-").unwrap_or_default();
    let fits = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!fits).then(|| {
        format!("`{text}` is not the fingerprint of a key: `key-` and twelve hexadecimal digits")
    })
}

/// The one variable in which a cloud's key is looked for.
#[derive(Clone, Copy, Debug)]
pub struct KeyVariable {
    /// The variable.
    pub name: &'static str,
    /// What it holds, for messages: `API key of Lambda Cloud`.
    pub what: &'static str,
    /// Where to get one, for messages.
    pub advice: &'static str,
    /// The key that the simulator knows.
    pub rehearsal: &'static str,
    /// Where the cloud's own tools keep the key in a file that holds nothing else, as the environment says; looked
    /// for last.
    pub file: Option<fn(Variables<'_>) -> Option<PathBuf>>,
}

impl KeyVariable {
    /// The key of a connection and its source.
    ///
    /// # Errors
    /// Names the places that were searched.
    pub fn find(&self, connection: &Connection) -> Result<(Secret, String), CredentialsError> {
        match &connection.credentials {
            Credentials::Rehearsal => {
                let source = "rehearsal (made-up key)";
                Ok((Secret(self.rehearsal.to_owned()), source.to_owned()))
            }
            Credentials::Documented { env_file } => self.documented(env_file),
            Credentials::Given(given) => match given.0.get(self.name) {
                Some(key) => Ok((Secret(key.clone()), "the program's environment".to_owned())),
                None => Err(CredentialsError::NotGiven(self.name)),
            },
        }
    }

    /// The key that a live run would use and its source.
    ///
    /// # Errors
    /// Names the places that were searched.
    pub fn documented(&self, env_file: &Path) -> Result<(Secret, String), CredentialsError> {
        self.find_with(env_file, &|name| std::env::var(name).ok())
    }

    /// The variables of these names that give a program exactly the key of this connection.
    ///
    /// # Errors
    /// Names the places that were searched.
    pub fn given(
        &self,
        connection: &Connection,
        names: &[&str],
    ) -> Result<CredentialVariables, CredentialsError> {
        let (key, _) = self.find(connection)?;
        let variables = names.iter().map(|name| ((*name).to_owned(), key.0.clone()));
        Ok(CredentialVariables(variables.collect()))
    }

    /// The same as [`kubeproof_contract::provider::ProgramSupport`] asks for it.
    pub fn given_to_programs<'a>(
        &self,
        connection: &Connection,
        names: &[&str],
    ) -> CredentialFuture<'a> {
        let given = self.given(connection, names);
        Box::pin(std::future::ready(given.map_err(NoCredentials::failed)))
    }

    /// Whether a cloud that needs nothing but this key can run in a tier other than rehearsal, and with which key.
    /// `note` is what else a person should know before.
    ///
    /// # Errors
    /// With what is missing, and where it was searched for.
    pub fn readiness(&self, tier: Tier, env_file: &Path, note: &str) -> Result<String, NotReady> {
        if tier != Tier::Live {
            return Err(NotReady::Tier(tier));
        }
        let found = self.documented(env_file);
        let (_, source) = found.map_err(NotReady::missing)?;
        Ok(format!("{} from {source} {note}", self.name))
    }

    fn find_with(
        &self,
        env_file: &Path,
        variables: Variables<'_>,
    ) -> Result<(Secret, String), CredentialsError> {
        let filled = |value: &String| !value.trim().is_empty();
        let file = EnvFile::read(env_file)?;
        if let Some(value) = file.get(self.name).filter(filled) {
            return Ok((Secret(value), env_file.display().to_string()));
        }
        if let Some(value) = variables(self.name).filter(filled) {
            return Ok((Secret(value), "the environment".to_owned()));
        }
        let file = self.file.and_then(|place| place(variables));
        if let Some(path) = &file
            && let Some(value) = std::fs::read_to_string(path).ok().filter(filled)
        {
            return Ok((Secret(value.trim().to_owned()), path.display().to_string()));
        }
        Err(CredentialsError::NotFound {
            what: self.what,
            name: self.name,
            env_file: env_file.to_owned(),
            file,
            advice: self.advice,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: KeyVariable = KeyVariable {
        name: "SKY_KEY",
        what: "key of the sky",
        advice: "look up",
        rehearsal: "made-up",
        file: None,
    };

    /// The key that is found with this `.env` file (none: it does not exist) and this variable.
    #[track_caller]
    fn check(file: Option<&str>, variable: Option<&str>, expected: Result<(&str, &str), &str>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".env");
        if let Some(text) = file {
            std::fs::write(&path, text).expect("written");
        }
        let variables = |name: &str| variable.filter(|_| name == KEY.name).map(str::to_owned);
        match (KEY.find_with(&path, &variables), expected) {
            (Ok((key, source)), Ok((expected, place))) => {
                assert_eq!(key.expose(), expected);
                assert!(source.ends_with(place), "{source}");
            }
            (Err(error), Err(part)) => {
                let error = error.to_string();
                assert!(error.contains(part) && !error.contains("hush"), "{error}");
            }
            (found, _) => panic!("{file:?} {variable:?}: {found:?}"),
        }
    }

    #[test]
    fn the_file_comes_first_and_what_is_empty_does_not_count() {
        check(None, Some("env"), Ok(("env", "the environment")));
        check(Some("SKY_KEY=file\n"), Some("env"), Ok(("file", ".env")));
        check(
            Some("SKY_KEY=one\nSKY_KEY=two\n"),
            None,
            Ok(("two", ".env")),
        );
        check(
            Some("SKY_KEY=\nOTHER=1\n"),
            Some("env"),
            Ok(("env", "the environment")),
        );
    }

    #[test]
    fn a_missing_key_names_the_places_and_a_broken_file_is_not_quoted() {
        let places = "no key of the sky: looked for SKY_KEY in ";
        check(None, Some("  "), Err(places));
        check(None, None, Err(".env and in the environment; look up"));
        check(Some("OTHER='hush\n"), Some("env"), Err("cannot be read"));
    }

    #[test]
    fn a_file_of_the_clouds_own_tools_is_looked_for_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().display().to_string();
        let key = KeyVariable {
            file: Some(|variables| Some(PathBuf::from(variables("SKY_HOME")?).join("key"))),
            ..KEY
        };
        let found = |variable: Option<&str>| {
            let variables = |name: &str| match name {
                "SKY_HOME" => Some(home.clone()),
                "SKY_KEY" => variable.map(str::to_owned),
                _ => None,
            };
            let found = key.find_with(&folder.path().join(".env"), &variables);
            found.map(|(key, source)| (key.expose().to_owned(), source))
        };
        let missing = found(None).expect_err("no key").to_string();
        let place = folder.path().join("key").display().to_string();
        assert!(
            missing.contains(&format!("and in {place}; look up")),
            "{missing}"
        );
        std::fs::write(&place, "kept\n").expect("written");
        assert_eq!(found(None), Ok(("kept".to_owned(), place)));
        let first = found(Some("env")).map(|(key, _)| key);
        assert_eq!(first.as_deref(), Ok("env"));
    }

    #[test]
    fn a_cloud_with_a_key_is_ready_for_its_accounts_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".env");
        std::fs::write(&path, "SKY_KEY=hush\n").expect("written");
        let ready = KEY.readiness(Tier::Live, &path, "(untested)");
        let ready = ready.expect("a key");
        assert!(ready.starts_with("SKY_KEY from ") && ready.ends_with(" (untested)"));
        assert!(!ready.contains("hush"));
        let other = KEY.readiness(Tier::Kind, &path, "");
        let other = other.map_err(|error| error.to_string());
        assert_eq!(other, Err("not supported in tier kind".to_owned()));
    }

    #[test]
    fn a_secret_is_never_shown_and_its_fingerprint_does_not_reveal_it() {
        let secret = Secret("hush".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        let name = secret.fingerprint();
        assert!(!name.contains("hush"));
        assert_eq!(fingerprint_problem(&name), None);
        for wrong in ["key-12", "key-00000000000g", "000000000000", ""] {
            assert!(fingerprint_problem(wrong).is_some(), "{wrong}");
        }
        let file = EnvFile {
            path: PathBuf::new(),
            variables: BTreeMap::from([("SKY_KEY".to_owned(), "hush".to_owned())]),
        };
        assert_eq!(format!("{file:?}"), "{\"SKY_KEY\"}");
    }
}
