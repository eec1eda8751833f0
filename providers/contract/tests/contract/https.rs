//! The HTTPS transport over this machine's own network: what can go wrong on a real connection, and how the client
//! is told.
//!
//! These tests use real sockets and the real clock.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use kubeproof_contract::https::Https;
use kubeproof_contract::transport::{CertificateAuthority, Transport, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// How the server on this machine treats its one connection.
#[derive(Clone, Copy)]
enum Server {
    Answers(&'static str),
    HangsUp,
    SaysNothing,
}

/// Starts a server and returns its URL.
async fn serve(server: Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "http://{}/path?query=1",
        listener.local_addr().expect("address")
    );
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut received = [0_u8; 4096];
        let _ = socket.read(&mut received).await;
        match server {
            Server::Answers(answer) => {
                socket.write_all(answer.as_bytes()).await.expect("answer");
            }
            Server::HangsUp => drop(socket),
            Server::SaysNothing => std::future::pending().await,
        }
    });
    url
}

async fn send(url: &str) -> Result<(u16, Bytes), TransportError> {
    let https = Https::new(Duration::from_millis(500)).expect("certificate authorities");
    let request = Request::post(url)
        .body(Bytes::from_static(b"Action=X"))
        .expect("request");
    let response = https.send(request).await?;
    Ok((response.status().as_u16(), response.into_body()))
}

#[tokio::test]
async fn an_answer_has_its_status_and_body() {
    let answer = "HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nwait";
    let url = serve(Server::Answers(answer)).await;
    assert_eq!(send(&url).await, Ok((503, Bytes::from_static(b"wait"))));
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_a_lost_answer() {
    let url = serve(Server::Answers(
        "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf",
    ))
    .await;
    let error = send(&url).await.expect_err("half a body");
    assert!(matches!(error, TransportError::Lost(_)), "{error:?}");
}

#[tokio::test]
async fn a_request_on_a_broken_connection_may_have_been_applied() {
    let error = send(&serve(Server::HangsUp).await)
        .await
        .expect_err("no answer");
    assert!(matches!(error, TransportError::Lost(_)), "{error:?}");
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    let error = send(&serve(Server::SaysNothing).await)
        .await
        .expect_err("no answer");
    assert!(matches!(error, TransportError::Timeout(_)), "{error:?}");
}

#[tokio::test]
async fn a_request_to_a_closed_port_is_certainly_not_applied() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("address"));
    drop(listener);
    let error = send(&url).await.expect_err("no listener");
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
}

#[tokio::test]
async fn an_authority_without_a_certificate_is_refused_before_any_byte_is_sent() {
    let https = Https::new(Duration::from_millis(500)).expect("certificate authorities");
    let mut request = Request::get("https://127.0.0.1:1/")
        .body(Bytes::new())
        .expect("request");
    request
        .extensions_mut()
        .insert(CertificateAuthority("not a certificate".to_owned()));
    let error = https.send(request).await.expect_err("no certificate");
    assert!(
        error.to_string().contains("holds no certificate"),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_larger_than_the_limit_is_not_read_to_its_end() {
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789";
    let limit = Duration::from_secs(20);
    for (most, fits) in [(9, false), (10, true)] {
        let https = Https::new(limit)
            .expect("certificate authorities")
            .with_largest_body(most);
        let request = Request::get(serve(Server::Answers(answer)).await)
            .body(Bytes::new())
            .expect("request");
        let said = https.send(request).await.map(|it| it.into_body().len());
        assert_eq!(said.is_ok(), fits, "{said:?}");
        if let Err(error) = said {
            assert!(error.to_string().contains("larger than 9 bytes"), "{error}");
        }
    }
}
