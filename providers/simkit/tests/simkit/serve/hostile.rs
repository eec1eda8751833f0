//! Hostile and broken clients get an error, and the server keeps working.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use kubeproof_simkit::serve::limits::{
    BODY_BYTES_MAX, CONNECTIONS_MAX, HEAD_BYTES_MAX, PATH_BYTES_MAX,
};

use super::small::{ask, body, raw, served, status, with_limits};

#[track_caller]
fn check_still_serves(address: SocketAddr) {
    assert_eq!(body(&ask(address, "POST", "/make", "one")), "made");
}

/// These bytes are answered with this status, and the server keeps working.
#[track_caller]
fn check(bytes: Vec<u8>, expected: &'static str) {
    served(&[], move |address| {
        let answer = raw(address, &bytes);
        assert_eq!(status(&answer), expected, "{answer}");
        check_still_serves(address);
    });
}

#[test]
fn bytes_that_are_not_http_are_refused() {
    check(b"nonsense\r\n\r\n".to_vec(), "400");
}

#[test]
fn a_head_or_path_that_is_too_long_is_refused() {
    let long = "x".repeat(HEAD_BYTES_MAX + 1);
    check(
        format!("GET / HTTP/1.1\r\nhost: x\r\na: {long}\r\n\r\n").into(),
        "431",
    );
    let long = "x".repeat(PATH_BYTES_MAX + 1);
    check(
        format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n").into(),
        "414",
    );
}

#[test]
fn a_body_with_too_large_a_content_length_is_refused_before_it_is_read() {
    let head = "POST /make HTTP/1.1\r\nhost: x\r\ncontent-length: 104857600\r\n\r\n";
    check(head.into(), "413");
}

#[test]
fn a_chunked_body_that_grows_too_large_is_refused() {
    let chunk = "x".repeat(1 << 16);
    let mut bytes =
        b"POST /make HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..=(BODY_BYTES_MAX >> 16) {
        bytes.extend_from_slice(format!("10000\r\n{chunk}\r\n").as_bytes());
    }
    // A complete request: a server that accepted it would answer.
    bytes.extend_from_slice(b"0\r\n\r\n");
    served(&[], move |address| {
        let answer = raw(address, &bytes);
        // The system may drop the answer because we are still writing; the connection is then broken.
        assert!(answer.is_empty() || status(&answer) == "413", "{answer}");
        check_still_serves(address);
    });
}

#[test]
fn an_unknown_call_is_named() {
    served(&[], |address| {
        let answer = ask(address, "PUT", "/unheard-of", "");
        assert_eq!((status(&answer), body(&answer)), ("501", "no /unheard-of"));
    });
}

#[test]
fn connections_above_the_limit_are_refused_and_the_others_served() {
    served(&[], |address| {
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS_MAX + 72 {
            let mut stream = TcpStream::connect(address).expect("connected");
            let _ = stream.write_all(b"GET /endpoint HTTP/1.1\r\nhost: x\r\n");
            held.push(stream);
        }
        let refused = raw(address, b"GET /endpoint HTTP/1.1\r\nhost: x\r\n\r\n");
        assert_eq!(status(&refused), "503", "{refused}");
        drop(held);
        // Closed connections make room as soon as the server notices.
        let made = (0..200).any(|_| body(&ask(address, "POST", "/make", "one")) == "made");
        assert!(made);
    });
}

/// A limit of a minute is a tenth of a second here.
const SHORT: u32 = 100;

/// Half of a request, after which the client sends nothing more.
#[track_caller]
fn half(bytes: &'static [u8], expected: &'static str) {
    with_limits(SHORT, &[], |served| async move {
        let address = served.address();
        let work = tokio::task::spawn_blocking(move || {
            let answer = raw(address, bytes);
            assert_eq!(status(&answer), expected, "{answer}");
            check_still_serves(address);
        });
        work.await.expect("the client");
    });
}

#[test]
fn half_a_request_is_answered_at_its_time_limit() {
    half(b"POST /make HTTP/1.1\r\nhost:", "408");
    half(
        b"POST /make HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf",
        "408",
    );
}

#[test]
fn a_silent_connection_is_closed_without_an_answer() {
    half(b"", "");
    // A complete request and then silence: one answer, then the connection is closed.
    half(
        b"POST /make HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
        "200",
    );
}

#[test]
fn half_a_tls_handshake_is_closed() {
    half(&[22, 3, 1, 2, 0], "");
}
