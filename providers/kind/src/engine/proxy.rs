//! A socket in front of the engine's: what comes in goes through a transport.
//!
//! `kind`, `docker` and bollard talk to it as to the engine. Each actor has a socket of its own, so that the journal
//! knows whose call it was and faults hit the right actor.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kubeproof_contract::transport::{SharedTransport, TransportError};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::stream::{self, Passing};
use super::transport::{HOST, StreamUpgrade, UpgradeAllowed};

/// The largest request that is buffered, in bytes.
const REQUEST_MAX: usize = 64 << 20;

/// A socket that leads to the engine through a transport, until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    socket: PathBuf,
    // Dropping it removes the socket's folder.
    _folder: TempDir,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a new socket. Call it inside the runtime that will serve it.
    ///
    /// # Errors
    /// When no socket can be made here.
    pub fn start(transport: SharedTransport, engine: PathBuf) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kubeproof-").tempdir()?;
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket)?;
        let route = Arc::new(Route { transport, engine });
        let serving = tokio::spawn(serve(listener, route));
        Ok(Self {
            socket,
            _folder: folder,
            serving,
        })
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The socket as `DOCKER_HOST` names it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Route {
    transport: SharedTransport,
    engine: PathBuf,
}

/// Accepts connections until it is aborted, which closes all that are open.
async fn serve(listener: UnixListener, route: Arc<Route>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&route)));
                }
            }
            // Remove finished tasks, so that their number stays bounded by the open connections.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: UnixStream, route: Arc<Route>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&route)));
    // A program that disconnects early is not an error of ours.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

/// An error ends the connection, as a lost answer does.
async fn answer(
    request: Request<Incoming>,
    route: Arc<Route>,
) -> Result<Response<Passing>, TransportError> {
    if stream::opens(&request) {
        let mut asking = Request::new(Bytes::new());
        *asking.method_mut() = request.method().clone();
        *asking.uri_mut() = addressed(request.uri())?;
        asking.extensions_mut().insert(StreamUpgrade);
        let answer = route.transport.send(asking).await?;
        if answer.extensions().get::<UpgradeAllowed>().is_some() {
            return stream::pass(&route.engine, request).await;
        }
        return Ok(whole(answer));
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, REQUEST_MAX).collect().await else {
        let mut refusal = Response::new(Bytes::from_static(
            b"{\"message\":\"the request is cut or too large\"}",
        ));
        *refusal.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(whole(refusal));
    };
    parts.uri = addressed(&parts.uri)?;
    let request = Request::from_parts(parts, body.to_bytes());
    Ok(whole(route.transport.send(request).await?))
}

/// The request's path, at the host that stands for the engine.
fn addressed(uri: &Uri) -> Result<Uri, TransportError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("http://{HOST}{path}")
        .parse()
        .map_err(|error| TransportError::Connect(format!("`{path}` is no path: {error}")))
}

fn whole(response: Response<Bytes>) -> Response<Passing> {
    let (mut parts, body) = response.into_parts();
    // The body is complete now, however it arrived. The length of a HEAD answer describes a body that is not sent.
    parts.headers.remove(header::TRANSFER_ENCODING);
    if !body.is_empty() {
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let never = |never: Infallible| match never {};
    Response::from_parts(parts, Full::new(body).map_err(never).boxed())
}
