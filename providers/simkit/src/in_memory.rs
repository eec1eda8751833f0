//! A simulator in memory: a transport that follows the trial's clock, with its ground truth.
//!
//! Half of the latency passes before the request is applied and half after, so that a call that is dropped halfway
//! (a crash, a timeout) may or may not have been applied, as with a real cloud.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::ground_truth::{GroundTruth, Rehearsal, Snapshot};
use kubeproof_contract::mutex::lock;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::serve::{Servable, ServeError, Served, Sharing};
use kubeproof_contract::transport::{Transport, TransportError};

use crate::cloud::{AskedAt, Cloud, Reply};

/// The longest time that a waiting request (a watch) is kept open.
const HOLD_MAX: Duration = Duration::from_hours(1);

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
    /// Wraps a cloud in a transport that follows `clock`.
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
            servable: Arc::new(SharedCloud(Arc::clone(&memory))),
            ground_truth: memory,
        }
    }

    /// What the cloud's clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads or changes the cloud as it is now. For simulator tests and servers.
    pub fn with<T>(&self, access: impl FnOnce(&mut C) -> T) -> T {
        let mut cloud = lock(&self.cloud);
        cloud.advance(self.clock.now());
        access(&mut cloud)
    }
}

/// A cloud in memory that can also be served over sockets.
struct SharedCloud<C>(Arc<InMemory<C>>);

impl<C: Cloud> Servable for SharedCloud<C> {
    fn serve(&self, sharing: Sharing) -> Result<Arc<dyn Served>, ServeError> {
        crate::serve::share(Arc::clone(&self.0), sharing)
    }
}

/// A cloud that does not change any more.
struct FrozenCloud<C>(Mutex<C>);

impl<C: Cloud> Snapshot for FrozenCloud<C> {
    fn fork(&self, clock: Clock) -> Rehearsal {
        let copy = lock(&self.0).clone();
        InMemory::rehearsal(copy, clock)
    }
}

#[async_trait]
impl<C: Cloud> Transport for InMemory<C> {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let half = self.with(|cloud| cloud.latency(&request)) / 2;
        tokio::time::sleep(half).await;
        let asked_at = self.clock.elapsed();
        let at = self.clock.now();
        request.extensions_mut().insert(AskedAt { at });
        loop {
            match self.with(|cloud| cloud.answer(&request)) {
                Reply::Now(response) | Reply::Part { response, .. } => {
                    tokio::time::sleep(half).await;
                    return Ok(response);
                }
                Reply::AskAgain(after) => {
                    if self.clock.elapsed().saturating_sub(asked_at) > HOLD_MAX {
                        return Err(TransportError::Timeout(
                            "the request was kept waiting for over an hour".to_owned(),
                        ));
                    }
                    tokio::time::sleep(after.max(Duration::from_millis(1))).await;
                }
            }
        }
    }
}

impl<C: Cloud> GroundTruth for InMemory<C> {
    fn inventory(&self) -> Vec<Resource> {
        self.with(|cloud| cloud.inventory())
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        self.with(|cloud| cloud.lifetimes())
    }

    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge> {
        self.with(|cloud| cloud.metered(run_id, from))
    }

    fn charges(&self, from: Timestamp) -> Vec<Charge> {
        self.with(|cloud| cloud.charges(from))
    }

    fn unpriced(&self) -> Vec<String> {
        self.with(|cloud| cloud.unpriced())
    }

    fn bystanders(&self) -> Vec<(Resource, String)> {
        self.with(|cloud| cloud.bystanders())
    }

    fn states(&self) -> Vec<(Resource, String)> {
        self.with(|cloud| cloud.states())
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        self.with(|cloud| cloud.fastest_ready())
    }

    fn copy(&self) -> Arc<dyn Snapshot> {
        Arc::new(FrozenCloud(Mutex::new(self.with(|cloud| cloud.clone()))))
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        let mut copy = self.with(|cloud| cloud.clone());
        copy.make_bystanders();
        Arc::new(FrozenCloud(Mutex::new(copy)))
    }
}
