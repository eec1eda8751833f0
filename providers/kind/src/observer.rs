//! The observer: what Kind clusters have made on this machine, according to the engine.
//!
//! Independent of the provisioner: it reads the API server's address and its credential from the node's own files, and
//! knows owners by labels, names and the engine's events.

mod access;
mod checks;
mod claims;
mod events;
mod inventory;
pub mod kubeconfig_entries;
mod preflight;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bollard::models::SystemInfo;
use jiff::Timestamp;
use kubeproof_contract::prelude::*;
use kubeproof_kubernetes::workload;

use crate::cost;
use crate::engine::client::{Engine, failed};
use crate::spec::KindSpec;
use events::EventLog;

pub use checks::CHECKLIST;

/// The only region.
pub const REGION: &str = "local";
/// The property that says to which cluster a resource belongs.
pub const CLUSTER_PROPERTY: &str = "cluster";
/// How long to wait before this machine is audited.
const SETTLE: Duration = Duration::from_secs(1);

pub const NODE: &str = "kind_node";
pub const CONTAINER: &str = "container";
pub const VOLUME: &str = "docker_volume";
pub const NETWORK: &str = "docker_network";
pub const PORT: &str = "port_binding";
pub const CONTEXT: &str = "kubeconfig_entry";
const IMAGE: &str = "docker_image";

/// What a Kind cluster and the program that makes it can leave behind, in deletion order.
const TYPES: &[ResourceType] = &[
    ResourceType::named(NODE),
    ResourceType::named(CONTAINER),
    ResourceType::named(PORT),
    ResourceType::named(VOLUME),
    ResourceType::named(NETWORK),
    ResourceType::named(CONTEXT),
    ResourceType {
        retained_because: Some("images are kept for the next cluster"),
        ..ResourceType::named(IMAGE)
    },
];

/// The observer of this machine for one scenario and run.
#[derive(Debug)]
pub struct KindObserver {
    spec: KindSpec,
    connection: Connection,
    engine: Engine,
    events: EventLog,
    /// The engine's id, once it has told it.
    learned: LearnedSoFar,
}

impl KindObserver {
    /// An observer with this connection.
    pub fn new(spec: KindSpec, connection: Connection) -> Self {
        let engine = Engine::new(Arc::clone(&connection.transport));
        Self {
            spec,
            connection,
            engine,
            events: EventLog::default(),
            learned: LearnedSoFar::default(),
        }
    }

    /// The id of the engine that answered.
    fn learn_account(&self, info: &SystemInfo) -> Option<String> {
        let id = info.id.clone().filter(|id| !id.is_empty())?;
        self.learned.account(&id);
        Some(id)
    }

    async fn of_type(&self, resource_type: &str) -> Result<Vec<Resource>, ObserverError> {
        match resource_type {
            NODE => inventory::nodes(&self.engine).await,
            CONTAINER => inventory::plain_containers(&self.engine).await,
            PORT => inventory::ports(&self.engine).await,
            VOLUME => inventory::volumes(&self.engine, &self.events).await,
            NETWORK => inventory::networks(&self.engine).await,
            IMAGE => inventory::images(&self.engine).await,
            CONTEXT => kubeconfig_entries::list(&self.connection.run, &self.connection.directory),
            other => Err(ObserverError {
                call: format!("list {other}"),
                message: "unknown resource type".to_owned(),
            }),
        }
    }

    /// The observer's own access to the cluster of the run.
    async fn kubernetes(&self, run: &Run) -> Result<KubernetesAccess, ObserverError> {
        access::read(&self.engine, &run.name("")).await
    }
}

#[async_trait]
impl Observer for KindObserver {
    async fn preflight(&self) -> Vec<Check> {
        preflight::look(self).await
    }

    /// The engine's own id, which differs on another machine or after a new installation.
    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        let docker = self.engine.docker().await?;
        let info = docker.info().await;
        let info = info.map_err(|error| failed("docker:SystemInfo", &error))?;
        Ok(self.learn_account(&info))
    }

    fn learned(&self) -> Learned {
        self.learned.all()
    }

    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
        checks::look(self, run, provisioned).await
    }

    async fn workload(
        &self,
        run: &Run,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        let access = self.kubernetes(run).await.map_err(WorkloadError::failed)?;
        workload::through(&access, transport)
    }
}

#[async_trait]
impl Lister for KindObserver {
    async fn cells(&self, _: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        let listing = |known: &ResourceType| Listing::of(Cell::new(known.name, REGION));
        Ok(TYPES.iter().map(listing).collect())
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        TYPES
    }

    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        // From the first listing on, so that a volume still has an owner when its container is gone.
        self.events.follow(&self.engine).await?;
        let mut listed = Vec::new();
        for cell in &listing.cells {
            listed.extend(self.of_type(&cell.resource_type).await?);
        }
        Ok(listed.into())
    }

    fn settle(&self) -> Duration {
        SETTLE
    }
}

/// What the engine's events tell of who created a resource is in its properties already.
impl Ownership for KindObserver {
    fn proofs(&self, run: &Run, resource: &Resource, _inventory: &[Resource]) -> Vec<String> {
        let cluster = run.name("");
        let of_cluster = resource.properties.get(CLUSTER_PROPERTY) == Some(&cluster);
        let mut proofs = Vec::new();
        if of_cluster {
            let why = resource.properties.get(inventory::WHY_PROPERTY).cloned();
            proofs.push(why.unwrap_or_else(|| format!("it belongs to the cluster {cluster}")));
        }
        if run.owns(&resource.tags) && proofs.is_empty() {
            proofs.push("it carries the run's label".to_owned());
        }
        proofs
    }

    fn ownership_claim(
        &self,
        run: &Run,
        resource: &Resource,
        inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        claims::of(run, resource, inventory)
    }
}

#[async_trait]
impl Billing for KindObserver {
    async fn billed(&self, _run: &Run, _from: Timestamp) -> Result<Billed, ObserverError> {
        Ok(cost::billed(self.connection.clock.now()))
    }
}
