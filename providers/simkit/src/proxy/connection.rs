//! Connections of the proxy: what a client asks for, and where that leads.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use kubeproof_contract::mutex::lock;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Shared, forward};
use crate::serve::body::{self, Body};
use crate::serve::connection::{TOO_MANY, answer, serve_http};
use crate::serve::limits::HANDSHAKE_TIME_MAX;

/// The port of HTTPS.
const PORT: u16 = 443;

/// Where a connection leads.
enum Lead {
    /// To a host of the cloud, whose calls are read.
    Cloud(String),
    /// To this open connection, as it is.
    On(TcpStream),
}

/// Why the proxy does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error("the proxy is asked by CONNECT for a host and port: only HTTPS passes it")]
    NoConnect,
    #[error("{host}:{port} is a host of the cloud: only port {PORT} of it is reached here")]
    Port { host: String, port: u16 },
    #[error("{host}:{port} cannot be reached: {why}")]
    Unreachable {
        host: String,
        port: u16,
        why: String,
    },
}

/// Serves a connection on its own task, or refuses it when there are too many.
pub fn begin(shared: &Arc<Shared>, stream: TcpStream, closed: watch::Receiver<()>) {
    let Ok(permit) = Arc::clone(&shared.connections).try_acquire_owned() else {
        let _ = stream.try_write(answer("503 Service Unavailable", TOO_MANY).as_bytes());
        return;
    };
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let _permit = permit;
        lead(&shared, stream, closed).await;
    });
}

/// Asks where the connection is to lead, and leads it there until it ends.
async fn lead(shared: &Arc<Shared>, stream: TcpStream, mut closed: watch::Receiver<()>) {
    let asked: Arc<Mutex<Option<Lead>>> = Arc::default();
    let service = {
        let (shared, asked) = (Arc::clone(shared), Arc::clone(&asked));
        move |request: Request<Incoming>| {
            let (shared, asked) = (Arc::clone(&shared), Arc::clone(&asked));
            async move {
                let found = if request.method() == Method::CONNECT {
                    find(&shared, request.uri()).await
                } else {
                    Err(Refused::NoConnect)
                };
                Ok(opened(found, &asked))
            }
        }
    };
    let ended = serve_http(stream, &|time| shared.real(time), &mut closed, service).await;
    // A client that speaks before it is answered is cut off: what it said is not TLS of this connection.
    if !ended.rest_is_empty {
        return;
    }
    let lead = lock(&asked).take();
    match lead {
        None => {}
        Some(Lead::Cloud(host)) => read(shared, ended.stream, &host, closed).await,
        Some(Lead::On(other)) => hand_on(ended.stream, other, closed).await,
    }
}

fn opened(found: Result<Lead, Refused>, asked: &Mutex<Option<Lead>>) -> Response<Body> {
    match found {
        Ok(lead) => {
            *lock(asked) = Some(lead);
            Response::new(body::whole(Bytes::new()))
        }
        Err(refused @ Refused::Unreachable { .. }) => {
            body::refusal(StatusCode::BAD_GATEWAY, &refused.to_string())
        }
        Err(refused) => body::refusal(StatusCode::FORBIDDEN, &refused.to_string()),
    }
}

/// Where a `CONNECT` leads.
async fn find(shared: &Shared, uri: &Uri) -> Result<Lead, Refused> {
    let asked = uri.host().zip(uri.port_u16());
    let (host, port) = asked.ok_or(Refused::NoConnect)?;
    let host = host.to_ascii_lowercase();
    // A name may end with the root's dot.
    if (shared.setting.intercepts)(host.trim_end_matches('.')) {
        return match port {
            PORT => Ok(Lead::Cloud(host.trim_end_matches('.').to_owned())),
            _ => Err(Refused::Port { host, port }),
        };
    }
    shared.count(&host, port);
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    let limit = shared.real(HANDSHAKE_TIME_MAX);
    let why = match timeout(limit, TcpStream::connect((plain, port))).await {
        Ok(Ok(other)) => return Ok(Lead::On(other)),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    Err(Refused::Unreachable { host, port, why })
}

/// Hands on what either side says until one of them ends, or the proxy closes.
async fn hand_on<S>(mut stream: S, mut other: TcpStream, mut closed: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut other) => {}
        _ = closed.changed() => {}
    }
}

/// Reads the calls to a host of the cloud.
async fn read<S>(shared: &Arc<Shared>, stream: S, host: &str, mut closed: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Without a certificate the connection breaks, and the client says so.
    let Ok(acceptor) = shared.acceptor_of(host) else {
        return;
    };
    let limit = shared.real(HANDSHAKE_TIME_MAX);
    let Ok(Ok(stream)) = timeout(limit, acceptor.accept(stream)).await else {
        return;
    };
    let service = {
        let (shared, host) = (Arc::clone(shared), host.to_owned());
        move |request: Request<Incoming>| {
            let (shared, host) = (Arc::clone(&shared), host.clone());
            async move { forward::answer(&shared, &host, request).await }
        }
    };
    let _ = serve_http(stream, &|time| shared.real(time), &mut closed, service).await;
}
