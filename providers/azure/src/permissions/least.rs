//! The least role definition for a provisioner's calls: the action of each path.
//!
//! Resource Manager names an action after the type in the path and the method (`Microsoft.Network/virtualNetworks/write`):
//! Azure RBAC, "Understand Azure role definitions", control actions. Only names of the tables "Azure permissions" are
//! granted, as `permissions.rs` has them; any other call is unknown.

use kubeproof_cloudkit::permissions::NeededPermissions;
use kubeproof_contract::journal::Call;
use kubeproof_contract::permissions::LeastPermissions;
use serde_json::json;

use super::{CLUSTER, GATEWAY, READING};
use crate::routes::{ARM, AUTHORITY, RETAIL};

/// Reading operations that go on, and what was deleted without a table of its own here.
const FURTHER: &[&str] = &[
    "Microsoft.ContainerService/locations/operations/read",
    "Microsoft.ContainerService/managedClusters/agentPools/delete",
    "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
    "Microsoft.Network/loadBalancers/delete",
    "Microsoft.Network/locations/operations/read",
    "Microsoft.Network/natGateways/delete",
    "Microsoft.Network/networkInterfaces/delete",
    "Microsoft.Network/networkSecurityGroups/delete",
    "Microsoft.Network/publicIPAddresses/delete",
    "Microsoft.Network/routeTables/delete",
    "Microsoft.Network/virtualNetworks/delete",
    "Microsoft.Network/virtualNetworks/subnets/read",
    "Microsoft.Compute/disks/delete",
    "Microsoft.Resources/subscriptions/operationresults/read",
    "Microsoft.Resources/subscriptions/providers/read",
    "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
];
/// What a call needs on resources that its body names.
const BESIDE: &[(&str, &str)] = &[
    (
        "Microsoft.ContainerService/managedClusters/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    ),
    (
        "Microsoft.ContainerService/managedClusters/write",
        "Microsoft.Network/virtualNetworks/subnets/join/action",
    ),
    (
        "Microsoft.Network/natGateways/write",
        "Microsoft.Network/publicIPAddresses/join/action",
    ),
    // A subnet names its gateway.
    (
        "Microsoft.Network/natGateways/write",
        "Microsoft.Network/natGateways/join/action",
    ),
];
/// The least role for these calls in a subscription; without one action, if it is named.
pub fn least(subscription: &str, calls: &[Call], without: Option<&str>) -> LeastPermissions {
    let mut needed = NeededPermissions::default();
    for call in calls {
        let service = call.signature.service.as_str();
        // Tokens and public prices take no permission.
        if [AUTHORITY, RETAIL].contains(&service) {
            continue;
        }
        let operation = call.signature.to_string();
        let found = (service == ARM).then(|| action(&call.target)).flatten();
        match found.and_then(|name| known(&name)) {
            Some(action) => needed.add_with(&operation, action, BESIDE),
            None => needed.add_unknown(&operation),
        }
    }
    let document = |names: &[&str]| {
        json!({
            "Name": "kubeproof provisioner",
            "IsCustom": true,
            "Description": "The least actions for the calls of a rehearsal",
            "Actions": names,
            "NotActions": [],
            "DataActions": [],
            "NotDataActions": [],
            "AssignableScopes": [format!("/subscriptions/{subscription}")],
        })
    };
    LeastPermissions {
        notes: vec![
            "a role has no resources: assign it to the resource group, where the scenario names one of others".to_owned(),
            "roleAssignments/write can be bound to roles and principals by a condition on the assignment".to_owned(),
        ],
        ..needed.least("Azure role definition", without, document)
    }
}

/// The name as the tables write it, if they have it.
fn known(name: &str) -> Option<&'static str> {
    let mut all = [READING, CLUSTER, GATEWAY, FURTHER].into_iter().flatten();
    all.find(|known| known.eq_ignore_ascii_case(name)).copied()
}

/// The action of `METHOD /path`.
fn action(target: &str) -> Option<String> {
    let (method, path) = target.split_once(' ')?;
    let (scope, below) = match path.rsplit_once("/providers/") {
        Some((scope, below)) => (scope, Some(below)),
        None => (path, None),
    };
    let of_subscription = |path: &str| {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let types: Vec<&str> = parts.iter().step_by(2).copied().collect();
        format!("Microsoft.Resources/{}", types.join("/"))
    };
    // A provider's own registration is the subscription's.
    if let Some(namespace) = below.filter(|below| !below.contains('/')) {
        let read = method == "GET" && !namespace.is_empty();
        return read.then(|| "Microsoft.Resources/subscriptions/providers/read".to_owned());
    }
    let (kind, last) = match below {
        None => (of_subscription(scope), None),
        Some(below) => {
            let mut parts: Vec<&str> = below.trim_matches('/').split('/').collect();
            let namespace = parts.remove(0);
            // An action ends with its own name.
            let last = (method == "POST").then(|| parts.pop()).flatten();
            let types: Vec<&str> = parts.iter().step_by(2).copied().collect();
            (format!("{namespace}/{}", types.join("/")), last)
        }
    };
    let verb = match (method, last) {
        ("GET" | "HEAD", _) => "read".to_owned(),
        ("PUT" | "PATCH", _) => "write".to_owned(),
        ("DELETE", _) => "delete".to_owned(),
        ("POST", Some(last)) => format!("{last}/action"),
        _ => return None,
    };
    Some(format!("{kind}/{verb}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: &str, expected: Option<&str>) {
        let name = action(target);
        assert_eq!(
            name.as_deref().and_then(known),
            expected,
            "{target}: {name:?}"
        );
    }

    #[test]
    fn a_path_needs_the_action_of_its_type_and_method() {
        let group = "/subscriptions/s/resourceGroups/g";
        let write = "Microsoft.Resources/subscriptions/resourceGroups/write";
        check(&format!("PUT {group}"), Some(write));
        let clusters = format!("{group}/providers/Microsoft.ContainerService/managedClusters");
        let read = "Microsoft.ContainerService/managedClusters/read";
        check(&format!("GET {clusters}/c"), Some(read));
        check(&format!("GET {clusters}"), Some(read));
        let pools = "Microsoft.ContainerService/managedClusters/agentPools/write";
        check(&format!("PUT {clusters}/c/agentPools/p"), Some(pools));
        let user = "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action";
        check(
            &format!("POST {clusters}/c/listClusterUserCredential"),
            Some(user),
        );
        let assignment = "Microsoft.Authorization/roleAssignments/write";
        let path = format!("{clusters}/c/providers/Microsoft.Authorization/roleAssignments/a");
        check(&format!("PUT {path}"), Some(assignment));
        check(
            &format!("PUT {group}/providers/Microsoft.Magic/unicorns/u"),
            None,
        );
        let providers = "Microsoft.Resources/subscriptions/providers/read";
        check(
            "GET /subscriptions/s/providers/Microsoft.Network",
            Some(providers),
        );
        check("PATCH nowhere", None);
    }
}
