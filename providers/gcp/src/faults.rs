//! What can happen to a call of Google Cloud, and where it is documented.
//!
//! This guards against false alarms: an effect that is undocumented for a call is pedantic.

use kubeproof_cloudkit::documented::{self, Sources};
use kubeproof_contract::call::Signature;
use kubeproof_contract::documented_effects::DocumentedEffect as Documented;
use kubeproof_contract::fault::Effect;

use crate::calls::{can_be_partial, fails_in_part, has_operation, makes_nodes};
use crate::routes::{SERVICES, compute, container};

const SOURCES: Sources = Sources {
    throttle: "container.v1 discovery, StatusCondition.canonicalCode; Compute Engine, rateLimitExceeded",
    server: "AIP-194: UNAVAILABLE is the only code that clients repeat by default",
    server_after: "container.v1 discovery, canonicalCode: DEADLINE_EXCEEDED may come although the operation completed",
    lost: "container.v1 discovery: no mutating method has a requestId; compute.v1: 492 of 636 have one",
    silent: "AIP-194: a client sets its own deadline",
    expired: "Google Identity: access tokens expire after an hour",
    denied: "IAM documentation, access change propagation: PERMISSION_DENIED",
};
const LAG: &str =
    "IAM documentation, access change propagation: typically 2 minutes, up to 7 or more";
const QUOTA: &str = "Compute Engine, troubleshooting of creation: 403 quotaExceeded; StatusCondition GCE_QUOTA_EXCEEDED";
const STOCKOUT: &str =
    "container.v1 discovery, StatusCondition GCE_STOCKOUT; terraform-provider-google issue 3875";
const IN_USE: &str =
    "Compute Engine, resourceInUseByAnotherResource; terraform-provider-google issue 3875";
const INCOMPATIBLE: &str =
    "terraform-provider-google repeats FAILED_PRECONDITION: one operation on a cluster at a time";
const OPERATION: &str =
    "Compute Engine and Kubernetes Engine: an operation that is DONE may have an error";
const DISABLED: &str =
    "Service Usage: an API that was enabled answers SERVICE_DISABLED for minutes";
const PARTIAL: &str = "compute.v1 discovery, warnings and unreachables of aggregated lists; container.v1, missingZones; file.v1 and gkehub.v1, unreachable; kops issue 2086: firewall rules that GKE leaves";
const VANISHES: &str = "container.v1 discovery, Cluster.status: one in ERROR is deleted automatically, at no stated time";
const ETAG: &str = "IAM documentation, Policy.etag: ABORTED when another change came between";

/// All effects on a call of this name.
pub fn of(call: &Signature) -> Vec<Documented> {
    if call.service == "kubernetes" {
        return documented::kubernetes(call);
    }
    let known = SERVICES.iter().any(|service| service.name == call.service);
    if known { of_cloud(call) } else { Vec::new() }
}

fn of_cloud(call: &Signature) -> Vec<Documented> {
    let mut all = documented::rest(call, &SOURCES);
    all.push(Documented::pedantic(Effect::Throttle(Some(20))));
    if call.mutating {
        all.extend(of_change(call));
    } else {
        all.push(Documented::pedantic(Effect::StaleRead(None)));
        all.push(Documented::pedantic(Effect::RepeatedPage));
    }
    if fails_in_part(call) {
        all.push(Documented::lasting(Effect::Partial, VANISHES));
    } else if can_be_partial(call) {
        all.push(Documented::transient(Effect::Partial, PARTIAL));
    }
    if [compute::SERVICE.name, container::SERVICE.name].contains(&call.service.as_str()) {
        let disabled = Effect::Reject(Some("SERVICE_DISABLED".to_owned()));
        all.push(Documented::transient(disabled, DISABLED));
    }
    all
}

/// Effects on some changes only.
fn of_change(call: &Signature) -> Vec<Documented> {
    let operation = call.operation.as_str();
    let fail =
        |code: &str, source| Documented::lasting(Effect::AsyncFail(Some(code.to_owned())), source);
    let mut all = Vec::new();
    if has_operation(call) {
        all.push(Documented::transient(Effect::AsyncLate(2), OPERATION));
    }
    if makes_nodes(call) {
        all.extend([
            Documented::lasting(Effect::Quota, QUOTA),
            Documented::lasting(Effect::Capacity, STOCKOUT),
            Documented::transient(Effect::PermissionLag, LAG),
            Documented::transient(Effect::Dependency, INCOMPATIBLE),
            fail("GCE_STOCKOUT", STOCKOUT),
            fail("GCE_QUOTA_EXCEEDED", QUOTA),
            fail("INTERNAL", "container.v1 discovery, Operation CREATE_CLUSTER: an ERROR cluster is deleted later"),
            // Nothing documents an operation that never ends, and that of a cluster cannot be cancelled.
            Documented::pedantic(Effect::AsyncStuck),
        ]);
    } else if call.service == compute::SERVICE.name && operation.ends_with(".insert") {
        all.push(Documented::lasting(Effect::Quota, QUOTA));
        all.push(fail("QUOTA_EXCEEDED", QUOTA));
    } else if call.service == compute::SERVICE.name && operation.ends_with(".delete") {
        all.push(Documented::transient(Effect::Dependency, IN_USE));
        all.push(fail("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", IN_USE));
    } else if call.service == container::SERVICE.name {
        all.push(Documented::transient(Effect::Dependency, INCOMPATIBLE));
    }
    match (call.service.as_str(), operation) {
        ("cloudresourcemanager", "projects.setIamPolicy") => {
            let aborted = Effect::Reject(Some("ABORTED".to_owned()));
            all.push(Documented::transient(aborted, ETAG));
            all.push(Documented::transient(Effect::PermissionLag, LAG));
        }
        ("iam", "projects.serviceAccounts.create") => {
            all.push(Documented::lasting(
                Effect::Quota,
                "IAM: 100 service accounts in a project",
            ));
        }
        _ => {}
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
        let create = "container:projects.locations.clusters.create";
        check(create, "async-fail(GCE_STOCKOUT)", true);
        check(create, "lost-response", true);
        check(create, "dependency", true);
        check(create, "partial", true);
        check(
            "container:projects.locations.clusters.get",
            "lost-response",
            false,
        );
        check(
            "container:projects.locations.clusters.get",
            "reject(SERVICE_DISABLED)",
            true,
        );
        check("compute:networks.insert", "quota", true);
        check("compute:networks.insert", "capacity", false);
        check("compute:networks.delete", "dependency", true);
        check(
            "cloudresourcemanager:projects.setIamPolicy",
            "reject(ABORTED)",
            true,
        );
        check(
            "cloudresourcemanager:projects.getIamPolicy",
            "reject(ABORTED)",
            false,
        );
    }

    #[test]
    fn documented_effects_name_their_source_and_others_do_not() {
        check_sources(&calls(), of);
    }
}
