//! The socket server: serves any simulated cloud to external programs.
//!
//! One port serves the cloud's API and the control routes, plain or TLS, and is the door by which clients with a fixed
//! host are led here (`door`); each host with its own server gets another port. Journal and faults are the same layers as
//! in memory ([`crate::in_memory`]), in front of the same cloud.
//!
//! It runs on a runtime with a paced clock ([`crate::paced_clock`]) or with the real one.

pub mod limits;

pub(crate) mod body;
pub(crate) mod certificates;
pub(crate) mod connection;
mod control;
mod door;
pub(crate) mod handler;
mod host_check;
mod in_process;
pub(crate) mod listeners;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_contract::call::{Actor, Dialect};
use kubeproof_contract::call_key::CallKeys;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::serve::{Door, Place, ServeError, Served, Serving, Sharing};
use kubeproof_contract::transport::SharedTransport;
use tokio::sync::{Notify, Semaphore};

use self::certificates::Certificates;
use self::handler::Backend;
use self::in_process::InProcess;
use self::limits::{CONNECTIONS_MAX, JOURNAL_CALLS_MAX, STOP_TIME_MAX};
use self::listeners::{ListenerKind, Listeners, OpenListener};
use crate::cloud::Cloud;
use crate::in_memory::InMemory;
use crate::paced_clock;

/// The state that all connections of one served cloud share.
pub struct Shared<C: Cloud> {
    memory: Arc<InMemory<C>>,
    /// Creates a fresh account on reset; `None` in a trial, which has its own journal, faults and account.
    fresh: Option<Fresh<C>>,
    dialect: Arc<dyn Dialect>,
    keys: CallKeys,
    clock: Clock,
    time_scale: u32,
    address: SocketAddr,
    /// The doors of other accounts, by the hosts behind them.
    other_doors: Mutex<BTreeMap<String, SocketAddr>>,
    certificates: Certificates,
    place: Place,
    listeners: Listeners,
    connections: Arc<Semaphore>,
    calls: Mutex<Calls>,
    first_faults: Vec<Fault>,
    faults: Mutex<FaultPlan>,
    faults_changed: Notify,
    /// The date to which clients have advanced the clock, if any has.
    clock_set_to: Mutex<Option<Timestamp>>,
}

/// Creates a fresh account at a date.
type Fresh<C> = Box<dyn Fn(Timestamp) -> C + Send + Sync>;

/// The journal, and the number of calls that were dropped from it.
#[derive(Clone, Debug, Default)]
struct Calls {
    journal: Journal,
    forgotten: usize,
}

impl<C: Cloud> Shared<C> {
    /// Converts real time to time on the clock.
    fn real(&self, time: Duration) -> Duration {
        paced_clock::real(time, self.time_scale)
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        lock(&self.calls)
    }

    fn other_doors(&self) -> MutexGuard<'_, BTreeMap<String, SocketAddr>> {
        lock(&self.other_doors)
    }

    fn faults(&self) -> FaultPlan {
        lock(&self.faults).clone()
    }

    fn set_faults(&self, faults: Vec<Fault>) {
        let mut plan = lock(&self.faults);
        *plan = plan_for_programs(faults);
        self.faults_changed.notify_waiters();
    }

    /// Whether a client sets the clock: then it goes by it, too.
    fn is_clock_set(&self) -> bool {
        lock(&self.clock_set_to).is_some()
    }

    /// Advances the clock to a date, if it has not passed it yet, and returns when it shows it. Only a paced clock can be
    /// advanced; any other is waited for.
    async fn advance_to(&self, at: Timestamp) {
        let now = self.clock.now();
        {
            let mut set = lock(&self.clock_set_to);
            // What others have asked for already is on its way.
            let from = set.map_or(now, |earlier| earlier.max(now));
            if let Ok(missing) = Duration::try_from(at.duration_since(from)) {
                paced_clock::took(missing);
            }
            *set = Some(from.max(at));
        }
        if let Ok(wait) = Duration::try_from(at.duration_since(now)) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Resets everything: a fresh account at the current time, an empty journal, and the first faults.
    fn reset(&self) {
        let Some(fresh) = &self.fresh else { return };
        self.memory.with(|cloud| *cloud = fresh(self.clock.now()));
        // Hosts of the new account may have the same names as old ones, so they get new ports.
        drop(self.listeners.close());
        self.place.forget_hosts();
        *self.calls() = Calls::default();
        self.set_faults(self.first_faults.clone());
    }

    /// The transport of one call. The journal is outermost, so that it records what the client sees.
    fn transport(self: &Arc<Self>) -> SharedTransport {
        let backend: SharedTransport = Arc::new(Backend(Arc::clone(self)));
        let dialect = Arc::clone(&self.dialect);
        let backend = self.keys.learn(backend, Arc::clone(&dialect));
        let faulty = self
            .faults()
            .layer(backend, Arc::clone(&dialect), Actor::Provisioner);
        let mut calls = self.calls();
        // A trial's journal is never cut: its limit of calls bounds it.
        if self.fresh.is_some() && calls.journal.len() >= JOURNAL_CALLS_MAX {
            calls.forgotten += calls.journal.len();
            calls.journal = Journal::default();
        }
        let journal = &calls.journal;
        let recorded = journal.layer(faulty, dialect, Actor::Provisioner, self.clock);
        self.keys.name(recorded)
    }
}

/// A cloud that is served.
struct Server<C: Cloud> {
    shared: Arc<Shared<C>>,
    open: Mutex<Option<OpenListener>>,
}

/// A plan of faults for the external programs that are served.
fn plan_for_programs(faults: Vec<Fault>) -> FaultPlan {
    let plan = FaultPlan::new(faults);
    plan.include_programs();
    plan
}

/// Serves the cloud that `fresh` creates, from now on, on the current runtime.
///
/// # Errors
/// When it cannot listen on the address, or certificates cannot be created.
pub fn serve<C: Cloud>(
    fresh: impl Fn(Timestamp) -> C + Send + Sync + 'static,
    dialect: Arc<dyn Dialect>,
    serving: Serving,
) -> Result<Arc<dyn Served>, ServeError> {
    let clock = serving.clock;
    let sharing = Sharing {
        listen: serving.listen,
        clock,
        time_scale: serving.time_scale,
        dialect,
        journal: Journal::default(),
        faults: plan_for_programs(serving.faults.clone()),
        keys: CallKeys::default(),
        place: Place::default(),
    };
    let memory = InMemory::new(fresh(clock.now()), clock);
    open(memory, sharing, Some(Box::new(fresh)), serving.faults)
}

/// Serves a cloud that a trial also uses in memory, from now on, on the current runtime.
///
/// # Errors
/// When it cannot listen on the address, or certificates cannot be created.
pub fn share<C: Cloud>(
    memory: Arc<InMemory<C>>,
    sharing: Sharing,
) -> Result<Arc<dyn Served>, ServeError> {
    open(memory, sharing, None, Vec::new())
}

fn open<C: Cloud>(
    memory: Arc<InMemory<C>>,
    sharing: Sharing,
    fresh: Option<Fresh<C>>,
    first_faults: Vec<Fault>,
) -> Result<Arc<dyn Served>, ServeError> {
    let place = sharing.place;
    let listen = match sharing.listen.port() {
        0 => SocketAddr::new(sharing.listen.ip(), place.port("")),
        _ => sharing.listen,
    };
    let (listener, address) = listeners::bind(listen)?;
    place.keep_port("", address.port());
    let calls = Calls {
        journal: sharing.journal,
        forgotten: 0,
    };
    let shared = Arc::new(Shared {
        memory,
        fresh,
        dialect: sharing.dialect,
        keys: sharing.keys,
        clock: sharing.clock,
        time_scale: sharing.time_scale,
        address,
        other_doors: Mutex::default(),
        certificates: Certificates::make(address.ip(), &place)?,
        place,
        listeners: Listeners::default(),
        connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        calls: Mutex::new(calls),
        first_faults,
        faults: Mutex::new(sharing.faults),
        faults_changed: Notify::new(),
        clock_set_to: Mutex::default(),
    });
    listeners::update(&shared)?;
    let open = Mutex::new(Some(OpenListener::new(
        &shared,
        listener,
        ListenerKind::Api,
    )));
    Ok(Arc::new(Server { shared, open }))
}

impl<C: Cloud> Door for Server<C> {
    fn api_hosts(&self) -> Vec<String> {
        self.shared.memory.with(|cloud| cloud.api_hosts())
    }

    fn lead_on(&self, hosts: &[String], door: SocketAddr) {
        let doors = hosts.iter().map(|host| (host.clone(), door));
        self.shared.other_doors().extend(doors);
    }
}

#[async_trait]
impl<C: Cloud> Served for Server<C> {
    fn address(&self) -> SocketAddr {
        listeners::reachable(self.shared.address)
    }

    fn authority_pem(&self) -> &str {
        &self.shared.certificates.authority_pem
    }

    fn ground_truth(&self) -> Arc<dyn GroundTruth> {
        Arc::clone(&self.shared.memory) as Arc<dyn GroundTruth>
    }

    fn in_memory(&self) -> SharedTransport {
        Arc::new(InProcess(Arc::clone(&self.shared)))
    }

    fn journal(&self) -> Journal {
        self.shared.calls().journal.clone()
    }

    fn faults(&self) -> FaultPlan {
        self.shared.faults()
    }

    async fn crash(&self) {
        loop {
            let changed = self.shared.faults_changed.notified();
            let plan = self.shared.faults();
            tokio::select! {
                () = plan.crash() => return,
                () = changed => {}
            }
        }
    }

    async fn stop(&self) {
        let open = lock(&self.open).take();
        let mut closing = self.shared.listeners.close();
        closing.extend(open.map(OpenListener::close));
        for listening in closing {
            // The task cannot fail.
            let _ = listening.await;
        }
        let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
        let ended = self.shared.connections.acquire_many(all);
        // Connections that do not end by themselves are closed at their own limit of the same length.
        let limit = self.shared.real(2 * STOP_TIME_MAX);
        let _ = tokio::time::timeout(limit, ended).await;
    }
}
