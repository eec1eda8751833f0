//! The real credentials of a live trial: the observer's, in an allowed account.

use std::fmt;
use std::sync::Arc;

use kubeproof_contract::provider::{Connection, CredentialVariables, Credentials, Provider};
use kubeproof_contract::scenario::AnyScenario;

use crate::live::{self, Refusal};

/// Where the real credentials of one live trial come from.
#[derive(Clone)]
pub struct LiveCredentials {
    pub provider: Arc<dyn Provider>,
    pub scenario: AnyScenario,
    /// The observer's connection.
    pub connection: Connection,
    /// The ids of the accounts in which the trial may happen.
    pub accounts: Vec<String>,
}

impl fmt::Debug for LiveCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveCredentials")
            .field("accounts", &self.accounts)
            .finish_non_exhaustive()
    }
}

impl LiveCredentials {
    /// The credentials as variables, after checking with them alone which account they belong to.
    ///
    /// # Errors
    /// When there is nothing to give, when it is not of an allowed account, or when that cannot be found out.
    pub async fn checked(&self) -> Result<CredentialVariables, Refusal> {
        let given = self.provider.credential_variables(&self.connection).await;
        let given = given.map_err(|error| Refusal::unknown(error.to_string()))?;
        let connection = Connection {
            credentials: Credentials::Given(given.clone()),
            ..self.connection.clone()
        };
        let as_program = self.provider.observer(&self.scenario, connection);
        live::in_allowed_account(as_program.as_ref(), &self.accounts).await?;
        Ok(given)
    }
}
