//! An observer that lists the cells of one resource type only, so that no other finding hides what a fault hides.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use kubeproof_contract::check::Check;
use kubeproof_contract::observer::{
    Billing, Creation, Lister, Observer, ObserverError, Ownership, OwnershipClaim,
};
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::{Resource, ResourceType};
use kubeproof_contract::run::Run;
use kubeproof_contract::scope::{Breadth, Listed, Listing};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::workload::{Workload, WorkloadError};

/// The observer of one resource type, or of all.
pub struct Narrow<'a> {
    pub whole: &'a dyn Observer,
    pub only: Option<&'a str>,
}

#[async_trait]
impl Lister for Narrow<'_> {
    async fn cells(&self, breadth: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        let mut listings = self.whole.cells(breadth).await?;
        if let Some(only) = self.only {
            listings.retain(|it| it.cells.iter().any(|cell| cell.resource_type == only));
        }
        Ok(listings)
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        self.whole.resource_types()
    }

    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        self.whole.list(listing).await
    }

    async fn complete(&self, resources: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        self.whole.complete(resources).await
    }

    fn settle(&self) -> Duration {
        self.whole.settle()
    }
}

#[async_trait]
impl Ownership for Narrow<'_> {
    fn proofs(&self, run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String> {
        self.whole.proofs(run, resource, inventory)
    }

    fn ownership_claim(
        &self,
        run: &Run,
        resource: &Resource,
        inventory: &[Resource],
    ) -> Option<OwnershipClaim> {
        self.whole.ownership_claim(run, resource, inventory)
    }

    async fn created_by(
        &self,
        run: &Run,
        resources: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        self.whole.created_by(run, resources).await
    }
}

impl Billing for Narrow<'_> {}

#[async_trait]
impl Observer for Narrow<'_> {
    async fn preflight(&self) -> Vec<Check> {
        Vec::new()
    }

    async fn checks(&self, _: &Run, _: &Provisioned) -> Vec<Check> {
        Vec::new()
    }

    async fn workload(
        &self,
        _: &Run,
        _: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        Err(WorkloadError::Failed("there is none".to_owned()))
    }
}
