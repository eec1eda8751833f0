//! The innermost transport of this provider's trials: to the engine over its socket, to everything else over HTTPS.
//!
//! Journal and faults are layers around it. Requests to the engine carry the host [`HOST`], which exists in no
//! network.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};
use tokio::net::UnixStream;

use super::address::{self, EngineError};

/// The host that stands for the engine.
pub const HOST: &str = "docker.invalid";
/// The longest that one whole answer of the engine may take; it does not apply to streams.
const ANSWER_LIMIT: Duration = Duration::from_mins(2);
/// The largest whole answer, in bytes.
const ANSWER_MAX: usize = 64 << 20;

/// A request extension: only asks whether this stream may be opened. Streams cannot pass through a transport of whole
/// answers, but their opening can, so it is in the journal and faults can be injected into it.
#[derive(Clone, Copy, Debug)]
pub struct StreamUpgrade;

/// A response extension: the stream may be opened.
#[derive(Clone, Copy, Debug)]
pub struct UpgradeAllowed;

pub struct DockerTransport {
    https: SharedTransport,
    engine: Result<PathBuf, EngineError>,
}

impl DockerTransport {
    /// A transport to the engine that [`address::socket`] finds.
    pub fn new(https: SharedTransport) -> Self {
        Self {
            https,
            engine: address::socket(),
        }
    }

    /// A transport to the engine at this socket.
    pub fn with_engine(https: SharedTransport, socket: PathBuf) -> Self {
        Self {
            https,
            engine: Ok(socket),
        }
    }
}

impl fmt::Debug for DockerTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerTransport")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for DockerTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if request.uri().host() != Some(HOST) {
            return self.https.send(request).await;
        }
        if request.extensions().get::<StreamUpgrade>().is_some() {
            let mut response = Response::new(Bytes::new());
            response.extensions_mut().insert(UpgradeAllowed);
            return Ok(response);
        }
        let socket = self.engine.as_ref();
        let socket = socket.map_err(|error| TransportError::Connect(error.to_string()))?;
        match tokio::time::timeout(ANSWER_LIMIT, exchange(socket, request)).await {
            Ok(answer) => answer,
            Err(_) => Err(TransportError::Timeout(format!(
                "the engine did not answer within {} s",
                ANSWER_LIMIT.as_secs()
            ))),
        }
    }
}

async fn exchange(
    socket: &Path,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, TransportError> {
    let lost = |error: &dyn fmt::Display| TransportError::Lost(format!("the engine: {error}"));
    let (mut sender, connection) = connect(socket).await?;
    let driving = tokio::spawn(connection);
    let answer = async {
        let response = sender
            .send_request(to_engine(request).map(Full::new))
            .await
            .map_err(|error| lost(&error))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_MAX)
            .collect()
            .await
            .map_err(|error| lost(&error))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
    .await;
    driving.abort();
    answer
}

/// The request as the engine expects it: a path, and a dummy host.
pub(super) fn to_engine<B>(request: Request<B>) -> Request<B> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().cloned();
    if let Some(path) = path {
        parts.uri = path.into();
    }
    parts
        .headers
        .insert(http::header::HOST, http::HeaderValue::from_static("docker"));
    Request::from_parts(parts, body)
}

/// A connection to the engine.
pub(super) async fn connect<B>(
    socket: &Path,
) -> Result<
    (
        http1::SendRequest<B>,
        impl Future<Output = Result<(), hyper::Error>> + Send + 'static,
    ),
    TransportError,
>
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let place = socket.display();
    let stream = UnixStream::connect(socket).await.map_err(|error| {
        TransportError::Connect(format!("the engine at {place} does not answer: {error}"))
    })?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| TransportError::Connect(format!("the engine at {place}: {error}")))?;
    Ok((sender, connection.with_upgrades()))
}
