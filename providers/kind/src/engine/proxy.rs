//! A socket of our own that stands before the engine's: what comes in goes through a transport.
//!
//! `kind`, `docker` and bollard talk to it as to the engine. One socket an actor, so that the journal
//! knows whose call it was and a fault strikes the one that it names.

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
use super::way_out::{HOST, MayOpen, OpensStream};

/// The largest request that is taken whole, bytes.
const REQUEST_MAX: usize = 64 << 20;

/// A socket that leads to the engine through a transport, until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    socket: PathBuf,
    // The folder of the socket goes with it.
    _folder: TempDir,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a new socket. Call it inside the runtime that shall serve it.
    ///
    /// # Errors
    /// When no socket can be made here.
    pub fn start(transport: SharedTransport, engine: PathBuf) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kubeproof-").tempdir()?;
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket)?;
        let way = Arc::new(Way { transport, engine });
        let serving = tokio::spawn(serve(listener, way));
        Ok(Self {
            socket,
            _folder: folder,
            serving,
        })
    }

    /// The socket.
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

struct Way {
    transport: SharedTransport,
    engine: PathBuf,
}

/// Takes connections until it is aborted; with it go all that are open.
async fn serve(listener: UnixListener, way: Arc<Way>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&way)));
                }
            }
            // Ended ones are taken out, so that their number stays bounded by what is open.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: UnixStream, way: Arc<Way>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&way)));
    // A program that goes away in the middle is no error of ours.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

/// An error ends the connection: that is what a lost answer looks like.
async fn answer(
    request: Request<Incoming>,
    way: Arc<Way>,
) -> Result<Response<Passing>, TransportError> {
    if stream::opens(&request) {
        let mut asking = Request::new(Bytes::new());
        *asking.method_mut() = request.method().clone();
        *asking.uri_mut() = addressed(request.uri())?;
        asking.extensions_mut().insert(OpensStream);
        let answer = way.transport.send(asking).await?;
        if answer.extensions().get::<MayOpen>().is_some() {
            return stream::pass(&way.engine, request).await;
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
    Ok(whole(way.transport.send(request).await?))
}

/// The request's path at the host that stands for the engine.
fn addressed(uri: &Uri) -> Result<Uri, TransportError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("http://{HOST}{path}")
        .parse()
        .map_err(|error| TransportError::Connect(format!("`{path}` is no path: {error}")))
}

fn whole(response: Response<Bytes>) -> Response<Passing> {
    let (mut parts, body) = response.into_parts();
    // The body is whole now, whatever way it came in. A HEAD's length speaks of a body that is not sent.
    parts.headers.remove(header::TRANSFER_ENCODING);
    if !body.is_empty() {
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let never = |never: Infallible| match never {};
    Response::from_parts(parts, Full::new(body).map_err(never).boxed())
}
