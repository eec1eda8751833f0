//! The reference provisioner: a network, a service account for the nodes, a cluster and its node pools, as concurrently
//! as the cloud allows.
//!
//! Everything is found by name and mark alone, so a new process can take over or tear down without any state from the
//! one before. It spawns no tasks: dropping its future equals the death of its process.

mod apis;
mod asked;
mod cluster;
mod compute;
mod network;
mod node_pools;
mod project;
mod requests;
mod service_account;
mod teardown;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::join;
use jiff::Timestamp;
use kubeproof_cloudkit::error::both;
use kubeproof_cloudkit::{CallError, RetryPolicy, Session};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::run::Run;

use crate::api::Api;
use crate::api::types::Cluster;
use crate::spec::{GkeSpec, Mode};
use crate::{cost, kubeconfig};

/// Longest wait for nodes to be Ready after their pools run.
const READY_WITHIN: Duration = Duration::from_mins(5);
/// How often to look.
const READY_EVERY: Duration = Duration::from_secs(5);
/// A read. An API that was enabled a moment ago may not be known everywhere.
const READ: RetryPolicy = RetryPolicy::IDEMPOTENT.while_not_propagated();

/// One piece of work: clients of its own, and what is asked for.
#[derive(Debug)]
struct Work {
    api: Api,
    spec: GkeSpec,
    /// When it began.
    began: Timestamp,
}

impl Work {
    fn new(api: Api, spec: &GkeSpec) -> Self {
        Self {
            began: api.connection().clock.now(),
            api,
            spec: spec.clone(),
        }
    }

    fn began(&self) -> Timestamp {
        self.began
    }

    fn session(&self) -> &Session {
        self.api.session()
    }

    fn run(&self) -> &Run {
        self.session().run()
    }

    fn report(&self, text: &str) {
        self.api.connection().progress.report(text);
    }

    fn project(&self) -> &str {
        &self.spec.project.0
    }

    fn region(&self) -> &str {
        self.spec.location.region()
    }
}

/// The reference provisioner. One value stands for one process, without memory of earlier ones.
#[derive(Debug)]
pub struct GkeProvisioner {
    api: Api,
    spec: GkeSpec,
}

impl GkeProvisioner {
    /// A provisioner of what the scenario asks for.
    pub fn new(spec: GkeSpec, connection: &Connection) -> Self {
        Self {
            api: Api::new(connection),
            spec,
        }
    }

    fn work(&self) -> Work {
        Work::new(self.api.renewed(), &self.spec)
    }
}

#[async_trait]
impl Provisioner for GkeProvisioner {
    fn name(&self) -> String {
        "reference".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        cost::claim(&self.spec)
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let work = self.work();
        match provision(&work).await {
            Ok(provisioned) => Ok(provisioned),
            Err(error) => {
                // What was asked for without an answer may be carried out yet.
                tokio::time::sleep(work.session().until_all_shows()).await;
                Err(teardown::TEARDOWN.after_failure(&self.work(), &error).await)
            }
        }
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        teardown::everything(&self.work()).await
    }
}

/// Makes everything. The longest chain is network, subnetwork, cluster; all else runs beside it.
async fn provision(work: &Work) -> Result<Provisioned, CallError> {
    let session = work.session();
    project::check(work).await?;
    apis::enable(work).await?;
    let (placement, account) = both(join!(
        async { session.or_cancel(network::ensure(work).await) },
        async { session.or_cancel(service_account::ensure(work).await) },
    ))?;
    let (cluster, ()) = both(join!(
        async { session.or_cancel(make_cluster(work, &placement, &account).await) },
        async { session.or_cancel(network::egress(work).await) },
    ))?;
    let access = kubeconfig::access(&work.api, &cluster)
        .await
        .map_err(|error| CallError::unmade("make a kubeconfig", error))?;
    let provisioned = Provisioned {
        access: Ok(access),
        made: session.made(),
    };
    nodes_ready(work, &provisioned).await?;
    Ok(provisioned)
}

async fn make_cluster(
    work: &Work,
    placement: &network::Placement,
    account: &str,
) -> Result<Cluster, CallError> {
    let cluster = cluster::ensure(work, placement, account).await?;
    node_pools::ensure(work, &cluster, account).await?;
    Ok(cluster)
}

/// Waits for Ready nodes. A node pool that runs only means that its machines do.
async fn nodes_ready(work: &Work, provisioned: &Provisioned) -> Result<(), CallError> {
    let what = "see Ready nodes";
    let failed = |error: kubeproof_kubernetes::KubernetesError| CallError::unmade(what, error);
    let access = provisioned.access.as_ref();
    let access = access.map_err(|error| CallError::unmade(what, error.clone()))?;
    let transport = Arc::clone(&work.api.connection().transport);
    let client = kubeproof_kubernetes::client(access, transport).map_err(failed)?;
    if work.spec.mode == Mode::Autopilot {
        // Nodes come with pods. That the server answers is all that there is to see.
        let version = client.apiserver_version().await;
        return version.map(|_| ()).map_err(|error| {
            failed(kubeproof_kubernetes::KubernetesError::of_call(
                "GET /version",
                &error,
            ))
        });
    }
    let nodes = usize::try_from(work.spec.nodes()).unwrap_or(usize::MAX);
    kubeproof_kubernetes::ready::wait_ready(&client, nodes, READY_WITHIN, READY_EVERY)
        .await
        .map_err(failed)?;
    Ok(())
}
