//! The observer of the account: written against the API, never against the simulator.

pub mod checks;
pub mod inventory;
mod preflight;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_cloudkit::ownership::{claim_by_tag, proofs};
use kubeproof_contract::Decimal;
use kubeproof_contract::check::Check;
use kubeproof_contract::cost::Billed;
use kubeproof_contract::observer::{
    Billing, Creation, Learned, Lister, Observer, ObserverError, Ownership, OwnershipClaim,
};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_contract::resource::{Resource, ResourceType};
use kubeproof_contract::run::Run;
use kubeproof_contract::scope::{Breadth, Listed, Listing};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::workload::{Workload, WorkloadError};
use kubeproof_kubernetes::machines::{ClusterCaError, cluster_ca};
use kubeproof_kubernetes::workload;

use crate::api::types::{Instance, is_name_of};
use crate::api::{self, Api};
use crate::cost;
use crate::credentials::KEY;
use crate::spec::LambdaSpec;
use inventory::{CATALOGUE, TYPES};

/// The account.
#[derive(Debug)]
pub struct LambdaObserver {
    spec: LambdaSpec,
    api: Api,
    /// What preflight has shown: the account, and the price of the instance type.
    learned: Mutex<Learned>,
}

impl LambdaObserver {
    /// The observer of a connection's account.
    pub fn new(spec: LambdaSpec, connection: &Connection) -> Self {
        Self {
            spec,
            api: api::client(connection),
            learned: Mutex::default(),
        }
    }

    /// A client for one piece of work.
    fn api(&self) -> Api {
        self.api.renewed()
    }

    fn learn(&self, account: Option<String>, cents: Option<u32>) {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        learned.account = account.or(learned.account.take());
        if let Some(cents) = cents.filter(|cents| *cents > 0) {
            let usd = Decimal::new(i64::from(cents), 2);
            learned
                .prices
                .insert(self.spec.instance_type.0.clone(), usd);
        }
    }

    /// The observer's own access to the cluster of the run.
    async fn kubernetes(&self, run: &Run) -> Result<KubernetesAccess, ObserverError> {
        own_access(&self.api(), run).await
    }
}

/// The observer's own access: its own certificate, and the address from the cloud's API.
async fn own_access(api: &Api, run: &Run) -> Result<KubernetesAccess, ObserverError> {
    let wrong = |message: String| ObserverError {
        call: "lambda:ListInstances".to_owned(),
        message,
    };
    let of_ca = |error: ClusterCaError| wrong(error.to_string());
    let mut all: Vec<Instance> = api.get("ListInstances", &[]).await?;
    all.retain(|one| one.belongs_to(run) && matches!(one.status.as_str(), "booting" | "active"));
    let server = run.name("node-0");
    let mut all = all.into_iter().map(Instance::into_machine);
    let found = all.find(|one| one.node == server);
    let ip = found
        .and_then(|one| one.ip)
        .ok_or_else(|| wrong(format!("no live instance {server} with an address")))?;
    let cluster_ca = cluster_ca::load(api.connection()).map_err(of_ca)?;
    let cluster_ca =
        cluster_ca.ok_or_else(|| wrong("the run's directory has no authorities".to_owned()))?;
    cluster_ca
        .access(api.connection(), &ip, "kubeproof-observer")
        .map_err(of_ca)
}

#[async_trait]
impl Observer for LambdaObserver {
    async fn preflight(&self) -> Vec<Check> {
        let (checks, cents) = preflight::run(&self.api(), &self.spec).await;
        // Only an answer shows that the cloud has accepted the key.
        let key = cents.and_then(|_| KEY.find(self.api.connection()).ok());
        self.learn(key.map(|(key, _)| key.fingerprint()), cents);
        checks
    }

    /// The API names no account: a fingerprint of the key stands for it, once the cloud has accepted the key.
    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        let api = self.api();
        let _: Vec<Instance> = api.get("ListInstances", &[]).await?;
        let (key, _) = KEY.find(api.connection()).map_err(|error| ObserverError {
            call: "credentials".to_owned(),
            message: error.to_string(),
        })?;
        let account = key.fingerprint();
        self.learn(Some(account.clone()), None);
        Ok(Some(account))
    }

    fn learned(&self) -> Learned {
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        learned.clone()
    }

    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
        checks::all(&self.api(), &self.spec, run, provisioned).await
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
impl Lister for LambdaObserver {
    async fn cells(&self, _: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        Ok(CATALOGUE.listings())
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        &TYPES
    }

    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        Ok(CATALOGUE.list(&self.api(), listing).await?)
    }

    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        Ok(resources)
    }
}

#[async_trait]
impl Ownership for LambdaObserver {
    fn proofs(&self, run: &Run, resource: &Resource, _inventory: &[Resource]) -> Vec<String> {
        proofs(run, resource, |name| is_name_of(run, name))
    }

    fn ownership_claim(
        &self,
        run: &Run,
        resource: &Resource,
        _inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        claim_by_tag(run, resource)
    }

    /// Audit events name no run, and instances carry tags, so the events prove nothing more.
    async fn created_by(
        &self,
        _run: &Run,
        _resources: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        Ok(BTreeMap::new())
    }
}

#[async_trait]
impl Billing for LambdaObserver {
    fn never_billed_because(&self) -> Option<&'static str> {
        Some(cost::NEVER_BILLED)
    }

    async fn billed(&self, _run: &Run, _from: Timestamp) -> Result<Billed, ObserverError> {
        Err(ObserverError {
            call: "billing".to_owned(),
            message: cost::NEVER_BILLED.to_owned(),
        })
    }

    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        at
    }
}
