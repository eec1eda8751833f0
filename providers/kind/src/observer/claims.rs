//! Ownership claims of others: a resource of this machine with the label of another cluster, or without one.
//!
//! Pure. This is only a claim: a program under test may make a cluster of any name. Each claim names the container,
//! network or volume that must have been made for it, so that the calls of a run can refute it.

use kubeproof_contract::observer::OwnershipClaim;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::{RUN_TAG, Run};

use super::inventory::{CONTAINER_PROPERTY, OUR_PREFIX, WHY_PROPERTY};
use super::{CLUSTER_PROPERTY, CONTAINER, CONTEXT, NETWORK, NODE, PORT, VOLUME};

/// Length of the name of a volume that the engine named.
const ANONYMOUS: usize = 64;

/// The claim that a resource is somebody else's. `None` when anything says that it is the run's, or nothing says whose
/// it is.
pub fn of(run: &Run, resource: &Resource, inventory: &[Resource]) -> Option<OwnershipClaim> {
    let cluster = resource.properties.get(CLUSTER_PROPERTY);
    if run.owns(&resource.tags) || cluster.is_some_and(|name| *name == run.name("")) {
        return None;
    }
    let itself = || vec![resource.id.clone()];
    let container = resource.properties.get(CONTAINER_PROPERTY);
    let rests_on = match resource.resource_type.as_str() {
        NODE | CONTAINER | NETWORK => itself(),
        PORT => container.cloned().into_iter().collect(),
        VOLUME => match container {
            Some(container) => vec![resource.id.clone(), container.clone()],
            None if is_anonymous(&resource.id) => return None,
            None => itself(),
        },
        // A file does not show who wrote it, so the nodes of its cluster must be somebody else's.
        CONTEXT => nodes_of(cluster?, inventory),
        _ => return None,
    };
    Some(OwnershipClaim {
        text: words(resource, cluster),
        run: other(cluster, resource),
        rests_on,
    })
}

fn words(resource: &Resource, cluster: Option<&String>) -> String {
    match (resource.properties.get(WHY_PROPERTY), cluster) {
        (Some(why), Some(cluster)) => format!("of the cluster {cluster}: {why}"),
        (Some(why), None) => why.clone(),
        (None, Some(cluster)) => format!("it belongs to the cluster {cluster}"),
        (None, None) => "it belongs to no cluster".to_owned(),
    }
}

/// The run whose marks it carries, if any.
fn other(cluster: Option<&String>, resource: &Resource) -> Option<String> {
    let of_name = cluster.and_then(|name| name.strip_prefix(OUR_PREFIX));
    let of_label = resource.tags.get(RUN_TAG).map(String::as_str);
    of_label.or(of_name).map(str::to_owned)
}

fn is_anonymous(volume: &str) -> bool {
    volume.len() == ANONYMOUS && volume.chars().all(|c| c.is_ascii_hexdigit())
}

fn nodes_of(cluster: &str, inventory: &[Resource]) -> Vec<String> {
    let of_cluster = inventory.iter().filter(|other| {
        let name = other.properties.get(CLUSTER_PROPERTY);
        other.resource_type == NODE && name.is_some_and(|name| name == cluster)
    });
    of_cluster.map(|node| node.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::REGION;
    use super::*;

    fn run() -> Run {
        Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().expect("a date"))
    }

    fn resource(resource_type: &str, id: &str, properties: &[(&str, &str)]) -> Resource {
        let mut resource = Resource::new(resource_type, id, REGION);
        for (key, value) in properties {
            resource
                .properties
                .insert((*key).to_owned(), (*value).to_owned());
        }
        resource
    }

    /// What is claimed: the run that is named, and the resource that supports the claim.
    #[track_caller]
    fn check(
        resource: &Resource,
        inventory: &[Resource],
        expected: Option<(Option<&str>, &[&str])>,
    ) {
        let claim = of(&run(), resource, inventory);
        let seen = claim.as_ref().map(|claim| {
            let rests_on: Vec<&str> = claim.rests_on.iter().map(String::as_str).collect();
            (claim.run.as_deref(), rests_on)
        });
        assert_eq!(seen, expected.map(|(run, ids)| (run, ids.to_vec())));
    }

    const EXTRA: (&str, &str) = (CLUSTER_PROPERTY, "extra");
    const OTHER_RUN: (&str, &str) = (CLUSTER_PROPERTY, "kp-r2");

    #[test]
    fn a_cluster_of_another_name_is_claimed_by_its_nodes() {
        let node = resource(NODE, "n1", &[EXTRA]);
        check(&node, &[], Some((None, &["n1"])));
        check(
            &resource(NODE, "n2", &[OTHER_RUN]),
            &[],
            Some((Some("r2"), &["n2"])),
        );
        let port = resource(PORT, "127.0.0.1:1", &[EXTRA, (CONTAINER_PROPERTY, "n1")]);
        check(&port, &[], Some((None, &["n1"])));
        let context = resource(CONTEXT, "f#kind-extra", &[EXTRA]);
        check(&context, std::slice::from_ref(&node), Some((None, &["n1"])));
        // A file alone shows nothing.
        check(&context, &[], Some((None, &[])));
    }

    #[test]
    fn a_container_of_no_cluster_its_volume_and_a_named_one_are_claimed_by_what_was_made() {
        check(&resource(CONTAINER, "c1", &[]), &[], Some((None, &["c1"])));
        let of_container = resource(VOLUME, "reg", &[(CONTAINER_PROPERTY, "c1")]);
        check(&of_container, &[], Some((None, &["reg", "c1"])));
        check(&resource(VOLUME, "reg", &[]), &[], Some((None, &["reg"])));
        // The owner of a volume without a name and without a container is unknown.
        check(&resource(VOLUME, &"0a".repeat(32), &[]), &[], None);
        check(&resource(NETWORK, "net", &[]), &[], Some((None, &["net"])));
    }

    #[test]
    fn what_is_marked_as_the_runs_is_not_claimed_by_anyone_else() {
        check(
            &resource(NODE, "n1", &[(CLUSTER_PROPERTY, "kp-r1")]),
            &[],
            None,
        );
        let mut labelled = resource(CONTAINER, "c1", &[]);
        labelled.tags = run().tags();
        check(&labelled, &[], None);
    }
}
