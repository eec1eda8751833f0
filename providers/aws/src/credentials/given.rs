//! The keys that a program is given, and what a client finds that has nothing but these.

use std::collections::BTreeMap;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use kubeproof_contract::provider::{Connection, Credentials, Given};

use super::{Documented, KEY_ID, PROGRAM, REHEARSAL, SECRET, TOKEN, keys_of};

/// The keys of a connection, as the variables by which a program has exactly these.
///
/// # Errors
/// With the places that were looked at, when there are none.
pub async fn given(connection: &Connection) -> Result<Given, String> {
    let keys = match &connection.credentials {
        Credentials::Rehearsal => return Err(format!("{REHEARSAL} belong to no real account")),
        Credentials::Given(given) => return Ok(given.clone()),
        Credentials::Documented { env_file } => {
            let (connection, env_file) = (connection.clone(), env_file.clone());
            let places = Documented {
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
    Ok(Given(variables))
}

/// The keys that a program finds in its environment.
pub fn of_program(given: &Given) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(OfProgram(given.clone()))
}

#[derive(Debug)]
struct OfProgram(Given);

impl ProvideCredentials for OfProgram {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let found = keys_of(PROGRAM, &|name| self.0.0.get(name).cloned());
        let keys = match found {
            Ok(Some(found)) => Ok(found.keys),
            Ok(None) => Err(CredentialsError::not_loaded(format!("{PROGRAM} has none"))),
            Err(problem) => Err(CredentialsError::not_loaded(problem)),
        };
        future::ProvideCredentials::ready(keys)
    }
}
