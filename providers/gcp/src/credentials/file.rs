//! Files of credentials: keys of service accounts, refresh tokens of users, and external accounts whose token is in a
//! file. `Debug` shows nothing of them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The types that are supported.
const KNOWN: [&str; 3] = ["service_account", "authorized_user", "external_account"];

/// Why a file gives no credentials. Nothing of its content is shown: a parser's own message would quote it.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{} cannot be read: {}", place.display(), source.kind())]
    Unreadable {
        place: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is no file of credentials", .0.display())]
    NoCredentials(PathBuf),
    #[error(
        "{} has credentials of a type that is not supported (expected one of {})",
        .0.display(),
        KNOWN.join(", ")
    )]
    Unsupported(PathBuf),
    #[error("{} lacks a member that its type {kind} has", place.display())]
    Incomplete { place: PathBuf, kind: String },
    #[error(
        "{} sends secrets to a server without TLS: only one on this machine may have none",
        .0.display()
    )]
    Unsafe(PathBuf),
}

/// A file of credentials, by its type.
#[derive(Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CredentialFile {
    /// A key of a service account.
    ServiceAccount(ServiceAccountKey),
    /// What `gcloud auth application-default login` writes.
    AuthorizedUser(UserToken),
    /// An identity that another provider vouches for.
    ExternalAccount(ExternalAccount),
}

/// A key of a service account.
#[derive(Clone, Deserialize)]
pub struct ServiceAccountKey {
    pub client_email: String,
    pub private_key: String,
    #[serde(default)]
    pub private_key_id: String,
    #[serde(default = "google")]
    pub token_uri: String,
}

/// A user's refresh token.
#[derive(Clone, Deserialize)]
pub struct UserToken {
    pub client_id: String,
    pub client_secret: String,
    pub refresh_token: String,
}

/// An identity of another provider.
#[derive(Clone, Deserialize)]
pub struct ExternalAccount {
    pub audience: String,
    pub subject_token_type: String,
    pub token_url: String,
    pub credential_source: CredentialSource,
    /// Where a service account's token is got with the exchanged one, if it is.
    pub service_account_impersonation_url: Option<String>,
}

/// Where the other provider's token is.
#[derive(Clone, Deserialize)]
pub struct CredentialSource {
    pub file: Option<String>,
    #[serde(default)]
    pub format: Format,
}

/// How the token stands in its file.
#[derive(Clone, Default, Deserialize)]
pub struct Format {
    /// `text` or `json`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// The member of the JSON that has it.
    pub subject_token_field_name: Option<String>,
}

/// Where Google exchanges keys and refresh tokens for access tokens.
pub fn google() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default, rename = "type")]
    kind: String,
}

impl CredentialFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is of a type that is not supported. Nothing of its content is shown.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let place = || path.to_owned();
        let text = std::fs::read_to_string(path).map_err(|source| FileError::Unreadable {
            place: place(),
            source,
        })?;
        let typed: Typed =
            serde_json::from_str(&text).map_err(|_| FileError::NoCredentials(place()))?;
        if !KNOWN.contains(&typed.kind.as_str()) {
            return Err(FileError::Unsupported(place()));
        }
        let file: Self = serde_json::from_str(&text).map_err(|_| FileError::Incomplete {
            place: place(),
            kind: typed.kind,
        })?;
        if file.urls().into_iter().all(is_safe) {
            Ok(file)
        } else {
            Err(FileError::Unsafe(place()))
        }
    }

    /// What it is, as text without a secret.
    pub fn kind(&self) -> String {
        match self {
            Self::ServiceAccount(key) => format!("service account {}", key.client_email),
            Self::AuthorizedUser(_) => "user's refresh token".to_owned(),
            Self::ExternalAccount(_) => "external account".to_owned(),
        }
    }

    /// The account that it belongs to, where it says so.
    pub fn identity(&self) -> Option<String> {
        match self {
            Self::ServiceAccount(key) => Some(key.client_email.clone()),
            Self::AuthorizedUser(_) | Self::ExternalAccount(_) => None,
        }
    }

    fn urls(&self) -> Vec<&str> {
        match self {
            Self::ServiceAccount(key) => vec![&key.token_uri],
            Self::AuthorizedUser(_) => Vec::new(),
            Self::ExternalAccount(external) => {
                let impersonation = external.service_account_impersonation_url.as_deref();
                let exchange = external.token_url.as_str();
                [Some(exchange), impersonation]
                    .into_iter()
                    .flatten()
                    .collect()
            }
        }
    }
}

/// Whether a secret may be sent there.
fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<http::Uri>() else {
        return false;
    };
    let local = matches!(url.host(), Some("127.0.0.1" | "localhost"));
    url.scheme_str() == Some("https") || local && url.scheme_str() == Some("http")
}

impl fmt::Debug for CredentialFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialFile(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: Result<&str, &str>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        match (CredentialFile::read(file.path()), expected) {
            (Ok(file), Ok(kind)) => assert_eq!(file.kind(), kind),
            (Err(error), Err(part)) => {
                let error = error.to_string();
                assert!(error.contains(part) && !error.contains("hush"), "{error}");
            }
            (result, _) => panic!("{content}: {:?}", result.map(|file| file.kind())),
        }
    }

    #[test]
    fn each_type_is_read_and_others_are_named() {
        check(
            include_str!("../../testdata/service_account.json"),
            Ok("service account robot@p1.iam.gserviceaccount.com"),
        );
        check(
            r#"{"type":"external_account","audience":"a","subject_token_type":"t","token_url":"https://sts.googleapis.com/v1/token","credential_source":{"file":"f"}}"#,
            Ok("external account"),
        );
        check(
            r#"{"type":"impersonated_service_account","x":"hush"}"#,
            Err("not supported (expected one of service_account"),
        );
        check(
            r#"{"type":"authorized_user","client_secret":"hush"}"#,
            Err("lacks a member that its type authorized_user has"),
        );
        check("hush", Err("is no file of credentials"));
    }

    #[test]
    fn no_secret_goes_to_a_server_without_tls() {
        let key = |uri: &str| {
            let text = include_str!("../../testdata/service_account.json");
            text.replace("https://oauth2.googleapis.com/token", uri)
        };
        check(&key("http://tokens.example/"), Err("without TLS"));
        check(
            &key("http://127.0.0.1:1/token"),
            Ok("service account robot@p1.iam.gserviceaccount.com"),
        );
    }
}
