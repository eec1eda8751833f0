//! The ways in: plain and TLS on one port, a port for each host, and the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use kubeproof_contract::https::Https;
use kubeproof_contract::transport::{CertificateAuthority, Transport as _};

use crate::small::{ask, body, raw, status, with_server};

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
        assert_eq!(body(&plain(address, "GET", "/place").await), "");
        plain(address, "POST", "/cluster").await;
        let place = body(&plain(address, "GET", "/place").await).to_owned();
        assert!(place.starts_with("https://127.0.0.1:"), "{place}");
        let answer = get(&format!("https://{address}/place"), &authority).await;
        assert_eq!(answer.as_ref(), Ok(&place));
        let answer = get(&format!("{place}/some?query"), &authority).await;
        assert_eq!(answer.as_deref(), Ok("host /some"));
        // Control routes are not among the host's own.
        let answer = get(&format!("{place}/_kubeproof/journal"), &authority).await;
        assert_eq!(answer.as_deref(), Ok("host /_kubeproof/journal"));
        let port: SocketAddr = place["https://".len()..].parse().expect("an address");
        let refused = tokio::task::spawn_blocking(move || ask(port, "GET", "/", ""));
        let refused = refused.await.expect("the client");
        assert_eq!(status(&refused), "400");
        assert!(refused.contains("Client sent an HTTP request to an HTTPS server"));
        plain(address, "POST", "/_kubeproof/reset").await;
        let gone = get(&format!("{place}/some"), &authority).await;
        assert!(gone.is_err(), "{gone:?}");
    });
}

#[test]
fn who_does_not_know_the_authority_does_not_trust_the_server() {
    with_server(&[], |served| async move {
        let other = with_other_authority().await;
        let answer = get(&format!("https://{}/place", served.address()), &other).await;
        assert!(answer.is_err(), "{answer:?}");
    });
}

/// The authority of a server that is not the one that is asked.
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
fn after_a_stop_nobody_listens() {
    with_server(&[], |served| async move {
        let address = served.address();
        // A connection that is held while it stops.
        let held = Arc::new(std::net::TcpStream::connect(address).expect("connected"));
        served.stop().await;
        assert!(std::net::TcpStream::connect(address).is_err());
        drop(held);
    });
}

#[test]
fn a_request_that_is_never_answered_ends_when_its_time_is_over() {
    with_server(&[], |served| async move {
        let address = served.address();
        let asked = tokio::task::spawn_blocking(move || {
            let request = b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n";
            let mut stream = std::net::TcpStream::connect(address).expect("connected");
            std::io::Write::write_all(&mut stream, request).expect("written");
            // The client gives up, and the server goes on.
            drop(stream);
            raw(
                address,
                b"GET /place HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            )
        });
        assert_eq!(status(&asked.await.expect("the client")), "200");
    });
}
