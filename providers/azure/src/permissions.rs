//! The actions that a trial needs, by the names that Azure gives them: those of the observer, and those of a provisioner
//! that makes what the scenario asks for.
//!
//! From the tables "Azure permissions" of each namespace (role-based access control), and for the cluster's identity from
//! AKS, "Service principals and managed identities": who makes a cluster with an identity of its own must be allowed to
//! give that identity its role, and to let the cluster have it (`assign/action`).

mod least;

pub use least::least;

use crate::spec::{AksSpec, Outbound};

/// What is read, and what the provisioner reads before it makes anything.
const READING: &[&str] = &[
    "Microsoft.Authorization/locks/read",
    "Microsoft.Authorization/permissions/read",
    "Microsoft.Authorization/roleAssignments/read",
    "Microsoft.Authorization/roleDefinitions/read",
    "Microsoft.Compute/disks/read",
    "Microsoft.Compute/locations/usages/read",
    "Microsoft.Compute/skus/read",
    "Microsoft.Compute/snapshots/read",
    "Microsoft.Compute/virtualMachineScaleSets/read",
    "Microsoft.ContainerService/locations/kubernetesVersions/read",
    "Microsoft.ContainerService/managedClusters/agentPools/read",
    "Microsoft.ContainerService/managedClusters/read",
    "Microsoft.Insights/diagnosticSettings/read",
    "Microsoft.Insights/eventtypes/values/read",
    "Microsoft.KeyVault/deletedVaults/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    "Microsoft.Network/loadBalancers/read",
    "Microsoft.Network/locations/usages/read",
    "Microsoft.Network/natGateways/read",
    "Microsoft.Network/networkInterfaces/read",
    "Microsoft.Network/networkSecurityGroups/read",
    "Microsoft.Network/privateDnsZones/read",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks/read",
    "Microsoft.Network/privateEndpoints/read",
    "Microsoft.Network/publicIPAddresses/read",
    "Microsoft.Network/routeTables/read",
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.OperationalInsights/deletedWorkspaces/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/subscriptions/resources/read",
];

/// What makes and removes a cluster with its group, network and identity.
const CLUSTER: &[&str] = &[
    "Microsoft.Authorization/roleAssignments/delete",
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.ContainerService/managedClusters/agentPools/write",
    "Microsoft.ContainerService/managedClusters/delete",
    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
    "Microsoft.ContainerService/managedClusters/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/write",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Resources/subscriptions/resourceGroups/delete",
    "Microsoft.Resources/subscriptions/resourceGroups/write",
];

/// What makes a NAT gateway with its address, and lets the subnet have it.
const GATEWAY: &[&str] = &[
    "Microsoft.Network/natGateways/join/action",
    "Microsoft.Network/natGateways/write",
    "Microsoft.Network/publicIPAddresses/join/action",
    "Microsoft.Network/publicIPAddresses/write",
];

/// The actions that a trial needs.
pub fn needed(spec: &AksSpec) -> impl Iterator<Item = &'static str> {
    let further = match spec.outbound {
        Outbound::LoadBalancer => &[],
        Outbound::NatGateway => GATEWAY,
    };
    READING.iter().chain(CLUSTER).chain(further).copied()
}

/// Whether an action is one of those that a pattern of a role names: `*` stands for any text.
pub fn names(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match last {
        // Without a star the whole text must be the same.
        None => rest.is_empty(),
        Some(last) => last.is_empty() || action.ends_with(last),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::spec::tests::spec;

    #[test]
    fn each_is_named_once_in_full() {
        let all: Vec<&str> = needed(&spec(json!({"outbound": "nat-gateway"}))).collect();
        let once: BTreeSet<&&str> = all.iter().collect();
        assert_eq!(once.len(), all.len());
        for name in &all {
            let ends = ["/read", "/write", "/delete", "/action"];
            assert!(
                name.starts_with("Microsoft.") && ends.iter().any(|end| name.ends_with(end)),
                "{name}"
            );
        }
    }

    #[test]
    fn only_who_makes_a_gateway_must_be_allowed_to() {
        let count = |change| needed(&spec(change)).count();
        let with = count(json!({"outbound": "nat-gateway"}));
        assert_eq!(with, count(json!({})) + GATEWAY.len());
    }

    #[test]
    fn a_pattern_names_actions_by_stars_and_without_regard_to_case() {
        let check = |pattern: &str, action: &str, expected: bool| {
            assert_eq!(names(pattern, action), expected, "{pattern} {action}");
        };
        let assign = "Microsoft.Authorization/roleAssignments/write";
        check("*", assign, true);
        check("*/read", assign, false);
        check("*/write", assign, true);
        check("Microsoft.Authorization/*/Write", assign, true);
        check(
            "microsoft.authorization/roleassignments/write",
            assign,
            true,
        );
        check("Microsoft.Authorization/roleAssignments", assign, false);
        check("Microsoft.Authorization/roleAssignments/*", assign, true);
        check("Microsoft.Network/*", assign, false);
        check("", assign, false);
    }
}
