//! Sockets: any simulated cloud served to programs that are not ours.
//!
//! Apart from the way in memory ([`crate::memory`]), which rehearsals use and which knows no bytes. One
//! port serves the cloud's API and the control routes, plain or TLS; each host with a server of its own
//! gets a port. Journal and faults are the same layers as in rehearsals, in front of the same cloud.
//!
//! It runs on a paced runtime ([`crate::pace`]), or on one whose clock is the real one.

pub mod limits;

mod body;
mod certificates;
mod connection;
mod control;
mod doors;
mod exchange;
mod inward;
mod visitor;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_contract::call::{Actor, Dialect};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::serve::{ServeError, Served, Serving, Sharing};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::world::World;
use tokio::sync::{Notify, Semaphore};

use self::certificates::Certificates;
use self::doors::{Door, Doors, Opened};
use self::exchange::Behind;
use self::inward::Inward;
use self::limits::{CONNECTIONS_MAX, JOURNAL_CALLS_MAX, STOP_TIME_MAX};
use crate::cloud::Cloud;
use crate::memory::InMemory;
use crate::pace;

/// What all connections of one served cloud share.
pub struct Shared<C: Cloud> {
    memory: Arc<InMemory<C>>,
    /// How to begin again; none in a trial, which has journal, faults and account of its own.
    fresh: Option<Fresh<C>>,
    dialect: Arc<dyn Dialect>,
    clock: Clock,
    time_scale: u32,
    address: SocketAddr,
    certificates: Certificates,
    doors: Doors,
    connections: Arc<Semaphore>,
    calls: Mutex<Calls>,
    first_faults: Vec<Fault>,
    faults: Mutex<FaultPlan>,
    faults_changed: Notify,
}

/// Makes a fresh account at a date.
type Fresh<C> = Box<dyn Fn(Timestamp) -> C + Send + Sync>;

/// The journal, and how many calls it no longer has.
#[derive(Clone, Debug, Default)]
struct Calls {
    journal: Journal,
    forgotten: usize,
}

impl<C: Cloud> Shared<C> {
    /// As long on the clock as this much real time.
    fn real(&self, time: Duration) -> Duration {
        pace::real(time, self.time_scale)
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> FaultPlan {
        let faults = self.faults.lock();
        faults.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_faults(&self, faults: Vec<Fault>) {
        let mut plan = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        *plan = on_programs(faults);
        self.faults_changed.notify_waiters();
    }

    /// Begins again: a fresh account at the time that it is now, no calls, and the first faults.
    fn reset(&self) {
        let Some(fresh) = &self.fresh else { return };
        self.memory.with(|cloud| *cloud = fresh(self.clock.now()));
        // A new account's hosts may have the names of the old one's: they are placed anew.
        drop(self.doors.close());
        *self.calls() = Calls::default();
        self.set_faults(self.first_faults.clone());
    }

    /// The way of one call: journal outside, so that it sees what the client saw.
    fn transport(self: &Arc<Self>) -> SharedTransport {
        let behind: SharedTransport = Arc::new(Behind(Arc::clone(self)));
        let dialect = Arc::clone(&self.dialect);
        let struck = self
            .faults()
            .layer(behind, Arc::clone(&dialect), Actor::Provisioner);
        let mut calls = self.calls();
        // A trial's journal is whole: its budget of calls bounds it.
        if self.fresh.is_some() && calls.journal.len() >= JOURNAL_CALLS_MAX {
            calls.forgotten += calls.journal.len();
            calls.journal = Journal::default();
        }
        let journal = &calls.journal;
        journal.layer(struck, dialect, Actor::Provisioner, self.clock)
    }
}

/// A cloud that is served.
struct Server<C: Cloud> {
    shared: Arc<Shared<C>>,
    open: Mutex<Option<Opened>>,
}

/// A plan of faults that strike whatever programs are served.
fn on_programs(faults: Vec<Fault>) -> FaultPlan {
    let plan = FaultPlan::new(faults);
    plan.strike_programs();
    plan
}

/// Serves the cloud that `fresh` makes, from now on, on the current runtime.
///
/// # Errors
/// When the address cannot be listened to, or no certificates can be made.
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
        faults: on_programs(serving.faults.clone()),
    };
    let memory = InMemory::new(fresh(clock.now()), clock);
    open(memory, sharing, Some(Box::new(fresh)), serving.faults)
}

/// Serves a cloud that a trial uses in memory, from now on, on the current runtime.
///
/// # Errors
/// When the address cannot be listened to, or no certificates can be made.
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
    let (listener, address) = doors::bind(sharing.listen)?;
    let calls = Calls {
        journal: sharing.journal,
        forgotten: 0,
    };
    let shared = Arc::new(Shared {
        memory,
        fresh,
        dialect: sharing.dialect,
        clock: sharing.clock,
        time_scale: sharing.time_scale,
        address,
        certificates: Certificates::make(address.ip())?,
        doors: Doors::default(),
        connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        calls: Mutex::new(calls),
        first_faults,
        faults: Mutex::new(sharing.faults),
        faults_changed: Notify::new(),
    });
    doors::settle(&shared)?;
    let open = Mutex::new(Some(Opened::new(&shared, listener, Door::Api)));
    Ok(Arc::new(Server { shared, open }))
}

#[async_trait]
impl<C: Cloud> Served for Server<C> {
    fn address(&self) -> SocketAddr {
        doors::reachable(self.shared.address)
    }

    fn authority_pem(&self) -> &str {
        &self.shared.certificates.authority_pem
    }

    fn world(&self) -> Arc<dyn World> {
        Arc::clone(&self.shared.memory) as Arc<dyn World>
    }

    fn in_memory(&self) -> SharedTransport {
        Arc::new(Inward(Arc::clone(&self.shared)))
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
        let open = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut closing = self.shared.doors.close();
        closing.extend(open.map(Opened::close));
        for listening in closing {
            // It only ends; it cannot fail.
            let _ = listening.await;
        }
        let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
        let ended = self.shared.connections.acquire_many(all);
        // Connections that do not end by themselves are broken off by their own limit of the same length.
        let limit = self.shared.real(2 * STOP_TIME_MAX);
        let _ = tokio::time::timeout(limit, ended).await;
    }
}
