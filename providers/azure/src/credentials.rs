//! Credentials in the documented order: a `.env` file first, then the environment, then the managed identity of the machine
//! in the cloud that this runs on; never a prompt or a browser. az's log-in is used only where a variable names it, by the
//! command that az documents for it.
//!
//! In a file and in the environment: a service principal with its secret, its certificate, or a workload identity's token in
//! a file, in the order of azure-identity's `DefaultAzureCredential`. It reports which source was used. No secret is ever
//! shown.

mod az_login;
mod certificate;
mod grant;
mod places;
mod token;

use std::fmt;
use std::path::{Path, PathBuf};

use kubeproof_cloudkit::credentials::CredentialsError;
use kubeproof_cloudkit::grant::NoToken;
use kubeproof_contract::provider::{Connection, CredentialVariables, Credentials};

use crate::rehearsal;
use crate::routes::AUTHORITY_HOST;
use az_login::AzLogin;
use certificate::{Certificate, CertificateError};
use grant::GrantError;
use places::{find_with, principal};
pub use token::{Audience, Tokens, ids};

/// The variable with the tenant.
pub const TENANT: &str = "AZURE_TENANT_ID";
/// The variable with the application, or with a managed identity's client id.
pub const CLIENT: &str = "AZURE_CLIENT_ID";
/// The variable with the application's secret.
pub const SECRET: &str = "AZURE_CLIENT_SECRET";
/// The variable with the path of the application's certificate and its key, in PEM.
pub const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
/// The variable with the path of a token that another provider gave, for which the authority gives one of its own.
pub const FEDERATED: &str = "AZURE_FEDERATED_TOKEN_FILE";
/// The variable with the subscription, which a scenario names itself.
pub const SUBSCRIPTION: &str = "AZURE_SUBSCRIPTION_ID";
/// The variable that names the kind of credentials, as Microsoft's clients read it.
pub const CHOICE: &str = "AZURE_TOKEN_CREDENTIALS";
/// The variable with the authority's host. Only that of the public cloud is supported.
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
/// The variables by which a service of the cloud says where its managed identity's tokens are.
const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
const IDENTITY_HEADER: &str = "IDENTITY_HEADER";

/// Why there is no access token. No secret is shown.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The `.env` file cannot be read.
    #[error(transparent)]
    Variables(#[from] CredentialsError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Another cloud than the public one.
    #[error(
        "{AUTHORITY} from {place} is {host}: only the public cloud's authority, https://{AUTHORITY_HOST}, is supported"
    )]
    OtherCloud {
        /// Where it was found.
        place: String,
        /// The authority that it names.
        host: String,
    },
    /// A kind of credentials that is not supported by its name.
    #[error(
        "{CHOICE} from {place} is {choice}: supported are AzureCliCredential (or dev), for az's log-in, and prod, for all others"
    )]
    OtherChoice {
        /// Where it was found.
        place: String,
        /// What it names.
        choice: String,
    },
    /// The source gives no token.
    #[error(transparent)]
    Grant(#[from] NoToken<GrantError>),
    /// A managed identity's tokens belong to the machine, and az's to its user.
    #[error(
        "{0} cannot be handed on to a program: give it a service principal's secret, certificate or token file"
    )]
    NotHandedOn(String),
    /// The environment that a program was given has none.
    #[error(
        "the program's environment has no {TENANT} and {CLIENT} with one of {SECRET}, {CERTIFICATE} and {FEDERATED}"
    )]
    NotGiven,
    /// No place has any.
    #[error(
        "no Azure credentials: looked for {TENANT} and {CLIENT} together with {SECRET}, {CERTIFICATE} or {FEDERATED} in {} \
         and in the environment; a managed identity answers only in the cloud; {CHOICE}=AzureCliCredential uses az's log-in",
        .0.display()
    )]
    NotFound(PathBuf),
}

/// A service principal, without what proves that it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant.
    pub tenant: String,
    /// The application.
    pub client: String,
}

/// What a service principal proves itself by. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// A secret of its application.
    Secret(String),
    /// A certificate of its application.
    Certificate(Certificate),
    /// Another provider's token, which is renewed in this file.
    TokenFile(PathBuf),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret(redacted)",
            Self::Certificate(_) => "Certificate(redacted)",
            Self::TokenFile(_) => "TokenFile",
        })
    }
}

/// The managed identity of this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct ManagedIdentity {
    /// Which one, where the machine has several.
    pub client: Option<String>,
    /// Where a service of the cloud gives tokens, and the header that it asks for. Otherwise the instance metadata does.
    endpoint: Option<(String, String)>,
}

impl fmt::Debug for ManagedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManagedIdentity")
    }
}

/// Where access tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A service principal.
    Principal(Principal, Proof),
    /// The identity of the machine.
    ManagedIdentity(ManagedIdentity),
    /// The identity that az is logged in as.
    AzLogin(AzLogin),
}

impl Source {
    /// The tenant that it belongs to, where it says so.
    pub fn tenant(&self) -> Option<&str> {
        match self {
            Self::Principal(principal, _) => Some(&principal.tenant),
            Self::ManagedIdentity(_) => None,
            Self::AzLogin(login) => login.tenant.as_deref(),
        }
    }
}

/// The source of a connection's tokens, and its name as text.
///
/// # Errors
/// Names the places that were searched.
pub fn find(connection: &Connection) -> Result<(Source, String), TokenError> {
    match &connection.credentials {
        Credentials::Rehearsal => {
            let principal = Principal {
                tenant: rehearsal::TENANT.to_owned(),
                client: rehearsal::CLIENT_ID.to_owned(),
            };
            let proof = Proof::Secret(rehearsal::CLIENT_SECRET.to_owned());
            let place = "rehearsal (made-up secret)".to_owned();
            Ok((Source::Principal(principal, proof), place))
        }
        Credentials::Documented { env_file } => {
            find_with(env_file, &|name| std::env::var(name).ok())
        }
        Credentials::Given(given) => {
            let variables = |name: &str| given.0.get(name).cloned();
            let (source, what) = principal(&variables)?.ok_or(TokenError::NotGiven)?;
            Ok((source, format!("{what} from the program's environment")))
        }
    }
}

/// The variables that give a program exactly the credentials of this connection: those of Microsoft's clients, and of
/// terraform's azurerm.
///
/// # Errors
/// Names the places that were searched.
pub fn given(connection: &Connection) -> Result<CredentialVariables, TokenError> {
    let (source, place) = find(connection)?;
    let Source::Principal(principal, proof) = source else {
        return Err(TokenError::NotHandedOn(place));
    };
    let mut variables = vec![
        (TENANT, principal.tenant.clone()),
        ("ARM_TENANT_ID", principal.tenant),
        (CLIENT, principal.client.clone()),
        ("ARM_CLIENT_ID", principal.client),
    ];
    let shown = |path: &Path| path.display().to_string();
    match proof {
        Proof::Secret(secret) => {
            variables.extend([(SECRET, secret.clone()), ("ARM_CLIENT_SECRET", secret)]);
        }
        // terraform's azurerm takes no PEM.
        Proof::Certificate(certificate) => variables.push((CERTIFICATE, shown(&certificate.path))),
        Proof::TokenFile(path) => variables.extend([
            (FEDERATED, shown(&path)),
            ("ARM_OIDC_TOKEN_FILE_PATH", shown(&path)),
            ("ARM_USE_OIDC", "true".to_owned()),
        ]),
    }
    let variables = variables.into_iter();
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    Ok(CredentialVariables(variables.collect()))
}

/// The source from which a live run would take its tokens, without any call.
///
/// # Errors
/// Names the places that were searched. The instance metadata are not counted: only a call could find them.
pub fn readiness(env_file: &Path) -> Result<String, TokenError> {
    match find_with(env_file, &|name| std::env::var(name).ok())? {
        (Source::ManagedIdentity(identity), _) if identity.endpoint.is_none() => {
            Err(TokenError::NotFound(env_file.to_owned()))
        }
        (_, place) => Ok(format!(
            "{place} (the live path was never run against a real subscription)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINCIPAL: [(&str, &str); 3] = [(TENANT, "t"), (CLIENT, "c"), (SECRET, "hush")];

    #[test]
    fn a_program_is_given_exactly_what_was_found() {
        let check = |variables: &[(&str, &str)], expected: &[&str]| {
            let variables = variables.iter();
            let given = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let mut connection =
                kubeproof_simkit::bench::connection(kubeproof_contract::disk::Files::empty());
            connection.credentials = Credentials::Given(CredentialVariables(given.collect()));
            match given_names(&connection) {
                Ok(names) => assert_eq!(names, expected),
                Err(error) => assert!(expected.is_empty() && error.contains(FEDERATED), "{error}"),
            }
        };
        let both = ["ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_TENANT_ID"];
        check(&PRINCIPAL, &[&both[..], &[CLIENT, SECRET, TENANT]].concat());
        let file = [PRINCIPAL[0], PRINCIPAL[1], (FEDERATED, "/token")];
        check(
            &file,
            &[
                "ARM_CLIENT_ID",
                "ARM_OIDC_TOKEN_FILE_PATH",
                "ARM_TENANT_ID",
                "ARM_USE_OIDC",
                CLIENT,
                FEDERATED,
                TENANT,
            ],
        );
        // The machine's own identity is not looked for.
        check(&PRINCIPAL[..2], &[]);
    }

    fn given_names(connection: &Connection) -> Result<Vec<String>, String> {
        let given = given(connection).map_err(|error| error.to_string())?;
        Ok(given.0.into_keys().collect())
    }
}
