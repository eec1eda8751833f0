//! The API key in the documented order: a `.env` file first, then the environment; never a prompt.
//!
//! It reports which source was used. The key is never shown.

use std::fmt;
use std::path::Path;

use kubeproof_contract::provider::{Connection, CredentialVariables, Credentials};
use sha2::{Digest, Sha256};

use crate::rehearsal;

pub const VARIABLE: &str = "LAMBDA_API_KEY";

/// The variables in which clients look for the key (`lambda-ai-cloud-api-client` 2.4.1, `cli/client.py`).
pub const CLIENTS: [&str; 4] = [
    "LAMBDA_CLOUD_TOKEN",
    "LAMBDA_CLOUD_API_TOKEN",
    "LAMBDA_API_TOKEN",
    VARIABLE,
];

/// An API key. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// A name for the key that does not reveal it: the API names no account, and a key belongs to one.
    pub fn fingerprint(&self) -> String {
        let bytes = Sha256::digest(self.0.as_bytes());
        let hex: String = bytes
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("key-{hex}")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

/// The key of a connection and its source.
///
/// # Errors
/// Names the places that were searched.
pub fn find(connection: &Connection) -> Result<(Key, String), String> {
    match &connection.credentials {
        Credentials::Rehearsal => Ok((
            Key(rehearsal::API_KEY.to_owned()),
            "rehearsal (made-up key)".to_owned(),
        )),
        Credentials::Documented { env_file } => {
            find_with(env_file, &|name| std::env::var(name).ok())
        }
        Credentials::Given(given) => match given.0.get(VARIABLE) {
            Some(key) => Ok((Key(key.clone()), "the program's environment".to_owned())),
            None => Err(format!("the program's environment has no {VARIABLE}")),
        },
    }
}

/// The variables that give a program exactly the key of this connection to a real account.
///
/// # Errors
/// Names the places that were searched.
pub fn given(connection: &Connection) -> Result<CredentialVariables, String> {
    let (key, _) = find(connection)?;
    let names = CLIENTS
        .iter()
        .map(|name| ((*name).to_owned(), key.0.clone()));
    Ok(CredentialVariables(names.collect()))
}

/// The source from which a live run would take its key.
///
/// # Errors
/// Names the places that were searched.
pub fn readiness(env_file: &Path) -> Result<String, String> {
    let (_, source) = find_with(env_file, &|name| std::env::var(name).ok())?;
    Ok(format!(
        "{VARIABLE} from {source} (the live path was never run against a real account)"
    ))
}

fn find_with(
    env_file: &Path,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<(Key, String), String> {
    let place = env_file.display();
    let in_file = match dotenvy::from_path_iter(env_file) {
        Ok(mut lines) => {
            let found = lines.find_map(|line| match line {
                Ok((name, value)) if name == VARIABLE => Some(Ok(value)),
                Ok(_) => None,
                // The parser's own message would quote the line.
                Err(_) => Some(Err(format!("{place} has a line that cannot be read"))),
            });
            found.transpose()?
        }
        Err(_) if !env_file.exists() => None,
        Err(_) => return Err(format!("{place} cannot be read")),
    };
    let filled = |value: &String| !value.trim().is_empty();
    if let Some(value) = in_file.filter(filled) {
        return Ok((Key(value), place.to_string()));
    }
    if let Some(value) = variables(VARIABLE).filter(filled) {
        return Ok((Key(value), "the environment".to_owned()));
    }
    Err(format!(
        "no API key of Lambda Cloud: looked for {VARIABLE} in {place} and in the environment; \
         make one at https://cloud.lambda.ai/api-keys"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_first_and_the_key_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        let environment = |name: &str| (name == VARIABLE).then(|| "from-env".to_owned());
        let (key, source) = find_with(&file, &environment).unwrap();
        assert_eq!(
            (key.header().as_str(), source.as_str()),
            ("Bearer from-env", "the environment")
        );
        std::fs::write(&file, "LAMBDA_API_KEY=from-file\n").unwrap();
        let (key, source) = find_with(&file, &environment).unwrap();
        assert_eq!(key.header(), "Bearer from-file");
        assert!(source.ends_with(".env"), "{source}");
        assert_eq!(format!("{key:?}"), "Key(redacted)");
        assert!(!key.fingerprint().contains("from-file"));
    }

    #[test]
    fn a_missing_key_names_the_places_that_were_searched() {
        let error = find_with(Path::new("no/such/.env"), &|_| None).unwrap_err();
        assert!(
            error.contains("no/such/.env") && error.contains(VARIABLE),
            "{error}"
        );
    }
}
