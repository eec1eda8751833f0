//! Credentials in the documented order: a `.env` file first, then the environment, then gcloud's application default
//! file, then the metadata server; never a prompt and never a browser.
//!
//! It reports which source was used. No secret is ever shown.

mod file;
mod grant;
mod jwt;

use std::path::{Path, PathBuf};
use std::time::Duration;

use kubeproof_cloudkit::credentials::{CredentialsError, EnvFile, Variables};
pub use kubeproof_cloudkit::grant::AccessToken;
use kubeproof_cloudkit::grant::{NoToken, Renewed};
use kubeproof_contract::provider::{Connection, CredentialVariables, Credentials};

use crate::rehearsal;
use file::{CredentialFile, FileError};
use grant::GrantError;

/// The variable with the path of a file of credentials.
pub const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The variable with an access token.
pub const TOKEN: &str = "GOOGLE_OAUTH_ACCESS_TOKEN";
/// The variable from which gcloud takes an access token.
const GCLOUD_TOKEN: &str = "CLOUDSDK_AUTH_ACCESS_TOKEN";
/// How long a token that says nothing about it is taken to be valid.
const UNSTATED: Duration = Duration::from_mins(10);

/// Why there is no access token. No secret is shown.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The `.env` file cannot be read, or a program was given no token.
    #[error(transparent)]
    Variables(#[from] CredentialsError),
    /// A file of credentials gives none.
    #[error(transparent)]
    File(#[from] FileError),
    /// The source gives no token.
    #[error(transparent)]
    Grant(#[from] NoToken<GrantError>),
    /// No place has any.
    #[error(
        "no Google Cloud credentials: looked for {FILE} and {TOKEN} in {} and in the environment, and for {}; \
         the metadata server answers only in the cloud",
        env_file.display(),
        default.display()
    )]
    NotFound {
        /// The `.env` file that was searched.
        env_file: PathBuf,
        /// gcloud's own file.
        default: PathBuf,
    },
}

/// Where access tokens come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// One token that was given.
    Token(AccessToken),
    /// A file of credentials, which is exchanged for tokens.
    File(Box<CredentialFile>),
    /// The metadata server of the machine in the cloud that this runs on.
    Metadata,
}

/// The access token of one actor, renewed before it expires.
#[derive(Debug, Default)]
pub struct Tokens(Renewed);

impl Tokens {
    /// A token that is valid for some minutes.
    ///
    /// # Errors
    /// Names the places that were searched, or says what is wrong with the source.
    pub async fn current(&self, connection: &Connection) -> Result<AccessToken, TokenError> {
        let renew = async {
            let (source, place) = find(connection)?;
            let token = grant::token(connection, &source).await;
            Ok(token.map_err(|source| NoToken { place, source })?)
        };
        self.0.current(connection.clock.now(), renew).await
    }
}

fn fixed(value: impl Into<String>) -> Source {
    Source::Token(AccessToken::new(value, None))
}

/// The source of a connection's tokens, and its name as text.
///
/// # Errors
/// Names the places that were searched.
pub fn find(connection: &Connection) -> Result<(Source, String), TokenError> {
    match &connection.credentials {
        Credentials::Rehearsal => Ok((
            fixed(rehearsal::ACCESS_TOKEN),
            "rehearsal (made-up token)".to_owned(),
        )),
        Credentials::Documented { env_file } => {
            find_with(env_file, &|name| std::env::var(name).ok())
        }
        Credentials::Given(given) => match given.0.get(TOKEN) {
            Some(token) => Ok((fixed(token), "the program's environment".to_owned())),
            None => Err(CredentialsError::NotGiven(TOKEN).into()),
        },
    }
}

/// Who the holder of a connection's tokens is, where the source says so: a token alone does not tell.
pub fn identity(connection: &Connection) -> Option<String> {
    if connection.credentials == Credentials::Rehearsal {
        return Some(rehearsal::CALLER.to_owned());
    }
    match find(connection).ok()?.0 {
        Source::File(file) => file.identity(),
        Source::Token(_) | Source::Metadata => None,
    }
}

/// The variables that give a program a token of this connection to a real account: it works for an hour.
///
/// # Errors
/// Names the places that were searched, or says what is wrong with the source.
pub async fn given(connection: &Connection) -> Result<CredentialVariables, TokenError> {
    let token = Tokens::default().current(connection).await?;
    let names = [TOKEN, GCLOUD_TOKEN].into_iter();
    let variables = names.map(|name| (name.to_owned(), token.value().to_owned()));
    Ok(CredentialVariables(variables.collect()))
}

/// The source from which a live run would take its tokens, without any call.
///
/// # Errors
/// Names the places that were searched. A metadata server is not counted: only a call could find it.
pub fn readiness(env_file: &Path) -> Result<String, TokenError> {
    let (source, place) = find_with(env_file, &|name| std::env::var(name).ok())?;
    match source {
        Source::Metadata => Err(nothing(env_file, &|name| std::env::var(name).ok())),
        _ => Ok(format!(
            "{place} (the live path was never run against a real project)"
        )),
    }
}

fn find_with(env_file: &Path, variables: Variables<'_>) -> Result<(Source, String), TokenError> {
    let in_file = EnvFile::read(env_file)?;
    let of_file = |name: &str| in_file.get(name);
    let place = env_file.display().to_string();
    for (place, variables) in [
        (place.as_str(), &of_file as Variables<'_>),
        ("the environment", variables),
    ] {
        let filled = |name: &str| variables(name).filter(|value| !value.trim().is_empty());
        if let Some(path) = filled(FILE) {
            let file = CredentialFile::read(Path::new(&path))?;
            let what = format!("{} in {path} ({FILE} from {place})", file.kind());
            return Ok((Source::File(Box::new(file)), what));
        }
        if let Some(token) = filled(TOKEN) {
            return Ok((fixed(token.trim()), format!("{TOKEN} from {place}")));
        }
    }
    if let Some(path) = default_file(variables).filter(|path| path.exists()) {
        let file = CredentialFile::read(&path)?;
        let what = format!("{} in {}", file.kind(), path.display());
        return Ok((Source::File(Box::new(file)), what));
    }
    Ok((Source::Metadata, "metadata server".to_owned()))
}

/// gcloud's application default file.
fn default_file(variables: Variables<'_>) -> Option<PathBuf> {
    let filled = |name: &str| variables(name).filter(|value| !value.is_empty());
    let folder = match filled("CLOUDSDK_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(&filled("HOME")?).join(".config/gcloud"),
    };
    Some(folder.join("application_default_credentials.json"))
}

fn nothing(env_file: &Path, variables: Variables<'_>) -> TokenError {
    TokenError::NotFound {
        env_file: env_file.to_owned(),
        default: default_file(variables).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KEY_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/service_account.json");

    fn found(env_file: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, env_file).unwrap();
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let lookup = |name: &str| variables.get(name).map(|text| (*text).to_owned());
        let found = find_with(&path, &lookup);
        let replaced = |text: String| {
            let text = text.replace(&path.display().to_string(), "ENV");
            text.replace(KEY_FILE, "KEY")
        };
        found
            .map(|(_, place)| replaced(place))
            .map_err(|error| replaced(error.to_string()))
    }

    #[test]
    fn the_file_comes_before_the_environment_and_keys_before_tokens() {
        let check = |file: &str, variables: &[(&str, &str)], expected: &str| {
            assert_eq!(found(file, variables), Ok(expected.to_owned()));
        };
        let token = (TOKEN, "ya29.x");
        check(
            "",
            &[token],
            "GOOGLE_OAUTH_ACCESS_TOKEN from the environment",
        );
        check(
            "GOOGLE_OAUTH_ACCESS_TOKEN=a\n",
            &[token],
            "GOOGLE_OAUTH_ACCESS_TOKEN from ENV",
        );
        let key = "service account robot@p1.iam.gserviceaccount.com in KEY (GOOGLE_APPLICATION_CREDENTIALS from ";
        let of_file = format!("GOOGLE_APPLICATION_CREDENTIALS={KEY_FILE}\n{TOKEN}=a\n");
        check(&of_file, &[token], &format!("{key}ENV)"));
        check(
            "",
            &[token, (FILE, KEY_FILE)],
            &format!("{key}the environment)"),
        );
        check(
            "",
            &[(TOKEN, "  "), ("HOME", "/nowhere")],
            "metadata server",
        );
    }

    #[test]
    fn gclouds_own_file_is_found_where_gcloud_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let user = r#"{"type":"authorized_user","client_id":"i","client_secret":"hush","refresh_token":"hush"}"#;
        let path = folder.path().join("application_default_credentials.json");
        std::fs::write(&path, user).unwrap();
        let place = found(
            "",
            &[("CLOUDSDK_CONFIG", &folder.path().display().to_string())],
        );
        let expected = format!("user's refresh token in {}", path.display());
        assert_eq!(place, Ok(expected));
    }

    #[test]
    fn what_is_broken_is_an_error_that_shows_no_secret() {
        let check = |file: &str, variables: &[(&str, &str)], expected: &str| {
            let error = found(file, variables).unwrap_err();
            assert!(
                error.contains(expected) && !error.contains("hush"),
                "{error}"
            );
        };
        check(
            "GOOGLE_OAUTH_ACCESS_TOKEN='hush\n",
            &[],
            "the .env file ENV cannot be read",
        );
        check(
            "",
            &[(FILE, "/no/such/file")],
            "/no/such/file cannot be read",
        );
        let missing = nothing(Path::new("no/.env"), &|_| Some("/home/x".to_owned()));
        let missing = missing.to_string();
        for place in [
            "no/.env",
            FILE,
            TOKEN,
            "/home/x/application_default_credentials.json",
        ] {
            assert!(missing.contains(place), "{place} in {missing}");
        }
        assert_eq!(
            format!("{:?}", fixed("hush")),
            "Token(AccessToken(redacted))"
        );
    }
}
