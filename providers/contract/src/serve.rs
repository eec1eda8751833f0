//! Serving: a simulated account over sockets, for external programs.
//!
//! Rehearsals of built-in provisioners do not need it: there everything happens in one process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::call::Dialect;
use crate::call_key::CallKeys;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::fault_layer::FaultPlan;
use crate::ground_truth::GroundTruth;
use crate::journal::Journal;
use crate::mutex::lock;
use crate::transport::SharedTransport;

/// How to serve an account.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Where to listen; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The clock that the account follows.
    pub clock: Clock,
    /// How many of the clock's seconds pass in one real second. Limits on clients are in real time, whatever
    /// the account's clock does.
    pub time_scale: u32,
    /// The seed of everything that would be random.
    pub seed: u64,
    /// The faults to inject into its calls.
    pub faults: Vec<Fault>,
    /// The caller's environment, where a provider may find what its own tools would use (a region).
    pub environment: BTreeMap<String, String>,
}

/// How to serve an account over sockets that a trial also uses in memory. Calls over sockets go into the trial's
/// journal, get its faults and follow its clock. There are no control routes: a program under test must not be
/// able to reset the account.
#[derive(Clone)]
pub struct Sharing {
    /// Where to listen; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The trial's clock.
    pub clock: Clock,
    /// How many of the clock's seconds pass in one real second while programs run.
    pub time_scale: u32,
    /// How its requests are named and its errors are worded.
    pub dialect: Arc<dyn Dialect>,
    /// The trial's journal.
    pub journal: Journal,
    /// The trial's faults.
    pub faults: FaultPlan,
    /// What its calls are about.
    pub keys: CallKeys,
    /// Where it was served before.
    pub place: Place,
}

/// Where an account is served. Serving a copy of it at the same place keeps the addresses valid that programs have in
/// their files: the ports stay, and so does the authority that clients trust.
#[derive(Clone, Default)]
pub struct Place {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    ports: BTreeMap<String, u16>,
    authority: Option<AuthorityPem>,
}

/// A certificate authority with its key. The key is never shown.
#[derive(Clone)]
pub struct AuthorityPem {
    /// Its certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Place {
    /// The port of a host, or of the API (`""`); 0 if it had none yet.
    pub fn port(&self, host: &str) -> u16 {
        lock(&self.kept).ports.get(host).copied().unwrap_or(0)
    }

    /// Keeps the port of a host.
    pub fn keep_port(&self, host: &str, port: u16) {
        lock(&self.kept).ports.insert(host.to_owned(), port);
    }

    /// Forgets the ports of all hosts: another account may have others of the same names.
    pub fn forget_hosts(&self) {
        lock(&self.kept).ports.retain(|host, _| host.is_empty());
    }

    /// The authority, if there was one.
    pub fn authority(&self) -> Option<AuthorityPem> {
        lock(&self.kept).authority.clone()
    }

    /// Keeps the authority.
    pub fn keep_authority(&self, authority: AuthorityPem) {
        lock(&self.kept).authority = Some(authority);
    }
}

/// A simulated account that can be served while it is used in memory.
pub trait Servable: Send + Sync {
    /// Serves it on the current runtime.
    ///
    /// # Errors
    /// When it cannot listen on the address.
    fn serve(&self, sharing: Sharing) -> Result<Arc<dyn Served>, ServeError>;
}

/// Why an account could not be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// The provider has no simulator.
    #[error("it has no simulator")]
    NoSimulator,
    /// It cannot listen on the address.
    #[error("cannot listen on {address}: {problem}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The system's error message.
        problem: String,
    },
    /// Something in the caller's environment cannot be used.
    #[error("{0}")]
    Environment(String),
    /// Certificates could not be created.
    #[error("cannot create certificates: {0}")]
    Certificates(String),
}

/// The door of a served account, through which clients come whose host is fixed.
pub trait Door {
    /// The names of the API's own hosts, which are behind it.
    fn api_hosts(&self) -> Vec<String>;

    /// Leads clients that ask for one of these hosts to the door of another account: a client can be given only one of
    /// them.
    fn lead_on(&self, hosts: &[String], door: SocketAddr);
}

/// A served account. [`Served::stop`] shuts it down in order; when it is only dropped, its sockets stay open
/// until the runtime ends.
#[async_trait]
pub trait Served: Door + Send + Sync {
    /// The address that it listens on.
    fn address(&self) -> SocketAddr;

    /// The certificate authority (PEM) that signed all of its certificates.
    fn authority_pem(&self) -> &str;

    /// The ground truth of the account.
    fn ground_truth(&self) -> Arc<dyn GroundTruth>;

    /// An in-memory transport to the same account that bypasses journal and faults. It knows the hosts behind
    /// the ports, so addresses that were given to clients over sockets work here too.
    fn in_memory(&self) -> SharedTransport;

    /// All calls since the start or the last reset.
    fn journal(&self) -> Journal;

    /// The faults in force.
    fn faults(&self) -> FaultPlan;

    /// Waits for an injected crash; the client that made the call must then be killed.
    async fn crash(&self);

    /// Closes all sockets. Answers in flight get a moment to complete.
    async fn stop(&self);
}

/// One variable of the environment that redirects clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; `None` removes it from the environment.
    pub value: Option<String>,
    /// What it does, for the reader.
    pub about: &'static str,
}

/// The environment that redirects clients: variables, and the files that some of them name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientEnvironment {
    /// The variables, in the order in which they are shown.
    pub variables: Vec<Variable>,
    /// Files with their contents, to be written before any client starts.
    pub files: Vec<(PathBuf, String)>,
    /// Those of the files that hold the authorities which clients trust. Where several accounts are served, each of them
    /// gets the authorities of all: a client reads one file.
    pub authorities: Vec<PathBuf>,
}

impl ClientEnvironment {
    /// Adds a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>, about: &'static str) {
        self.variables.push(Variable {
            name: name.to_owned(),
            value: Some(value.into()),
            about,
        });
    }

    /// Adds variables that name a file of the authorities to trust, and the file.
    pub fn trust(&mut self, names: &[&str], path: PathBuf, authority_pem: &str) {
        for name in names {
            let about = "the simulators' authorities, and no others";
            self.set(name, path.display().to_string(), about);
        }
        self.files.push((path.clone(), authority_pem.to_owned()));
        self.authorities.push(path);
    }

    /// Removes a variable from the environment.
    pub fn unset(&mut self, name: &str, about: &'static str) {
        self.variables.push(Variable {
            name: name.to_owned(),
            value: None,
            about,
        });
    }
}
