//! The observer: what Kind clusters have made on this machine, asked of the engine.
//!
//! Independent of the provisioner: it reads the API server's address and its credential out of the
//! node's own files, and knows what belongs to whom by labels, names and the engine's events.

mod access;
mod checks;
mod claims;
mod contexts;
mod delete;
mod inventory;
mod preflight;
mod trail;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_contract::account::{Account, Claim, Making, ObserverError};
use kubeproof_contract::check::Check;
use kubeproof_contract::cost::{Billed, Estimate};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};
use kubeproof_contract::run::Run;

use crate::cost;
use crate::engine::client::{Engine, failed};
use crate::spec::KindSpec;
use trail::Trail;

pub use checks::CHECKLIST;

/// The one region there is.
pub const REGION: &str = "local";
/// The fact that says to which cluster a resource belongs.
pub const CLUSTER_FACT: &str = "cluster";
/// How long this machine is left alone before it is audited.
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
        stays_because: Some("images are kept for the next cluster"),
        ..of(IMAGE)
    },
];

const fn of(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        global: false,
        stays_because: None,
    }
}

/// The observer of this machine for one scenario and run.
#[derive(Debug)]
pub struct KindAccount {
    spec: KindSpec,
    connection: Connection,
    engine: Engine,
    trail: Trail,
}

impl KindAccount {
    /// An observer with this connection.
    pub fn new(spec: KindSpec, connection: Connection) -> Self {
        let engine = Engine::new(Arc::clone(&connection.transport));
        Self {
            spec,
            connection,
            engine,
            trail: Trail::default(),
        }
    }
}

#[async_trait]
impl Account for KindAccount {
    async fn preflight(&self) -> Vec<Check> {
        preflight::look(self).await
    }

    /// The engine's own id: another machine's, or a new one, has another.
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

    fn nodes_expected(&self) -> usize {
        self.spec.nodes()
    }

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
        // From the first look on, so that a volume whose container is gone has an owner still.
        self.trail.follow(&self.engine).await?;
        match resource_type {
            NODE => inventory::nodes(&self.engine).await,
            CONTAINER => inventory::plain_containers(&self.engine).await,
            PORT => inventory::ports(&self.engine).await,
            VOLUME => inventory::volumes(&self.engine, &self.trail).await,
            NETWORK => inventory::networks(&self.engine).await,
            IMAGE => inventory::images(&self.engine).await,
            CONTEXT => contexts::list(&self.connection.run, &self.connection.directory),
            other => Err(ObserverError {
                call: format!("list {other}"),
                message: "there is no such resource type".to_owned(),
            }),
        }
    }

    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        Ok(resources)
    }

    fn proofs(&self, run: &Run, resource: &Resource, _inventory: &[Resource]) -> Vec<String> {
        let cluster = run.name("");
        let of_cluster = resource.facts.get(CLUSTER_FACT) == Some(&cluster);
        let mut proofs = Vec::new();
        if of_cluster {
            let why = resource.facts.get(inventory::WHY_FACT).cloned();
            proofs.push(why.unwrap_or_else(|| format!("it belongs to the cluster {cluster}")));
        }
        if run.owns(&resource.tags) && proofs.is_empty() {
            proofs.push("it carries the run's label".to_owned());
        }
        proofs
    }

    fn neighbours(&self, run: &Run, resource: &Resource, inventory: &[Resource]) -> Option<Claim> {
        claims::of(run, resource, inventory)
    }

    fn settle(&self) -> Duration {
        SETTLE
    }

    fn free_because(&self) -> Option<&'static str> {
        Some(cost::FREE)
    }

    async fn created_by(
        &self,
        _run: &Run,
        _resources: &[Resource],
    ) -> Result<BTreeMap<String, Making>, ObserverError> {
        // What the engine's events tell is in the facts already.
        Ok(BTreeMap::new())
    }

    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        delete::delete(&self.engine, &self.connection.directory, resource).await
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

    async fn billed(&self, _run: &Run, _from: Timestamp) -> Result<Billed, ObserverError> {
        Ok(cost::billed(self.connection.clock.now()))
    }

    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        at
    }
}
