//! The simulated cloud: a state machine that answers requests and is told what time it is.
//!
//! Synchronous on purpose: the order of calls and the clock decide everything, so a seed replays.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::resource::{Life, Resource};

/// What a simulated cloud says to a request.
#[derive(Debug)]
pub enum Reply {
    /// The answer.
    Now(Response<Bytes>),
    /// Nothing to say yet (a watch): ask again after this time.
    AskAgain(Duration),
}

/// A simulated cloud account.
pub trait Cloud: Send + 'static {
    /// Lets everything happen that is due until `to`. Called before every other method.
    fn advance(&mut self, to: Timestamp);

    /// Answers one request. An operation that it does not know is answered with 501, by name.
    fn answer(&mut self, request: &Request<Bytes>) -> Reply;

    /// How long an answer to this request takes, network included.
    fn latency(&self, request: &Request<Bytes>) -> Duration;

    /// The truth: all resources that exist now.
    fn inventory(&self) -> Vec<Resource>;

    /// All resources that ever existed, with their lives.
    fn lives(&self) -> Vec<Life>;

    /// What the meter counted for a run since `from`.
    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge>;

    /// Decoys with a digest of each one's state.
    fn decoys(&self) -> Vec<(Resource, String)>;

    /// The shortest time to a ready cluster that the durations allow, with the chain in words.
    fn fastest_ready(&self) -> Option<(Duration, String)>;
}
