//! The kernel through its public interface, on a paused clock and without a cloud.

mod create_and_poll;
mod machines;
mod resources;
mod rest;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::{Disk, Files};
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;

/// A connection whose calls go over this transport.
fn connection(transport: SharedTransport) -> Connection {
    let started = Timestamp::UNIX_EPOCH;
    Connection {
        transport,
        clock: Clock::starting_at(started),
        seed: 1,
        run: Run::new("r1", "me", started),
        credentials: Credentials::Rehearsal,
        directory: "d".into(),
        disk: Disk::over(Files::empty()),
        progress: ProgressSink::default(),
    }
}
