//! Serving: a simulated account over sockets, for programs that are not ours.
//!
//! Apart from rehearsals, where everything happens in one process and nothing listens.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::call::Dialect;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::fault_layer::FaultPlan;
use crate::journal::Journal;
use crate::transport::SharedTransport;
use crate::world::World;

/// How an account is to be served.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Where to listen; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The clock that the account follows.
    pub clock: Clock,
    /// How many of the clock's seconds pass in one real second: limits on clients are meant in real
    /// time, whatever the account's clock does.
    pub time_scale: u32,
    /// The seed of all that would be random.
    pub seed: u64,
    /// The faults that strike its calls.
    pub faults: Vec<Fault>,
    /// The caller's environment, where a provider may find what its own tools would (a region).
    pub environment: BTreeMap<String, String>,
}

/// How an account that a trial uses in memory is served besides: calls over sockets go into the trial's
/// journal, are struck by its faults and follow its clock. There are no control routes: a program under
/// test has no way to begin again.
#[derive(Clone)]
pub struct Sharing {
    /// Where to listen; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The trial's clock.
    pub clock: Clock,
    /// How many of the clock's seconds pass in one real second while somebody is served.
    pub time_scale: u32,
    /// How its requests are named and its errors worded.
    pub dialect: Arc<dyn Dialect>,
    /// The trial's journal.
    pub journal: Journal,
    /// The trial's faults.
    pub faults: FaultPlan,
}

/// A simulated account that can be served while it is used in memory.
pub trait Servable: Send + Sync {
    /// Serves it on the current runtime.
    ///
    /// # Errors
    /// Why sockets cannot be listened to.
    fn serve(&self, sharing: Sharing) -> Result<Arc<dyn Served>, ServeError>;
}

/// Why an account is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// The provider has no simulator.
    #[error("it has no simulator")]
    NoSimulator,
    /// The address cannot be listened to.
    #[error("cannot listen on {address}: {problem}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        problem: String,
    },
    /// Something in the caller's environment cannot be used.
    #[error("{0}")]
    Environment(String),
    /// No certificates could be made.
    #[error("cannot make certificates: {0}")]
    Certificates(String),
}

/// A served account. Dropping it leaves its sockets to the runtime's end; [`Served::stop`] is orderly.
#[async_trait]
pub trait Served: Send + Sync {
    /// The address that is listened to.
    fn address(&self) -> SocketAddr;

    /// The certificate authority (PEM) that signed every certificate that is shown.
    fn authority_pem(&self) -> &str;

    /// The truth of the account.
    fn world(&self) -> Arc<dyn World>;

    /// The way to the same account in memory, past journal and faults. It knows the hosts behind the
    /// ports: what a client over sockets was told is true here too.
    fn in_memory(&self) -> SharedTransport;

    /// All calls since the start or the last reset.
    fn journal(&self) -> Journal;

    /// The faults in force.
    fn faults(&self) -> FaultPlan;

    /// Waits until a crash effect strikes: then the client that called is to be killed.
    async fn crash(&self);

    /// Closes all sockets: answers that are on their way get a moment.
    async fn stop(&self);
}

/// One variable of the environment that redirects clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; `None` takes it out of the environment.
    pub value: Option<String>,
    /// What it does, for people.
    pub about: &'static str,
}

/// How clients are redirected: variables, and the files that some of them name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirect {
    /// The variables, in the order in which they are shown.
    pub variables: Vec<Variable>,
    /// Files with their contents, to be written before any client starts.
    pub files: Vec<(PathBuf, String)>,
}

impl Redirect {
    /// Adds a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>, about: &'static str) {
        self.variables.push(Variable {
            name: name.to_owned(),
            value: Some(value.into()),
            about,
        });
    }

    /// Takes a variable out.
    pub fn unset(&mut self, name: &str, about: &'static str) {
        self.variables.push(Variable {
            name: name.to_owned(),
            value: None,
            about,
        });
    }
}
