//! The observer against the simulated project: what it lists is what there is, and what it cannot read is never empty.

mod checks;
mod deletion;
mod inventory;
mod ownership;
mod preflight;
mod registrations;
mod workload;

use kubeproof_contract::call::Actor;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scope::{Breadth, Scope};
use kubeproof_gcp::observer::GkeObserver;
use kubeproof_simkit::bench::listed;
use serde_json::json;

use crate::bench::{Bench, make_ingress};

impl Bench {
    pub fn observer(&self) -> GkeObserver {
        GkeObserver::new(self.spec.clone(), &self.connection(Actor::Auditor))
    }

    /// All that there is, each list read in full.
    pub async fn audited(&self) -> Vec<Resource> {
        kubeproof_simkit::bench::audited(&self.observer()).await
    }

    /// Makes the cluster, and two load balancers and a volume on it.
    pub async fn provision_with_leftovers(&self) {
        use kubeproof_contract::provisioner::Provisioner as _;
        let provisioned = self.provisioner().provision().await.unwrap();
        let transport = self.connection(Actor::Workload).transport;
        let client = kubeproof_kubernetes::client(&provisioned.access.unwrap(), transport).unwrap();
        let labels = std::collections::BTreeMap::new();
        let made = kubeproof_kubernetes::leftovers::create(&client, "work", &labels);
        made.await.unwrap();
        make_ingress(&client).await;
    }
}

/// What an audit of a region could not read while this fault hits it.
async fn unread_of_a_region(fault: &str) -> Vec<String> {
    let bench = Bench::new(json!({}), &[fault]);
    let named = Breadth::Named(vec![Scope::new("us-central1")]);
    let seen = listed(&bench.observer(), &named).await;
    let cells = seen.unread.iter().map(|(cell, _)| cell.to_string());
    cells.collect()
}
