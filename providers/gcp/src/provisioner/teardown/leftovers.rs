//! What the run has in Compute Engine, and what Kubernetes leaves there: which collections, and what proves that a
//! resource is the run's.
//!
//! Most parts of load balancers have neither labels nor a network: see `balancers`.

mod balancers;

use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use super::super::compute::{self, Place};
use super::super::{Work, network};
use crate::api::types::ComputeResource;
use balancers::Parts;

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
    /// The same, or a firewall rule of the run names the balancer that it is a part of.
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
pub(super) const HTTP_PROXIES: Collection = global(
    "targetHttpProxies.list",
    "targetHttpProxies.delete",
    Proof::Balancer,
);
pub(super) const HTTPS_PROXIES: Collection = global(
    "targetHttpsProxies.list",
    "targetHttpsProxies.delete",
    Proof::Balancer,
);
pub(super) const URL_MAPS: Collection = global("urlMaps.list", "urlMaps.delete", Proof::Balancer);
pub(super) const CERTIFICATES: Collection = global(
    "sslCertificates.list",
    "sslCertificates.delete",
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
    Proof::Balancer,
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
/// What a workload makes of disks bears only the marks that it is given.
pub(super) const SNAPSHOTS: Collection = global("snapshots.list", "snapshots.delete", Proof::Mark);
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
        Proof::Balancer if !listed.is_empty() => balancers::parts(work).await?,
        _ => Parts::default(),
    };
    let is_ours = |one: &ComputeResource| {
        compute::is_marked(work, one)
            || match collection.proof {
                Proof::Mark => false,
                Proof::Network => in_network(work, one),
                Proof::Balancer => in_network(work, one) || parts.has(&one.name),
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

#[cfg(test)]
pub(super) mod tests {
    use kubeproof_contract::disk::Files;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::Api;
    use crate::spec::tests::spec;
    use kubeproof_simkit::bench::connection;

    pub(in super::super) fn work(network: Value) -> Work {
        Work::new(
            Api::new(&connection(Files::empty())),
            &spec(json!({ "network": network })),
        )
    }

    pub(in super::super) fn resource(value: Value) -> ComputeResource {
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
}
