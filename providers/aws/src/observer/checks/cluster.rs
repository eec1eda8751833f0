//! Rows `aws.cluster` and `aws.node_group`: status, versions, instance types and counts as the scenario asks.
//!
//! These rows ask EKS, not the cluster's own API.

use aws_sdk_eks::types::{CapacityTypes, Nodegroup};
use kubeproof_contract::check::Check;
use kubeproof_contract::run::Run;

use super::{Findings, check, instances};
use crate::observer::view::View;
use crate::spec::{Capacity, EksSpec, NodeGroup};

pub(super) fn cluster(spec: &EksSpec, run: &Run, view: &View) -> Check {
    check("aws.cluster", || {
        let mut findings = Findings::default();
        let Some(cluster) = view.cluster.clone()? else {
            findings
                .wrong
                .push(format!("there is no cluster {}", run.name("")));
            return Ok(findings);
        };
        let name = cluster.name().unwrap_or_default();
        let status = cluster.status().map_or("", |status| status.as_str());
        let version = cluster.version().unwrap_or_default();
        let asked = &spec.kubernetes_version.0;
        findings.require(status == "ACTIVE", || format!("cluster {name} is {status}"));
        findings.require(version == asked, || {
            format!("cluster {name} runs Kubernetes {version}, asked for {asked}")
        });
        let logged = cluster.logging().is_some_and(|logging| {
            logging
                .cluster_logging()
                .iter()
                .any(|set| set.enabled() == Some(true))
        });
        let allowed = logged && spec.demand.allows_more();
        findings.require(allowed || logged == spec.control_plane_logs, || {
            format!(
                "control-plane logs: {logged}, asked for {}",
                spec.control_plane_logs
            )
        });
        for issue in cluster.health().iter().flat_map(|health| health.issues()) {
            let code = issue.code().map_or("", |code| code.as_str());
            findings
                .wrong
                .push(format!("{code}: {}", issue.message().unwrap_or_default()));
        }
        findings.note(format!("{name} {status}, Kubernetes {version}"));
        Ok(findings)
    })
}

pub(super) fn node_groups(spec: &EksSpec, run: &Run, view: &View) -> Check {
    check("aws.node_group", || {
        let mut findings = judge(spec, &view.node_groups.clone()?);
        let nodes = view.nodes.clone()?;
        instances::disks_tags_and_capacity(&mut findings, spec, run, &nodes);
        Ok(findings)
    })
}

fn judge(spec: &EksSpec, groups: &[Nodegroup]) -> Findings {
    let mut findings = Findings::default();
    let asked = &spec.node_groups.0;
    findings.require(groups.len() == asked.len(), || {
        format!("{} node groups, asked for {}", groups.len(), asked.len())
    });
    let mut left: Vec<&Nodegroup> = groups.iter().collect();
    for wanted in asked {
        // Names are the provisioner's choice: a group is matched by its name or by what it is.
        let named = left.iter().position(|group| is_named(group, wanted));
        let alike = || {
            left.iter()
                .position(|group| difference(group, wanted).is_empty())
        };
        match named.or_else(alike).or((!left.is_empty()).then_some(0)) {
            Some(place) => look(&mut findings, spec, left.remove(place), wanted),
            None => findings
                .wrong
                .push(format!("node group {} is missing", wanted.name.as_str())),
        }
    }
    findings
}

fn look(findings: &mut Findings, spec: &EksSpec, group: &Nodegroup, wanted: &NodeGroup) {
    let name = group.nodegroup_name().unwrap_or_default();
    let status = group.status().map_or("", |status| status.as_str());
    let version = group.version().unwrap_or_default();
    let asked = &spec.kubernetes_version.0;
    findings.require(status == "ACTIVE", || {
        format!("node group {name} is {status}")
    });
    findings.require(version == asked, || {
        format!("node group {name} runs Kubernetes {version}, asked for {asked}")
    });
    findings.wrong.extend(
        difference(group, wanted)
            .iter()
            .map(|what| format!("{name}: {what}")),
    );
    for issue in group.health().iter().flat_map(|health| health.issues()) {
        let code = issue.code().map_or("", |code| code.as_str());
        findings.wrong.push(format!(
            "{name} {code}: {}",
            issue.message().unwrap_or_default()
        ));
    }
    let types = group.instance_types().join(", ");
    findings.note(format!(
        "{name} {status}: {} × {types}, Kubernetes {version}",
        count(group)
    ));
}

/// How a node group differs from the scenario.
fn difference(group: &Nodegroup, wanted: &NodeGroup) -> Vec<String> {
    let mut differs = Vec::new();
    let types = group.instance_types();
    if types != [wanted.instance_type.0.clone()] {
        let types = types.join(", ");
        differs.push(format!(
            "instances [{types}], asked for {}",
            wanted.instance_type.0
        ));
    }
    if count(group) != i64::from(wanted.count.0) {
        differs.push(format!(
            "{} nodes, asked for {}",
            count(group),
            wanted.count.0
        ));
    }
    let capacity = match group.capacity_type() {
        Some(CapacityTypes::Spot) => Capacity::Spot,
        _ => Capacity::OnDemand,
    };
    if capacity != wanted.capacity {
        differs.push(format!("{capacity} nodes, asked for {}", wanted.capacity));
    }
    // A group with a launch template has its disk there: then the disks themselves are checked.
    let disk_gb = group.disk_size().map(i64::from);
    if disk_gb.is_some_and(|size| size != i64::from(wanted.disk_gb.0)) {
        let size = disk_gb.unwrap_or_default();
        differs.push(format!(
            "disks of {size} GB, asked for {}",
            wanted.disk_gb.0
        ));
    }
    differs
}

fn is_named(group: &Nodegroup, wanted: &NodeGroup) -> bool {
    let name = group.nodegroup_name().unwrap_or_default();
    let wanted = wanted.name.as_str();
    name == wanted
        || name
            .strip_suffix(wanted)
            .is_some_and(|rest| rest.ends_with('-'))
}

/// The number of nodes that the group keeps.
fn count(group: &Nodegroup) -> i64 {
    group
        .scaling_config()
        .and_then(aws_sdk_eks::types::NodegroupScalingConfig::desired_size)
        .map_or(0, i64::from)
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{NodegroupScalingConfig, NodegroupStatus};

    use super::*;

    fn wrong(instance_type: &str, count: i32, status: NodegroupStatus) -> Vec<String> {
        let text = r#"{"kubernetes_version":"1.34",
            "node_groups":[{"name":"n","instance_type":"t3.medium","count":2}]}"#;
        let spec: EksSpec = serde_json::from_str(text).unwrap();
        let group = Nodegroup::builder()
            .nodegroup_name("kp-r1-n")
            .status(status)
            .version("1.34")
            .instance_types(instance_type)
            .scaling_config(
                NodegroupScalingConfig::builder()
                    .desired_size(count)
                    .build(),
            )
            .disk_size(20);
        judge(&spec, &[group.build()]).wrong
    }

    #[test]
    fn a_node_group_is_held_against_what_was_asked_for() {
        let active = NodegroupStatus::Active;
        assert_eq!(wrong("t3.medium", 2, active.clone()), Vec::<String>::new());
        assert_eq!(
            wrong("t3.large", 3, active),
            [
                "kp-r1-n: instances [t3.large], asked for t3.medium",
                "kp-r1-n: 3 nodes, asked for 2"
            ]
        );
        assert_eq!(
            wrong("t3.medium", 2, NodegroupStatus::Degraded),
            ["node group kp-r1-n is DEGRADED"]
        );
    }
}
