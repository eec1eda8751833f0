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
    /// A part of the answer, to a client that takes it in parts ([`InParts`]); the rest follows when
    /// it is asked for.
    Part {
        /// Status and headers, which only count in the first part, and the bytes of this part.
        response: Response<Bytes>,
        /// Ask again after this time, with this cursor in [`InParts`].
        more: More,
    },
}

/// How to ask for the next part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct More {
    /// Where to go on, in the cloud's own words.
    pub cursor: String,
    /// When to ask.
    pub after: Duration,
}

/// A request extension: the client takes the answer in parts as they come (a watch, a followed log),
/// because it listens on a socket. Without it an answer comes as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InParts {
    /// Where to go on; none asks for the first part.
    pub cursor: Option<String>,
}

/// A request extension: when a request came in over a socket, in real time. Its client's clock is the
/// real one, whatever time it is in the cloud, and its signature is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The real date.
    pub at: Timestamp,
}

/// A request extension: the request came in memory and is for a host that has a port, so that what proves
/// its sender may have been signed by a client over sockets, whose clock is the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerhapsSigned {
    /// The real date.
    pub at: Timestamp,
}

/// Where a host of the cloud is really listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The URL without a trailing slash.
    pub url: String,
    /// The certificate authority (PEM) that its certificate is of.
    pub authority_pem: String,
}

/// A simulated cloud account. A clone is another account that has had the same past.
pub trait Cloud: Clone + Send + 'static {
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

    /// What the meter counted since `from` for everything but decoys.
    fn charges(&self, from: Timestamp) -> Vec<Charge>;

    /// Decoys with a digest of each one's state.
    fn decoys(&self) -> Vec<(Resource, String)>;

    /// From now on all that is there belongs to others: it is among the decoys, in no run's bill, and
    /// takes nothing of the quotas.
    fn make_bystanders(&mut self);

    /// All resources, whoever owns them, with a digest of each one's state that only calls change. A cloud
    /// that keeps no more of a resource than shows in its inventory has nothing to add.
    fn states(&self) -> Vec<(Resource, String)> {
        let all = self.inventory().into_iter();
        all.map(|resource| {
            let state = format!("{resource:?}");
            (resource, state)
        })
        .collect()
    }

    /// The hosts that have a server of their own beside the cloud's API: clusters' API servers. Over
    /// sockets each gets a port.
    fn hosts(&self) -> Vec<String> {
        Vec::new()
    }

    /// From now on this host is listened to there, and the cloud should say so.
    fn placed(&mut self, _host: &str, _place: Place) {}

    /// The shortest time to a ready cluster that the durations allow, with the chain in words.
    fn fastest_ready(&self) -> Option<(Duration, String)>;
}
