//! Credentials in the documented order: a `.env` file first, then the SDK's own chain; never a prompt.
//!
//! Unlike the SDK's chain, this reports which source won, or which places were checked when none did. Values are
//! never exported, logged or shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use kubeproof_cloudkit::credentials::{EnvFile, Variables};
use kubeproof_contract::provider::{Connection, Credentials};

use crate::sdk;

mod error;
pub mod given;

pub use error::CredentialsSearchError;

/// Longest wait for one source: an unreachable metadata address must not hold up a run.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(5);

/// The source name of the simulator's made-up keys.
pub const REHEARSAL: &str = "rehearsal (made-up keys)";

/// The source name of keys that a program was given.
const PROGRAM: &str = "the program's environment";
/// The variables of a set of keys.
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";

/// Which source won, and its keys.
#[derive(Clone, Debug)]
pub struct FoundKeys {
    /// The source as text, without any secret: `environment`, `profile default`, …
    pub source: String,
    /// The keys. Their `Debug` shows no secret.
    pub keys: Keys,
}

/// The credentials that a live connection uses.
pub fn documented(connection: &Connection, env_file: &Path) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(CredentialChain {
        connection: connection.clone(),
        env_file: env_file.to_owned(),
    })
}

/// Where a connection's credentials come from.
///
/// # Errors
/// With the places that were checked, when there are none or one of them is broken.
pub async fn source(connection: &Connection) -> Result<String, CredentialsSearchError> {
    match &connection.credentials {
        Credentials::Rehearsal => Ok(REHEARSAL.to_owned()),
        Credentials::Documented { env_file } => {
            let env_file = env_file.clone();
            let places = CredentialChain {
                connection: connection.clone(),
                env_file,
            };
            places.find().await.map(|found| found.source)
        }
        Credentials::Given(_) => Ok(PROGRAM.to_owned()),
    }
}

/// Whether a live run could find credentials here, without making any call. Instance metadata, which needs one,
/// is left to the run itself.
///
/// # Errors
/// With the places that were checked.
pub fn readiness(env_file: &Path) -> Result<String, CredentialsSearchError> {
    ready_with(env_file, &|key| std::env::var(key).ok())
}

fn ready_with(env_file: &Path, variables: Variables<'_>) -> Result<String, CredentialsSearchError> {
    let file = EnvFile::read(env_file)?;
    if let Some(found) = of_file(&file)? {
        return Ok(found.source);
    }
    if let Some(found) = environment(variables)? {
        return Ok(found.source);
    }
    let home = variables("HOME").unwrap_or_default();
    let path = |key: &str, name: &str| {
        variables(key).map_or_else(|| Path::new(&home).join(".aws").join(name), PathBuf::from)
    };
    let files = [
        path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        path("AWS_CONFIG_FILE", "config"),
    ];
    let profile = profile(&file, variables);
    if files.iter().any(|file| has_profile(file, &profile)) {
        return Ok(format!("profile {profile}"));
    }
    let set = |key: &str| variables(key).is_some_and(|value| !value.is_empty());
    if set("AWS_WEB_IDENTITY_TOKEN_FILE") && set("AWS_ROLE_ARN") {
        return Ok("web identity token".to_owned());
    }
    if set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || set("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        return Ok("container credentials".to_owned());
    }
    Err(CredentialsSearchError::NotFound(format!(
        "{}, the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), profile {profile} in {} and {}, web identity \
         (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN) and container credentials \
         (AWS_CONTAINER_CREDENTIALS_*)",
        file.place(),
        files[0].display(),
        files[1].display(),
    )))
}

/// Whether a profile file has a section for the profile.
fn has_profile(file: &Path, profile: &str) -> bool {
    let heads = [format!("[{profile}]"), format!("[profile {profile}]")];
    std::fs::read_to_string(file).is_ok_and(|text| {
        text.lines()
            .any(|line| heads.iter().any(|head| line.trim() == head))
    })
}

fn of_file(file: &EnvFile) -> Result<Option<FoundKeys>, CredentialsSearchError> {
    keys_of(&file.place(), &|key| file.get(key))
}

/// The profile to use: from the file, else from the environment.
fn profile(file: &EnvFile, variables: Variables<'_>) -> String {
    let named = file.get("AWS_PROFILE").or_else(|| variables("AWS_PROFILE"));
    named
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "default".to_owned())
}

fn environment(variables: Variables<'_>) -> Result<Option<FoundKeys>, CredentialsSearchError> {
    keys_of("environment", variables)
}

/// Keys from variables. One half of a pair alone is an error: another source would silently win.
fn keys_of(
    source: &str,
    variables: Variables<'_>,
) -> Result<Option<FoundKeys>, CredentialsSearchError> {
    let value = |key: &str| variables(key).map(|text| text.trim().to_owned());
    let value = |key: &str| value(key).filter(|text| !text.is_empty());
    match (value(KEY_ID), value(SECRET)) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(CredentialsSearchError::half(source, KEY_ID, SECRET)),
        (None, Some(_)) => Err(CredentialsSearchError::half(source, SECRET, KEY_ID)),
        (Some(id), Some(secret)) => {
            let keys = Keys::new(id, secret, value(TOKEN), None, "kubeproof");
            Ok(Some(FoundKeys {
                source: source.to_owned(),
                keys,
            }))
        }
    }
}

/// The documented places, in order.
#[derive(Debug)]
struct CredentialChain {
    connection: Connection,
    env_file: PathBuf,
}

impl CredentialChain {
    async fn find(&self) -> Result<FoundKeys, CredentialsSearchError> {
        let variables = |key: &str| std::env::var(key).ok();
        let file = EnvFile::read(&self.env_file)?;
        if let Some(found) = of_file(&file)? {
            return Ok(found);
        }
        if let Some(found) = environment(&variables)? {
            return Ok(found);
        }
        let profile = profile(&file, &variables);
        let mut looked = vec![
            file.place(),
            "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)".to_owned(),
        ];
        for (place, source) in self.providers(&profile) {
            match answer(source).await {
                Ok(keys) => {
                    return Ok(FoundKeys {
                        source: place,
                        keys,
                    });
                }
                Err(None) => looked.push(place),
                Err(Some(error)) => return Err(CredentialsSearchError::Broken { place, error }),
            }
        }
        Err(CredentialsSearchError::NotFound(looked.join(", ")))
    }

    /// The SDK's own sources after the environment, in its documented order, over our transport.
    /// None of them can prompt: browser log-ins and external processes are not compiled in.
    fn providers(&self, profile: &str) -> Vec<(String, SharedCredentialsProvider)> {
        let region = aws_config::Region::new("us-east-1");
        let config = ProviderConfig::without_region()
            .with_region(Some(region))
            .with_http_client(sdk::TransportClient::new(self.connection.transport.clone()))
            .with_sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new());
        let files = ProfileFileCredentialsProvider::builder().configure(&config);
        let web = WebIdentityTokenCredentialsProvider::builder()
            .configure(&config)
            .build();
        let container = EcsCredentialsProvider::builder().configure(&config).build();
        let metadata = ImdsCredentialsProvider::builder()
            .configure(&config)
            .build();
        vec![
            (
                format!("profile {profile}"),
                SharedCredentialsProvider::new(files.profile_name(profile).build()),
            ),
            (
                "web identity token".to_owned(),
                SharedCredentialsProvider::new(web),
            ),
            (
                "container credentials".to_owned(),
                SharedCredentialsProvider::new(container),
            ),
            (
                "instance metadata".to_owned(),
                SharedCredentialsProvider::new(metadata),
            ),
        ]
    }
}

/// A source's answer: keys, nothing (`None`), or what is broken.
async fn answer(source: SharedCredentialsProvider) -> Result<Keys, Option<CredentialsError>> {
    match tokio::time::timeout(SOURCE_TIMEOUT, source.provide_credentials()).await {
        Ok(Ok(keys)) => Ok(keys),
        // Outside the cloud nothing answers at the metadata address.
        Err(_) | Ok(Err(CredentialsError::CredentialsNotLoaded(_))) => Err(None),
        Ok(Err(CredentialsError::ProviderTimedOut(_))) => Err(None),
        Ok(Err(error)) => Err(Some(error)),
    }
}

impl ProvideCredentials for CredentialChain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let found = self.find().await;
            found
                .map(|found| found.keys)
                .map_err(CredentialsError::not_loaded)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Texts of what is found, and of errors.
    fn ready(env_file: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("kubeproof-aws-{}-{number}.env", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, env_file).unwrap();
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let result = ready_with(&path, &|key| {
            variables.get(key).map(|text| (*text).to_owned())
        });
        std::fs::remove_file(&path).unwrap();
        let source = result.map_err(|error| error.to_string())?;
        Ok(source.replace(&path.display().to_string(), "FILE"))
    }

    const ENVIRONMENT: [(&str, &str); 2] = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
    ];

    #[test]
    fn a_dot_env_file_wins_over_the_environment() {
        let file = "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=hush-hush\n";
        assert_eq!(ready(file, &ENVIRONMENT), Ok(".env file FILE".to_owned()));
        assert_eq!(
            ready("OTHER=1\n", &ENVIRONMENT),
            Ok("environment".to_owned())
        );
    }

    #[test]
    fn half_a_pair_of_keys_is_an_error_that_shows_no_value() {
        let error = ready("AWS_ACCESS_KEY_ID=AKIAFILE\n", &ENVIRONMENT).unwrap_err();
        assert!(error.contains("not AWS_SECRET_ACCESS_KEY"), "{error}");
        assert!(!error.contains("AKIAFILE"), "{error}");
    }

    #[test]
    fn missing_credentials_are_an_error_that_says_where_it_looked() {
        let error = ready("", &[("AWS_PROFILE", "none-such"), ("HOME", "/nowhere")]).unwrap_err();
        for place in [
            ".env file",
            "AWS_ACCESS_KEY_ID",
            "profile none-such",
            "/nowhere/.aws/config",
        ] {
            assert!(error.contains(place), "{place} in {error}");
        }
    }

    #[test]
    fn a_broken_env_file_is_an_error_that_does_not_quote_it() {
        let error = ready("AWS_SECRET_ACCESS_KEY='hush\n", &[]).unwrap_err();
        assert!(
            error.contains("cannot be read") && !error.contains("hush"),
            "{error}"
        );
    }
}
