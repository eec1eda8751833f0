//! A typed client of a cloud's JSON REST API, over a connection.
//!
//! What differs between clouds is a [`RestApi`]: values and small functions. One call is one request here; when it
//! is repeated, the [`RetryPolicy`] of the caller says.

mod error_answer;
mod links;

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue, InvalidHeaderValue};
use http::{Request, Response, StatusCode};
use kubeproof_contract::provider::Connection;
pub use kubeproof_contract::provider_errors::BoxError;
use kubeproof_contract::route::{Route, verb};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::error_answer::{RestError, retry_after};
use crate::error::{Applied, CallError, Classify};
use crate::retry::RetryPolicy;
use crate::session::Session;

/// What may stand in a path or a query as it is (RFC 3986, unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request that could not be made.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("{0} has no route")]
    NoRoute(&'static str),
    #[error("{0}")]
    Authorization(#[source] BoxError),
    #[error("the credentials have characters that no header may have")]
    Header(#[source] InvalidHeaderValue),
    #[error("{0}")]
    Form(#[source] http::Error),
}

/// One cloud's API.
pub trait RestApi: Classify + Debug + Send + Sync + 'static {
    /// The service in call signatures and errors.
    const SERVICE: &'static str;
    /// The address that paths are appended to.
    const BASE: &'static str;
    /// The operations.
    const ROUTES: &'static [Route];
    /// The timeout of one call.
    const ANSWER_WITHIN: Duration = Duration::from_mins(1);

    /// The value of the `Authorization` header; empty where there is none, for what is public. Errors say what to do about it, and never show a secret.
    fn authorization(
        &self,
        connection: &Connection,
    ) -> impl Future<Output = Result<String, BoxError>> + Send;

    /// Waits until the cloud's rate limit lets this operation through.
    fn turn(&self, operation: &str) -> impl Future<Output = ()> + Send;

    /// What an error answer says.
    fn read_error(answer: &Response<Bytes>) -> RestError;

    /// Decodes a successful answer.
    ///
    /// # Errors
    /// When it is not what was expected.
    fn decode<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
        // An answer without content is read as `null`.
        serde_json::from_slice(if body.is_empty() { b"null" } else { body })
    }
}

/// Decodes an answer of the form `{"data": …}`.
///
/// # Errors
/// When it is not of this form.
pub fn enveloped<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        data: T,
    }
    serde_json::from_slice::<Envelope<T>>(body).map(|envelope| envelope.data)
}

/// One call of an operation.
#[derive(Clone, Copy, Debug)]
pub struct RestCall<'a> {
    operation: &'static str,
    parameters: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<&'a Value>,
}

impl<'a> RestCall<'a> {
    /// A call of the operation of this name, with the parameters of its path.
    pub const fn new(operation: &'static str, parameters: &'a [&'a str]) -> Self {
        Self {
            operation,
            parameters,
            query: &[],
            body: None,
        }
    }

    /// The same with a query.
    #[must_use]
    pub const fn with_query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    /// The same with a body.
    #[must_use]
    pub const fn with_body(self, body: &'a Value) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    fn path(&self, route: &Route) -> String {
        let escaped = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let mut parameters = self.parameters.iter();
        let segments = route.path.split('/').map(|segment| match verb(segment) {
            // A path within the path keeps its slashes.
            Some(_) if segment.starts_with("{+") => {
                let given = parameters.next().unwrap_or(&"").trim_matches('/');
                given.split('/').map(escaped).collect::<Vec<_>>().join("/")
            }
            Some(verb) => escaped(parameters.next().unwrap_or(&"")) + verb,
            None => segment.to_owned(),
        });
        let mut path = segments.collect::<Vec<_>>().join("/");
        for (index, (name, value)) in self.query.iter().enumerate() {
            let mark = if index == 0 { '?' } else { '&' };
            path.push_str(&format!("{mark}{}={}", escaped(name), escaped(value)));
        }
        path
    }
}

/// An answer with what stands around its document: some clouds say there where an operation goes on.
#[derive(Clone, Debug)]
pub struct RestAnswer<T> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The document.
    pub value: T,
}

/// A client of one actor in one piece of work.
#[derive(Debug)]
pub struct RestClient<A> {
    api: Arc<A>,
    session: Arc<Session>,
}

impl<A: RestApi> RestClient<A> {
    /// A client over a connection. `consistency_delay` is how long the cloud's reads may lag.
    pub fn new(api: A, connection: &Connection, consistency_delay: Duration) -> Self {
        let session = Arc::new(Session::new(connection, consistency_delay));
        Self::in_session(Arc::new(api), session)
    }

    /// A client whose calls are part of a piece of work that other clients share: a cloud with many services.
    pub fn in_session(api: Arc<A>, session: Arc<Session>) -> Self {
        Self { api, session }
    }

    /// A client for the next piece of work: it shares the rate limits and remembers nothing else.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self {
            api: Arc::clone(&self.api),
            session: Arc::new(self.session.renewed()),
        }
    }

    /// What it knows of the API: rate limits, cached credentials.
    pub fn api(&self) -> &Arc<A> {
        &self.api
    }

    /// The session of its calls.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.session.connection
    }

    /// Reads; repeated as any call that does no harm twice.
    ///
    /// # Errors
    /// When it is refused, or no usable answer arrives.
    pub async fn get<T: DeserializeOwned + Send>(
        &self,
        operation: &'static str,
        parameters: &[&str],
    ) -> Result<T, CallError> {
        let call = RestCall::new(operation, parameters);
        self.call(RetryPolicy::IDEMPOTENT, call).await
    }

    /// Makes a call once, whatever comes of it: for callers that do more than wait between two tries.
    ///
    /// # Errors
    /// When it is refused, or no usable answer arrives.
    pub async fn once<T: DeserializeOwned>(&self, call: RestCall<'_>) -> Result<T, CallError> {
        self.send(call).await
    }

    /// Makes a call, again as its policy says.
    ///
    /// # Errors
    /// With the last error, when the policy gives up.
    pub async fn call<T: DeserializeOwned + Send>(
        &self,
        policy: RetryPolicy,
        call: RestCall<'_>,
    ) -> Result<T, CallError> {
        self.session.call(policy, || self.send(call)).await
    }

    /// The same with the status and the headers of the answer.
    ///
    /// # Errors
    /// With the last error, when the policy gives up.
    pub async fn call_with_headers<T: DeserializeOwned + Send>(
        &self,
        policy: RetryPolicy,
        call: RestCall<'_>,
    ) -> Result<RestAnswer<T>, CallError> {
        self.session.call(policy, || self.read(call)).await
    }

    /// Reads a list to its last page. `token` is the name of the page token in the query; `take` gives a page's items
    /// and the token of the next page.
    ///
    /// # Errors
    /// When a page cannot be read or taken, or the list has no last page.
    pub async fn all_pages<P, T>(
        &self,
        call: RestCall<'_>,
        token: &str,
        take: impl Fn(P) -> Result<(Vec<T>, Option<String>), CallError> + Send + Sync,
    ) -> Result<Vec<T>, CallError>
    where
        P: DeserializeOwned + Send,
        T: Send,
    {
        let name = format!("{}:{}", A::SERVICE, call.operation);
        let take = &take;
        let page = |next: Option<String>| async move {
            let mut query = call.query.to_vec();
            query.extend(next.as_deref().map(|next| (token, next)));
            take(self.send(call.with_query(&query)).await?)
        };
        self.session.all_pages(&name, page).await
    }

    /// Reads a list whose answers name their next page in a `Link` header (RFC 8288), to its last page. `token` is the
    /// name of the page token in the query of that link.
    ///
    /// # Errors
    /// When a page cannot be read, a link cannot be followed, or the list has no last page.
    pub async fn all_linked_pages<T: DeserializeOwned + Send>(
        &self,
        call: RestCall<'_>,
        token: &str,
    ) -> Result<Vec<T>, CallError> {
        let name = format!("{}:{}", A::SERVICE, call.operation);
        let name = &name;
        let page = |next: Option<String>| async move {
            let mut query = call.query.to_vec();
            query.extend(next.as_deref().map(|next| (token, next)));
            let answer = self.answer(name, call.with_query(&query)).await?;
            let next =
                links::next(&answer, token).map_err(|error| CallError::unmade(name, error))?;
            Ok((decoded::<A, Vec<T>>(name, answer.body())?, next))
        };
        self.session.all_pages(name, page).await
    }

    async fn send<T: DeserializeOwned>(&self, call: RestCall<'_>) -> Result<T, CallError> {
        Ok(self.read(call).await?.value)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        call: RestCall<'_>,
    ) -> Result<RestAnswer<T>, CallError> {
        let name = format!("{}:{}", A::SERVICE, call.operation);
        let (parts, body) = self.answer(&name, call).await?.into_parts();
        Ok(RestAnswer {
            status: parts.status,
            headers: parts.headers,
            value: decoded::<A, T>(&name, &body)?,
        })
    }

    /// The answer to a call that has succeeded.
    async fn answer(&self, name: &str, call: RestCall<'_>) -> Result<Response<Bytes>, CallError> {
        let request = self.request(call).await;
        let request = request.map_err(|error| CallError::unmade(name, error))?;
        self.api.turn(call.operation).await;
        let sent = self.connection().transport.send(request);
        let answer = match tokio::time::timeout(A::ANSWER_WITHIN, sent).await {
            Err(_) => {
                let message = format!("no answer within {} s", A::ANSWER_WITHIN.as_secs());
                return Err(CallError::no_answer(name, message, Applied::MaybeLater));
            }
            Ok(Err(error)) => return Err(CallError::of_transport(name, error)),
            Ok(Ok(answer)) => answer,
        };
        if !answer.status().is_success() {
            return Err(self.refused(name, &answer));
        }
        Ok(answer)
    }

    fn refused(&self, name: &str, answer: &Response<Bytes>) -> CallError {
        let status = answer.status().as_u16();
        let said = A::read_error(answer);
        let message = match said.message {
            empty if empty.is_empty() => format!("status {status}"),
            message => message,
        };
        CallError {
            suggestion: said.suggestion.into(),
            retry_after: said.retry_after,
            ..CallError::of_answer(&*self.api, name, (status, said.code), message)
        }
    }

    async fn request(&self, call: RestCall<'_>) -> Result<Request<Bytes>, RequestError> {
        let mut routes = A::ROUTES.iter();
        let route = routes
            .find(|route| route.name == call.operation)
            .ok_or(RequestError::NoRoute(call.operation))?;
        let secret = self.api.authorization(self.connection()).await;
        let secret = secret.map_err(RequestError::Authorization)?;
        let mut authorization = HeaderValue::try_from(secret).map_err(RequestError::Header)?;
        authorization.set_sensitive(true);
        let mut request = Request::builder()
            .method(route.method)
            .uri(format!("{}{}", A::BASE, call.path(route)))
            .header(header::ACCEPT, "application/json");
        if !authorization.is_empty() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = call
            .body
            .map_or_else(Bytes::new, |body| body.to_string().into());
        request.body(body).map_err(RequestError::Form)
    }
}

fn decoded<A: RestApi, T: DeserializeOwned>(name: &str, body: &[u8]) -> Result<T, CallError> {
    A::decode(body).map_err(|error| CallError {
        source: Some(Arc::new(Box::new(error))),
        // The answer does not show whether the call was applied.
        ..CallError::no_answer(name, "the answer cannot be read", Applied::Unknown)
    })
}
