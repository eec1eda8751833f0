//! Streams between a program and the engine: followed logs, events, and terminals.
//!
//! Unlike whole answers they pass through as they come; their opening has been requested before
//! ([`super::transport::StreamUpgrade`]).

use std::path::Path;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use kubeproof_contract::transport::TransportError;

use super::transport::{connect, to_engine};
use crate::dialect;

/// A body that is passed on as it arrives.
pub type Passing = BoxBody<Bytes, hyper::Error>;

/// Operations whose answers or requests are streams.
const STREAMS: &[&str] = &[
    "ContainerArchive",
    "ContainerAttach",
    "ContainerLogs",
    "ContainerStats",
    "ContainerWait",
    "ExecStart",
    "ImageBuild",
    "ImageCreate",
    "ImageGet",
    "ImageLoad",
    "PutContainerArchive",
    "SystemEvents",
];

/// Whether a request opens a stream.
pub fn opens(request: &Request<Incoming>) -> bool {
    let upgrades = request.headers().contains_key(http::header::UPGRADE);
    let operation = dialect::operation(request.method(), request.uri().path());
    upgrades || operation.is_some_and(|name| STREAMS.contains(&name))
}

/// Forwards a request and its answer as they arrive; after an upgrade, bytes in both directions.
///
/// # Errors
/// When the engine does not answer.
pub async fn pass(
    socket: &Path,
    mut request: Request<Incoming>,
) -> Result<Response<Passing>, TransportError> {
    let ours = hyper::upgrade::on(&mut request);
    let (mut sender, connection) = connect(socket).await?;
    // Ends with the engine's connection, or when the program disconnects and its side is dropped.
    tokio::spawn(connection);
    let mut response = sender
        .send_request(to_engine(request))
        .await
        .map_err(|error| TransportError::Lost(format!("the engine: {error}")))?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let theirs = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            if let (Ok(ours), Ok(theirs)) = tokio::join!(ours, theirs) {
                let (mut ours, mut theirs) = (TokioIo::new(ours), TokioIo::new(theirs));
                // Either side may disconnect at any time; that is how such streams end.
                let _ = tokio::io::copy_bidirectional(&mut ours, &mut theirs).await;
            }
        });
    }
    Ok(response.map(http_body_util::BodyExt::boxed))
}
