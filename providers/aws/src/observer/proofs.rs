//! The proofs that a resource belongs to a run: its tags, names, parents and properties.
//!
//! Pure: an orphan is only reported with a proof.

use std::collections::BTreeMap;

use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::{RUN_TAG, Run};

/// Tag keys whose value is the name of a cluster.
const CLUSTER_TAGS: &[&str] = &[
    "eks:cluster-name",
    "aws:eks:cluster-name",
    "eks:eks-cluster-name",
    "alpha.eksctl.io/cluster-name",
    "cluster.k8s.amazonaws.com/name",
    "elbv2.k8s.aws/cluster",
    "KubernetesCluster",
];

/// Tag keys that end with the name of a cluster.
const CLUSTER_KEYS: &[&str] = &["kubernetes.io/cluster/", "k8s.io/cluster-autoscaler/"];

/// Properties that name a parent: the parent's resource type, and how the proof reads.
const PARENTS: &[(&str, &str)] = &[
    ("vpc_id", "vpc"),
    ("subnet_id", "subnet"),
    ("instance_id", "ec2_instance"),
    ("volume_id", "ebs_volume"),
    ("cluster", "eks_cluster"),
    ("key_id", "kms_key"),
    ("roles", "iam_role"),
];

/// The proofs that a resource belongs to the run. Parents are looked up in the inventory.
pub fn of(run: &Run, resource: &Resource, inventory: &[Resource]) -> Vec<String> {
    let mut proofs = own(run, resource);
    for parent in parents(resource, inventory) {
        if !own(run, parent).is_empty() {
            let (of_type, id) = (&parent.resource_type, &parent.id);
            proofs.push(format!("its {of_type} {id} belongs to the run"));
        }
    }
    proofs
}

/// What a resource depends on, as far as the inventory shows it.
pub fn parents<'a>(
    resource: &'a Resource,
    inventory: &'a [Resource],
) -> impl Iterator<Item = &'a Resource> {
    let named = PARENTS.iter().filter_map(|(fact, of_type)| {
        let ids = resource.properties.get(*fact)?;
        Some(ids.split_whitespace().map(move |id| (*of_type, id)))
    });
    named.flatten().filter_map(|(of_type, id)| {
        let mut all = inventory.iter();
        all.find(|other| other.resource_type == of_type && other.id == id)
    })
}

/// The proofs that a resource carries itself.
fn own(run: &Run, resource: &Resource) -> Vec<String> {
    let cluster = run.name("");
    let mut proofs = Vec::new();
    if run.owns(&resource.tags) {
        proofs.push(format!("tag {RUN_TAG}={}", run.id));
    }
    proofs.extend(cluster_tags(&cluster, &resource.tags));
    let name = resource.name.as_deref().unwrap_or_default();
    if [name, &resource.id]
        .iter()
        .any(|text| holds(text, &cluster))
    {
        proofs.push(format!("its name holds {cluster}"));
    }
    if let Some(text) = resource
        .properties
        .get("description")
        .filter(|text| holds(text, &cluster))
    {
        proofs.push(format!("described as \"{text}\""));
    }
    proofs
}

fn cluster_tags(cluster: &str, tags: &BTreeMap<String, String>) -> Vec<String> {
    let names_it = |(key, value): &(&String, &String)| {
        (CLUSTER_TAGS.contains(&key.as_str()) && value.as_str() == cluster)
            || CLUSTER_KEYS
                .iter()
                .any(|start| key.strip_prefix(start) == Some(cluster))
    };
    tags.iter()
        .filter(names_it)
        .map(|(key, value)| format!("tag {key}={value}"))
        .collect()
}

/// Whether a text holds the name as a whole: `kp-r1` is not in `kp-r10`, nor in `xkp-r1`.
fn holds(text: &str, name: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.match_indices(name).any(|(at, _)| {
        !part(text[..at].chars().next_back()) && !part(text[at + name.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().unwrap())
    }

    fn check(resource: Resource, expected: &[&str]) {
        let mut vpc = Resource::new("vpc", "vpc-1", "us-east-1");
        vpc.tags = run().tags();
        assert_eq!(of(&run(), &resource, &[vpc]), expected);
    }

    #[test]
    fn a_tag_a_name_a_parent_or_a_description_is_a_proof() {
        let thing = || Resource::new("thing", "t-1", "us-east-1");
        let with = |change: &dyn Fn(&mut Resource)| {
            let mut resource = thing();
            change(&mut resource);
            resource
        };
        check(thing(), &[]);
        check(
            with(&|it| it.tags = run().tags()),
            &["tag kubeproof:run=r1"],
        );
        check(
            with(&|it| it.name = Some("kp-r1-nodes".to_owned())),
            &["its name holds kp-r1"],
        );
        check(
            with(&|it| {
                drop(
                    it.tags
                        .insert("kubernetes.io/cluster/kp-r1".into(), "owned".into()),
                );
            }),
            &["tag kubernetes.io/cluster/kp-r1=owned"],
        );
        check(
            with(&|it| drop(it.properties.insert("vpc_id".into(), "vpc-1".into()))),
            &["its vpc vpc-1 belongs to the run"],
        );
        check(
            with(&|it| {
                drop(
                    it.properties
                        .insert("description".into(), "Amazon EKS kp-r1".into()),
                );
            }),
            &["described as \"Amazon EKS kp-r1\""],
        );
    }

    #[test]
    fn another_runs_name_is_no_proof() {
        let mut other = Resource::new("eks_cluster", "kp-r10", "us-east-1");
        other
            .tags
            .insert("eks:cluster-name".to_owned(), "kp-r10".to_owned());
        other
            .properties
            .insert("vpc_id".to_owned(), "vpc-9".to_owned());
        check(other, &[]);
    }
}
