//! The observer of the account: written against the API, never against the simulator.

pub mod checks;
mod inventory;
mod preflight;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_cloudkit::ownership::{claim_by_tag, proofs};
use kubeproof_contract::check::Check;
use kubeproof_contract::cost::{Billed, Estimate};
use kubeproof_contract::observer::{
    Billing, Creation, Deleter, Listing, Observer, ObserverError, Ownership, OwnershipClaim, Plan,
};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};
use kubeproof_contract::run::Run;
use kubeproof_kubernetes::machines::{ClusterCaError, cluster_ca};

use crate::api::types::{Instance, is_name_of};
use crate::api::{self, Api};
use crate::credentials::KEY;
use crate::spec::LambdaSpec;
use crate::{cost, prices};
use inventory::{CATALOGUE, GONE, TYPES};

/// The account.
#[derive(Debug)]
pub struct LambdaObserver {
    spec: LambdaSpec,
    api: Api,
    /// US cents an hour, as reported by the API in preflight; zero before that.
    listed_cents: AtomicU32,
}

impl LambdaObserver {
    /// The observer of a connection's account.
    pub fn new(spec: LambdaSpec, connection: &Connection) -> Self {
        Self {
            spec,
            api: api::client(connection),
            listed_cents: AtomicU32::new(0),
        }
    }

    /// A client for one piece of work.
    fn api(&self) -> Api {
        self.api.renewed()
    }

    fn cents(&self) -> Option<u32> {
        Some(self.listed_cents.load(Ordering::Relaxed)).filter(|cents| *cents > 0)
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
        self.listed_cents
            .store(cents.unwrap_or(0), Ordering::Relaxed);
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
        Ok(Some(key.fingerprint()))
    }

    async fn checks(&self, run: &Run, provisioned: &Provisioned) -> Vec<Check> {
        checks::all(&self.api(), &self.spec, run, provisioned).await
    }

    async fn kubernetes(&self, run: &Run) -> Result<KubernetesAccess, ObserverError> {
        own_access(&self.api(), run).await
    }
}

#[async_trait]
impl Listing for LambdaObserver {
    fn regions(&self) -> Vec<String> {
        let regions = self.spec.regions().into_iter();
        regions.map(str::to_owned).collect()
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        &TYPES
    }

    async fn list(
        &self,
        resource_type: &str,
        _region: &str,
    ) -> Result<Vec<Resource>, ObserverError> {
        Ok(CATALOGUE.list(&self.api(), resource_type, GONE).await?)
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

impl Plan for LambdaObserver {
    fn nodes_expected(&self) -> usize {
        self.spec.nodes()
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        prices::monthly(resource)
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        [
            ("instance", self.spec.nodes()),
            ("filesystem", usize::from(self.spec.filesystem)),
            ("firewall_ruleset", 1),
            ("ssh_key", 1),
        ]
        .map(|(name, most)| (name.to_owned(), most))
        .into()
    }

    fn estimate(&self, start: Option<Timestamp>, duration_minutes: u32) -> Estimate {
        cost::estimate(&self.spec, self.cents(), start, duration_minutes)
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

#[async_trait]
impl Deleter for LambdaObserver {
    async fn delete(&self, resource: &Resource) -> Result<(), ObserverError> {
        Ok(CATALOGUE.delete(&self.api(), resource).await?)
    }
}
