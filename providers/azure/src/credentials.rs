//! Credentials in the documented order: a `.env` file first, then the environment; never a prompt and never a browser.
//!
//! A service principal with its secret. Certificates, workload identity and managed identity are not read yet. It
//! reports which source was used. No secret is ever shown.

mod grant;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use kubeproof_cloudkit::credentials::{EnvFile, Variables};
use kubeproof_contract::provider::{Connection, CredentialVariables, Credentials};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::rehearsal;

/// The variable with the tenant.
pub const TENANT: &str = "AZURE_TENANT_ID";
/// The variable with the application.
pub const CLIENT: &str = "AZURE_CLIENT_ID";
/// The variable with its secret.
pub const SECRET: &str = "AZURE_CLIENT_SECRET";
/// The variable with the subscription, which a scenario names itself.
pub const SUBSCRIPTION: &str = "AZURE_SUBSCRIPTION_ID";
/// A token is renewed so long before it expires.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// An access token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    value: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl AccessToken {
    /// The token itself.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The object id, the client id and the name of whom it was given to, in lower case: a token of Resource Manager
    /// tells them in its claims.
    pub fn ids(&self) -> BTreeSet<String> {
        let claims = self.value.split('.').nth(1).unwrap_or_default();
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('='));
        let claims = claims
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let claims: Value = claims.unwrap_or_default();
        let ids = ["oid", "appid", "azp", "upn", "unique_name"].map(|name| claims[name].as_str());
        let ids = ids.into_iter().flatten();
        ids.map(str::to_ascii_lowercase).collect()
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now + MARGIN < self.expires_at
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// A service principal with its secret. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ServicePrincipal {
    /// The tenant.
    pub tenant: String,
    /// The application.
    pub client: String,
    secret: String,
}

impl fmt::Debug for ServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, client, .. } = self;
        write!(f, "ServicePrincipal({client} in {tenant}, secret redacted)")
    }
}

/// Whom a token is for: a token of one is refused by the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Resource Manager.
    Arm,
    /// Microsoft Graph: the directory.
    Graph,
}

/// The access tokens of one actor, renewed before they expire.
#[derive(Debug, Default)]
pub struct Tokens {
    arm: Mutex<Option<AccessToken>>,
    graph: Mutex<Option<AccessToken>>,
}

impl Tokens {
    /// A token that is valid for some minutes.
    ///
    /// # Errors
    /// Names the places that were searched, or says what the authority said.
    pub async fn current(
        &self,
        connection: &Connection,
        audience: Audience,
    ) -> Result<AccessToken, String> {
        let known = match audience {
            Audience::Arm => &self.arm,
            Audience::Graph => &self.graph,
        };
        let mut known = known.lock().await;
        let now = connection.clock.now();
        if let Some(token) = known.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(token.clone());
        }
        let (principal, place) = find(connection)?;
        let token = grant::token(connection, &principal, audience).await;
        let token = token.map_err(|problem| format!("{place}: {problem}"))?;
        *known = Some(token.clone());
        Ok(token)
    }
}

/// The service principal of a connection, and its source as text.
///
/// # Errors
/// Names the places that were searched.
pub fn find(connection: &Connection) -> Result<(ServicePrincipal, String), String> {
    match &connection.credentials {
        Credentials::Rehearsal => {
            let principal = ServicePrincipal {
                tenant: rehearsal::TENANT.to_owned(),
                client: rehearsal::CLIENT_ID.to_owned(),
                secret: rehearsal::CLIENT_SECRET.to_owned(),
            };
            Ok((principal, "rehearsal (made-up secret)".to_owned()))
        }
        Credentials::Documented { env_file } => {
            find_with(env_file, &|name| std::env::var(name).ok())
        }
        Credentials::Given(given) => {
            let found = principal(&|name| given.0.get(name).cloned());
            let found =
                found.map_err(|missing| format!("the program's environment has no {missing}"))?;
            Ok((found, "the program's environment".to_owned()))
        }
    }
}

/// The variables that give a program exactly the credentials of this connection.
///
/// # Errors
/// Names the places that were searched.
pub fn given(connection: &Connection) -> Result<CredentialVariables, String> {
    let (principal, _) = find(connection)?;
    let ServicePrincipal {
        tenant,
        client,
        secret,
    } = principal;
    let variables = [(TENANT, tenant), (CLIENT, client), (SECRET, secret)];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    Ok(CredentialVariables(variables.into()))
}

/// The source from which a live run would take its tokens, without any call.
///
/// # Errors
/// Names the places that were searched.
pub fn readiness(env_file: &Path) -> Result<String, String> {
    let (_, place) = find_with(env_file, &|name| std::env::var(name).ok())?;
    Ok(format!(
        "{place} (the live path was never run against a real subscription)"
    ))
}

/// The service principal in these variables, or the first variable that is missing.
fn principal(variables: Variables<'_>) -> Result<ServicePrincipal, &'static str> {
    let filled = |name: &'static str| {
        let value = variables(name).filter(|value| !value.trim().is_empty());
        value.ok_or(name)
    };
    Ok(ServicePrincipal {
        tenant: filled(TENANT)?,
        client: filled(CLIENT)?,
        secret: filled(SECRET)?,
    })
}

/// All three are taken from one place: a secret of one application is no use to another.
fn find_with(
    env_file: &Path,
    variables: Variables<'_>,
) -> Result<(ServicePrincipal, String), String> {
    let file = EnvFile::read(env_file).map_err(|error| error.to_string())?;
    if let Ok(found) = principal(&|name| file.get(name)) {
        return Ok((found, env_file.display().to_string()));
    }
    if let Ok(found) = principal(variables) {
        return Ok((found, "the environment".to_owned()));
    }
    Err(format!(
        "no Azure credentials: looked for {TENANT}, {CLIENT} and {SECRET} together in {} and in the environment; \
         certificates, workload identity and managed identity are not supported yet",
        env_file.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of the credentials with this `.env` file and with or without variables.
    fn place(file: &str, has_variables: bool) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, file).unwrap();
        let variables = |_: &str| has_variables.then(|| "hush".to_owned());
        let found = find_with(&path, &variables).map(|(_, place)| place);
        let shown = path.display().to_string();
        found
            .map(|place| place.replace(&shown, "ENV"))
            .map_err(|error| error.replace(&shown, "ENV"))
    }

    #[test]
    fn the_file_comes_first_and_a_part_of_it_does_not_count() {
        let whole = format!("{TENANT}=t\n{CLIENT}=c\n{SECRET}=s\n");
        assert_eq!(place(&whole, true), Ok("ENV".to_owned()));
        let part = format!("{TENANT}=t\n{CLIENT}=c\n");
        assert_eq!(place(&part, true), Ok("the environment".to_owned()));
        let error = place(&part, false).unwrap_err();
        for named in [TENANT, CLIENT, SECRET, "ENV"] {
            assert!(error.contains(named), "{named} in {error}");
        }
        let broken = place("AZURE_CLIENT_SECRET='hush\n", false).unwrap_err();
        assert!(!broken.contains("hush"), "{broken}");
    }

    #[test]
    fn a_token_tells_whose_it_is_and_another_text_does_not() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"oid": "O", "appid": "a"}"#);
        let ids = |value: &str| {
            let token = AccessToken {
                value: value.to_owned(),
                expires_at: Timestamp::UNIX_EPOCH,
            };
            token.ids()
        };
        let both = ["a".to_owned(), "o".to_owned()].into();
        assert_eq!(ids(&format!("head.{claims}.sign")), both);
        assert!(ids("no token").is_empty());
    }

    #[test]
    fn no_secret_is_shown() {
        let found = principal(&|_| Some("hush".to_owned())).unwrap();
        assert_eq!(
            format!("{found:?}"),
            "ServicePrincipal(hush in hush, secret redacted)"
        );
        let token = AccessToken {
            value: "hush".to_owned(),
            expires_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(format!("{token:?}"), "AccessToken(redacted)");
    }
}
