//! The keys that are given to a program, and what a client finds that has nothing else.

use std::collections::BTreeMap;

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use kubeproof_contract::provider::{Connection, CredentialVariables, Credentials};

use crate::rehearsal::{LIMITED_ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use super::{CredentialChain, CredentialsSearchError, KEY_ID, PROGRAM, SECRET, TOKEN, keys_of};

/// The keys of a connection, as the variables that give a program exactly these.
///
/// # Errors
/// With the places that were checked, when there are none.
pub async fn given(connection: &Connection) -> Result<CredentialVariables, CredentialsSearchError> {
    let keys = match &connection.credentials {
        Credentials::Rehearsal => return Err(CredentialsSearchError::Rehearsal),
        Credentials::Given(given) => return Ok(given.clone()),
        Credentials::Documented { env_file } => {
            let (connection, env_file) = (connection.clone(), env_file.clone());
            let places = CredentialChain {
                connection,
                env_file,
            };
            places.find().await?.keys
        }
    };
    let mut variables = BTreeMap::from([
        (KEY_ID.to_owned(), keys.access_key_id().to_owned()),
        (SECRET.to_owned(), keys.secret_access_key().to_owned()),
    ]);
    if let Some(token) = keys.session_token() {
        variables.insert(TOKEN.to_owned(), token.to_owned());
    }
    Ok(CredentialVariables(variables))
}

/// The keys of the caller that is limited, in a rehearsal.
pub fn limited() -> CredentialVariables {
    CredentialVariables(BTreeMap::from([
        (KEY_ID.to_owned(), LIMITED_ACCESS_KEY_ID.to_owned()),
        (SECRET.to_owned(), SECRET_ACCESS_KEY.to_owned()),
    ]))
}

/// The keys in these variables, if both halves are there.
pub fn keys(given: &CredentialVariables) -> Option<Keys> {
    let found = keys_of(PROGRAM, &|name| given.0.get(name).cloned());
    found.ok().flatten().map(|found| found.keys)
}

/// The keys that a program finds in its environment.
pub fn of_program(given: &CredentialVariables) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(OfProgram(given.clone()))
}

#[derive(Debug)]
struct OfProgram(CredentialVariables);

impl ProvideCredentials for OfProgram {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let found = keys_of(PROGRAM, &|name| self.0.0.get(name).cloned());
        let keys = match found {
            Ok(Some(found)) => Ok(found.keys),
            Ok(None) => Err(CredentialsError::not_loaded(format!("{PROGRAM} has none"))),
            Err(error) => Err(CredentialsError::not_loaded(error)),
        };
        future::ProvideCredentials::ready(keys)
    }
}
