//! The permissions that a trial needs, by the names that IAM gives them: those of the observer, and those of a
//! provisioner that makes what the scenario asks for.
//!
//! From the permissions that the methods' reference pages of Compute Engine, Kubernetes Engine, IAM, Resource Manager,
//! Service Usage, Logging, KMS, GKE Hub and `BigQuery` name. A name that IAM does not know makes it refuse the whole
//! question. So those of workload identity pools are not asked for: sources write them in two ways.

mod least;

pub use least::least;

use crate::spec::GkeSpec;

/// What the observer reads, and the provisioner before it makes anything.
const READING: &[&str] = &[
    "cloudkms.cryptoKeyVersions.list",
    "cloudkms.cryptoKeys.list",
    "cloudkms.keyRings.list",
    "cloudkms.locations.list",
    "compute.addresses.list",
    "compute.backendServices.list",
    "compute.disks.list",
    "compute.firewalls.get",
    "compute.firewalls.list",
    "compute.forwardingRules.list",
    "compute.globalAddresses.list",
    "compute.globalForwardingRules.list",
    "compute.globalOperations.get",
    "compute.healthChecks.list",
    "compute.httpHealthChecks.list",
    "compute.instanceGroupManagers.list",
    "compute.instanceGroups.list",
    "compute.instanceTemplates.list",
    "compute.instances.list",
    "compute.machineTypes.get",
    "compute.networkEndpointGroups.list",
    "compute.networks.get",
    "compute.networks.list",
    "compute.projects.get",
    "compute.regionBackendServices.list",
    "compute.regionOperations.get",
    "compute.regions.get",
    "compute.regions.list",
    "compute.reservations.list",
    "compute.resourcePolicies.list",
    "compute.routers.get",
    "compute.routers.list",
    "compute.routes.list",
    "compute.snapshots.list",
    "compute.sslCertificates.list",
    "compute.subnetworks.get",
    "compute.subnetworks.list",
    "compute.targetGrpcProxies.list",
    "compute.targetHttpProxies.list",
    "compute.targetHttpsProxies.list",
    "compute.targetPools.list",
    "compute.targetSslProxies.list",
    "compute.targetTcpProxies.list",
    "compute.urlMaps.list",
    "compute.zoneOperations.get",
    "compute.zones.get",
    "container.clusters.get",
    "container.clusters.list",
    "container.operations.get",
    "container.operations.list",
    "dns.managedZones.list",
    "dns.resourceRecordSets.list",
    "file.instances.list",
    "gkehub.memberships.list",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.list",
    "logging.buckets.list",
    "logging.logEntries.list",
    "logging.sinks.list",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "serviceusage.services.get",
    "serviceusage.services.list",
];

/// What makes and removes a cluster, its account, and what it leaves.
const CLUSTER: &[&str] = &[
    "compute.addresses.delete",
    "compute.backendServices.delete",
    "compute.disks.delete",
    "compute.firewalls.delete",
    "compute.forwardingRules.delete",
    "compute.healthChecks.delete",
    "compute.httpHealthChecks.delete",
    "compute.instanceGroups.delete",
    "compute.networkEndpointGroups.delete",
    "compute.targetPools.delete",
    "container.clusters.create",
    "container.clusters.delete",
    "container.clusters.update",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.delete",
    "resourcemanager.projects.setIamPolicy",
];

/// What makes and removes a network of the run's own.
const NETWORK: &[&str] = &[
    "compute.firewalls.create",
    "compute.networks.create",
    "compute.networks.delete",
    "compute.networks.updatePolicy",
    "compute.routes.delete",
    "compute.subnetworks.create",
    "compute.subnetworks.delete",
    "compute.subnetworks.update",
];

/// What makes and removes a way out for private nodes.
const NAT: &[&str] = &["compute.routers.create", "compute.routers.delete"];

/// What reads the billing export. Reading its dataset takes a permission there, which the project does not tell.
const BILLS: &[&str] = &["bigquery.jobs.create"];

/// The permissions that a trial of this cluster needs.
pub fn needed(spec: &GkeSpec) -> Vec<&'static str> {
    let network = Some(NETWORK).filter(|_| spec.network.existing.is_none());
    let nat = Some(NAT).filter(|_| spec.network.makes_nat());
    let bills = Some(BILLS).filter(|_| spec.billing_export.is_some());
    let parts = [Some(READING), Some(CLUSTER), network, nat, bills];
    parts.into_iter().flatten().flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::spec::tests::spec;

    #[test]
    fn each_is_named_once_and_only_what_the_scenario_makes_is_asked_for() {
        let private = spec(json!({"network": {"private_nodes": true}}));
        let all = needed(&private);
        let once: BTreeSet<&&str> = all.iter().collect();
        assert_eq!(once.len(), all.len());
        assert!(
            all.iter().all(|name| name.split('.').count() == 3),
            "{all:?}"
        );
        let default = json!({"network": "default", "subnetwork": "default"});
        let existing = needed(&spec(json!({"network": {"existing": default}})));
        assert!(
            all.contains(&"compute.routers.create")
                && !existing.contains(&"compute.routers.create")
        );
        assert!(!existing.contains(&"compute.networks.create"));
        assert!(existing.contains(&"container.clusters.create"));
        let query = "bigquery.jobs.create";
        let billed = needed(&spec(json!({"billing_export": "p.billing.t"})));
        assert!(billed.contains(&query) && !all.contains(&query));
    }
}
