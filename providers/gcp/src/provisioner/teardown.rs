//! Teardown: everything of the run, found by name and mark, and what Kubernetes left of it, in dependency order.
//!
//! Nothing is deleted that bears no mark of the run, is not in its network and does not belong to one of its machines
//! or load balancers.

mod drain;
mod leftovers;

use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::teardown::{Rounds, Step, teardown};
use kubeproof_contract::provisioner::ProvisionerError;

use super::{Work, apis, cluster, service_account};
use leftovers::{
    ADDRESSES, BACKEND_SERVICES, DISKS, FIREWALLS, FORWARDING_RULES, HEALTH_CHECKS,
    HTTP_HEALTH_CHECKS, INSTANCE_GROUPS, NETWORK_ENDPOINT_GROUPS, NETWORKS, ROUTERS, ROUTES,
    SUBNETWORKS, TARGET_POOLS, names, remove,
};

const ROUNDS: Rounds = Rounds {
    most: 4,
    settle: Duration::from_secs(10),
};

/// A step for a collection of Compute Engine.
macro_rules! step {
    ($name:literal after $after:expr, $collection:expr) => {
        Step {
            name: $name,
            after: &$after,
            list: |work| names(work, &$collection).boxed(),
            delete: |work, ids| remove(work, &$collection, ids).boxed(),
        }
    };
}

/// Everything that a run can leave, in dependency order.
pub(super) const STEPS: &[Step<Work>] = &[
    Step {
        name: "gke_cluster",
        after: &[],
        list: |work| clusters(work).boxed(),
        delete: |work, _| drained_and_deleted(work).boxed(),
    },
    step!("forwarding_rule" after ["gke_cluster"], FORWARDING_RULES),
    step!("target_pool" after ["forwarding_rule"], TARGET_POOLS),
    step!("backend_service" after ["forwarding_rule"], BACKEND_SERVICES),
    step!("health_check" after ["backend_service"], HEALTH_CHECKS),
    step!("http_health_check" after ["target_pool"], HTTP_HEALTH_CHECKS),
    step!("neg" after ["backend_service"], NETWORK_ENDPOINT_GROUPS),
    step!("instance_group" after ["backend_service"], INSTANCE_GROUPS),
    step!("address" after ["forwarding_rule"], ADDRESSES),
    step!("disk" after ["gke_cluster"], DISKS),
    step!(
        "firewall_rule" after ["forwarding_rule", "target_pool", "backend_service", "health_check", "http_health_check", "address"],
        FIREWALLS
    ),
    step!("route" after ["gke_cluster"], ROUTES),
    step!("router" after ["gke_cluster"], ROUTERS),
    step!("subnetwork" after ["gke_cluster", "router", "forwarding_rule", "neg", "address"], SUBNETWORKS),
    step!("network" after ["subnetwork", "firewall_rule", "route", "instance_group"], NETWORKS),
    Step {
        name: "iam_binding",
        after: &["gke_cluster"],
        list: |work| service_account::bindings(work).boxed(),
        delete: |work, _| service_account::unbind_all(work).boxed(),
    },
    Step {
        name: "service_account",
        // An account that goes first leaves its name in the policy for ever.
        after: &["iam_binding"],
        list: |work| service_account::list(work).boxed(),
        delete: |work, emails| service_account::delete(work, emails).boxed(),
    },
    Step {
        name: "api",
        after: &["network", "disk", "service_account"],
        list: |work| apis::to_disable(work).boxed(),
        delete: |work, apis| apis::disable(work, apis).boxed(),
    },
];

/// Removes everything of the run. A second call finds nothing and changes nothing.
pub(super) async fn everything(work: &Work) -> Result<(), ProvisionerError> {
    teardown(work, STEPS, ROUNDS).await
}

async fn clusters(work: &Work) -> Result<Vec<String>, CallError> {
    let found = cluster::find(work).await?;
    Ok(found.into_iter().map(|cluster| cluster.name).collect())
}

/// Lets Kubernetes remove what it made in the cloud, then deletes the cluster: also when the first fails, since what
/// is left is found by name later.
async fn drained_and_deleted(work: &Work) -> Result<(), CallError> {
    if let Err(error) = drain::workloads(work).await {
        work.report(&error.to_string());
    }
    cluster::delete(work).await
}
