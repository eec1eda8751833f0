//! The simulator's truth, as the oracles of a rehearsal see it.
//!
//! Apart from [`crate::account`] on purpose: the truth is what observers are judged against.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::cost::Charge;
use crate::resource::{Life, Resource};
use crate::serve::Servable;
use crate::transport::SharedTransport;

/// The truth of a simulated account.
pub trait World: Send + Sync {
    /// All resources that exist now.
    fn inventory(&self) -> Vec<Resource>;

    /// All resources that ever existed, with their lives: for the twins oracle.
    fn lives(&self) -> Vec<Life>;

    /// What the meter counted for the run since `from`, rounded as the cloud rounds.
    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge>;

    /// What the meter counted since `from` for everything but decoys, whoever made it: the bill of a
    /// program that knows no runs.
    fn charges(&self, from: Timestamp) -> Vec<Charge>;

    /// The ids of decoys: neighbours' and shared resources that must survive, with a digest of each
    /// one's state.
    fn decoys(&self) -> Vec<(Resource, String)>;

    /// The shortest time to a ready cluster that the simulated durations allow for what was made, with
    /// the chain in words.
    fn fastest_ready(&self) -> Option<(Duration, String)>;
}

/// A simulated account that can be copied: what happens in a copy happens nowhere else.
pub trait Fork: Send + Sync {
    /// A copy of the account as it is now, which goes on under this clock. All that is there belongs to
    /// others from then on: it is among the decoys, is no part of any run's bill, and leaves as much room
    /// in the account's quotas as there was before it came.
    fn fork_among_bystanders(&self, clock: Clock) -> Rehearsal;

    /// A copy of the account as it is now, which goes on under this clock.
    fn fork(&self, clock: Clock) -> Rehearsal;
}

/// A simulated account and the way to it.
#[derive(Clone)]
pub struct Rehearsal {
    /// The innermost transport: the simulator in memory.
    pub transport: SharedTransport,
    /// The truth behind it.
    pub world: std::sync::Arc<dyn World>,
    /// The way to serve it over sockets besides.
    pub servable: std::sync::Arc<dyn Servable>,
    /// The way to copy it.
    pub forks: std::sync::Arc<dyn Fork>,
}
