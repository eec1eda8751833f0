//! Simulation: serves accounts to other programs and reports what those left in them.
//!
//! `session` serves each cloud's simulator over sockets (`providers/simkit/src/serve.rs`) on a paced clock: it advances by
//! `--time-scale` simulated seconds for each real second that the command waits, and stops while the command computes
//! (`providers/external/README.md` says how). Once the sockets are closed, the clock jumps until the cloud has removed
//! what it removes by itself. `account_diff` compares with the beginning: what is left with its monthly price, what is
//! gone or changed (regardless of its owner), and the bill.
//!
//! The port of an API speaks both plain HTTP and TLS. Limits on clients (`providers/simkit/src/serve/limits.rs`):
//! connections, sizes of head, path and body, times of head, body and handshake, calls that the journal keeps. Control
//! routes answer only for a loopback name or the listening address, and not to pages of another origin (403). The command
//! is a process group of its own, unless it reads from a terminal.

pub mod account_diff;
pub mod env_file;
pub mod environment;
pub mod session;
