//! The calls that faults can target, and which effects their operations can have.
//!
//! What can be carried out at all is here; what the cloud documents of its calls is in `faults`.

use kubeproof_contract::call::Signature;
use kubeproof_contract::fault::Effect;

use crate::routes::{
    ARM, AUTHORITY, AUTHORITY_ROUTES, GRAPH, RETAIL, RETAIL_ROUTES, ROUTES, graph,
};

/// How an operation that makes nodes can fail after it was accepted.
const OF_NODES: &[&str] = &[
    "AKSCapacityError",
    "AllocationFailed",
    "CreateVMSSAgentPoolFailed",
    "InternalServerError",
    "LinkedAuthorizationFailed",
    "VMExtensionProvisioningError",
    "ZonalAllocationFailed",
];
/// How any other operation can fail after it was accepted.
const OF_OTHERS: &[&str] = &["InternalServerError"];

/// All calls: Resource Manager's, the directory's, the authority's, those of the price list, then those of a cluster.
pub fn calls() -> Vec<Signature> {
    let of = |service: &str, routes: &[kubeproof_contract::route::Route]| -> Vec<Signature> {
        // By the id of any resource: each is named by its type.
        let named = routes.iter().filter(|route| !route.name.ends_with("ById"));
        let all = named.map(|route| Signature {
            service: service.to_owned(),
            operation: route.name.to_owned(),
            mutating: route.is_mutating(),
        });
        all.collect()
    };
    let mut all = of(ARM, ROUTES);
    all.extend(of(GRAPH, graph::ROUTES));
    all.extend(of(AUTHORITY, AUTHORITY_ROUTES));
    all.extend(of(RETAIL, RETAIL_ROUTES));
    all.extend(kubeproof_kubernetes::calls::calls());
    all
}

/// Whether a call is answered before its end.
pub fn has_operation(call: &Signature) -> bool {
    let of = [
        "agentPools.",
        "managedClusters.",
        "natGateways.",
        "publicIPAddresses.",
        "virtualNetworks.",
    ];
    let is_later = of.iter().any(|begin| call.operation.starts_with(begin))
        || call.operation == "resourceGroups.delete";
    call.service == ARM && call.mutating && is_later
}

/// Whether a call makes nodes.
pub fn makes_nodes(call: &Signature) -> bool {
    let made = [
        "managedClusters.createOrUpdate",
        "agentPools.createOrUpdate",
    ];
    call.service == ARM && made.contains(&call.operation.as_str())
}

/// Whether a call can be carried out in part: a deletion that leaves something.
pub fn can_be_partial(call: &Signature) -> bool {
    let partial = ["managedClusters.delete", "resourceGroups.delete"];
    call.service == ARM && partial.contains(&call.operation.as_str())
}

/// Reads whose answers do not depend on when something was made.
const FIXED: &[&str] = &[
    "activityLogs.",
    "deletedItems.",
    "deletedWorkspaces.",
    "diagnosticSettings.",
    "managedClusters.list",
    "managementLocks.",
    "operationResults.",
    "operations.",
    "permissions.",
    "privateEndpoints.",
    "providers.",
    "resourceSkus.",
    "roleDefinitions.",
    "subscriptions.",
    "usage.",
    "usages.",
    "vaults.",
];

/// Whether a call reads what others make.
fn reads_resources(call: &Signature) -> bool {
    let is_read = call.operation.ends_with(".get") || call.operation.contains(".list");
    let is_fixed = FIXED.iter().any(|begin| call.operation.starts_with(begin));
    let is_shown = [ARM, GRAPH].contains(&call.service.as_str());
    is_shown && !call.mutating && is_read && !is_fixed
}

/// Whether the simulator carries out an effect on this call, once the call is accepted.
pub fn simulates(call: &Signature, effect: &Effect) -> bool {
    let codes = if makes_nodes(call) {
        OF_NODES
    } else {
        OF_OTHERS
    };
    match effect {
        Effect::AsyncFail(Some(code)) => has_operation(call) && codes.contains(&code.as_str()),
        Effect::AsyncFail(None) | Effect::AsyncStuck | Effect::AsyncLate(_) => has_operation(call),
        Effect::Capacity => makes_nodes(call),
        Effect::Partial => can_be_partial(call),
        Effect::NotYetVisible(_) => reads_resources(call),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_simkit::bench::injected;

    use super::*;

    #[test]
    fn an_operation_fails_only_in_ways_that_its_type_has() {
        let check = |text: &str, expected: bool| {
            let all = calls();
            let (call, effect) = injected(&all, text);
            assert_eq!(simulates(call, &effect), expected, "{text}");
        };
        check(
            "arm:managedClusters.createOrUpdate=async-fail(ZonalAllocationFailed)",
            true,
        );
        check(
            "arm:managedClusters.createOrUpdate=async-fail(boredom)",
            false,
        );
        check("arm:managedClusters.createOrUpdate=capacity", true);
        check("arm:virtualNetworks.createOrUpdate=async-stuck", true);
        check("arm:virtualNetworks.createOrUpdate=capacity", false);
        check(
            "arm:userAssignedIdentities.createOrUpdate=async-late",
            false,
        );
        check("arm:resourceGroups.delete=partial", true);
        check("arm:resourceGroups.get=stale-read(30)", true);
        check("arm:providers.get=stale-read(30)", false);
        check("arm:operations.get=stale-read(30)", false);
        check("graph:applications.list=stale-read(30)", true);
        check("graph:deletedItems.listApplications=stale-read(30)", false);
    }
}
