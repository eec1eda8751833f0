//! Limits on clients: what a hostile or broken one may take.
//!
//! Together they bound the memory of a server: connections × (header + body), plus the journal. Times are
//! real ones, whatever the scale of the clock.

use std::time::Duration;

/// Most connections at a time, over all ports. Usual clients keep about ten each.
pub const CONNECTIONS_MAX: usize = 128;
/// Largest head of a request, bytes. A presigned URL has about 2000.
pub const HEAD_BYTES_MAX: usize = 32 << 10;
/// Most headers of a request.
pub const HEADERS_MAX: usize = 100;
/// Longest path, bytes: it is kept in the journal.
pub const PATH_BYTES_MAX: usize = 2 << 10;
/// Largest body of a request, bytes: what a Kubernetes API server takes is less than 2 MiB.
pub const BODY_BYTES_MAX: usize = 2 << 20;
/// Longest time until the head of a request is there; idle connections are closed after it too.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(60);
/// Longest time of a TLS handshake, and until a connection's first byte.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest time until the body of a request is there.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest time that a client is kept waiting for an answer: an injected hang is not for ever.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(3600);
/// How long answers that are on their way get when the server stops.
pub const STOP_TIME_MAX: Duration = Duration::from_millis(500);
/// Most calls that the journal keeps; then a new one is begun, and the old ones are counted only.
pub const JOURNAL_CALLS_MAX: usize = 50_000;
/// Most hosts with ports of their own.
pub const DOORS_MAX: usize = 64;
