//! The socket in front of the engine's: what passes, what the journal records, and how faults are injected.
//!
//! It runs against a small engine on a socket of its own, so that it works everywhere.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::https::Https;
use kubeproof_contract::journal::Journal;
use kubeproof_kind::dialect::KindDialect;
use kubeproof_kind::engine::proxy::Proxy;
use kubeproof_kind::engine::transport::DockerTransport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

/// The requests that the small engine received.
type Requests = Arc<Mutex<Vec<String>>>;

/// A small engine: whole answers, a stream that never ends, and a terminal that echoes.
async fn engine_answer(
    mut request: Request<Incoming>,
    asked: Requests,
) -> Result<Response<Body>, Infallible> {
    let line = format!("{} {}", request.method(), request.uri());
    asked.lock().expect("asked").push(line);
    let path = request.uri().path().to_owned();
    if path.ends_with("/logs") {
        let first = futures::stream::iter([Ok(Frame::data(Bytes::from_static(b"first\n")))]);
        let body = StreamBody::new(first.chain(futures::stream::pending()));
        return Ok(Response::new(http_body_util::BodyExt::boxed(body)));
    }
    if path.contains("/exec/") {
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut terminal = TokioIo::new(upgraded.await.expect("upgraded"));
            let mut said = [0_u8; 5];
            terminal.read_exact(&mut said).await.expect("five bytes");
            terminal.write_all(&said).await.expect("echo");
        });
        let mut response = Response::new(Empty::new().boxed());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let upgrade = header::HeaderValue::from_static("tcp");
        response.headers_mut().insert(header::UPGRADE, upgrade);
        return Ok(response);
    }
    let body = http_body_util::Full::new(Bytes::from_static(b"[]"));
    Ok(Response::new(body.boxed()))
}

struct Bench {
    _folder: tempfile::TempDir,
    proxy: Proxy,
    asked: Requests,
    journal: Journal,
    faults: FaultPlan,
}

fn serve_engine(socket: PathBuf) -> Requests {
    let asked = Requests::default();
    let listener = UnixListener::bind(socket).expect("a socket");
    let shared = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let asked = Arc::clone(&shared);
            tokio::spawn(async move {
                let service = service_fn(move |request| engine_answer(request, Arc::clone(&asked)));
                let _ = server::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades()
                    .await;
            });
        }
    });
    asked
}

impl Bench {
    fn with(fault: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("engine.sock");
        let asked = serve_engine(socket.clone());
        let https = Https::new(Duration::from_secs(5)).expect("authorities");
        let innermost = Arc::new(DockerTransport::with_engine(
            Arc::new(https),
            socket.clone(),
        ));
        let faults = fault.map(|text| text.parse().expect("a fault"));
        let faults = FaultPlan::new(faults.into_iter().collect());
        let journal = Journal::default();
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        let (dialect, actor) = (Arc::new(KindDialect), Actor::Provisioner);
        let faulty = faults.layer(innermost, dialect.clone(), actor);
        let transport = journal.layer(faulty, dialect, actor, clock);
        Self {
            proxy: Proxy::start(transport, socket).expect("a proxy"),
            _folder: folder,
            asked,
            journal,
            faults,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("asked").clone()
    }

    fn written(&self) -> Vec<String> {
        let calls = self.journal.calls();
        calls
            .iter()
            .map(|call| call.signature.to_string())
            .collect()
    }
}

async fn connected(socket: &Path) -> client::SendRequest<Empty<Bytes>> {
    let stream = UnixStream::connect(socket).await.expect("connected");
    let (sender, connection) = client::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection.with_upgrades());
    sender
}

fn request(line: &str) -> Request<Empty<Bytes>> {
    let (method, path) = line.split_once(' ').expect("method and path");
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "docker")
        .body(Empty::new())
        .expect("a request")
}

async fn send(bench: &Bench, line: &str) -> Result<(u16, Bytes), hyper::Error> {
    let mut sender = connected(bench.proxy.socket()).await;
    let response = sender.send_request(request(line)).await?;
    let status = response.status().as_u16();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

#[tokio::test]
async fn a_call_passes_and_is_in_the_journal_by_its_name() {
    let bench = Bench::with(None);
    let answer = send(&bench, "GET /v1.41/containers/json?all=1").await;
    assert_eq!(answer.expect("an answer"), (200, Bytes::from_static(b"[]")));
    assert_eq!(bench.asked(), ["GET /v1.41/containers/json?all=1"]);
    assert_eq!(bench.written(), ["docker:ContainerList"]);
}

#[tokio::test]
async fn a_rejected_call_never_reaches_the_engine() {
    let bench = Bench::with(Some("docker:ContainerCreate#1=dependency"));
    let (status, body) = send(&bench, "POST /v1.41/containers/create")
        .await
        .expect("an answer");
    assert_eq!(status, 409);
    assert!(String::from_utf8_lossy(&body).contains("still in use"));
    assert_eq!(bench.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_lost_answer_is_a_broken_connection_after_the_call_was_applied() {
    let bench = Bench::with(Some("docker:ContainerStart#1=lost-response"));
    let answer = send(&bench, "POST /v1.41/containers/a/start").await;
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(bench.asked().len(), 1);
}

#[tokio::test]
async fn an_outage_answers_no_call_until_it_is_lifted() {
    let bench = Bench::with(Some("docker:ContainerDelete#1=outage"));
    let first = send(&bench, "DELETE /v1.41/containers/a");
    tokio::pin!(first);
    let soon = tokio::time::timeout(Duration::from_millis(200), &mut first).await;
    assert!(soon.is_err(), "it was answered: {soon:?}");
    let second = send(&bench, "GET /v1.41/containers/json");
    let soon = tokio::time::timeout(Duration::from_millis(200), second).await;
    assert!(soon.is_err(), "it was answered: {soon:?}");
    bench.faults.lift();
    assert!(first.await.is_err(), "what hung must break");
    let (status, _) = send(&bench, "GET /v1.41/containers/json")
        .await
        .expect("an answer");
    assert_eq!(status, 200);
    assert_eq!(bench.asked(), ["GET /v1.41/containers/json"]);
}

#[tokio::test]
async fn a_followed_log_comes_as_it_is_written() {
    let bench = Bench::with(None);
    let mut sender = connected(bench.proxy.socket()).await;
    let response = sender
        .send_request(request("GET /v1.41/containers/a/logs?follow=1"))
        .await
        .expect("an answer");
    let mut body = response.into_body();
    let frame = tokio::time::timeout(Duration::from_secs(5), body.frame()).await;
    let frame = frame.expect("in time").expect("a frame").expect("whole");
    let expected = Some(Bytes::from_static(b"first\n"));
    assert_eq!(frame.into_data().ok(), expected);
    assert_eq!(bench.written(), ["docker:ContainerLogs"]);
}

#[tokio::test]
async fn a_terminal_is_passed_on_in_both_directions() {
    let bench = Bench::with(None);
    let mut sender = connected(bench.proxy.socket()).await;
    let mut opening = request("POST /v1.41/exec/1/start");
    let upgrade = header::HeaderValue::from_static("tcp");
    opening.headers_mut().insert(header::UPGRADE, upgrade);
    let upgrade = header::HeaderValue::from_static("Upgrade");
    opening.headers_mut().insert(header::CONNECTION, upgrade);
    let mut response = sender.send_request(opening).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let upgraded = hyper::upgrade::on(&mut response).await.expect("upgraded");
    let mut terminal = TokioIo::new(upgraded);
    terminal.write_all(b"hello").await.expect("written");
    let mut said = [0_u8; 5];
    terminal.read_exact(&mut said).await.expect("an echo");
    assert_eq!(&said, b"hello");
    assert_eq!(bench.written(), ["docker:ExecStart"]);
}

#[tokio::test]
async fn a_stream_that_a_fault_refuses_is_not_opened() {
    let bench = Bench::with(Some("docker:ExecStart#1=reject"));
    let (status, _) = send(&bench, "POST /v1.41/exec/1/start")
        .await
        .expect("an answer");
    assert_eq!(status, 403);
    assert_eq!(bench.asked(), Vec::<String>::new());
}
