//! Which load balancers are the run's. Most of their parts have neither labels nor a network.
//!
//! They are known by their firewall rule, which has one: `k8s-fw-NAME` belongs to the balancer `NAME`,
//! `k8s-UID-node-http-hc` to the health check `k8s-UID-node`, and `k8s-fw-l7--UID` to all Ingresses, whose parts have
//! the beginning of the UID in their names; or by the machines in their target pool.

use std::collections::BTreeSet;

use kubeproof_cloudkit::CallError;

use super::super::super::compute::{self, Place};
use super::super::super::{Work, cluster};
use super::in_network;
use crate::api::types::{ComputeResource, last};
use crate::machine_names::{NodeOf, node_of};

/// Digits of a cluster's UID in the names of the parts of its Ingresses.
const UID: usize = 8;

/// The parts of the run's load balancers.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Load balancers of services, and their health checks, by name.
    names: BTreeSet<String>,
    /// What stands in the names of the parts of Ingresses.
    ingresses: BTreeSet<String>,
}

impl Parts {
    pub(super) fn has(&self, name: &str) -> bool {
        let of_ingress = ingress_part(name).is_some_and(|uid| self.ingresses.contains(uid));
        self.names.contains(name) || of_ingress
    }
}

/// What the parts of Ingresses have in their names, of a firewall rule for them: `k8s-fw-l7--UID`.
fn ingresses_of(rule: &str) -> Option<&str> {
    rule.strip_prefix("k8s-fw-l7--")?.get(..UID)
}

/// The same, of a part: `k8s1-UID-…` is a backend, its health check or its endpoints; `k8s2-um-UID-…` and the like are
/// the map, proxies, rules and certificates.
fn ingress_part(name: &str) -> Option<&str> {
    let of_map = || name.strip_prefix("k8s2-")?.get(2..)?.strip_prefix('-');
    let rest = name.strip_prefix("k8s1-").or_else(of_map)?;
    let uid = rest.get(..UID)?;
    rest.get(UID..)?.starts_with('-').then_some(uid)
}

/// The names of load balancers and their health checks, from the firewall rules of the run and from target pools with
/// its machines.
pub(super) async fn parts(work: &Work) -> Result<Parts, CallError> {
    let rules = compute::list(work, "firewalls.list", &Place::Global).await?;
    let ours: Vec<&ComputeResource> = rules.iter().filter(|rule| in_network(work, rule)).collect();
    let names = ours.iter().map(|rule| rule.name.as_str());
    let mut parts: BTreeSet<String> = names.clone().filter_map(part_of).collect();
    let ingresses = names.filter_map(ingresses_of).map(str::to_owned);
    let ingresses = ingresses.collect();
    let pools = compute::list_all(work, "targetPools.aggregatedList", "targetPools").await?;
    for pool in with_our_machines(work, &pools).await? {
        let checks = pool.health_checks.iter().filter_map(|link| last(link));
        parts.extend(checks.map(str::to_owned));
        parts.insert(pool.name.clone());
    }
    Ok(Parts {
        names: parts,
        ingresses,
    })
}

/// Those target pools that have machines of the run's node pools.
async fn with_our_machines<'p>(
    work: &Work,
    pools: &'p [ComputeResource],
) -> Result<Vec<&'p ComputeResource>, CallError> {
    let (cluster, node_pools) = (work.run().name(""), &work.spec.node_pools.0);
    let node_pools: Vec<&str> = node_pools.iter().map(|pool| pool.name.as_str()).collect();
    let nodes = |pool: &'p ComputeResource| nodes(pool, &cluster, &node_pools);
    // Hardly ever asked: only when the firewall rule of a balancer went before its target pool.
    let others = if pools.iter().map(nodes).any(|nodes| are_cut(&nodes)) {
        cluster::others(work).await?
    } else {
        Vec::new()
    };
    let ours = pools.iter().filter(|pool| are_ours(&nodes(pool), &others));
    Ok(ours.collect())
}

/// What the names of a target pool's machines say, without those that cannot be the cluster's nodes.
fn nodes<'p>(pool: &'p ComputeResource, cluster: &str, node_pools: &[&str]) -> Vec<NodeOf<'p>> {
    let machines = pool.instances.iter().filter_map(|link| last(link));
    let nodes = machines.map(|machine| node_of(machine, cluster, node_pools));
    nodes.filter(|node| *node != NodeOf::No).collect()
}

/// Whether these nodes are the run's only if no other cluster has a name that begins alike.
fn are_cut(nodes: &[NodeOf<'_>]) -> bool {
    !nodes.is_empty() && !nodes.contains(&NodeOf::This)
}

/// Whether some of these nodes are certainly the run's, beside these other clusters.
fn are_ours(nodes: &[NodeOf<'_>], others: &[String]) -> bool {
    nodes.iter().any(|node| match node {
        NodeOf::This => true,
        NodeOf::Begins(begin) => !others.iter().any(|other| other.starts_with(begin)),
        NodeOf::No => false,
    })
}

/// The balancer or health check that a firewall rule of Kubernetes is for.
fn part_of(rule: &str) -> Option<String> {
    if let Some(balancer) = rule.strip_prefix("k8s-fw-") {
        return Some(balancer.to_owned());
    }
    let check = rule.strip_suffix("-http-hc")?;
    check.starts_with("k8s-").then(|| check.to_owned())
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use serde_json::json;

    use super::super::tests::{resource, work};
    use super::*;

    fn target_pool(machine: &str) -> ComputeResource {
        let link = format!("https://c/projects/p/zones/z/instances/{machine}");
        resource(json!({"name": "a0123", "instances": [link]}))
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_pool_with_the_runs_machines_is_the_runs() {
        let work = work(json!({}));
        let check = |machine: &str, expected: bool| {
            let pools = [target_pool(machine)];
            let ours = with_our_machines(&work, &pools).now_or_never();
            let ours = ours.expect("no call is needed").expect("an answer");
            assert_eq!(!ours.is_empty(), expected, "{machine}");
        };
        check("gke-kp-r1-main-0a1b2c3d-x4z9", true);
        check("gke-kp-r1-2-main-0a1b2c3d-x4z9", false);
        check("gke-kp-r1-other-0a1b2c3d-x4z9", false);
        check("main", false);
    }

    #[test]
    fn a_cut_name_proves_nothing_while_another_cluster_has_the_same_beginning() {
        let begin = "kp-l261130042200-0";
        let check = |kept: &str, others: &[&str], expected: bool| {
            let pool = target_pool(&format!("gke-{kept}-main-0a1b2c3d-x4z9"));
            let nodes = nodes(&pool, &format!("{begin}a1b2"), &["main"]);
            let others: Vec<String> = others.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(
                are_ours(&nodes, &others),
                expected,
                "{kept} beside {others:?}"
            );
            assert_eq!(are_cut(&nodes), kept == begin, "{kept}");
        };
        check(begin, &[], true);
        check(begin, &["shop", "kp-l261130042201-0a1b2"], true);
        check(begin, &["kp-l261130042200-0ffff"], false);
        // The whole name proves it, no matter what else there is.
        check(
            "kp-l261130042200-0a1b2",
            &["kp-l261130042200-0a1b2-2"],
            true,
        );
        check("kp-l261130042200-0a1b2-2", &[], false);
    }

    #[test]
    fn the_parts_of_an_ingress_are_known_by_the_rule_for_its_cluster() {
        let uid = ingresses_of("k8s-fw-l7--0a1b2c3d4e5f6071").unwrap();
        let parts = Parts {
            ingresses: [uid.to_owned()].into(),
            ..Parts::default()
        };
        let check = |name: &str, expected: bool| assert_eq!(parts.has(name), expected, "{name}");
        check("k8s1-0a1b2c3d-work-web-80-11223344", true);
        check("k8s2-um-0a1b2c3d-work-web-11223344", true);
        check("k8s2-um-0a1b2c3e-work-web-11223344", false);
        check("k8s2-um-0a1b2c3d4-work-web", false);
        check("k8s2-0a1b2c3d-work", false);
        check("gkegw1-0a1b2c3d-work", false);
        assert_eq!(ingresses_of("k8s-fw-a0123"), None);
        assert_eq!(ingresses_of("k8s-fw-l7--0a"), None);
    }

    #[test]
    fn a_firewall_rule_names_the_balancer_that_it_is_for() {
        let check = |rule: &str, expected: Option<&str>| {
            assert_eq!(part_of(rule).as_deref(), expected, "{rule}");
        };
        check("k8s-fw-a0123", Some("a0123"));
        check("k8s-4bfc-node-http-hc", Some("k8s-4bfc-node"));
        check("gke-kp-r1-0a1b-vms", None);
        check("theirs-http-hc", None);
    }
}
