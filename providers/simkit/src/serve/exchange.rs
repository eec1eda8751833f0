//! One exchange: a request read within limits, sent through journal and faults, and its answer.
//!
//! tidy: real time (clients sign with their own clock, which is the real one).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use jiff::Timestamp;
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
use kubeproof_contract::transport::{Transport, TransportError};
use tokio::time::timeout;

use super::body::{self, Body};
use super::doors::{self, Door};
use super::limits::{ANSWER_TIME_MAX, BODY_TIME_MAX, PATH_BYTES_MAX};
use super::{Shared, control};
use crate::cloud::{Cloud, InParts, More, Received, Reply};
use crate::pace;

/// The simulated cloud behind sockets: nobody waits for its latency, but the clock moves by it.
pub struct Behind<C: Cloud>(pub Arc<Shared<C>>);

impl<C: Cloud> std::fmt::Debug for Behind<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Behind").finish_non_exhaustive()
    }
}

#[async_trait]
impl<C: Cloud> Transport for Behind<C> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        pace::took(self.0.memory.with(|cloud| cloud.latency(&request)));
        loop {
            let reply = self.0.memory.with(|cloud| cloud.answer(&request));
            // Before anybody is told of a new host, somebody listens there.
            doors::settle(&self.0).map_err(|error| TransportError::Lost(error.to_string()))?;
            match reply {
                Reply::Now(response) => return Ok(response),
                Reply::Part { mut response, more } => {
                    response.extensions_mut().insert(more);
                    return Ok(response);
                }
                // Whoever holds a request for too long is broken off by the caller's time limit.
                Reply::AskAgain(after) => tokio::time::sleep(after).await,
            }
        }
    }
}

/// Answers a request.
///
/// # Errors
/// When there is no answer: then the connection breaks, as it is meant to.
pub async fn exchange<C: Cloud>(
    shared: &Arc<Shared<C>>,
    door: &Door,
    request: Request<Incoming>,
) -> Result<Response<Body>, TransportError> {
    let (parts, incoming) = request.into_parts();
    if parts.uri.path().len() > PATH_BYTES_MAX {
        let words = format!("a path has at most {PATH_BYTES_MAX} bytes here");
        return Ok(body::refusal(StatusCode::URI_TOO_LONG, &words));
    }
    let bytes = match body::read(incoming, shared.real(BODY_TIME_MAX)).await {
        Ok(bytes) => bytes,
        Err(refusal) => return Ok(refusal),
    };
    let mut request = Request::from_parts(parts, bytes);
    let controls = *door == Door::Api && shared.fresh.is_some();
    if controls && control::is_control(request.uri().path()) {
        return Ok(control::answer(shared, &request).map(body::whole));
    }
    if let Door::Host(host) = door {
        *request.uri_mut() = on_host(host, request.uri());
    }
    // Faults are ours to inject, not a client's.
    request.headers_mut().remove(ASYNC_FAULT_HEADER);
    let at = Timestamp::now(); // real clock: what the client signed with
    request.extensions_mut().insert(Received { at });
    request.extensions_mut().insert(InParts::default());
    let limit = shared.real(ANSWER_TIME_MAX);
    let Ok(answered) = timeout(limit, shared.transport().send(request.clone())).await else {
        let words = format!("no answer within {} s", ANSWER_TIME_MAX.as_secs());
        return Err(TransportError::Timeout(words));
    };
    let response = answered?;
    Ok(match response.extensions().get::<More>().cloned() {
        None => response.map(body::whole),
        Some(more) => rest_follows(shared, request, response, more),
    })
}

/// A request to a host's own port, as a request to that host.
pub fn on_host(host: &str, uri: &Uri) -> Uri {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("https://{host}{path}")
        .parse()
        .unwrap_or_else(|_| uri.clone())
}

/// An answer whose first part is there. The rest is asked for past journal and faults: it is one call.
fn rest_follows<C: Cloud>(
    shared: &Arc<Shared<C>>,
    request: Request<Bytes>,
    response: Response<Bytes>,
    more: More,
) -> Response<Body> {
    let (parts, first) = response.into_parts();
    let status = parts.status;
    let behind = Arc::new(Behind(Arc::clone(shared)));
    let next = move |more: More| {
        let (behind, mut request) = (Arc::clone(&behind), request.clone());
        async move {
            tokio::time::sleep(more.after).await;
            let cursor = Some(more.cursor);
            request.extensions_mut().insert(InParts { cursor });
            let response = behind.send(request).await?;
            if response.status() != status {
                // The head is gone, and says otherwise.
                return Err(TransportError::Lost(
                    "the rest of the answer failed".to_owned(),
                ));
            }
            let more = response.extensions().get::<More>().cloned();
            Ok(Some((response.into_body(), more)))
        }
    };
    Response::from_parts(parts, body::in_parts(first, more, next))
}
