//! An observer for tests: regional boxes and global labels.
//!
//! Shared with the tests of sweeps.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::cost::Billed;
use kubeproof_contract::observer::{Billing, Creation, Lister, Observer, ObserverError, Ownership};
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::{Resource, ResourceType};
use kubeproof_contract::run::Run;
use kubeproof_contract::scope::{Breadth, Cell, Listed, Listing, Scope};
use kubeproof_contract::transport::SharedTransport;
use kubeproof_contract::workload::{Workload, WorkloadError};

/// An observer with these listings. A cell that is not in here cannot be listed.
pub(crate) struct StubObserver(pub(crate) BTreeMap<(&'static str, &'static str), usize>);

const TYPES: &[ResourceType] = &[
    ResourceType {
        name: "box",
        retained_because: None,
    },
    ResourceType {
        name: "label",
        retained_because: None,
    },
];

fn no<T>() -> Result<T, ObserverError> {
    Err(ObserverError {
        call: "stub:Ask".to_owned(),
        message: "refused".to_owned(),
    })
}

#[async_trait]
impl Observer for StubObserver {
    async fn preflight(&self) -> Vec<Check> {
        Vec::new()
    }

    async fn checks(&self, _: &Run, _: &Provisioned) -> Vec<Check> {
        let failed = self.0.get(&("check", "fails"));
        let failed = failed.map(|_| Check::new("stub.nodes", "", Verdict::Fail, "0 of 2 nodes"));
        failed.into_iter().collect()
    }

    async fn workload(
        &self,
        _: &Run,
        _: SharedTransport,
    ) -> Result<Box<dyn Workload>, WorkloadError> {
        Err(WorkloadError::Failed("there is none".to_owned()))
    }
}

#[async_trait]
impl Lister for StubObserver {
    async fn list(&self, listing: &Listing) -> Result<Listed, ObserverError> {
        let [
            Cell {
                scope,
                resource_type: of_type,
            },
        ] = &listing.cells[..]
        else {
            return no();
        };
        let asked = (of_type.as_str(), scope.as_str());
        let found = self.0.iter().find(|(cell, _)| **cell == asked);
        match found {
            // One that never answers.
            Some((_, &usize::MAX)) => std::future::pending().await,
            Some((_, count)) => {
                let id = |number: usize| format!("{of_type}-{number}");
                let all = (0..*count).map(|number| Resource::new(of_type, id(number), scope));
                Ok(all.collect::<Vec<_>>().into())
            }
            None => no(),
        }
    }

    async fn cells(&self, breadth: &Breadth) -> Result<Vec<Listing>, ObserverError> {
        let scopes = match breadth {
            Breadth::Scenario => ["north", "south"].map(Scope::new).to_vec(),
            Breadth::Named(scopes) => scopes.clone(),
            Breadth::Account if self.0.contains_key(&("region", "enabled")) => {
                ["east", "north"].map(Scope::new).to_vec()
            }
            Breadth::Account => return no(),
        };
        let boxes = scopes.iter().map(|scope| Cell::new("box", scope));
        let all = boxes.chain([Cell::new("label", Scope::global())]);
        Ok(all.map(Listing::of).collect())
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        TYPES
    }

    fn not_covered(&self) -> Vec<String> {
        vec!["stub: not listed".to_owned()]
    }

    async fn complete(&self, _: Vec<Resource>) -> Result<Vec<Resource>, ObserverError> {
        no()
    }
}

#[async_trait]
impl Ownership for StubObserver {
    fn proofs(&self, _: &Run, _: &Resource, _: &[Resource]) -> Vec<String> {
        Vec::new()
    }

    async fn created_by(
        &self,
        _: &Run,
        _: &[Resource],
    ) -> Result<BTreeMap<String, Creation>, ObserverError> {
        no()
    }
}

#[async_trait]
impl Billing for StubObserver {
    async fn billed(&self, _: &Run, _: Timestamp) -> Result<Billed, ObserverError> {
        no()
    }

    fn billing_final_after(&self, at: Timestamp) -> Timestamp {
        at
    }
}
