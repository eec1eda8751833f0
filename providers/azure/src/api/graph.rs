//! The client of the directory: Microsoft Graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::rest::{BoxError, RestApi, RestCall, RestClient, RestError};
use kubeproof_cloudkit::{Applied, CallError, Cause, Classify};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::route::Route;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::errors;
use crate::credentials::{Audience, Tokens};
use crate::routes;

/// The most objects of one page (Graph, paging: `$top` of 1 to 999).
const PAGE: (&str, &str) = ("$top", "999");

/// Microsoft Graph.
#[derive(Debug)]
pub struct Graph {
    tokens: Arc<Tokens>,
}

impl Graph {
    /// The directory, with these tokens.
    pub(super) fn new(tokens: Arc<Tokens>) -> Self {
        Self { tokens }
    }
}

impl Classify for Graph {
    fn classify(&self, status: u16, code: &str, message: &str) -> (Cause, Applied) {
        errors::classify(status, code, message)
    }
}

impl RestApi for Graph {
    const SERVICE: &'static str = routes::GRAPH;
    const BASE: &'static str = routes::GRAPH_URL;
    const ROUTES: &'static [Route] = routes::graph::ROUTES;

    async fn authorization(&self, connection: &Connection) -> Result<String, BoxError> {
        let token = self.tokens.current(connection, Audience::Graph).await?;
        Ok(format!("Bearer {}", token.value()))
    }

    /// Thousands of calls in ten minutes are allowed: far above what one run calls.
    async fn turn(&self, _: &str) {}

    fn read_error(answer: &Response<Bytes>) -> RestError {
        errors::read(answer)
    }
}

/// An application or a service principal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DirectoryObject {
    /// The object id.
    pub id: String,
    /// The client id.
    pub app_id: String,
    /// The name for people.
    pub display_name: String,
    /// `Application`, `ManagedIdentity` or `Legacy`, of a principal.
    pub service_principal_type: String,
    /// The tenant of the application that a principal is for.
    pub app_owner_organization_id: Option<String>,
    /// Words.
    pub tags: Vec<String>,
    /// Free text, of an application.
    pub notes: Option<String>,
    /// When it was made.
    pub created_date_time: String,
}

impl DirectoryObject {
    /// The marks in its tags, which are words: `kubeproof:run=r1`.
    pub fn marks(&self) -> BTreeMap<String, String> {
        let pairs = self
            .tags
            .iter()
            .map(|tag| tag.split_once('=').unwrap_or((tag, "")));
        pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

/// Reads a list of the directory to its last page.
///
/// # Errors
/// When a page cannot be read, or does not say where the next one is.
pub async fn list<T: DeserializeOwned + Send>(
    graph: &RestClient<Graph>,
    operation: &'static str,
    filter: Option<&str>,
) -> Result<Vec<T>, CallError> {
    let mut query = vec![PAGE];
    query.extend(filter.map(|filter| ("$filter", filter)));
    let call = RestCall::new(operation, &[]).with_query(&query);
    let take = |page: Page<T>| Ok((page.value, super::next_page(operation, page.next_link)?));
    graph.all_pages(call, "$skiptoken", take).await
}
