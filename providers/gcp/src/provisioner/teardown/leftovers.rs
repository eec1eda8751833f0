//! What the run has in Compute Engine, and what Kubernetes leaves there: which collections, and what proves that a
//! resource is the run's.
//!
//! Most parts of load balancers have neither labels nor a network. They are known by their firewall rule, which has
//! one: `k8s-fw-NAME` belongs to the balancer `NAME`, and `k8s-UID-node-http-hc` to the health check `k8s-UID-node`;
//! or by the machines in their target pool.

use std::collections::BTreeSet;

use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use super::super::compute::{self, Place};
use super::super::{Work, network};
use crate::api::types::{ComputeResource, last};

/// The label in which disks name the cluster whose claims they were made for.
const CLUSTER_LABEL: &str = "goog-k8s-cluster-name";

/// How a collection is listed.
#[derive(Clone, Copy, Debug)]
enum List {
    /// All scopes at once, below this member.
    Aggregated(&'static str, &'static str),
    /// One list without scopes.
    Global(&'static str),
}

/// What proves that a resource is the run's, besides its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// Only the mark, and the run's own name.
    Mark,
    /// The run's own network, or machines of the run's cluster.
    Network,
    /// A firewall rule of the run names the balancer that it is a part of.
    Balancer,
    /// It was made for a claim in the run's cluster, and no machine uses it.
    Claim,
}

/// A collection of Compute Engine in which a run can leave something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Collection {
    list: List,
    /// The call that deletes one that is global, in a region, in a zone.
    delete: [Option<&'static str>; 3],
    proof: Proof,
}

const fn global(list: &'static str, delete: &'static str, proof: Proof) -> Collection {
    Collection {
        list: List::Global(list),
        delete: [Some(delete), None, None],
        proof,
    }
}

const fn aggregated(
    (list, member): (&'static str, &'static str),
    delete: [Option<&'static str>; 3],
    proof: Proof,
) -> Collection {
    Collection {
        list: List::Aggregated(list, member),
        delete,
        proof,
    }
}

pub(super) const FORWARDING_RULES: Collection = aggregated(
    ("forwardingRules.aggregatedList", "forwardingRules"),
    [
        Some("globalForwardingRules.delete"),
        Some("forwardingRules.delete"),
        None,
    ],
    Proof::Balancer,
);
pub(super) const TARGET_POOLS: Collection = aggregated(
    ("targetPools.aggregatedList", "targetPools"),
    [None, Some("targetPools.delete"), None],
    Proof::Balancer,
);
pub(super) const BACKEND_SERVICES: Collection = aggregated(
    ("backendServices.aggregatedList", "backendServices"),
    [
        Some("backendServices.delete"),
        Some("regionBackendServices.delete"),
        None,
    ],
    Proof::Balancer,
);
pub(super) const HEALTH_CHECKS: Collection = aggregated(
    ("healthChecks.aggregatedList", "healthChecks"),
    [
        Some("healthChecks.delete"),
        Some("regionHealthChecks.delete"),
        None,
    ],
    Proof::Balancer,
);
pub(super) const HTTP_HEALTH_CHECKS: Collection = global(
    "httpHealthChecks.list",
    "httpHealthChecks.delete",
    Proof::Balancer,
);
pub(super) const NETWORK_ENDPOINT_GROUPS: Collection = aggregated(
    (
        "networkEndpointGroups.aggregatedList",
        "networkEndpointGroups",
    ),
    [None, None, Some("networkEndpointGroups.delete")],
    Proof::Network,
);
pub(super) const INSTANCE_GROUPS: Collection = aggregated(
    ("instanceGroups.aggregatedList", "instanceGroups"),
    [None, None, Some("instanceGroups.delete")],
    Proof::Network,
);
pub(super) const ADDRESSES: Collection = aggregated(
    ("addresses.aggregatedList", "addresses"),
    [
        Some("globalAddresses.delete"),
        Some("addresses.delete"),
        None,
    ],
    Proof::Balancer,
);
pub(super) const DISKS: Collection = aggregated(
    ("disks.aggregatedList", "disks"),
    [None, Some("regionDisks.delete"), Some("disks.delete")],
    Proof::Claim,
);
pub(super) const FIREWALLS: Collection =
    global("firewalls.list", "firewalls.delete", Proof::Network);
pub(super) const ROUTES: Collection = global("routes.list", "routes.delete", Proof::Network);
pub(super) const ROUTERS: Collection = aggregated(
    ("routers.aggregatedList", "routers"),
    [None, Some("routers.delete"), None],
    Proof::Network,
);
pub(super) const SUBNETWORKS: Collection = aggregated(
    ("subnetworks.aggregatedList", "subnetworks"),
    [None, Some("subnetworks.delete"), None],
    Proof::Network,
);
pub(super) const NETWORKS: Collection = global("networks.list", "networks.delete", Proof::Mark);

/// The run's resources in a collection.
async fn owned(work: &Work, collection: &Collection) -> Result<Vec<ComputeResource>, CallError> {
    let listed = match collection.list {
        List::Global(call) => compute::list(work, call, &Place::Global).await?,
        List::Aggregated(call, member) => compute::list_all(work, call, member).await?,
    };
    let parts = match collection.proof {
        Proof::Balancer if !listed.is_empty() => balancer_parts(work).await?,
        _ => BTreeSet::new(),
    };
    let is_ours = |one: &ComputeResource| {
        compute::is_marked(work, one)
            || match collection.proof {
                Proof::Mark => false,
                Proof::Network => in_network(work, one),
                Proof::Balancer => parts.contains(&one.name),
                Proof::Claim => is_of_claim(work, one),
            }
    };
    let by_hand = |one: &ComputeResource| !goes_with_network(one);
    Ok(listed.into_iter().filter(by_hand).filter(is_ours).collect())
}

/// The names of the run's resources in a collection.
pub(super) async fn names(work: &Work, collection: &Collection) -> Result<Vec<String>, CallError> {
    let owned = owned(work, collection).await?;
    Ok(owned.into_iter().map(|one| one.name).collect())
}

/// Deletes those of these names that are still the run's.
pub(super) async fn remove(
    work: &Work,
    collection: &Collection,
    names: Vec<String>,
    policy: RetryPolicy,
) -> CallErrors {
    let mut errors = CallErrors::default();
    let Some(mut owned) = errors.keep(owned(work, collection).await) else {
        return errors;
    };
    owned.retain(|one| names.contains(&one.name));
    errors
        .for_each(&owned, |one| async move {
            let place = place(one);
            let call = match place {
                Place::Global => collection.delete[0],
                Place::Region(_) => collection.delete[1],
                Place::Zone(_) => collection.delete[2],
            };
            let unknown =
                || CallError::state("delete", format!("{} is in an unknown place", one.name));
            let call = call.ok_or_else(unknown)?;
            compute::delete(work, call, &place, &one.name, policy).await
        })
        .await;
    errors
}

fn place(one: &ComputeResource) -> Place {
    let location = || one.location().unwrap_or_default().to_owned();
    match (&one.zone, &one.region) {
        (Some(_), _) => Place::Zone(location()),
        (None, Some(_)) => Place::Region(location()),
        (None, None) => Place::Global,
    }
}

/// Whether it is in the run's own network, or is for machines of the run's cluster.
fn in_network(work: &Work, one: &ComputeResource) -> bool {
    let own = work.spec.network.existing.is_none();
    let in_own = own && one.network_name() == Some(network::name(work).as_str());
    // The tag of a cluster's machines is `gke-CLUSTER-HASH-node`; the run's id is all of its name.
    let prefix = format!("gke-{}-", work.run().name(""));
    let is_tag = |tag: &String| tag.strip_prefix(&prefix).is_some_and(is_hash_of_nodes);
    in_own || one.target_tags.iter().any(is_tag)
}

/// `HASH-node`, so that the tags of a run whose id begins with this one's are told apart.
fn is_hash_of_nodes(rest: &str) -> bool {
    let hash = rest.strip_suffix("-node").unwrap_or_default();
    !hash.is_empty() && hash.chars().all(|c| c.is_ascii_hexdigit())
}

/// Routes that the cloud makes with a network or subnetwork, and deletes with it.
fn goes_with_network(one: &ComputeResource) -> bool {
    one.self_link.contains("/routes/") && one.name.starts_with("default-route-")
}

/// Whether a disk was made for a claim in the run's cluster, and no machine uses it.
fn is_of_claim(work: &Work, one: &ComputeResource) -> bool {
    let name = work.run().name("");
    one.labels.get(CLUSTER_LABEL) == Some(&name) && one.users.is_empty()
}

/// The names of load balancers and their health checks, from the firewall rules of the run and from target pools with
/// its machines.
async fn balancer_parts(work: &Work) -> Result<BTreeSet<String>, CallError> {
    let rules = compute::list(work, "firewalls.list", &Place::Global).await?;
    let ours = rules.iter().filter(|rule| in_network(work, rule));
    let mut parts: BTreeSet<String> = ours.filter_map(|rule| part_of(&rule.name)).collect();
    let pools = compute::list_all(work, "targetPools.aggregatedList", "targetPools").await?;
    for pool in pools.iter().filter(|pool| has_our_machines(work, pool)) {
        let checks = pool.health_checks.iter().filter_map(|link| last(link));
        parts.extend(checks.map(str::to_owned));
        parts.insert(pool.name.clone());
    }
    Ok(parts)
}

/// Whether a target pool has machines of the run's node pools: `gke-CLUSTER-POOL-…`. The name of a node pool begins
/// with a letter, so a run whose id goes on after this one's is told apart.
fn has_our_machines(work: &Work, pool: &ComputeResource) -> bool {
    let cluster = work.run().name("");
    let pools = work.spec.node_pools.0.iter();
    let prefixes: Vec<String> = pools
        .map(|pool| format!("gke-{cluster}-{}-", pool.name.as_str()))
        .collect();
    let mut machines = pool.instances.iter().filter_map(|link| last(link));
    machines.any(|machine| prefixes.iter().any(|prefix| machine.starts_with(prefix)))
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
    use kubeproof_contract::disk::Files;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::Api;
    use crate::spec::tests::spec;
    use crate::tests::connection;

    fn work(network: Value) -> Work {
        Work::new(
            Api::new(&connection(Files::empty())),
            &spec(json!({ "network": network })),
        )
    }

    fn resource(value: Value) -> ComputeResource {
        serde_json::from_value(value).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_runs_own_network_and_machines_prove_anything() {
        let own = work(json!({}));
        let existing = json!({"existing": {"network": "default", "subnetwork": "default"}});
        let shared = work(existing);
        let check = |work: &Work, value: Value, expected: bool| {
            assert_eq!(
                in_network(work, &resource(value.clone())),
                expected,
                "{value}"
            );
        };
        let in_network = |name: &str| json!({"name": "x", "network": format!("https://c/projects/p/global/networks/{name}")});
        check(&own, in_network("kp-r1"), true);
        check(&own, in_network("kp-r1-2"), false);
        check(&own, in_network("default"), false);
        check(&shared, in_network("kp-r1"), false);
        check(&shared, in_network("default"), false);
        let tagged = |tag: &str| json!({"name": "x", "targetTags": [tag]});
        check(&shared, tagged("gke-kp-r1-0a1b2c3d-node"), true);
        check(&shared, tagged("gke-kp-r1-2-0a1b2c3d-node"), false);
        check(&shared, tagged("gke-kp-r1-node"), false);
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_of_a_claim_is_the_runs_only_when_nothing_uses_it() {
        let work = work(json!({}));
        let check = |value: Value, expected: bool| {
            assert_eq!(
                is_of_claim(&work, &resource(value.clone())),
                expected,
                "{value}"
            );
        };
        let of = |cluster: &str, users: &[&str]| json!({"name": "pvc-1", "labels": {"goog-k8s-cluster-name": cluster}, "users": users});
        check(of("kp-r1", &[]), true);
        check(of("kp-r1", &["machine"]), false);
        check(of("kp-r1-2", &[]), false);
        check(json!({"name": "pvc-1"}), false);
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_pool_with_the_runs_machines_is_the_runs() {
        let work = work(json!({}));
        let check = |machine: &str, expected: bool| {
            let link = format!("https://c/projects/p/zones/z/instances/{machine}");
            let pool = resource(json!({"name": "a0123", "instances": [link]}));
            assert_eq!(has_our_machines(&work, &pool), expected, "{machine}");
        };
        check("gke-kp-r1-main-0a1b2c3d-x4z9", true);
        check("gke-kp-r1-2-main-0a1b2c3d-x4z9", false);
        check("gke-kp-r1-other-0a1b2c3d-x4z9", false);
        check("main", false);
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
