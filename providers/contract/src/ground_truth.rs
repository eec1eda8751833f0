//! Ground truth: the simulator's own state, as the oracles of a rehearsal see it.
//!
//! Kept separate from [`crate::observer`] on purpose: observers are judged against it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::cost::Charge;
use crate::resource::{Lifespan, Resource};
use crate::serve::Servable;
use crate::transport::SharedTransport;

/// The ground truth of a simulated account.
pub trait GroundTruth: Send + Sync {
    /// All resources that exist now.
    fn inventory(&self) -> Vec<Resource>;

    /// All resources that ever existed, with their lifetimes: for the duplicates oracle.
    fn lifetimes(&self) -> Vec<Lifespan>;

    /// What the meter counted for the run since `from`, rounded as the cloud rounds.
    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge>;

    /// What the meter counted since `from` for everything except bystanders, no matter who created it: the
    /// bill of a program that knows nothing about runs.
    fn charges(&self, from: Timestamp) -> Vec<Charge>;

    /// What was used but has no known price. If there is any, the meter's sum is not complete.
    fn unpriced(&self) -> Vec<String> {
        Vec::new()
    }

    /// The bystanders: other users' and shared resources, which must survive. Each comes with a digest of its
    /// state.
    fn bystanders(&self) -> Vec<(Resource, String)>;

    /// All resources that exist now, no matter who owns them, each with a digest of its state. If the digest
    /// differs between two moments, a call changed the resource.
    fn states(&self) -> Vec<(Resource, String)>;

    /// The shortest time to a ready cluster that the simulated durations allow for what was created, with a
    /// description of the critical path.
    fn fastest_ready(&self) -> Option<(Duration, String)>;

    /// The account as it is now, to fork others from: what is changed in one does not show in another.
    fn copy(&self) -> Arc<dyn Snapshot>;

    /// A snapshot of the account as it is now. Everything in it becomes a bystander: it is not on any run's
    /// bill and does not use up quotas.
    fn snapshot(&self) -> Arc<dyn Snapshot>;
}

/// A simulated account at one moment, from which others can be forked.
pub trait Snapshot: Send + Sync {
    /// An independent copy that follows this clock, which must not be behind the snapshot.
    fn fork(&self, clock: Clock) -> Rehearsal;
}

/// A simulated account with its transport.
pub struct Rehearsal {
    /// The innermost transport: the simulator in memory.
    pub transport: SharedTransport,
    /// Its ground truth.
    pub ground_truth: Arc<dyn GroundTruth>,
    /// Serves the same account over sockets as well.
    pub servable: Arc<dyn Servable>,
}
