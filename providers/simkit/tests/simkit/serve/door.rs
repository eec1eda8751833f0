//! The door: a client whose host is fixed is led to this server, and any other host is refused.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::small::{API_HOST, HOST, SCALE, begin, body, status, with_server};

/// A TLS client that trusts this authority alone.
pub fn connector(authority: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(authority.as_bytes()).expect("a certificate");
    roots.add(authority).expect("trusted");
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Asks for a host at the door, and returns the connection and the head of the answer.
async fn ask(address: SocketAddr, host: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let asked = format!("CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.expect("written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    (stream, String::from_utf8(head).expect("text"))
}

/// Sends a request through the door to a host, which must show a certificate for `name`.
async fn get(
    address: SocketAddr,
    authority: &str,
    name: &'static str,
    path: &str,
) -> Result<String, String> {
    get_from(API_HOST, address, authority, name, path).await
}

/// The same for another host.
async fn get_from(
    host: &str,
    address: SocketAddr,
    authority: &str,
    name: &'static str,
    path: &str,
) -> Result<String, String> {
    let (stream, head) = ask(address, host).await;
    assert_eq!(status(&head), "200", "{head}");
    let name = ServerName::try_from(name).expect("a name");
    let stream = connector(authority).connect(name, stream).await;
    let mut stream = stream.map_err(|error| error.to_string())?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let written = stream.write_all(request.as_bytes()).await;
    written.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    read.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn a_call_through_the_door_is_one_of_the_host_and_in_the_journal() {
    with_server(&[], |served| async move {
        let (address, authority) = (served.address(), served.authority_pem().to_owned());
        let answer = get(address, &authority, API_HOST, "/who?x=1").await;
        assert_eq!(body(&answer.expect("an answer")), "api /who");
        let calls = served.journal().calls();
        let names: Vec<&str> = calls
            .iter()
            .map(|call| call.signature.operation.as_str())
            .collect();
        assert_eq!(names, ["who"]);
    });
}

#[test]
fn behind_the_door_are_no_control_routes() {
    with_server(&[], |served| async move {
        let (address, authority) = (served.address(), served.authority_pem().to_owned());
        let answer = get(address, &authority, API_HOST, "/_kubeproof/journal").await;
        assert_eq!(body(&answer.expect("an answer")), "api /_kubeproof/journal");
    });
}

#[test]
fn the_certificate_is_for_the_host_that_was_asked_for_and_for_no_other() {
    with_server(&[], |served| async move {
        let (address, authority) = (served.address(), served.authority_pem().to_owned());
        let answer = get(address, &authority, "other.small.example", "/who").await;
        assert!(answer.is_err(), "{answer:?}");
    });
}

#[test]
fn a_host_behind_another_door_is_reached_through_this_one() {
    with_server(&[], |served| async move {
        let other = begin(SCALE, &[]);
        let made = http::Request::post("http://localhost/cluster").body(Bytes::new());
        let made = served.in_memory().send(made.expect("a request")).await;
        made.expect("a cluster");
        let hosts = [API_HOST, HOST, "storage.other.example"].map(str::to_owned);
        other.lead_on(&hosts, served.address());
        let (address, authority) = (other.address(), served.authority_pem());
        let answer = get_from(HOST, address, authority, HOST, "/who").await;
        assert_eq!(body(&answer.expect("an answer")), "host /who");
        // Where both have a host of this name, a client gets that of the door that it knows.
        let answer = get(address, other.authority_pem(), API_HOST, "/who").await;
        assert_eq!(body(&answer.expect("an answer")), "api /who");
        // The other door does not open to what is not behind it.
        let nowhere = "storage.other.example";
        let answer = get_from(nowhere, address, authority, nowhere, "/who").await;
        assert!(answer.is_err(), "{answer:?}");
        assert_eq!((served.journal().len(), other.journal().len()), (1, 1));
        other.stop().await;
    });
}

#[test]
fn other_hosts_are_refused_by_name() {
    with_server(&[], |served| async move {
        let (mut stream, head) = ask(served.address(), "storage.other.example").await;
        assert_eq!(status(&head), "403", "{head}");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.expect("a reason");
        let expected = format!(
            "kubeproof: storage.other.example is not simulated here, and nothing leads to the real \
             network; simulated hosts: {API_HOST}\n"
        );
        assert_eq!(rest, expected);
        assert!(served.journal().calls().is_empty());
    });
}
