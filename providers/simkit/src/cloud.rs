//! The simulated cloud: a state machine that answers requests and is told the time.
//!
//! It is synchronous on purpose: only the order of calls and the clock matter, so a seed can be replayed.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::resource::{Lifespan, Resource};

/// A simulated cloud's reply to a request.
#[derive(Debug)]
pub enum Reply {
    /// The answer.
    Now(Response<Bytes>),
    /// No answer yet (a watch): ask again after this time.
    AskAgain(Duration),
    /// A part of the answer, for a client that takes it in parts ([`InParts`]); the rest follows when it is
    /// asked for.
    Part {
        /// Status and headers, which count only in the first part, and the bytes of this part.
        response: Response<Bytes>,
        /// How to ask for the next part.
        more: NextPart,
    },
}

/// How to ask for the next part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextPart {
    /// Where to continue, in the cloud's own format: to be sent in [`InParts`].
    pub cursor: String,
    /// How long to wait before asking.
    pub after: Duration,
}

/// A request extension: the client takes the answer in parts as they become available (a watch, a followed log),
/// because it reads from a socket. Without it the answer is given as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InParts {
    /// Where to continue; `None` asks for the first part.
    pub cursor: Option<String>,
}

/// A request extension: the real time at which a request came in over a socket. Its client's clock is the real one,
/// whatever the cloud's clock shows, and the client signed the request itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedAt {
    /// The real time.
    pub at: Timestamp,
}

/// A request extension: the request came in memory and is for a host that has a port, so its token may have been
/// signed by a client over sockets, whose clock is the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionallySigned {
    /// The real time.
    pub at: Timestamp,
}

/// A request extension: when the request came in, by the cloud's clock. A request that is asked again
/// ([`Reply::AskAgain`]) keeps it, so that a call that waits knows how long it has waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedAt {
    /// The time of the cloud's clock.
    pub at: Timestamp,
}

/// The address at which a host of the cloud can really be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEndpoint {
    /// The URL, without a trailing slash.
    pub url: String,
    /// The certificate authority (PEM) that issued its certificate.
    pub authority_pem: String,
}

/// A simulated cloud account. A clone is another account with the same past.
pub trait Cloud: Clone + Send + 'static {
    /// Makes everything happen that is due until `to`. Called before every other method.
    fn advance(&mut self, to: Timestamp);

    /// Answers one request. An unknown operation is answered with 501 and its name.
    fn answer(&mut self, request: &Request<Bytes>) -> Reply;

    /// How long an answer to this request takes, network included.
    fn latency(&self, request: &Request<Bytes>) -> Duration;

    /// The ground truth: all resources that exist now.
    fn inventory(&self) -> Vec<Resource>;

    /// All resources that ever existed, with their lifetimes.
    fn lifetimes(&self) -> Vec<Lifespan>;

    /// What the meter counted for a run since `from`.
    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge>;

    /// What the meter counted since `from` for everything but bystanders.
    fn charges(&self, from: Timestamp) -> Vec<Charge>;

    /// What was used but has no known price, as text.
    fn unpriced(&self) -> Vec<String> {
        Vec::new()
    }

    /// The bystanders, each with a digest of its state.
    fn bystanders(&self) -> Vec<(Resource, String)>;

    /// Turns everything that exists into bystanders: it is on no run's bill and does not use up quotas.
    fn make_bystanders(&mut self);

    /// All resources, no matter who owns them, each with a digest of its state that only calls change. The default
    /// is for clouds whose inventory shows the whole state of a resource.
    fn states(&self) -> Vec<(Resource, String)> {
        let all = self.inventory().into_iter();
        all.map(|resource| {
            let state = format!("{resource:?}");
            (resource, state)
        })
        .collect()
    }

    /// The names of the API's own hosts. A client whose host is fixed asks for one of them at the server's door, and
    /// its calls name it as theirs.
    fn api_hosts(&self) -> Vec<String> {
        Vec::new()
    }

    /// The hosts that have their own server in addition to the cloud's API: API servers of clusters. Over sockets
    /// each gets a port.
    fn hosts(&self) -> Vec<String> {
        Vec::new()
    }

    /// Tells the cloud that this host is now served at this endpoint, which it should give to clients.
    fn host_served(&mut self, _host: &str, _endpoint: HostEndpoint) {}

    /// The shortest time to a ready cluster that the simulated durations allow, with a description of the critical
    /// path.
    fn fastest_ready(&self) -> Option<(Duration, String)>;
}
