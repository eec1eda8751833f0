//! Teardown: everything of the run, found by name and mark, and what Kubernetes left of it, in dependency order.
//!
//! Nothing is deleted that bears no mark of the run, is not in its network and does not belong to one of its machines
//! or load balancers.

mod drain;
mod leftovers;
mod ranges;

use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::teardown::{CallErrors, Delete, Rounds, Step, Teardown};
use kubeproof_contract::provisioner::ProvisionerError;

use super::{Work, apis, asked, cluster, service_account};
use leftovers::{
    ADDRESSES, BACKEND_SERVICES, CERTIFICATES, DISKS, FIREWALLS, FORWARDING_RULES, HEALTH_CHECKS,
    HTTP_HEALTH_CHECKS, HTTP_PROXIES, HTTPS_PROXIES, INSTANCE_GROUPS, NETWORK_ENDPOINT_GROUPS,
    NETWORKS, ROUTERS, ROUTES, SNAPSHOTS, SUBNETWORKS, TARGET_POOLS, URL_MAPS, names, remove,
};

/// How long something may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_mins(5);
const ROUNDS: Rounds = Rounds {
    most: 4,
    settle: Duration::from_secs(10),
    begin_within: Duration::from_hours(2),
};

/// A step for a collection of Compute Engine.
macro_rules! step {
    ($name:literal after $after:expr, $collection:expr) => {
        Step {
            name: $name,
            of: None,
            after: &$after,
            in_use_for: IN_USE_LIMIT,
            list: |work, _| names(work, &$collection).boxed(),
            delete: Delete::Together(|work, ids, policy| {
                remove(work, &$collection, ids, policy).boxed()
            }),
        }
    };
}

/// Everything that a run can leave, in dependency order.
const STEPS: &[Step<Work>] = &[
    Step {
        name: "gke_cluster",
        of: None,
        after: &[],
        in_use_for: cluster::BUSY,
        list: |work, _| clusters(work).boxed(),
        delete: Delete::Each(|work, _, policy| cluster::delete(work, policy).boxed()),
    },
    step!("forwarding_rule" after ["gke_cluster"], FORWARDING_RULES),
    step!("target_pool" after ["forwarding_rule"], TARGET_POOLS),
    step!("target_http_proxy" after ["forwarding_rule"], HTTP_PROXIES),
    step!("target_https_proxy" after ["forwarding_rule"], HTTPS_PROXIES),
    step!("ssl_certificate" after ["target_https_proxy"], CERTIFICATES),
    step!("url_map" after ["target_http_proxy", "target_https_proxy"], URL_MAPS),
    step!("backend_service" after ["forwarding_rule", "url_map"], BACKEND_SERVICES),
    step!("health_check" after ["backend_service"], HEALTH_CHECKS),
    step!("http_health_check" after ["target_pool"], HTTP_HEALTH_CHECKS),
    step!("neg" after ["backend_service"], NETWORK_ENDPOINT_GROUPS),
    step!("instance_group" after ["backend_service"], INSTANCE_GROUPS),
    step!("address" after ["forwarding_rule"], ADDRESSES),
    step!("disk" after ["gke_cluster"], DISKS),
    step!("snapshot" after ["gke_cluster"], SNAPSHOTS),
    step!(
        // The rules say whose the parts of load balancers are, so they go after all of them.
        "firewall_rule" after [
            "forwarding_rule", "target_pool", "ssl_certificate", "url_map", "backend_service", "health_check",
            "http_health_check", "neg", "address"
        ],
        FIREWALLS
    ),
    step!("route" after ["gke_cluster"], ROUTES),
    step!("router" after ["gke_cluster"], ROUTERS),
    step!("subnetwork" after ["gke_cluster", "router", "forwarding_rule", "neg", "address"], SUBNETWORKS),
    Step {
        name: "secondary_range",
        of: None,
        after: &["gke_cluster"],
        in_use_for: IN_USE_LIMIT,
        list: |work, _| ranges::left(work).boxed(),
        delete: Delete::Together(|work, names, policy| {
            async move {
                let mut errors = CallErrors::default();
                errors.keep(ranges::remove(work, &names, policy).await);
                errors
            }
            .boxed()
        }),
    },
    step!("network" after ["subnetwork", "firewall_rule", "route", "instance_group"], NETWORKS),
    Step {
        name: "iam_binding",
        of: None,
        after: &["gke_cluster"],
        in_use_for: Duration::ZERO,
        list: |work, _| service_account::bindings(work).boxed(),
        delete: Delete::Each(|work, _, _| service_account::unbind_all(work).boxed()),
    },
    Step {
        name: "service_account",
        of: None,
        // An account that goes first leaves its name in the policy for ever.
        after: &["iam_binding"],
        in_use_for: Duration::ZERO,
        list: |work, _| service_account::list(work).boxed(),
        delete: Delete::Each(|work, email, policy| {
            service_account::delete(work, email, policy).boxed()
        }),
    },
    Step {
        name: "api",
        of: None,
        // All of it is gone by then: what is left would be hidden.
        after: &[
            "network",
            "secondary_range",
            "disk",
            "snapshot",
            "service_account",
        ],
        in_use_for: Duration::ZERO,
        list: |work, _| apis::to_disable(work).boxed(),
        delete: Delete::Together(|work, apis, _| {
            async move {
                let mut errors = CallErrors::default();
                errors.keep(apis::disable(work, apis).await);
                errors
            }
            .boxed()
        }),
    },
];

/// The teardown of a run. What runs on the cluster goes first: only Kubernetes knows all of it.
pub(super) const TEARDOWN: Teardown<Work> = Teardown {
    steps: STEPS,
    prepare: Some(|work| drain::workloads(work).boxed()),
    marker: None,
    rounds: ROUNDS,
};

/// Removes everything of the run, also what an earlier process has asked for and is carried out only now. A second call
/// finds nothing and changes nothing.
pub(super) async fn everything(work: &Work) -> Result<(), ProvisionerError> {
    TEARDOWN.run(work).await?;
    let rest = asked::rest(work).await;
    if rest.is_zero() {
        return Ok(());
    }
    tokio::time::sleep(rest).await;
    TEARDOWN.run(work).await
}

async fn clusters(work: &Work) -> Result<Vec<String>, CallError> {
    let found = cluster::find(work).await?;
    Ok(found.into_iter().map(|cluster| cluster.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_stands_after_those_that_must_be_gone_before() {
        assert_eq!(TEARDOWN.out_of_order(), None);
    }
}
