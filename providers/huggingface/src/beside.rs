//! A simulated account beside a real cluster: which calls go where, and what is true of both.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::ground_truth::{GroundTruth, Snapshot};
use kubeproof_contract::https::Https;
use kubeproof_contract::provider::Credentials;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::serve::Served;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};

use crate::cluster;
use crate::observer::inventory::in_cluster;
use crate::routes;
use crate::spec::KubernetesSpec;

/// How long one request to the cluster may take that the ground truth makes.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Calls of Hugging Face go to the simulated account, all others to the network.
pub(crate) struct BesideCluster {
    pub(crate) account: SharedTransport,
    pub(crate) https: SharedTransport,
    /// Its sockets are open for as long as it is held.
    pub(crate) served: Arc<dyn Served>,
}

impl fmt::Debug for BesideCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BesideCluster")
            .field("served", &self.served.address())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for BesideCluster {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default();
        if routes::is_own_host(host) {
            return self.account.send(request).await;
        }
        self.https.send(request).await
    }
}

/// The truth of the account is the simulator's; that of the cluster is what it shows to a client of our own, which shares
/// nothing with the observer's.
pub(crate) struct WithCluster {
    pub(crate) account: Arc<dyn GroundTruth>,
    pub(crate) kubernetes: KubernetesSpec,
}

impl WithCluster {
    /// The objects in the cluster; none when it cannot be read, which shows as a difference from what an audit lists.
    fn objects(&self) -> Vec<Resource> {
        let kubernetes = self.kubernetes.clone();
        let read = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().ok()?;
            runtime.block_on(async {
                let https: SharedTransport = Arc::new(Https::new(ANSWER_WITHIN).ok()?);
                let access = cluster::access(&kubernetes, &Credentials::Rehearsal).ok()?;
                let client = kubeproof_kubernetes::client(&access, https).ok()?;
                in_cluster(&client, &cluster::scope(&access)).await.ok()
            })
        });
        read.join().ok().flatten().unwrap_or_default()
    }
}

impl GroundTruth for WithCluster {
    fn inventory(&self) -> Vec<Resource> {
        let mut all = self.account.inventory();
        all.extend(self.objects());
        all
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        self.account.lifetimes()
    }

    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge> {
        self.account.metered(run_id, from)
    }

    fn charges(&self, from: Timestamp) -> Vec<Charge> {
        self.account.charges(from)
    }

    fn unpriced(&self) -> Vec<String> {
        self.account.unpriced()
    }

    fn bystanders(&self) -> Vec<(Resource, String)> {
        self.account.bystanders()
    }

    fn states(&self) -> Vec<(Resource, String)> {
        self.account.states()
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        self.account.fastest_ready()
    }

    fn copy(&self) -> Arc<dyn Snapshot> {
        self.account.copy()
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.account.snapshot()
    }
}
