//! The observer: what Kind clusters have made on this machine, according to the engine.
//!
//! Independent of the provisioner: it reads the API server's address and its credential from the node's own files, and
//! knows owners by labels, names and the engine's events.

mod access;
mod checks;
mod claims;
mod delete;
mod events;
mod inventory;
mod kubeconfig_entries;
mod preflight;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_contract::check::Check;
use kubeproof_contract::cost::{Billed, Estimate};
use kubeproof_contract::observer::{
    Billing, Creation, Deleter, Listing, Observer, ObserverError, Ownership, OwnershipClaim, Plan,
};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};
use kubeproof_contract::run::Run;

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

const NODE: &str = "kind_node";
const CONTAINER: &str = "container";
const VOLUME: &str = "docker_volume";
const NETWORK: &str = "docker_network";
const PORT: &str = "port_binding";
const CONTEXT: &str = "kubeconfig_entry";
const IMAGE: &str = "docker_image";

/// What a Kind cluster and the program that makes it can leave behind, in deletion order.
const TYPES: &[ResourceType] = &[
    of(NODE),
    of(CONTAINER),
    of(PORT),
    of(VOLUME),
    of(NETWORK),
    of(CONTEXT),
    ResourceType {
        retained_because: Some("images are kept for the next cluster"),
        ..of(IMAGE)
    },
];

const fn of(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        global: false,
        retained_because: None,
    }
}

/// The observer of this machine for one scenario and run.
#[derive(Debug)]
pub struct KindObserver {
    spec: KindSpec,
    connection: Connection,
    engine: Engine,
    events: EventLog,
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
        }
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
        Ok(info.id.filter(|id| !id.is_empty()))
    }

    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
        checks::look(self, run, provisioned).await
    }

    async fn kubernetes(&self, run: &Run) -> Result<KubernetesAccess, ObserverError> {
        access::read(&self.engine, &run.name("")).await
    }
}

#[async_trait]
impl Listing for KindObserver {
    fn regions(&self) -> Vec<String> {
        vec![REGION.to_owned()]
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        TYPES
    }

    async fn list(
        &self,
        resource_type: &str,
        _region: &str,
    ) -> Result<Vec<Resource>, ObserverError> {
        // From the first listing on, so that a volume still has an owner when its container is gone.
        self.events.follow(&self.engine).await?;
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

    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        Ok(resources)
    }

    fn settle(&self) -> Duration {
        SETTLE
    }
}

#[async_trait]
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

    async fn created_by(
        &self,
        _run: &Run,
        _resources: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        // What the engine's events tell is in the properties already.
        Ok(BTreeMap::new())
    }
}

impl Plan for KindObserver {
    fn nodes_expected(&self) -> usize {
        self.spec.nodes()
    }

    fn free_because(&self) -> Option<&'static str> {
        Some(cost::FREE)
    }

    fn monthly_cost(&self, _resource: &Resource) -> Option<MonthlyCost> {
        None
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        BTreeMap::from([(NODE.to_owned(), self.spec.nodes())])
    }

    fn estimate(&self, _start: Option<Timestamp>, _duration_minutes: u32) -> Estimate {
        cost::estimate()
    }
}

#[async_trait]
impl Billing for KindObserver {
    async fn billed(&self, _run: &Run, _from: Timestamp) -> Result<Billed, ObserverError> {
        Ok(cost::billed(self.connection.clock.now()))
    }

    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        at
    }
}

#[async_trait]
impl Deleter for KindObserver {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        delete::delete(&self.engine, &self.connection.directory, resource).await
    }
}
