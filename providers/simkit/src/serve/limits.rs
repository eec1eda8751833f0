//! Limits on clients: how much a hostile or broken one can use.
//!
//! Together they bound the memory of a server: connections × (header + body), plus the journal. Times are in real
//! time, whatever the scale of the clock.

use std::time::Duration;

/// Largest number of connections at a time, over all ports. Usual clients keep about ten each.
pub const CONNECTIONS_MAX: usize = 128;
/// Largest head of a request, bytes. A presigned URL has about 2000.
pub const HEAD_BYTES_MAX: usize = 32 << 10;
/// Largest number of headers of a request.
pub const HEADERS_MAX: usize = 100;
/// Longest path, bytes. It is kept in the journal.
pub const PATH_BYTES_MAX: usize = 2 << 10;
/// Largest body of a request, bytes. A Kubernetes API server accepts less than 2 MiB.
pub const BODY_BYTES_MAX: usize = 2 << 20;
/// Longest time until the head of a request is complete. Idle connections are closed after it too.
pub const HEAD_TIME_MAX: Duration = Duration::from_mins(1);
/// Longest time for a TLS handshake, and until the first byte of a connection.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest time until the body of a request is complete.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest time that a client is kept waiting for an answer: even an injected hang ends.
pub const ANSWER_TIME_MAX: Duration = Duration::from_hours(1);
/// How long answers in flight get when the server stops.
pub const STOP_TIME_MAX: Duration = Duration::from_millis(500);
/// Largest number of calls that the journal keeps. Then a new journal begins, and the old calls are only counted.
pub const JOURNAL_CALLS_MAX: usize = 50_000;
/// Largest number of hosts with their own ports.
pub const LISTENERS_MAX: usize = 64;
