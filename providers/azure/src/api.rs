//! The client of Resource Manager: one piece of work, with one access token.

pub mod errors;
pub mod types;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::rest::{BoxError, RestApi, RestCall, RestClient, RestError};
use kubeproof_cloudkit::{Applied, CallError, Cause, Classify, RetryPolicy, Session};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::route::Route;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::credentials::Tokens;
use crate::routes;

/// Whatever replicates in Resource Manager, a name is unique: a read that lags leads to a repeated PUT and to nothing
/// worse.
const CONSISTENCY_DELAY: Duration = Duration::ZERO;

/// The versions of the APIs that are called, as in Microsoft's current clients for Python.
const VERSIONS: &[(&str, &str)] = &[
    ("agentPools.", "2026-08-01"),
    ("managedClusters.", "2026-08-01"),
    ("managementLocks.", "2016-09-01"),
    ("providers.", "2025-04-01"),
    ("resourceGroups.", "2025-04-01"),
    ("resources.", "2025-04-01"),
    ("roleAssignments.", "2022-04-01"),
    ("subscriptions.", "2022-12-01"),
    ("userAssignedIdentities.", "2024-11-30"),
    ("virtualNetworks.", "2026-03-01"),
];

/// The version of the API that an operation belongs to.
fn version(operation: &str) -> &'static str {
    let known = VERSIONS
        .iter()
        .find(|(begin, _)| operation.starts_with(begin));
    known.map_or("", |(_, version)| version)
}

/// Resource Manager.
#[derive(Debug)]
pub struct Arm {
    tokens: Arc<Tokens>,
}

impl Classify for Arm {
    fn classify(&self, status: u16, code: &str, message: &str) -> (Cause, Applied) {
        errors::classify(status, code, message)
    }
}

impl RestApi for Arm {
    const SERVICE: &'static str = routes::ARM;
    const BASE: &'static str = routes::ARM_URL;
    const ROUTES: &'static [Route] = routes::ROUTES;

    async fn authorization(&self, connection: &Connection) -> Result<String, BoxError> {
        let token = self.tokens.current(connection).await?;
        Ok(format!("Bearer {}", token.value()))
    }

    /// Buckets of hundreds of calls are refilled by ten and more a second: far above what one run calls.
    async fn turn(&self, _: &str) {}

    fn read_error(answer: &Response<Bytes>) -> RestError {
        errors::read(answer)
    }
}

/// The client of one piece of work.
#[derive(Debug)]
pub struct Api {
    client: RestClient<Arm>,
    tokens: Arc<Tokens>,
}

impl Api {
    /// A client over a connection.
    pub fn new(connection: &Connection) -> Self {
        Self::in_session(Session::new(connection, CONSISTENCY_DELAY), Arc::default())
    }

    /// A client for the next piece of work: it shares the access token and remembers nothing else.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self::in_session(self.session().renewed(), Arc::clone(&self.tokens))
    }

    fn in_session(session: Session, tokens: Arc<Tokens>) -> Self {
        let arm = Arm {
            tokens: Arc::clone(&tokens),
        };
        Self {
            client: RestClient::in_session(Arc::new(arm), Arc::new(session)),
            tokens,
        }
    }

    /// The session of all calls.
    pub fn session(&self) -> &Session {
        self.client.session()
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        self.client.connection()
    }

    /// Makes a call, again as its policy says.
    ///
    /// # Errors
    /// With the last error, when the policy gives up.
    pub async fn call<T: DeserializeOwned + Send>(
        &self,
        policy: RetryPolicy,
        operation: &'static str,
        parameters: &[&str],
        body: Option<&Value>,
    ) -> Result<T, CallError> {
        let query = [("api-version", version(operation))];
        let call = RestCall::new(operation, parameters).with_query(&query);
        let call = match body {
            Some(body) => call.with_body(body),
            None => call,
        };
        self.client.call(policy, call).await
    }

    /// Reads something that may not exist.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find<T: DeserializeOwned + Send>(
        &self,
        operation: &'static str,
        parameters: &[&str],
    ) -> Result<Option<T>, CallError> {
        match self
            .call(RetryPolicy::IDEMPOTENT, operation, parameters, None)
            .await
        {
            Err(error) if error.is_not_found() => Ok(None),
            result => result.map(Some),
        }
    }

    /// Reads a list to its last page.
    ///
    /// # Errors
    /// When a page cannot be read, or does not say where the next one is.
    pub async fn list<T: DeserializeOwned + Send>(
        &self,
        operation: &'static str,
        parameters: &[&str],
        filter: Option<&str>,
    ) -> Result<Vec<T>, CallError> {
        let query = filter.map(|filter| ("$filter", filter));
        self.list_by(operation, parameters, query.as_slice()).await
    }

    /// The same with more of a query: `$filter`, `$expand`.
    ///
    /// # Errors
    /// As [`Api::list`].
    pub async fn list_by<T: DeserializeOwned + Send>(
        &self,
        operation: &'static str,
        parameters: &[&str],
        more: &[(&str, &str)],
    ) -> Result<Vec<T>, CallError> {
        let mut query = vec![("api-version", version(operation))];
        query.extend_from_slice(more);
        let call = RestCall::new(operation, parameters).with_query(&query);
        let take = |page: types::Page<T>| {
            let next = match page.next_link.filter(|link| !link.is_empty()) {
                None => None,
                Some(link) => Some(skip_token(&link).ok_or_else(|| {
                    CallError::state(
                        operation,
                        format!("the next page is at an unknown kind of address: {link}"),
                    )
                })?),
            };
            Ok((page.value, next))
        };
        self.client.all_pages(call, "$skiptoken", take).await
    }
}

/// The token in the address of a next page.
fn skip_token(link: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(key, _)| key.eq_ignore_ascii_case("$skiptoken"))?;
    Some(found.1.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_version() {
        for route in routes::ROUTES {
            assert!(!version(route.name).is_empty(), "{}", route.name);
        }
    }

    #[test]
    fn the_next_page_is_known_by_its_token() {
        let check =
            |link: &str, expected: Option<&str>| assert_eq!(skip_token(link).as_deref(), expected);
        check("https://x/y?api-version=1&$skiptoken=a%3D", Some("a="));
        check("https://x/y?%24skipToken=b", Some("b"));
        check("https://x/y?page=2", None);
    }
}
