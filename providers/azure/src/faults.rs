//! What can happen to a call of Azure, and where it is documented.
//!
//! This guards against false alarms: an effect that is undocumented for a call is pedantic.

use kubeproof_cloudkit::documented::{self, Sources};
use kubeproof_contract::call::Signature;
use kubeproof_contract::documented_effects::DocumentedEffect as Documented;
use kubeproof_contract::fault::Effect;

use crate::calls::{can_be_partial, has_operation, makes_nodes};
use crate::routes::{ARM, AUTHORITY, GRAPH, RETAIL};

const SOURCES: Sources = Sources {
    throttle: "AKS, TooManyRequestsReceived; Resource Manager RPC 1.0, asynchronous API reference",
    server: "Resource Manager RPC 1.0: a client repeats 500 and 503",
    server_after: "Resource Manager RPC 1.0, PUT: a client repeats it, since a PUT by id is idempotent",
    lost: "Resource Manager RPC 1.0, PUT: safe to repeat by id",
    silent: "Resource Manager: an answer is due within 60 seconds, or the gateway answers 504",
    expired: "Microsoft Entra: access tokens expire after about an hour",
    denied: "Resource Manager, AuthorizationFailed",
};
const OPERATION: &str =
    "Resource Manager RPC 1.0, asynchronous API reference: Succeeded, Failed or Canceled";
const CAPACITY: &str = "AKS error codes and the page on ZonalAllocationFailed";
const LATE_SUCCESS: &str =
    "azurerm issues 9342 and 11179, AKS issue 1972: the operation fails, and the cluster comes up";
const QUOTA: &str = "AKS, ErrCode_InsufficientVCPUQuota";
const BUSY: &str = "AKS, OperationNotAllowed; Resource Manager, AnotherOperationInProgress";
const REPLICATION: &str =
    "Azure RBAC troubleshooting: PrincipalNotFound while a new principal replicates";
const NOT_FOUND: &str = "Resource Manager RPC 1.0, asynchronous API reference, item 7; the documentation of retryOn in Bicep: reads that do not show yet what was made";
const ROLE: &str =
    "AKS troubleshooting, LinkedAuthorizationFailed: a role that is missing, or not in force yet";
const PARTIAL: &str =
    "AKS issues 51 and 847; AKS, cross-group references: ResourceGroupDeletionBlocked";

/// All effects on a call of this name.
pub fn of(call: &Signature) -> Vec<Documented> {
    match call.service.as_str() {
        "kubernetes" => documented::kubernetes(call),
        ARM => of_arm(call),
        AUTHORITY | RETAIL => documented::rest(call, &SOURCES),
        GRAPH => of_directory(call),
        _ => Vec::new(),
    }
}

fn of_directory(call: &Signature) -> Vec<Documented> {
    let mut all = documented::rest(call, &SOURCES);
    if call.operation == "servicePrincipals.create" {
        all.push(Documented::transient(Effect::PermissionLag, REPLICATION));
    }
    if !call.mutating {
        all.push(Documented::pedantic(Effect::StaleRead(None)));
    }
    all
}

fn of_arm(call: &Signature) -> Vec<Documented> {
    let mut all = documented::rest(call, &SOURCES);
    all.push(Documented::transient(
        Effect::Throttle(Some(20)),
        SOURCES.throttle,
    ));
    if !call.mutating {
        all.push(Documented::pedantic(Effect::StaleRead(None)));
        all.push(Documented::pedantic(Effect::RepeatedPage));
        if matches!(
            call.operation.as_str(),
            "operations.get" | "operationResults.get"
        ) {
            let missing = Effect::Reject(Some("OperationNotFound".to_owned()));
            all.push(Documented::transient(missing, NOT_FOUND));
        }
        return all;
    }
    let fail =
        |code: &str, source| Documented::lasting(Effect::AsyncFail(Some(code.to_owned())), source);
    if has_operation(call) {
        all.push(Documented::transient(Effect::AsyncLate(2), OPERATION));
        all.push(Documented::transient(Effect::Dependency, BUSY));
        all.push(fail("InternalServerError", OPERATION));
        // Nothing documents an operation that never ends.
        all.push(Documented::pedantic(Effect::AsyncStuck));
    }
    if makes_nodes(call) {
        all.extend([
            Documented::lasting(Effect::Quota, QUOTA),
            Documented::lasting(Effect::Capacity, CAPACITY),
            fail("AllocationFailed", CAPACITY),
            Documented::transient(
                Effect::AsyncFail(Some("CreateVMSSAgentPoolFailed".to_owned())),
                LATE_SUCCESS,
            ),
        ]);
    }
    if call.operation == "managedClusters.createOrUpdate" {
        all.push(Documented::transient(
            Effect::AsyncFail(Some("LinkedAuthorizationFailed".to_owned())),
            ROLE,
        ));
    }
    if matches!(
        call.operation.as_str(),
        "managedClusters.createOrUpdate" | "roleAssignments.create"
    ) {
        all.push(Documented::transient(Effect::PermissionLag, REPLICATION));
    }
    if can_be_partial(call) {
        all.push(Documented::transient(Effect::Partial, PARTIAL));
    }
    all
}

#[cfg(test)]
mod tests {
    use kubeproof_simkit::bench::{check_documented, check_sources};

    use super::*;
    use crate::calls::calls;

    #[track_caller]
    fn check(call: &str, effect: &str, expected: bool) {
        check_documented(&calls(), of, &format!("{call}={effect}"), expected);
    }

    #[test]
    fn calls_meet_what_is_documented_of_them() {
        check("arm:managedClusters.createOrUpdate", "capacity", true);
        check("arm:managedClusters.createOrUpdate", "lost-response", true);
        check("arm:virtualNetworks.createOrUpdate", "capacity", false);
        check("arm:roleAssignments.create", "permission-lag", true);
        check(
            "arm:userAssignedIdentities.createOrUpdate",
            "dependency",
            false,
        );
        check("arm:resourceGroups.delete", "partial", true);
        check("arm:resourceGroups.get", "lost-response", false);
        check("authority:token", "server-error", true);
        check("arm:operations.get", "reject(OperationNotFound)", true);
        check("arm:managedClusters.createOrUpdate", "permission-lag", true);
        check("graph:servicePrincipals.create", "permission-lag", true);
        check("graph:applications.create", "permission-lag", false);
    }

    #[test]
    fn documented_effects_name_their_source_and_others_do_not() {
        check_sources(&calls(), of);
    }
}
