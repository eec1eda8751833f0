//! The simulator's truth, as the oracles of a rehearsal see it.
//!
//! Apart from [`crate::account`] on purpose: the truth is what observers are judged against.

use std::sync::Arc;
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

    /// What was used and has no known price: what the meter counted is not all then.
    fn unpriced(&self) -> Vec<String> {
        Vec::new()
    }

    /// The ids of decoys: neighbours' and shared resources that must survive, with a digest of each
    /// one's state.
    fn decoys(&self) -> Vec<(Resource, String)>;

    /// All resources that exist now, regardless of their owners, with a digest of each one's state: what differs in
    /// it between two moments was changed by a call.
    fn states(&self) -> Vec<(Resource, String)>;

    /// The shortest time to a ready cluster that the simulated durations allow for what was made, with
    /// the chain in words.
    fn fastest_ready(&self) -> Option<(Duration, String)>;

    /// The account as it is now. In it all that is there belongs to others: it is among the bystanders, is no
    /// part of any run's bill, and leaves as much room in the quotas as there was before it came.
    fn snapshot(&self) -> Arc<dyn Snapshot>;
}

/// A simulated account as it was at a moment, from which others go on.
pub trait Snapshot: Send + Sync {
    /// A copy under this clock, which must not be behind. What happens in it happens nowhere else.
    fn fork(&self, clock: Clock) -> Rehearsal;
}

/// A simulated account and the way to it.
pub struct Rehearsal {
    /// The innermost transport: the simulator in memory.
    pub transport: SharedTransport,
    /// The truth behind it.
    pub world: Arc<dyn World>,
    /// The way to serve it over sockets besides.
    pub servable: Arc<dyn Servable>,
}
