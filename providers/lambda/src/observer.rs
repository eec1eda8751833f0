//! The observer of the account: written against the API, never against the simulator.

pub mod checks;
pub mod inventory;
mod preflight;

use async_trait::async_trait;
use kubeproof_cloudkit::machines::observer_access;
use kubeproof_cloudkit::ownership::proofs;
use kubeproof_contract::Decimal;
use kubeproof_contract::prelude::*;
use kubeproof_kubernetes::workload;

use crate::api::types::{Instance, is_name_of};
use crate::api::{self, Api};
use crate::cost;
use crate::credentials::KEY;
use crate::spec::LambdaSpec;
use inventory::{CATALOGUE, TYPES};

#[derive(Debug)]
pub struct LambdaObserver {
    spec: LambdaSpec,
    api: Api,
    /// What preflight has shown: the account, and the price of the instance type.
    learned: LearnedSoFar,
}

impl LambdaObserver {
    pub fn new(spec: LambdaSpec, connection: &Connection) -> Self {
        Self {
            spec,
            api: api::client(connection),
            learned: LearnedSoFar::default(),
        }
    }
}

/// The observer's own access: its own certificate, and the address from the cloud's API.
async fn own_access(api: &Api, run: &Run) -> Result<KubernetesAccess, ObserverError> {
    let mut all: Vec<Instance> = api.get("ListInstances", &[]).await?;
    all.retain(|one| one.belongs_to(run) && matches!(one.status.as_str(), "booting" | "active"));
    let live = all.into_iter().map(Instance::into_machine);
    observer_access(api.connection(), "lambda:ListInstances", live)
}

#[async_trait]
impl Observer for LambdaObserver {
    async fn preflight(&self) -> Vec<Check> {
        let (checks, cents) = preflight::run(&self.api.renewed(), &self.spec).await;
        let Some(cents) = cents else { return checks };
        // Only an answer shows that the cloud has accepted the key.
        if let Ok((key, _)) = KEY.find(self.api.connection()) {
            self.learned.account(&key.fingerprint());
        }
        if cents > 0 {
            let kind = &self.spec.instance_type.0;
            self.learned.price(kind, Decimal::new(i64::from(cents), 2));
        }
        checks
    }

    /// The API names no account: a fingerprint of the key stands for it, once the cloud has accepted the key.
    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        let api = self.api.renewed();
        let _: Vec<Instance> = api.get("ListInstances", &[]).await?;
        let (key, _) = KEY.find(api.connection())?;
        let account = key.fingerprint();
        self.learned.account(&account);
        Ok(Some(account))
    }

    fn learned(&self) -> Learned {
        self.learned.all()
    }

    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
        checks::all(&self.api.renewed(), &self.spec, run, provisioned).await
    }

    async fn workload(
        &self,
        run: &Run,
        transport: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        let access = own_access(&self.api.renewed(), run).await;
        workload::through(&access.map_err(WorkloadError::failed)?, transport)
    }
}

#[async_trait]
impl Lister for LambdaObserver {
    async fn cells(&self, _: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        Ok(CATALOGUE.listings(&[]))
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        &TYPES
    }

    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        Ok(CATALOGUE.list(&self.api, listing).await?)
    }
}

/// Audit events name no run, and instances carry tags, so the events prove nothing more.
impl Ownership for LambdaObserver {
    fn proofs(&self, run: &Run, resource: &Resource, _inventory: &[Resource]) -> Vec<String> {
        proofs(run, resource, |name| is_name_of(run, name))
    }
}

impl Billing for LambdaObserver {
    fn never_billed_because(&self) -> Option<&'static str> {
        Some(cost::NEVER_BILLED)
    }
}
