//! The calls that faults can target, and which effects their operations can have.
//!
//! What can be carried out at all is here; what the cloud documents of its calls is in `faults`.

use kubeproof_contract::call::Signature;
use kubeproof_contract::fault::Effect;

use crate::routes::{SERVICES, Service, compute, container, project, workload};

/// How an operation that makes nodes can fail after it was accepted.
const OF_NODES: &[&str] = &["GCE_QUOTA_EXCEEDED", "GCE_STOCKOUT", "INTERNAL"];
/// How an operation of Compute Engine can fail after it was accepted.
const OF_COMPUTE: &[&str] = &[
    "INTERNAL_ERROR",
    "QUOTA_EXCEEDED",
    "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE",
    "ZONE_RESOURCE_POOL_EXHAUSTED",
];

/// All calls: the services', then those of a cluster.
pub fn calls() -> Vec<Signature> {
    let mut all: Vec<Signature> = Vec::new();
    for service in SERVICES {
        all.extend(service.routes.iter().map(|route| Signature {
            service: service.name.to_owned(),
            operation: route.name.to_owned(),
            mutating: route.is_mutating(),
        }));
    }
    // Two versions of Resource Manager have operations of the same names.
    all.sort();
    all.dedup();
    all.extend(kubeproof_kubernetes::calls::calls());
    all
}

/// Whether a call is answered with an operation that ends later.
pub fn has_operation(call: &Signature) -> bool {
    let services = [
        compute::SERVICE.name,
        container::SERVICE.name,
        project::SERVICE_USAGE.name,
        workload::FILES.name,
    ];
    let is_asked = services.contains(&call.service.as_str());
    call.mutating && is_asked && !call.operation.ends_with("operations.cancel")
}

/// Whether a call makes nodes.
pub fn makes_nodes(call: &Signature) -> bool {
    let made = ["clusters.create", "nodePools.create", "nodePools.setSize"];
    let is_made = made.iter().any(|name| call.operation.ends_with(name));
    is_made && call.service == container::SERVICE.name
}

/// Whether a call that is carried out in part has failed: a cluster that could not be made removes itself.
pub fn fails_in_part(call: &Signature) -> bool {
    call.service == container::SERVICE.name && call.operation.ends_with(".clusters.create")
}

/// Whether a call can be carried out in part: a deletion that leaves something, a list that does not reach all places,
/// a cluster that is gone before anybody sees that it failed.
pub fn can_be_partial(call: &Signature) -> bool {
    let is = |service: &Service, end: &str| {
        call.service == service.name && call.operation.ends_with(end)
    };
    fails_in_part(call)
        || is(&container::SERVICE, ".clusters.delete")
        || is(&container::SERVICE, ".clusters.list")
        || is(&workload::FILES, ".instances.list")
        || is(&workload::HUB, ".memberships.list")
        || is(&compute::SERVICE, ".aggregatedList")
}

/// Whether a call reads what others make.
fn reads_resources(call: &Signature) -> bool {
    let services = [
        compute::SERVICE.name,
        container::SERVICE.name,
        project::IAM.name,
    ];
    let ends = [".get", ".list", ".aggregatedList"];
    let is_read = ends.iter().any(|end| call.operation.ends_with(end));
    let is_operation = call.operation.to_lowercase().contains("operations.");
    !call.mutating && is_read && !is_operation && services.contains(&call.service.as_str())
}

/// Whether the simulator carries out an effect on this call, once the call is accepted.
pub fn simulates(call: &Signature, effect: &Effect) -> bool {
    let codes = if makes_nodes(call) {
        OF_NODES
    } else {
        OF_COMPUTE
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
    fn an_operation_fails_only_in_ways_that_its_service_has() {
        let check = |text: &str, expected: bool| {
            let all = calls();
            let (call, effect) = injected(&all, text);
            assert_eq!(simulates(call, &effect), expected, "{text}");
        };
        let create = "container:projects.locations.clusters.create";
        check(&format!("{create}=async-fail(GCE_STOCKOUT)"), true);
        check(&format!("{create}=async-fail(boredom)"), false);
        check(&format!("{create}=capacity"), true);
        check("compute:networks.insert=async-fail(QUOTA_EXCEEDED)", true);
        check("compute:networks.insert=capacity", false);
        check("compute:networks.get=async-stuck", false);
        check("compute:networks.get=stale-read(30)", true);
        check("compute:globalOperations.get=stale-read(30)", false);
        check("compute:disks.aggregatedList=partial", true);
        check("container:projects.locations.clusters.delete=partial", true);
        check("container:projects.locations.clusters.create=partial", true);
        check("compute:networks.delete=partial", false);
        check("serviceusage:services.batchEnable=async-late", true);
        check("iam:projects.serviceAccounts.create=async-late", false);
    }

    #[test]
    fn each_call_is_listed_once() {
        let mut all: Vec<String> = calls().iter().map(ToString::to_string).collect();
        let before = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), before);
    }
}
