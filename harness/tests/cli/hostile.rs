//! A hostile client of `kubeproof simulate`: bodies of 100 MB, 200 connections at once, and the memory they cost.
//!
//! The memory of the whole process is measured from outside; `providers/simkit/tests/simkit/serve` judges each answer.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::time::Duration;

use crate::program::nothing_was_made;
use crate::simulate::{get, serve, variable};

/// The length of the body that a client sends or announces.
const BODY_BYTES: usize = 100 << 20;
/// How many clients send at the same time.
const CLIENTS: usize = 200;
/// What the server's limits allow in total: 128 connections with a body of 2 MiB each, MiB.
const ALLOWED_MIB: usize = 128 * 2;
/// The margin, MiB: connection buffers, and what an allocator keeps.
const MARGIN_MIB: usize = 96;

/// How a client announces the length of its body.
#[derive(Clone, Copy)]
enum Length {
    /// With `Content-Length`.
    Announced,
    /// Not at all: chunk after chunk.
    Chunked,
}

/// The most memory that a process ever had resident, MiB.
fn most_resident_mib(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kib.expect("a number") / 1024
}

/// Sends a body for as long as the server takes it, and reads what it says.
fn send(address: &str, length: Length, ready: Option<&Barrier>) -> String {
    let stream = TcpStream::connect(address);
    if let Some(ready) = ready {
        ready.wait();
    }
    let mut stream = stream.expect("connected");
    let limit = Some(Duration::from_mins(1));
    stream.set_read_timeout(limit).expect("a limit");
    stream.set_write_timeout(limit).expect("a limit");
    let head = match length {
        Length::Announced => format!("content-length: {BODY_BYTES}"),
        Length::Chunked => "transfer-encoding: chunked".to_owned(),
    };
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n");
    let mut chunk = vec![b'x'; 1 << 16];
    if let Length::Chunked = length {
        chunk = [b"10000\r\n", &chunk[..], b"\r\n"].concat();
    }
    let mut sent = stream.write_all(head.as_bytes());
    for _ in 0..BODY_BYTES >> 16 {
        // The server ends the connection long before the end.
        if sent.is_err() {
            break;
        }
        sent = stream.write_all(&chunk);
    }
    assert!(sent.is_err(), "all of it was taken");
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    // A reset may arrive before the answer is read: then the answer is empty.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn check(clients: usize, most_more_mib: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, lines) = serve(folder.path());
    let address = variable(&lines, "AWS_ENDPOINT_URL").trim_start_matches("http://");
    let before = most_resident_mib(child.id());
    let ready = Barrier::new(clients);
    std::thread::scope(|scope| {
        for client in 0..clients {
            let ready = &ready;
            scope.spawn(move || {
                let length = [Length::Chunked, Length::Announced][client % 2];
                let answer = send(address, length, Some(ready));
                let refused = ["413 Payload Too Large", "503 Service Unavailable"];
                let known = refused.iter().any(|status| answer.contains(status));
                assert!(answer.is_empty() || known, "{answer}");
            });
        }
    });
    let after = most_resident_mib(child.id());
    eprintln!("{clients} clients: {before} MiB before, {after} MiB after");
    assert!(
        after <= before + most_more_mib,
        "{clients} clients: {before} MiB before, {after} MiB after"
    );
    // It still serves other clients.
    let inventory = get(address, "/_kubeproof/inventory");
    assert!(inventory.starts_with("HTTP/1.1 200 OK"), "{inventory}");
    stop(&mut child, folder.path());
}

fn stop(child: &mut std::process::Child, folder: &Path) {
    let sent = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(sent.is_ok_and(|status| status.success()));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    nothing_was_made(folder);
}

#[test]
fn a_body_of_100_mb_costs_no_more_memory_than_the_limit_of_a_body() {
    check(1, 2 + 14);
}

#[test]
fn two_hundred_bodies_of_100_mb_at_once_cost_no_more_memory_than_the_limits_together() {
    check(CLIENTS, ALLOWED_MIB + MARGIN_MIB);
}
