//! The reference provisioner: a resource group with a network, an identity and its role, a cluster and its node pools,
//! as concurrently as the cloud allows.
//!
//! Everything is found by name and tag alone, so a new process can take over or tear down without any state from the
//! one before. It spawns no tasks: dropping its future equals the death of its process.

mod cluster;
mod requests;
mod resource;
mod role;
mod subscription;
mod teardown;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::join;
use kubeproof_cloudkit::error::both;
use kubeproof_cloudkit::{CallError, Session};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{
    ClaimedRate, KubernetesAccess, Provisioned, Provisioner, ProvisionerError,
};
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::KubernetesError;

use crate::api::Api;
use crate::cost;
use crate::spec::AksSpec;
use resource::Wanted;

/// Longest wait for nodes to be Ready after their pools are made.
const READY_WITHIN: Duration = Duration::from_mins(5);
/// How often to look.
const READY_EVERY: Duration = Duration::from_secs(5);

/// One piece of work: a client of its own, and what is asked for.
#[derive(Debug)]
struct Work {
    api: Api,
    spec: AksSpec,
}

impl Work {
    fn session(&self) -> &Session {
        self.api.session()
    }

    fn run(&self) -> &Run {
        self.session().run()
    }

    fn subscription(&self) -> &str {
        &self.spec.subscription.0
    }

    /// The run's name: that of its group and of its cluster.
    fn name(&self) -> String {
        self.run().name("")
    }

    /// The path of a resource in the run's group.
    fn id(&self, rest: &str) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/{rest}",
            self.subscription(),
            self.name()
        )
    }
}

/// The reference provisioner. One value stands for one process, without memory of earlier ones.
#[derive(Debug)]
pub struct AksProvisioner {
    api: Api,
    spec: AksSpec,
}

impl AksProvisioner {
    /// A provisioner of what the scenario asks for.
    pub fn new(spec: AksSpec, connection: &Connection) -> Self {
        Self {
            api: Api::new(connection),
            spec,
        }
    }

    fn work(&self) -> Work {
        Work {
            api: self.api.renewed(),
            spec: self.spec.clone(),
        }
    }
}

#[async_trait]
impl Provisioner for AksProvisioner {
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

/// Makes everything. The longest chain is group, network, cluster; the identity and its role are made beside the
/// network.
async fn provision(work: &Work) -> Result<Provisioned, CallError> {
    let session = work.session();
    subscription::check(work).await?;
    subscription::register(work).await?;
    subscription::group(work).await?;
    let network = requests::network(work);
    let wanted = Wanted::new(
        work,
        "virtualNetworks.get",
        "virtualNetworks.createOrUpdate",
        "net",
        network,
    );
    both(join!(
        async { session.or_cancel(resource::ensure(work, &wanted).await) },
        async { session.or_cancel(role::ensure(work).await) },
    ))?;
    cluster::ensure(work).await?;
    let access = cluster::access(work).await?;
    nodes_ready(work, &access).await?;
    Ok(Provisioned {
        access: Ok(access),
        made: session.made(),
    })
}

/// Waits for Ready nodes. A node pool that is made only means that its machines are.
async fn nodes_ready(work: &Work, access: &KubernetesAccess) -> Result<(), CallError> {
    let failed = |error: KubernetesError| CallError::state("see Ready nodes", error.to_string());
    let transport = Arc::clone(&work.api.connection().transport);
    let client = kubeproof_kubernetes::client(access, transport).map_err(failed)?;
    let nodes = usize::try_from(work.spec.nodes()).unwrap_or(usize::MAX);
    kubeproof_kubernetes::ready::wait_ready(&client, nodes, READY_WITHIN, READY_EVERY)
        .await
        .map_err(failed)?;
    Ok(())
}
