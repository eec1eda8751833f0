//! The observer of a project: preflight, checklist, inventory, and whose everything is.
//!
//! Independent of the provisioner: it finds everything by its own calls, and trusts no provisioner's word.

mod billing;
pub mod checks;
mod created_by;
pub(crate) mod inventory;
mod lists;
mod preflight;
mod proofs;

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::mutex::lock;
use kubeproof_contract::prelude::*;
use kubeproof_kubernetes::workload;

use crate::api::Api;
use crate::api::types::{Cluster, Project};
use crate::kubeconfig;
use crate::spec::GkeSpec;

/// A read that is repeated as any call that does no harm twice.
pub(crate) const READ: RetryPolicy = RetryPolicy::IDEMPOTENT;

/// The project.
#[derive(Debug)]
pub struct GkeObserver {
    spec: GkeSpec,
    api: Api,
    /// What the job leaves, which is billed without marks.
    unmarked: billing::Unmarked,
    /// What calls have shown: the project's id.
    learned: LearnedSoFar,
    /// The types that could not be listed when it was last asked what there is to list.
    hidden: Mutex<Vec<String>>,
}

impl GkeObserver {
    /// The observer of the project that the scenario names.
    pub fn new(spec: GkeSpec, connection: &Connection) -> Self {
        Self {
            spec,
            api: Api::new(connection),
            unmarked: billing::Unmarked::default(),
            learned: LearnedSoFar::default(),
            hidden: Mutex::default(),
        }
    }

    /// The same for a scenario whose job leaves a load balancer and a volume, which may be billed without marks.
    #[must_use]
    pub fn with_leftovers(self, leftovers: bool) -> Self {
        let unmarked = billing::Unmarked {
            rules: u32::from(leftovers),
        };
        Self { unmarked, ..self }
    }

    /// Clients for one piece of work.
    fn api(&self) -> Api {
        self.api.renewed()
    }

    fn project(&self) -> &str {
        &self.spec.project.0
    }

    fn learn(&self, account: Option<String>) {
        if let Some(id) = account {
            self.learned.account(&id);
        }
    }
}

/// The project as the cloud knows it.
async fn project(api: &Api, id: &str) -> Result<Project, CallError> {
    let call = RestCall::new("projects.get", std::slice::from_ref(&id));
    api.projects.call(READ, call).await
}

/// The cluster of the run's name, if there is one.
async fn cluster(api: &Api, spec: &GkeSpec, run: &Run) -> Result<Option<Cluster>, CallError> {
    let name = run.name("");
    let parameters = [spec.project.0.as_str(), spec.location.0.as_str(), &name];
    let call = RestCall::new("projects.locations.clusters.get", &parameters);
    match api.container.call(READ, call).await {
        Err(error) if error.is_not_found() => Ok(None),
        read => read.map(Some),
    }
}

/// The observer's own access to the cluster of the run: a token of its own, and the address from the cloud's API.
async fn own_access(
    api: &Api,
    spec: &GkeSpec,
    run: &Run,
) -> Result<KubernetesAccess, ObserverError> {
    let wrong =
        |message: String| ObserverError::new("container:projects.locations.clusters.get", message);
    let cluster = cluster(api, spec, run).await?;
    let missing = || wrong(format!("there is no cluster {}", run.name("")));
    let cluster = cluster.ok_or_else(missing)?;
    let access = kubeconfig::access(api, &cluster).await;
    access.map_err(|error| wrong(error.to_string()))
}

#[async_trait]
impl Observer for GkeObserver {
    async fn preflight(&self) -> Vec<Check> {
        let (checks, account) = preflight::run(&self.api(), &self.spec).await;
        self.learn(account);
        checks
    }

    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        let known = project(&self.api(), self.project()).await?;
        let id = Some(known.project_id).filter(|id| !id.is_empty());
        self.learn(id.clone());
        Ok(id)
    }

    fn learned(&self) -> Learned {
        self.learned.all()
    }

    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
        checks::all(&self.api(), &self.spec, run, provisioned).await
    }

    async fn workload(
        &self,
        run: &Run,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        let access = own_access(&self.api(), &self.spec, run).await;
        workload::through(&access.map_err(WorkloadError::failed)?, transport)
    }
}

#[async_trait]
impl Lister for GkeObserver {
    async fn cells(&self, breadth: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        let (listings, hidden) = inventory::cells(&self.api(), self.project(), breadth).await?;
        *lock(&self.hidden) = hidden;
        Ok(listings)
    }

    fn not_covered(&self) -> Vec<String> {
        let hidden = lock(&self.hidden);
        hidden
            .iter()
            .cloned()
            .chain(inventory::not_covered())
            .collect()
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        inventory::types()
    }

    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        Ok(inventory::list(&self.api(), self.project(), listing).await?)
    }
}

#[async_trait]
impl Ownership for GkeObserver {
    fn proofs(&self, run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String> {
        proofs::of(run, &self.spec, resource, inventory)
    }

    fn ownership_claim(
        &self,
        run: &Run,
        resource: &Resource,
        inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        proofs::claim(run, &self.spec, resource, inventory)
    }

    async fn created_by(
        &self,
        run: &Run,
        resources: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        Ok(created_by::look_up(&self.api(), self.project(), run, resources).await?)
    }
}

#[async_trait]
impl Billing for GkeObserver {
    fn never_billed_because(&self) -> Option<&'static str> {
        let is_exported = self.spec.billing_export.is_some();
        (!is_exported).then_some(billing::NEVER_BILLED)
    }

    async fn billed(&self, run: &Run, from: Timestamp) -> Result<Billed, ObserverError> {
        let (api, run) = (self.api(), (run, self.unmarked));
        let now = api.connection().clock.now();
        billing::read(&api, &self.spec, run, from, now).await
    }

    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        billing::final_after(at)
    }
}
