//! Listeners: plain and TLS on one port, a port for each host, and shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use kubeproof_contract::https::Https;
use kubeproof_contract::transport::{CertificateAuthority, Transport as _};

use super::small::{ask, body, raw, status, with_server};

async fn get(url: &str, authority: &str) -> Result<String, String> {
    let client = Https::new(Duration::from_secs(1_000_000)).expect("a client");
    let mut request = Request::get(url).body(Bytes::new()).expect("a request");
    let authority = CertificateAuthority(authority.to_owned());
    request.extensions_mut().insert(authority);
    let response = client
        .send(request)
        .await
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(response.body()).into_owned())
}

async fn plain(address: SocketAddr, method: &'static str, path: &'static str) -> String {
    let work = tokio::task::spawn_blocking(move || ask(address, method, path, ""));
    work.await.expect("the client")
}

#[test]
fn one_port_speaks_plain_and_tls_and_each_host_has_a_port_of_its_own() {
    with_server(&[], |served| async move {
        let (address, authority) = (served.address(), served.authority_pem().to_owned());
        assert_eq!(body(&plain(address, "GET", "/endpoint").await), "");
        plain(address, "POST", "/cluster").await;
        let endpoint = body(&plain(address, "GET", "/endpoint").await).to_owned();
        assert!(endpoint.starts_with("https://127.0.0.1:"), "{endpoint}");
        let answer = get(&format!("https://{address}/endpoint"), &authority).await;
        assert_eq!(answer.as_ref(), Ok(&endpoint));
        let answer = get(&format!("{endpoint}/some?query"), &authority).await;
        assert_eq!(answer.as_deref(), Ok("host /some"));
        // A host's port has no control routes.
        let answer = get(&format!("{endpoint}/_kubeproof/journal"), &authority).await;
        assert_eq!(answer.as_deref(), Ok("host /_kubeproof/journal"));
        let port: SocketAddr = endpoint["https://".len()..].parse().expect("an address");
        let refused = tokio::task::spawn_blocking(move || ask(port, "GET", "/", ""));
        let refused = refused.await.expect("the client");
        assert_eq!(status(&refused), "400");
        assert!(refused.contains("Client sent an HTTP request to an HTTPS server"));
        plain(address, "POST", "/_kubeproof/reset").await;
        let gone = get(&format!("{endpoint}/some"), &authority).await;
        assert!(gone.is_err(), "{gone:?}");
    });
}

#[test]
fn a_client_with_another_authority_does_not_trust_the_server() {
    with_server(&[], |served| async move {
        let other = with_other_authority().await;
        let answer = get(&format!("https://{}/endpoint", served.address()), &other).await;
        assert!(answer.is_err(), "{answer:?}");
    });
}

/// The authority of another server.
async fn with_other_authority() -> String {
    let work = tokio::task::spawn_blocking(|| {
        with_server(
            &[],
            |served| async move { served.authority_pem().to_owned() },
        )
    });
    work.await.expect("another server")
}

#[test]
fn after_a_stop_no_port_is_open() {
    with_server(&[], |served| async move {
        let address = served.address();
        // A connection that is held open while the server stops.
        let held = Arc::new(std::net::TcpStream::connect(address).expect("connected"));
        served.stop().await;
        assert!(std::net::TcpStream::connect(address).is_err());
        drop(held);
    });
}

#[test]
fn a_request_that_is_never_answered_does_not_block_the_server() {
    with_server(&[], |served| async move {
        let address = served.address();
        let asked = tokio::task::spawn_blocking(move || {
            let request = b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n";
            let mut stream = std::net::TcpStream::connect(address).expect("connected");
            std::io::Write::write_all(&mut stream, request).expect("written");
            // The client gives up, and the server keeps working.
            drop(stream);
            raw(
                address,
                b"GET /endpoint HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            )
        });
        assert_eq!(status(&asked.await.expect("the client")), "200");
    });
}
