//! An observer for tests: regional boxes and global labels.
//!
//! Shared with the tests of sweeps.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::cost::{Billed, Estimate};
use kubeproof_contract::observer::{
    Billing, Creation, Deleter, Listing, Observer, ObserverError, Ownership, Plan,
};
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioned};
use kubeproof_contract::resource::{MonthlyCost, Resource, ResourceType};
use kubeproof_contract::run::Run;

/// An observer with these listings. A cell that is not in here cannot be listed.
pub(crate) struct StubObserver(pub(crate) BTreeMap<(&'static str, &'static str), usize>);

const TYPES: &[ResourceType] = &[
    ResourceType {
        name: "box",
        global: false,
        retained_because: None,
    },
    ResourceType {
        name: "label",
        global: true,
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

    async fn kubernetes(&self, _: &Run) -> Result<KubernetesAccess, ObserverError> {
        no()
    }
}

#[async_trait]
impl Listing for StubObserver {
    async fn list(&self, of_type: &str, region: &str) -> Result<Vec<Resource>, ObserverError> {
        let found = self.0.iter().find(|(cell, _)| **cell == (of_type, region));
        match found {
            // One that never answers.
            Some((_, &usize::MAX)) => std::future::pending().await,
            Some((_, count)) => {
                let id = |number: usize| format!("{of_type}-{number}");
                let all = (0..*count).map(|number| Resource::new(of_type, id(number), region));
                Ok(all.collect())
            }
            None => no(),
        }
    }

    fn regions(&self) -> Vec<String> {
        vec!["north".to_owned(), "south".to_owned()]
    }

    fn resource_types(&self) -> &'static [ResourceType] {
        TYPES
    }

    async fn enabled_regions(&self) -> Result<Vec<String>, ObserverError> {
        match self.0.get(&("region", "enabled")) {
            Some(_) => Ok(vec!["east".to_owned(), "north".to_owned()]),
            None => no(),
        }
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

impl Plan for StubObserver {
    fn nodes_expected(&self) -> usize {
        0
    }

    fn monthly_cost(&self, _: &Resource) -> Option<MonthlyCost> {
        None
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        BTreeMap::new()
    }

    fn estimate(&self, _: Option<Timestamp>, _: u32) -> Estimate {
        Estimate::default()
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

#[async_trait]
impl Deleter for StubObserver {
    async fn delete(&self, _: &Resource) -> Result<(), ObserverError> {
        no()
    }
}
