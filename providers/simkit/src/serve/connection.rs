//! Connections: limits their number, detects plain or TLS, serves HTTP within limits, and leads those that ask for a
//! host through the door.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kubeproof_contract::transport::TransportError;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Shared;
use super::body::Body;
use super::door::{Door, Lead, lead_on};
use super::handler::handle;
use super::limits::{
    HANDSHAKE_TIME_MAX, HEAD_BYTES_MAX, HEAD_TIME_MAX, HEADERS_MAX, STOP_TIME_MAX,
};
use super::listeners::ListenerKind;
use crate::cloud::Cloud;

/// The first byte of a TLS connection: a handshake record (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

pub(crate) const TOO_MANY: &str = "too many connections at a time\n";
const PLAIN_ON_TLS: &str = "Client sent an HTTP request to an HTTPS server.\n";
const TOO_SLOW: &str = "the rest of the request did not come in time\n";

/// Serves a connection on its own task, or refuses it when there are too many.
pub fn begin<C: Cloud>(
    shared: &Arc<Shared<C>>,
    mut stream: TcpStream,
    kind: ListenerKind,
    mut closed: watch::Receiver<()>,
) {
    let Ok(permit) = Arc::clone(&shared.connections).try_acquire_owned() else {
        // Without a task and without waiting: what cannot be written immediately is not written.
        let _ = stream.try_write(answer("503 Service Unavailable", TOO_MANY).as_bytes());
        return;
    };
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let _permit = permit;
        let mut first = [0];
        let limit = shared.real(HANDSHAKE_TIME_MAX);
        tokio::select! {
            seen = timeout(limit, stream.peek(&mut first)) => {
                let Ok(Ok(1)) = seen else { return };
            }
            _ = closed.changed() => return,
        }
        if first[0] == TLS_HANDSHAKE {
            let handshake = shared.certificates.acceptor.accept(stream);
            if let Ok(Ok(stream)) = timeout(limit, handshake).await {
                serve_and_lead(&shared, stream, kind, closed).await;
            }
        } else if let ListenerKind::Host(_) = kind {
            let _ = stream
                .write_all(answer("400 Bad Request", PLAIN_ON_TLS).as_bytes())
                .await;
        } else {
            serve_and_lead(&shared, stream, kind, closed).await;
        }
    });
}

/// Serves a connection, and serves it on as the host that it asked for, if it did.
async fn serve_and_lead<C: Cloud, S>(
    shared: &Arc<Shared<C>>,
    stream: S,
    kind: ListenerKind,
    mut closed: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some((stream, lead)) = serve(shared, stream, kind, closed.clone()).await else {
        return;
    };
    let host = match lead {
        Lead::Here(host) => host,
        Lead::On(host, door) => {
            // The other account has the limits of its own connections.
            tokio::select! {
                _ = lead_on(stream, &host, door) => {}
                _ = closed.changed() => {}
            }
            return;
        }
    };
    // Without a certificate the connection breaks, and the client says so.
    let Ok(acceptor) = shared.certificates.acceptor_of(&host) else {
        return;
    };
    let handshake = acceptor.accept(stream);
    if let Ok(Ok(stream)) = timeout(shared.real(HANDSHAKE_TIME_MAX), handshake).await {
        // Inside there is no second door.
        let _ = serve(shared, stream, ListenerKind::Host(host), closed).await;
    }
}

/// Serves HTTP. Returns the stream when its client is to be led to a host, and to which.
async fn serve<C: Cloud, S>(
    shared: &Arc<Shared<C>>,
    stream: S,
    kind: ListenerKind,
    mut closed: watch::Receiver<()>,
) -> Option<(S, Lead)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let door = Door::default();
    let service = {
        let (shared, door) = (Arc::clone(shared), door.clone());
        move |request: Request<Incoming>| {
            let (shared, kind, door) = (Arc::clone(&shared), kind.clone(), door.clone());
            async move {
                if kind == ListenerKind::Api && request.method() == Method::CONNECT {
                    return Ok(door.answer(&shared, request.uri()));
                }
                let response = handle(&shared, &kind, request).await?;
                door.keep(&response);
                Ok(response)
            }
        }
    };
    let ended = serve_http(stream, &|time| shared.real(time), &mut closed, service).await;
    let mut stream = ended.stream;
    // A client that speaks before it is answered is cut off: what it said is not TLS of this connection.
    if let (Some(lead), true) = (door.lead(), ended.rest_is_empty) {
        return Some((stream, lead.clone()));
    }
    if let Some(said) = door.said() {
        let _ = timeout(shared.real(STOP_TIME_MAX), say(&mut stream, said)).await;
        return None;
    }
    // An idle connection gets no answer.
    if ended.is_half_a_request && !ended.rest_is_empty {
        let _ = stream
            .write_all(answer("408 Request Timeout", TOO_SLOW).as_bytes())
            .await;
    }
    let _ = stream.shutdown().await;
    None
}

/// A connection on which no more HTTP is served.
pub(crate) struct EndedHttp<S> {
    pub(crate) stream: S,
    /// Whether the client has said nothing beyond what was answered.
    pub(crate) rest_is_empty: bool,
    /// Whether it took too long for the head of a request.
    pub(crate) is_half_a_request: bool,
}

/// Serves HTTP within the limits, until the client, a switch of protocols or the server ends it. `real` converts real
/// time to time on the clock.
pub(crate) async fn serve_http<S, A>(
    stream: S,
    real: &(dyn Fn(Duration) -> Duration + Sync),
    closed: &mut watch::Receiver<()>,
    service: impl Fn(Request<Incoming>) -> A + Send + Unpin + 'static,
) -> EndedHttp<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Future<Output = Result<Response<Body>, TransportError>> + Send + 'static,
{
    // Boxed, so that the connection can be moved and its stream taken back out of it.
    let service = service_fn(move |request| Box::pin(service(request)));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(real(HEAD_TIME_MAX))
        .max_buf_size(2 * HEAD_BYTES_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
        _ = closed.changed() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            let rest = poll_fn(|cx| connection.poll_without_shutdown(cx));
            // Answers that are not finished by then are cut off.
            let _ = timeout(real(STOP_TIME_MAX), rest).await;
            Ok(())
        }
    };
    let parts = connection.into_parts();
    EndedHttp {
        stream: parts.io.into_inner(),
        rest_is_empty: parts.read_buf.is_empty(),
        is_half_a_request: ended.is_err_and(|error| error.is_timeout()),
    }
}

/// Says all that is to be said in another protocol, and waits until the client ends the connection.
async fn say<S>(stream: &mut S, said: &[u8]) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(said).await?;
    stream.flush().await?;
    tokio::io::copy(stream, &mut tokio::io::sink()).await?;
    stream.shutdown().await
}

/// A complete HTTP answer as text, for when hyper cannot send one.
pub(crate) fn answer(status: &str, message: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{message}",
        message.len()
    )
}
