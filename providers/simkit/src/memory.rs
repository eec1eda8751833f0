//! The way into a simulator in memory: a transport under the trial's clock, and the world behind it.
//!
//! Half of the latency passes before the request is applied and half after, so that a call that is
//! dropped halfway (a crash, a time-out) may or may not have been applied, as with a real cloud.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::resource::{Life, Resource};
use kubeproof_contract::serve::{Servable, ServeError, Served, Sharing};
use kubeproof_contract::transport::{Transport, TransportError};
use kubeproof_contract::world::{Rehearsal, Snapshot, World};

use crate::cloud::{Cloud, Reply};

/// Longest time that a held request (a watch) is kept open.
const HOLD_MAX: Duration = Duration::from_secs(3600);

/// A simulated cloud in this process.
pub struct InMemory<C> {
    cloud: Mutex<C>,
    clock: Clock,
}

impl<C> fmt::Debug for InMemory<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory").finish_non_exhaustive()
    }
}

impl<C: Cloud> InMemory<C> {
    /// Puts a cloud behind a transport that follows `clock`.
    pub fn new(cloud: C, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            cloud: Mutex::new(cloud),
            clock,
        })
    }

    /// A rehearsal on this cloud.
    pub fn rehearsal(cloud: C, clock: Clock) -> Rehearsal {
        let memory = Self::new(cloud, clock);
        Rehearsal {
            transport: Arc::clone(&memory) as Arc<dyn Transport>,
            servable: Arc::new(Behind(Arc::clone(&memory))),
            world: memory,
        }
    }

    /// Looks at, or changes, the cloud as it is now. For simulator tests and servers.
    pub fn with<T>(&self, look: impl FnOnce(&mut C) -> T) -> T {
        let mut cloud = self.cloud.lock().unwrap_or_else(PoisonError::into_inner);
        cloud.advance(self.clock.now());
        look(&mut cloud)
    }
}

/// The cloud, to be served besides.
struct Behind<C>(Arc<InMemory<C>>);

impl<C: Cloud> Servable for Behind<C> {
    fn serve(&self, sharing: Sharing) -> Result<Arc<dyn Served>, ServeError> {
        crate::serve::share(Arc::clone(&self.0), sharing)
    }
}

/// A cloud that stands still.
struct Still<C>(Mutex<C>);

impl<C: Cloud> Snapshot for Still<C> {
    fn fork(&self, clock: Clock) -> Rehearsal {
        let copy = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        InMemory::rehearsal(copy, clock)
    }
}

#[async_trait]
impl<C: Cloud> Transport for InMemory<C> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let half = self.with(|cloud| cloud.latency(&request)) / 2;
        tokio::time::sleep(half).await;
        let asked_at = self.clock.elapsed();
        loop {
            match self.with(|cloud| cloud.answer(&request)) {
                Reply::Now(response) | Reply::Part { response, .. } => {
                    tokio::time::sleep(half).await;
                    return Ok(response);
                }
                Reply::AskAgain(after) => {
                    if self.clock.elapsed().saturating_sub(asked_at) > HOLD_MAX {
                        return Err(TransportError::Timeout("held for over an hour".to_owned()));
                    }
                    tokio::time::sleep(after.max(Duration::from_millis(1))).await;
                }
            }
        }
    }
}

impl<C: Cloud> World for InMemory<C> {
    fn inventory(&self) -> Vec<Resource> {
        self.with(|cloud| cloud.inventory())
    }

    fn lives(&self) -> Vec<Life> {
        self.with(|cloud| cloud.lives())
    }

    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge> {
        self.with(|cloud| cloud.metered(run_id, from))
    }

    fn charges(&self, from: Timestamp) -> Vec<Charge> {
        self.with(|cloud| cloud.charges(from))
    }

    fn decoys(&self) -> Vec<(Resource, String)> {
        self.with(|cloud| cloud.decoys())
    }

    fn states(&self) -> Vec<(Resource, String)> {
        self.with(|cloud| cloud.states())
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        self.with(|cloud| cloud.fastest_ready())
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        let mut copy = self.with(|cloud| cloud.clone());
        copy.make_bystanders();
        Arc::new(Still(Mutex::new(copy)))
    }
}
