//! The proxy: what is said to hosts of the cloud goes through the transport, everything else passes as it is, within limits.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::process::Programs;
use kubeproof_contract::transport::{Transport, TransportError};
use kubeproof_simkit::paced_clock::{PacedClock, runtime};
use kubeproof_simkit::proxy::{BODY_BYTES_MAX, Proxy, ProxySetting};
use kubeproof_simkit::serve::limits::CONNECTIONS_MAX;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::serve::door::connector;
use crate::serve::small::{SCALE, body, status};

/// The one host of the cloud.
const HOST: &str = "api.cloud.example";

/// The cloud: keeps what it is sent, and answers in a way that needs writing anew.
#[derive(Debug, Default)]
struct Cloud(Mutex<Vec<Request<Bytes>>>);

#[async_trait]
impl Transport for Cloud {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if request.uri().path() == "/lost" {
            return Err(TransportError::Lost("injected".to_owned()));
        }
        self.0.lock().expect("a lock").push(request);
        let answer = Response::builder()
            .header("transfer-encoding", "chunked")
            .header("x-own", "1")
            .body(Bytes::from_static(b"answered"));
        Ok(answer.expect("an answer"))
    }
}

/// Does this with an open proxy, on a clock on which limits pass quickly.
fn with_proxy<F: Future<Output = ()>>(work: impl FnOnce(Arc<Proxy>, Arc<Cloud>) -> F) {
    runtime().expect("a runtime").block_on(async {
        let scale = NonZeroU32::new(SCALE).expect("a scale");
        let _pace = PacedClock::keep(scale, &Programs::default());
        let cloud = Arc::new(Cloud::default());
        let proxy = Proxy::open(ProxySetting {
            address: Ipv4Addr::LOCALHOST.into(),
            intercepts: Arc::new(|host| host == HOST),
            transport: cloud.clone(),
            time_scale: 3000,
        });
        work(Arc::new(proxy.expect("open")), cloud).await;
    });
}

/// Says this and reads all that is answered.
async fn say(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(text.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    // A server that refuses may close while we still read.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks for a host, and returns the connection and the head of the answer.
async fn connect(proxy: &Proxy, host: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(proxy.address())
        .await
        .expect("connected");
    let asked = format!("CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.expect("written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    (stream, String::from_utf8_lossy(&head).into_owned())
}

/// Says this to the cloud's host, and reads all that is answered.
async fn call(proxy: &Proxy, text: &[u8]) -> String {
    let (stream, head) = connect(proxy, &format!("{HOST}:443")).await;
    assert_eq!(status(&head), "200", "{head}");
    let name = ServerName::try_from(HOST).expect("a name");
    let tls = connector(proxy.authority_pem());
    let mut stream = tls.connect(name, stream).await.expect("TLS");
    // A server that refuses the request may close while we are still writing.
    let _ = stream.write_all(text).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(line: &str, rest: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n{rest}")
}

#[test]
fn a_chunked_call_to_the_cloud_reaches_the_transport_as_a_whole() {
    with_proxy(|proxy, cloud| async move {
        let chunks =
            "transfer-encoding: chunked\r\nx-kept: 1\r\n\r\n4\r\nAcco\r\n4\r\nunts\r\n0\r\n\r\n";
        let answer = call(&proxy, request("POST /a?b=c", chunks).as_bytes()).await;
        assert_eq!(status(&answer), "200", "{answer}");
        assert_eq!(body(&answer), "answered");
        assert!(
            answer.contains("x-own: 1") && answer.contains("content-length: 8"),
            "{answer}"
        );
        let sent = cloud.0.lock().expect("a lock");
        assert_eq!(sent[0].uri().to_string(), format!("https://{HOST}/a?b=c"));
        assert_eq!(sent[0].body(), "Accounts");
        let names: Vec<&str> = sent[0]
            .headers()
            .keys()
            .map(http::HeaderName::as_str)
            .collect();
        assert_eq!(names, ["host", "x-kept"]);
        assert!(proxy.handed_on().is_empty());
    });
}

#[test]
fn a_lost_answer_breaks_the_connection() {
    with_proxy(|proxy, _| async move {
        let answer = call(&proxy, request("GET /lost", "\r\n").as_bytes()).await;
        assert_eq!(answer, "");
    });
}

#[test]
fn what_is_said_to_other_hosts_passes_as_it_is_and_is_counted() {
    with_proxy(|proxy, cloud| async move {
        let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let place = other.local_addr().expect("an address").to_string();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = other.accept().await.expect("a client");
            let mut said = [0; 5];
            stream.read_exact(&mut said).await.expect("read");
            stream.write_all(&said).await.expect("written");
        });
        let (mut stream, head) = connect(&proxy, &place).await;
        assert_eq!(status(&head), "200", "{head}");
        stream.write_all(b"\x00any\xff").await.expect("written");
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.expect("read");
        assert_eq!(said, b"\x00any\xff");
        answering.await.expect("no panic");
        let counted: Vec<(String, u64)> = proxy.handed_on().into_iter().collect();
        assert_eq!(counted, [(place, 1)]);
        assert!(cloud.0.lock().expect("a lock").is_empty());
    });
}

#[test]
fn what_the_proxy_is_not_for_is_refused_with_the_reason() {
    with_proxy(|proxy, cloud| async move {
        let check = async |asked: String, expected: &str, words: &str| {
            let answer = say(proxy.address(), &asked).await;
            assert_eq!(status(&answer), expected, "{answer}");
            assert!(answer.contains(words), "{answer}");
        };
        let plain = format!("GET http://{HOST}/ HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
        check(plain, "403", "only HTTPS passes").await;
        let port = format!("CONNECT {HOST}:80 HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
        check(port, "403", "only port 443").await;
        let closed = "CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
        check(closed, "502", "127.0.0.1:1 cannot be reached").await;
        let front = "GET / HTTP/1.1\r\nhost: other.cloud.example\r\nconnection: close\r\n\r\n";
        let answer = call(&proxy, front.as_bytes()).await;
        assert_eq!(status(&answer), "421", "{answer}");
        assert!(cloud.0.lock().expect("a lock").is_empty());
    });
}

#[test]
fn a_client_trusts_the_proxy_for_the_host_that_it_asked_for_alone() {
    with_proxy(|proxy, _| async move {
        let (stream, _) = connect(&proxy, &format!("{HOST}:443")).await;
        let name = ServerName::try_from("other.cloud.example").expect("a name");
        let shown = connector(proxy.authority_pem()).connect(name, stream).await;
        assert!(shown.is_err());
    });
}

#[test]
fn a_body_that_is_too_large_is_refused_unread() {
    with_proxy(|proxy, cloud| async move {
        let length = format!("content-length: {}\r\n\r\n", BODY_BYTES_MAX + 1);
        let answer = call(&proxy, request("POST /", &length).as_bytes()).await;
        assert_eq!(status(&answer), "413", "{answer}");
        assert!(cloud.0.lock().expect("a lock").is_empty());
    });
}

#[test]
fn half_a_request_ends_at_its_time_limit() {
    with_proxy(|proxy, _| async move {
        assert_eq!(say(proxy.address(), "CONNECT api").await, "");
        let half = "content-length: 9\r\n\r\nhalf";
        let answer = call(&proxy, request("POST /", half).as_bytes()).await;
        assert_eq!(status(&answer), "408", "{answer}");
    });
}

#[test]
fn more_connections_than_the_limit_are_refused_and_room_is_made_when_one_ends() {
    with_proxy(|proxy, _| async move {
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            let stream = TcpStream::connect(proxy.address()).await;
            held.push(stream.expect("connected"));
        }
        let answer = say(proxy.address(), "").await;
        assert_eq!(status(&answer), "503", "{answer}");
        drop(held);
        // Bounded by the test's own runner: the places are free as soon as the connections have ended.
        while status(&say(proxy.address(), "GET / HTTP/1.1\r\n\r\n").await) == "503" {}
    });
}
