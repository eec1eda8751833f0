//! The request handler: reads a request within limits, sends it through journal and faults, and answers it.
//!
//! tidy: real time (clients sign with their own clock, which is the real one).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use jiff::Timestamp;
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
use kubeproof_contract::transport::{Transport, TransportError};
use tokio::time::timeout;

use super::body::{self, Body};
use super::limits::{ANSWER_TIME_MAX, BODY_BYTES_MAX, BODY_TIME_MAX, PATH_BYTES_MAX};
use super::listeners::{self, ListenerKind};
use super::{Shared, control};
use crate::cloud::{AskedAt, Cloud, InParts, NextPart, ReceivedAt, Reply};
use crate::paced_clock;

/// The simulated cloud behind sockets. Clients do not wait for its latency, but the clock advances by it.
pub struct Backend<C: Cloud>(pub Arc<Shared<C>>);

impl<C: Cloud> std::fmt::Debug for Backend<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}

#[async_trait]
impl<C: Cloud> Transport for Backend<C> {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        paced_clock::took(self.0.memory.with(|cloud| cloud.latency(&request)));
        let at = self.0.memory.now();
        request.extensions_mut().insert(AskedAt { at });
        // A host that is there by now must have its address before an answer names it.
        listeners::update(&self.0).map_err(|error| TransportError::Lost(error.to_string()))?;
        loop {
            let reply = self.0.memory.with(|cloud| cloud.answer(&request));
            // The same for a host that the call itself has made.
            listeners::update(&self.0).map_err(|error| TransportError::Lost(error.to_string()))?;
            match reply {
                Reply::Now(response) => return Ok(response),
                Reply::Part { mut response, more } => {
                    response.extensions_mut().insert(more);
                    return Ok(response);
                }
                // Bounded by the caller's time limit.
                Reply::AskAgain(after) => tokio::time::sleep(after).await,
            }
        }
    }
}

/// Answers a request.
///
/// # Errors
/// When there is no answer; the connection is then broken, as the fault intends.
pub async fn handle<C: Cloud>(
    shared: &Arc<Shared<C>>,
    kind: &ListenerKind,
    request: Request<Incoming>,
) -> Result<Response<Body>, TransportError> {
    let (parts, incoming) = request.into_parts();
    if parts.uri.path().len() > PATH_BYTES_MAX {
        let message = format!("a path has at most {PATH_BYTES_MAX} bytes here");
        return Ok(body::refusal(StatusCode::URI_TOO_LONG, &message));
    }
    let bytes = match body::read(incoming, shared.real(BODY_TIME_MAX), BODY_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(refusal) => return Ok(refusal),
    };
    let mut request = Request::from_parts(parts, bytes);
    let controls = *kind == ListenerKind::Api && shared.fresh.is_some();
    if controls && control::is_control(request.uri().path()) {
        return Ok(control::answer(shared, &request).await.map(body::whole));
    }
    if let ListenerKind::Host(host) = kind {
        *request.uri_mut() = on_host(host, request.uri());
    }
    // Clients must not inject faults.
    request.headers_mut().remove(ASYNC_FAULT_HEADER);
    // A client signs with the real clock, unless it is the one that sets the account's.
    let at = if shared.is_clock_set() {
        shared.clock.now()
    } else {
        Timestamp::now() // real clock
    };
    request.extensions_mut().insert(ReceivedAt { at });
    request.extensions_mut().insert(InParts::default());
    let limit = shared.real(ANSWER_TIME_MAX);
    let Ok(answered) = timeout(limit, shared.transport().send(request.clone())).await else {
        let message = format!("no answer within {} s", ANSWER_TIME_MAX.as_secs());
        return Err(TransportError::Timeout(message));
    };
    let mut response = answered?;
    if shared.is_clock_set() {
        // Clients correct their own clock by it.
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        let date = printer.timestamp_to_rfc9110_string(&shared.clock.now());
        let date = date.ok().and_then(|date| HeaderValue::from_str(&date).ok());
        response
            .headers_mut()
            .extend(date.map(|date| (header::DATE, date)));
    }
    Ok(match response.extensions().get::<NextPart>().cloned() {
        None => response.map(body::whole),
        Some(more) => rest_follows(shared, request, response, more),
    })
}

/// The URI of a request to a host's own port, as a URI of that host.
pub fn on_host(host: &str, uri: &Uri) -> Uri {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("https://{host}{path}")
        .parse()
        .unwrap_or_else(|_| uri.clone())
}

/// An answer of which only the first part exists. The rest is requested without journal and faults, because it is
/// the same call.
fn rest_follows<C: Cloud>(
    shared: &Arc<Shared<C>>,
    request: Request<Bytes>,
    response: Response<Bytes>,
    more: NextPart,
) -> Response<Body> {
    let (parts, first) = response.into_parts();
    let status = parts.status;
    let backend = Arc::new(Backend(Arc::clone(shared)));
    let next = move |more: NextPart| {
        let (backend, mut request) = (Arc::clone(&backend), request.clone());
        async move {
            tokio::time::sleep(more.after).await;
            let cursor = Some(more.cursor);
            request.extensions_mut().insert(InParts { cursor });
            let response = backend.send(request).await?;
            if response.status() != status {
                // The head was already sent with another status.
                return Err(TransportError::Lost(
                    "the rest of the answer failed".to_owned(),
                ));
            }
            let more = response.extensions().get::<NextPart>().cloned();
            Ok(Some((response.into_body(), more)))
        }
    };
    Response::from_parts(parts, body::in_parts(first, more, next))
}
