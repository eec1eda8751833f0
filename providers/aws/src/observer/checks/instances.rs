//! What the instances behind the nodes have: part of the rows `aws.security_groups` and `aws.node_group`.
//!
//! A rule, a tag or a disk that no instance has proves nothing.

use aws_sdk_ec2::types::SecurityGroup;
use aws_sdk_eks::types::Cluster;
use kubeproof_contract::run::{RUN_TAG, Run};

use super::Findings;
use super::security_groups::gives;
use crate::observer::view::nodes::NodeView;
use crate::spec::{Capacity, EksSpec};

/// Every rule of the scenario must reach every node.
pub(super) fn groups(
    findings: &mut Findings,
    spec: &EksSpec,
    (groups, nodes): (&[SecurityGroup], &[NodeView]),
    cluster: Option<&Cluster>,
) {
    for node in nodes {
        for asked in &spec.ingress {
            let let_in = groups
                .iter()
                .filter(|group| {
                    node.groups
                        .iter()
                        .any(|(id, _)| group.group_id() == Some(id))
                })
                .any(|group| gives(asked, group));
            findings.require(let_in, || {
                format!(
                    "{} carries no group that lets {} reach port {}",
                    node.id, asked.cidr.0, asked.port
                )
            });
        }
        let names: Vec<String> = node
            .groups
            .iter()
            .map(|(id, name)| format!("{id} {name}"))
            .collect();
        findings.note(format!("{} carries [{}]", node.id, names.join(", ")));
    }
    let of_cluster = cluster
        .and_then(|cluster| cluster.resources_vpc_config()?.cluster_security_group_id())
        .unwrap_or_default();
    let inside = nodes
        .iter()
        .filter(|node| node.groups.iter().any(|(id, _)| id == of_cluster));
    findings.note(format!(
        "{} of {} nodes carry the cluster's own group {of_cluster}",
        inside.count(),
        nodes.len()
    ));
}

/// Disks and capacity as the scenario asks, and how many of them carry the run's tag. Provisioners that leave tagging
/// to EKS's defaults have none there, so that is reported and not judged.
pub(super) fn disks_tags_and_capacity(
    findings: &mut Findings,
    spec: &EksSpec,
    run: &Run,
    nodes: &[NodeView],
) {
    for node in nodes {
        let Some((size, _)) = node.disk else {
            continue;
        };
        let of_type = spec
            .node_groups
            .0
            .iter()
            .filter(|group| group.instance_type.0 == node.instance_type);
        let sizes: Vec<u32> = of_type.map(|group| group.disk_gb.0).collect();
        let fits = sizes
            .iter()
            .any(|asked| i64::from(*asked) == i64::from(size));
        findings.require(sizes.is_empty() || fits, || {
            format!(
                "{} has a root disk of {size} GB, asked for {sizes:?}",
                node.id
            )
        });
    }
    let spots = nodes.iter().filter(|node| node.spot).count();
    let asked = spec.node_groups.0.iter();
    let asked = asked.filter(|group| group.capacity == Capacity::Spot);
    let asked: u32 = asked.map(|group| group.count.0).sum();
    let has_spot = spots > 0 || asked > 0;
    findings.require(nodes.is_empty() || spots == asked as usize, || {
        format!("{spots} instances are spot instances, asked for {asked}")
    });
    if has_spot {
        findings.note(format!(
            "{spots} of {} instances are spot instances",
            nodes.len()
        ));
    }
    let all = nodes.len();
    let tagged = nodes.iter().filter(|node| node.tagged).count();
    let disks = nodes.iter().filter_map(|node| node.disk);
    let tagged_disks = disks.filter(|(_, tagged)| *tagged).count();
    findings.note(format!(
        "{RUN_TAG}={} on {tagged} of {all} instances and {tagged_disks} of {all} root disks",
        run.id
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> EksSpec {
        let text = r#"{"kubernetes_version":"1.34","ingress":[{"port":22,"cidr":"203.0.113.0/24"}],
            "node_groups":[{"name":"n","instance_type":"t3.medium","count":2}]}"#;
        serde_json::from_str(text).unwrap()
    }

    fn node(group: &str, disk_gb: i32) -> NodeView {
        NodeView {
            id: "i-1".to_owned(),
            instance_type: "t3.medium".to_owned(),
            groups: vec![(group.to_owned(), String::new())],
            tagged: true,
            spot: false,
            disk: Some((disk_gb, false)),
        }
    }

    fn letting_in(id: &str) -> SecurityGroup {
        use aws_sdk_ec2::types::{IpPermission, IpRange};
        let range = IpRange::builder().cidr_ip("203.0.113.0/24").build();
        let rule = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(22)
            .to_port(22)
            .ip_ranges(range)
            .build();
        let group = SecurityGroup::builder().group_id(id);
        group.ip_permissions(rule).build()
    }

    #[test]
    fn a_rule_in_a_group_that_a_node_does_not_have_does_not_count() {
        let wrong = |carried: &str| {
            let mut findings = Findings::default();
            let seen = (&[letting_in("sg-1")][..], &[node(carried, 20)][..]);
            groups(&mut findings, &spec(), seen, None);
            findings.wrong
        };
        assert_eq!(wrong("sg-1"), Vec::<String>::new());
        assert_eq!(
            wrong("sg-2"),
            ["i-1 carries no group that lets 203.0.113.0/24 reach port 22"]
        );
    }

    #[test]
    fn a_root_disk_of_another_size_is_wrong_and_missing_tags_are_reported() {
        let run = Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().unwrap());
        let look = |disk_gb: i32| {
            let mut findings = Findings::default();
            disks_tags_and_capacity(&mut findings, &spec(), &run, &[node("sg-1", disk_gb)]);
            findings
        };
        assert_eq!(look(20).wrong, Vec::<String>::new());
        assert_eq!(
            look(30).wrong,
            ["i-1 has a root disk of 30 GB, asked for [20]"]
        );
        assert_eq!(
            look(20).seen,
            ["kubeproof:run=r1 on 1 of 1 instances and 0 of 1 root disks"]
        );
    }

    #[test]
    fn instances_have_the_requested_capacity_whatever_their_group_says() {
        let run = Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().unwrap());
        let check = |asked: &str, spots: &[bool], expected: &[&str]| {
            let mut spec = spec();
            spec.node_groups.0[0].capacity = serde_json::from_str(asked).unwrap();
            let nodes: Vec<NodeView> = spots
                .iter()
                .map(|spot| NodeView {
                    spot: *spot,
                    ..node("sg-1", 20)
                })
                .collect();
            let mut findings = Findings::default();
            disks_tags_and_capacity(&mut findings, &spec, &run, &nodes);
            assert_eq!(findings.wrong, expected, "{asked} {spots:?}");
        };
        check("\"on-demand\"", &[false, false], &[]);
        check("\"spot\"", &[true, true], &[]);
        check(
            "\"spot\"",
            &[true, false],
            &["1 instances are spot instances, asked for 2"],
        );
        check(
            "\"on-demand\"",
            &[true, false],
            &["1 instances are spot instances, asked for 0"],
        );
    }
}
