//! The observer of a subscription and its directory: preflight, checklist, inventory, and whose everything is.
//!
//! Independent of the provisioner: it finds everything by its own calls, and trusts no provisioner's word.

mod billing;
pub mod checks;
mod created_by;
pub(crate) mod inventory;
mod preflight;
mod proofs;

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::prelude::*;
use kubeproof_kubernetes::workload;

use crate::account::AccountId;
use crate::api::Api;
use crate::api::types::{Credentials, Subscription};
use crate::spec::AksSpec;

/// A read that is repeated as any call that does no harm twice.
pub(crate) const READ: RetryPolicy = RetryPolicy::IDEMPOTENT;

/// The subscription.
#[derive(Debug)]
pub struct AksObserver {
    spec: AksSpec,
    api: Api,
    /// What calls have shown: tenant and subscription, and what spot machines cost.
    learned: LearnedSoFar,
}

impl AksObserver {
    /// The observer of the subscription that the scenario names.
    pub fn new(spec: AksSpec, connection: &Connection) -> Self {
        Self {
            spec,
            api: Api::new(connection),
            learned: LearnedSoFar::default(),
        }
    }

    /// Clients for one piece of work.
    fn api(&self) -> Api {
        self.api.renewed()
    }

    fn subscription(&self) -> &str {
        &self.spec.subscription.0
    }

    fn learn(&self, account: Option<String>) {
        if let Some(id) = account {
            self.learned.account(&id);
        }
    }
}

/// The subscription as the cloud knows it.
async fn subscription(api: &Api, id: &str) -> Result<Subscription, CallError> {
    api.call(READ, "subscriptions.get", &[id], None).await
}

/// The name of the group that the run's cluster is in.
fn group(spec: &AksSpec, run: &Run) -> String {
    let existing = spec.resource_group.as_ref();
    existing.map_or_else(|| run.name(""), |group| group.0.clone())
}

/// The observer's own access to the cluster of the run.
async fn own_access(
    api: &Api,
    spec: &AksSpec,
    run: &Run,
) -> Result<KubernetesAccess, ObserverError> {
    let operation = "managedClusters.listClusterUserCredentials";
    let (group, name) = (group(spec, run), run.name(""));
    let parameters = [spec.subscription.0.as_str(), &group, &name];
    let given: Credentials = api.call(READ, operation, &parameters, None).await?;
    let wrong = |why: &str| ObserverError::new(operation, why);
    let encoded = given.kubeconfigs.first();
    let encoded = encoded.ok_or_else(|| wrong("no kubeconfig is given"))?;
    let bytes = STANDARD.decode(&encoded.value);
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| wrong("the kubeconfig is no base64 of a text"))?;
    kubeproof_kubernetes::kubeconfig::access(&text).map_err(|error| wrong(&error.to_string()))
}

#[async_trait]
impl Observer for AksObserver {
    async fn preflight(&self) -> Vec<Check> {
        let found = preflight::run(&self.api(), &self.spec).await;
        self.learn(found.account);
        for (name, usd) in &found.listed {
            self.learned.price(name, *usd);
        }
        found.checks
    }

    async fn account_id(&self) -> Result<Option<String>, ObserverError> {
        let known = subscription(&self.api(), self.subscription()).await?;
        let id = AccountId::of(&known).map(|account| account.to_string());
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
impl Lister for AksObserver {
    async fn cells(&self, breadth: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        Ok(inventory::cells(&self.api(), self.subscription(), breadth).await?)
    }

    fn not_covered(&self) -> Vec<String> {
        inventory::not_covered()
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        inventory::types()
    }

    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        Ok(inventory::list(&self.api(), self.subscription(), listing).await?)
    }

    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        Ok(inventory::complete(&self.api(), resources).await?)
    }
}

#[async_trait]
impl Ownership for AksObserver {
    fn proofs(&self, run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String> {
        proofs::of(run, resource, inventory)
    }

    fn ownership_claim(
        &self,
        run: &Run,
        resource: &Resource,
        inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        proofs::claim(run, resource, inventory)
    }

    async fn created_by(
        &self,
        run: &Run,
        resources: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        Ok(created_by::look_up(&self.api(), self.subscription(), run, resources).await?)
    }
}

#[async_trait]
impl Billing for AksObserver {
    async fn billed(&self, run: &Run, from: Timestamp) -> Result<Billed, ObserverError> {
        let api = self.api();
        let now = api.connection().clock.now();
        billing::read(&api, &self.spec, run, from, now).await
    }

    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        billing::final_after(at)
    }
}
