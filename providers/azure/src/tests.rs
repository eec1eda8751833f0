//! What the unit tests of several modules use.

use std::path::PathBuf;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::SharedTransport;

/// A connection over this transport, on the current runtime's clock.
pub(crate) fn connection(transport: SharedTransport) -> Connection {
    let clock = Clock::starting_at(Timestamp::from_second(1_795_000_000).unwrap());
    Connection {
        transport,
        clock,
        seed: 1,
        run: Run::new("r1", "tester", clock.now()),
        credentials: Credentials::Rehearsal,
        directory: PathBuf::from("no-such-folder"),
        disk: Disk::unwatched(),
        progress: ProgressSink::default(),
    }
}
