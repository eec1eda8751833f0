//! The reference provisioner: a resource group with a network, an identity and its role, a cluster and its node pools,
//! as concurrently as the cloud allows. Group and network may be there before, and the identity an application of the
//! directory.
//!
//! Everything is found by name and tag alone, so a new process can take over or tear down without any state from the
//! one before. It spawns no tasks: dropping its future equals the death of its process.

mod application;
mod cluster;
mod identity;
mod network;
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
use crate::spec::{AksSpec, Identity};

pub(crate) use role::name as assignment_name;

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

    /// The run's name: that of its cluster, and of the group that it makes.
    fn name(&self) -> String {
        self.run().name("")
    }

    /// The group of all that the run makes.
    fn group(&self) -> String {
        let given = self.spec.resource_group.as_ref();
        given.map_or_else(|| self.name(), |group| group.0.clone())
    }

    /// The path of a resource in that group.
    fn id(&self, rest: &str) -> String {
        id(self.subscription(), &self.group(), rest)
    }

    /// The path of the subnet of nodes.
    fn subnet(&self) -> String {
        let Some(given) = &self.spec.network else {
            let network = self.run().name(network::NETWORK);
            return self.id(&requests::subnet(&network, requests::SUBNET));
        };
        let rest = requests::subnet(&given.virtual_network.0, &given.subnet.0);
        id(self.subscription(), &given.resource_group.0, &rest)
    }
}

/// The path of a resource in a group.
fn id(subscription: &str, group: &str, rest: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{rest}")
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
        // Names of the directory are not unique, so what was made there must show before it is made again.
        let api = match spec.identity {
            Identity::Managed => Api::new(connection),
            Identity::ServicePrincipal => Api::lagging(connection, application::SHOWN_WITHIN),
        };
        Self { api, spec }
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

/// Makes everything. The longest chain is group, network, cluster; the identity is made beside the network.
async fn provision(work: &Work) -> Result<Provisioned, CallError> {
    let session = work.session();
    subscription::check(work).await?;
    subscription::register(work).await?;
    subscription::group(work).await?;
    let ((), identity) = both(join!(
        async { session.or_cancel(network::ensure(work).await) },
        async { session.or_cancel(identity::ensure(work).await) },
    ))?;
    role::ensure(work, &work.subnet(), identity.principal()).await?;
    cluster::ensure(work, &identity).await?;
    let access = cluster::access(work).await?;
    nodes_ready(work, &access).await?;
    Ok(Provisioned {
        access: Ok(access),
        made: session.made(),
    })
}

/// Waits for Ready nodes. A node pool that is made only means that its machines are.
async fn nodes_ready(work: &Work, access: &KubernetesAccess) -> Result<(), CallError> {
    let failed = |error: KubernetesError| CallError::unmade("see Ready nodes", error);
    let transport = Arc::clone(&work.api.connection().transport);
    let client = kubeproof_kubernetes::client(access, transport).map_err(failed)?;
    let nodes = usize::try_from(work.spec.nodes()).unwrap_or(usize::MAX);
    kubeproof_kubernetes::ready::wait_ready(&client, nodes, READY_WITHIN, READY_EVERY)
        .await
        .map_err(failed)?;
    Ok(())
}
