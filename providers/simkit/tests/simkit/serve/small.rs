//! A small cloud: it echoes, counts, has a host with its own server, and answers in parts.
//!
//! tidy: real time (sockets are real). No test sleeps.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::call::{Dialect, ErrorKind, Signature};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault_layer::{ASYNC_FAULT_HEADER, Acknowledged};
use kubeproof_contract::process::Programs;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::serve::{Served, Serving};
use kubeproof_simkit::cloud::{Cloud, HostEndpoint, InParts, NextPart, Reply};
use kubeproof_simkit::paced_clock::{PacedClock, runtime};
use kubeproof_simkit::serve::serve;

/// Virtual seconds per real second.
pub const SCALE: u32 = 60_000;
/// Its host with its own server.
pub const HOST: &str = "cluster.small.example";
/// The host of its API.
pub const API_HOST: &str = "api.small.example";

#[derive(Clone, Default)]
pub struct Small {
    things: Vec<String>,
    has_host: bool,
    endpoint: Option<HostEndpoint>,
}

fn ok(text: String) -> Response<Bytes> {
    Response::new(Bytes::from(text))
}

impl Cloud for Small {
    fn advance(&mut self, _to: Timestamp) {}

    fn make_bystanders(&mut self) {}

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        let uri = request.uri();
        if uri.host() == Some(HOST) {
            return Reply::Now(ok(format!("host {}", uri.path())));
        }
        if uri.host() == Some(API_HOST) {
            return Reply::Now(ok(format!("api {}", uri.path())));
        }
        match uri.path() {
            "/make" => {
                let name = String::from_utf8_lossy(request.body()).into_owned();
                self.things.push(name);
                Reply::Now(ok("made".to_owned()))
            }
            "/later" => later(request),
            "/cluster" => {
                self.has_host = true;
                Reply::Now(ok("made".to_owned()))
            }
            "/endpoint" => {
                let url = self.endpoint.as_ref().map(|endpoint| endpoint.url.clone());
                Reply::Now(ok(url.unwrap_or_default()))
            }
            "/count" => count(request),
            "/never" => Reply::AskAgain(Duration::from_secs(1)),
            path => {
                let mut response = ok(format!("no {path}"));
                *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
                Reply::Now(response)
            }
        }
    }

    fn latency(&self, _request: &Request<Bytes>) -> Duration {
        Duration::ZERO
    }

    fn inventory(&self) -> Vec<Resource> {
        let things = self.things.iter();
        things
            .map(|name| Resource::new("thing", name, "here"))
            .collect()
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        Vec::new()
    }

    fn metered(&self, _run_id: &str, _from: Timestamp) -> Vec<Charge> {
        Vec::new()
    }

    fn charges(&self, _from: Timestamp) -> Vec<Charge> {
        Vec::new()
    }

    fn api_hosts(&self) -> Vec<String> {
        vec![API_HOST.to_owned()]
    }

    fn hosts(&self) -> Vec<String> {
        let host = self.has_host.then(|| HOST.to_owned());
        host.into_iter().collect()
    }

    fn host_served(&mut self, _host: &str, endpoint: HostEndpoint) {
        self.endpoint = Some(endpoint);
    }

    fn bystanders(&self) -> Vec<(Resource, String)> {
        Vec::new()
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        None
    }
}

/// An asynchronous call: it acknowledges the fault that is left to the simulator, unless the call is refused. The
/// answer names the fault.
fn later(request: &Request<Bytes>) -> Reply {
    let asked = request.headers().get(ASYNC_FAULT_HEADER);
    let asked = asked.and_then(|value| value.to_str().ok());
    if request.body().as_ref() == b"refused" {
        let mut response = ok("refused".to_owned());
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        return Reply::Now(response);
    }
    let mut response = ok(asked.unwrap_or("no fault").to_owned());
    if asked.is_some() {
        response.extensions_mut().insert(Acknowledged);
    }
    Reply::Now(response)
}

/// One, two, three, a virtual minute apart, for a client that takes parts.
fn count(request: &Request<Bytes>) -> Reply {
    let Some(parts) = request.extensions().get::<InParts>() else {
        return Reply::Now(ok("1\n2\n3\n".to_owned()));
    };
    let number = parts
        .cursor
        .as_ref()
        .map_or(1, |text| text.parse().unwrap_or(0));
    let response = ok(format!("{number}\n"));
    if number == 3 {
        return Reply::Now(response);
    }
    let cursor = (number + 1).to_string();
    let after = Duration::from_mins(1);
    let more = NextPart { cursor, after };
    Reply::Part { response, more }
}

#[derive(Debug)]
pub struct SmallDialect;

impl Dialect for SmallDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        Signature {
            service: "small".to_owned(),
            operation: request.uri().path().trim_matches('/').to_owned(),
            mutating: request.method() == http::Method::POST,
        }
    }

    fn error(&self, _request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        let mut response = ok(format!("{kind:?}"));
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        response
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        let bad = !response.status().is_success();
        bad.then(|| response.status().as_str().to_owned())
    }
}

/// Serves a small cloud, at a minute per millisecond, to a client on another thread.
pub fn served<T: Send + 'static>(
    faults: &[&str],
    client: impl FnOnce(SocketAddr) -> T + Send + 'static,
) -> T {
    with_server(faults, |served| {
        let address = served.address();
        async move {
            let work = tokio::task::spawn_blocking(move || client(address));
            work.await.expect("the client")
        }
    })
}

/// The same, with access to the server itself.
pub fn with_server<T, F: Future<Output = T>>(
    faults: &[&str],
    work: impl FnOnce(Arc<dyn Served>) -> F,
) -> T {
    with_limits(SCALE, faults, work)
}

/// The same, where limits on clients are `time_scale` times as long on the clock.
pub fn with_limits<T, F: Future<Output = T>>(
    time_scale: u32,
    faults: &[&str],
    work: impl FnOnce(Arc<dyn Served>) -> F,
) -> T {
    let runtime = runtime().expect("a runtime");
    runtime.block_on(async {
        let _pace = PacedClock::keep(
            NonZeroU32::new(SCALE).expect("a scale"),
            &Programs::default(),
        );
        let served = begin(time_scale, faults);
        let result = work(Arc::clone(&served)).await;
        served.stop().await;
        result
    })
}

/// Begins to serve a small cloud, on the current runtime.
pub fn begin(time_scale: u32, faults: &[&str]) -> Arc<dyn Served> {
    let serving = Serving {
        listen: "127.0.0.1:0".parse().expect("an address"),
        clock: Clock::starting_at(Timestamp::UNIX_EPOCH),
        time_scale,
        seed: 1,
        faults: faults
            .iter()
            .map(|text| text.parse().expect("a fault"))
            .collect(),
        environment: std::collections::BTreeMap::new(),
    };
    serve(|_| Small::default(), Arc::new(SmallDialect), serving).expect("served")
}

/// Sends these bytes on a new connection and reads until it is closed.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a limit");
    // A server that refuses the request may close while we are still writing.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends one request and returns its whole answer.
pub fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    raw(
        address,
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\
             \r\n{body}"
        )
        .as_bytes(),
    )
}

/// The status line's number.
pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// What follows the head.
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
