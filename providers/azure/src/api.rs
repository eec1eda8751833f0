//! The client of Resource Manager and of the directory: one piece of work, with one access token for each.

pub mod costs;
pub mod errors;
pub mod graph;
pub mod operation;
pub mod prices;
pub mod types;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::rest::{BoxError, RestApi, RestCall, RestClient, RestError};
use kubeproof_cloudkit::{Applied, CallError, Cause, Classify, RetryPolicy, Session};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::route::Route;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::credentials::{self, Audience, Tokens};
use crate::routes;
use graph::Graph;
use prices::Retail;

/// Whatever replicates in Resource Manager, a name is unique: a read that lags leads to a repeated PUT and to nothing
/// worse.
const CONSISTENCY_DELAY: Duration = Duration::ZERO;

/// The versions of the APIs that are called, as in Microsoft's current clients for Python; those of locks, the activity
/// log, diagnostic settings, private DNS and what was deleted softly are general knowledge.
const VERSIONS: &[(&str, &str)] = &[
    ("activityLogs.", "2015-04-01"),
    ("agentPools.", "2026-08-01"),
    ("deletedWorkspaces.", "2023-09-01"),
    ("diagnosticSettings.", "2021-05-01-preview"),
    ("disks.", "2026-03-02"),
    ("federatedIdentityCredentials.", "2024-11-30"),
    ("loadBalancers.", NETWORK),
    ("managedClusters.", "2026-08-01"),
    ("managementLocks.", "2016-09-01"),
    ("natGateways.", NETWORK),
    ("networkInterfaces.", NETWORK),
    ("networkSecurityGroups.", NETWORK),
    ("operationResults.", "2025-04-01"),
    ("operations.", "2025-04-01"),
    ("permissions.", "2022-04-01"),
    ("privateEndpoints.", NETWORK),
    ("privateZones.", "2024-06-01"),
    ("providers.", "2025-04-01"),
    ("publicIPAddresses.", NETWORK),
    ("query.", "2025-03-01"),
    ("resourceGroups.", "2025-04-01"),
    ("resourceSkus.", "2021-07-01"),
    ("resources.", "2025-04-01"),
    ("roleAssignments.", "2022-04-01"),
    ("roleDefinitions.", "2022-04-01"),
    ("routeTables.", NETWORK),
    ("snapshots.", "2026-03-02"),
    ("subnets.", NETWORK),
    ("subscriptions.", "2022-12-01"),
    ("usage.", "2026-04-01"),
    ("usages.", NETWORK),
    ("userAssignedIdentities.", "2024-11-30"),
    ("vaults.", "2023-07-01"),
    ("virtualMachineScaleSets.", "2026-04-01"),
    ("virtualNetworkLinks.", "2024-06-01"),
    ("virtualNetworks.", NETWORK),
];
/// The version of all of the network's.
const NETWORK: &str = "2026-03-01";

/// The version of the API that an operation belongs to.
pub(crate) fn version(operation: &str) -> &'static str {
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
        let token = self.tokens.current(connection, Audience::Arm).await?;
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
    graph: RestClient<Graph>,
    prices: RestClient<Retail>,
    tokens: Arc<Tokens>,
}

impl Api {
    /// A client over a connection.
    pub fn new(connection: &Connection) -> Self {
        Self::in_session(Session::new(connection, CONSISTENCY_DELAY), Arc::default())
    }

    /// The same for work that makes objects of the directory, whose reads lag by so long.
    pub fn lagging(connection: &Connection, consistency_delay: Duration) -> Self {
        Self::in_session(Session::new(connection, consistency_delay), Arc::default())
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
        let graph = Graph::new(Arc::clone(&tokens));
        let session = Arc::new(session);
        Self {
            client: RestClient::in_session(Arc::new(arm), Arc::clone(&session)),
            graph: RestClient::in_session(Arc::new(graph), Arc::clone(&session)),
            prices: RestClient::in_session(Arc::new(Retail), session),
            tokens,
        }
    }

    /// The session of all calls.
    pub fn session(&self) -> &Session {
        self.client.session()
    }

    /// The client of the directory.
    pub fn graph(&self) -> &RestClient<Graph> {
        &self.graph
    }

    /// The client of the public list of prices.
    pub fn prices(&self) -> &RestClient<Retail> {
        &self.prices
    }

    /// The ids that the caller has, as its access token tells them.
    ///
    /// # Errors
    /// When there is no token.
    pub async fn identity(&self) -> Result<BTreeSet<String>, CallError> {
        let token = self.tokens.current(self.connection(), Audience::Arm).await;
        let token = token.map_err(|why| CallError::unmade("get an access token", why))?;
        Ok(credentials::ids(&token))
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

    /// Reads any resource by its id, if it exists.
    ///
    /// # Errors
    /// When it cannot be read, or the id is none.
    pub async fn find_by_id<T: DeserializeOwned + Send>(
        &self,
        id: &str,
        version: &str,
    ) -> Result<Option<T>, CallError> {
        let parameters = parts(id)?;
        let query = [("api-version", version)];
        let call = RestCall::new("resources.getById", &parameters).with_query(&query);
        match self.client.call(RetryPolicy::IDEMPOTENT, call).await {
            Err(error) if error.is_not_found() => Ok(None),
            result => result.map(Some),
        }
    }

    /// Asks for the deletion of any resource by its id.
    ///
    /// # Errors
    /// When it is refused, or the id is none.
    pub async fn delete_by_id(
        &self,
        policy: RetryPolicy,
        id: &str,
        version: &str,
    ) -> Result<(), CallError> {
        let parameters = parts(id)?;
        let query = [("api-version", version)];
        let call = RestCall::new("resources.deleteById", &parameters).with_query(&query);
        ignore_not_found(self.client.call::<IgnoredAny>(policy, call).await)
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
            let next = next_page(operation, page.next_link)?;
            Ok((page.value, next))
        };
        self.client.all_pages(call, "$skiptoken", take).await
    }
}

/// Subscription, group, namespace and the rest of a resource's id.
fn parts(id: &str) -> Result<[&str; 4], CallError> {
    let wrong = || CallError::state("read an id", format!("`{id}` is no id of a resource"));
    let mut parts = id.trim_start_matches('/').splitn(7, '/');
    let mut next = || parts.next().filter(|part| !part.is_empty());
    let whole = [(); 7].map(|()| next());
    let [
        Some(subscriptions),
        Some(subscription),
        Some(groups),
        Some(group),
        Some(providers),
        Some(namespace),
        Some(rest),
    ] = whole
    else {
        return Err(wrong());
    };
    let words = [
        (subscriptions, "subscriptions"),
        (groups, "resourceGroups"),
        (providers, "providers"),
    ];
    if words
        .iter()
        .any(|(word, wanted)| !word.eq_ignore_ascii_case(wanted))
    {
        return Err(wrong());
    }
    Ok([subscription, group, namespace, rest])
}

/// The token of the next page, by its address.
fn next_page(operation: &str, link: Option<String>) -> Result<Option<String>, CallError> {
    let Some(link) = link.filter(|link| !link.is_empty()) else {
        return Ok(None);
    };
    let token = skip_token(&link).ok_or_else(|| {
        CallError::state(
            operation,
            format!("the next page is at an unknown kind of address: {link}"),
        )
    })?;
    Ok(Some(token))
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
    fn an_id_is_taken_apart_or_refused() {
        let group = "/subscriptions/s/resourceGroups/g";
        let check = |id: &str, expected: Option<[&str; 4]>| assert_eq!(parts(id).ok(), expected);
        check(
            &format!("{group}/providers/Microsoft.Network/virtualNetworks/v/subnets/n"),
            Some(["s", "g", "Microsoft.Network", "virtualNetworks/v/subnets/n"]),
        );
        check(
            &format!("{group}/providers/A/b/c").to_lowercase(),
            Some(["s", "g", "a", "b/c"]),
        );
        check(group, None);
        check(&format!("{group}/moons/A/b/c"), None);
        check(&format!("{group}/providers/A/"), None);
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
