//! Answers in parts: each part is sent as soon as it is available.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use super::small::{ask, served, status};

#[test]
fn parts_arrive_one_by_one_in_one_answer_and_one_call() {
    served(&[], |address| {
        let mut stream = TcpStream::connect(address).expect("connected");
        stream
            .write_all(b"GET /count HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .expect("written");
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(
            head.iter().any(|line| line == "transfer-encoding: chunked"),
            "{head:?}"
        );
        let body: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
        // Chunks of two bytes each, and a last one of zero bytes.
        assert_eq!(body, ["2", "1", "2", "2", "2", "3", "0"]);
        let journal = ask(address, "GET", "/_kubeproof/journal", "");
        assert_eq!(status(&journal), "200");
        assert_eq!(journal.matches("\"GET /count\"").count(), 1, "{journal}");
    });
}

#[test]
fn a_client_that_disconnects_in_the_middle_does_no_harm() {
    served(&[], |address| {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(address).expect("connected");
            stream
                .write_all(b"GET /count HTTP/1.1\r\nhost: x\r\n\r\n")
                .expect("written");
        }
        assert_eq!(status(&ask(address, "POST", "/make", "one")), "200");
    });
}
