//! The instances of a node group as nodes: their tags, size, placement, and how they join.
//!
//! Creation and scaling launch instances in the same way.

use std::collections::BTreeMap;

use kubeproof_kubernetes_simulator::cloud_provider::{NewNode, NodeRoom};

use super::node_group::{Member, NodeGroup, of_key};
use super::{GroupKey, aws_auth, pod_limits};
use crate::ec2::instances::NewInstance;
use crate::iam::role_checks::{RoleRequirements, role_is_usable};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::{autoscaling, billing, ec2};

/// Without this policy a node's network never comes up.
const NETWORK_POLICY: &str = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";

/// The health code of a group whose Auto Scaling group cannot launch its instances.
pub(super) const LAUNCH_FAILURES: &str = "AsgInstanceLaunchFailures";

/// The tags of a group's Auto Scaling group, which its instances get too.
pub(super) fn tags(cluster: &str, group: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("eks:cluster-name".to_owned(), cluster.to_owned()),
        ("eks:nodegroup-name".to_owned(), group.to_owned()),
        (
            "k8s.io/cluster-autoscaler/enabled".to_owned(),
            "true".to_owned(),
        ),
        (
            format!("k8s.io/cluster-autoscaler/{cluster}"),
            "owned".to_owned(),
        ),
        (
            format!("kubernetes.io/cluster/{cluster}"),
            "owned".to_owned(),
        ),
    ])
}

/// The zones of subnets, each once, in order.
pub(super) fn zones(state: &State, subnet_ids: &[String]) -> Vec<String> {
    let mut zones: Vec<String> = subnet_ids
        .iter()
        .filter_map(|id| Some(ec2::subnets::get(state, id)?.zone.clone()))
        .collect();
    zones.sort();
    zones.dedup();
    zones
}

/// Launches instances up to the group's desired size, spread over its subnets.
///
/// # Errors
/// EC2's, for the first instance that it refuses.
pub(super) fn launch_missing(state: &mut State, key: &GroupKey) -> Result<(), AwsError> {
    let Some(group) = of_key(state, key) else {
        return Ok(());
    };
    let group = group.clone();
    let wanted = (group.scaling.desired as usize).saturating_sub(group.short);
    for _ in group.holds.instances.len()..wanted {
        let subnet_id = emptiest_subnet(state, key, &group);
        match launch(state, key, &group, subnet_id.clone()) {
            Ok(id) => {
                let zone = zones(state, std::slice::from_ref(&subnet_id)).concat();
                autoscaling::launched(state, &group.holds.scaling_group, &id, &zone);
                if let Some(group) = of_key(state, key) {
                    group.holds.instances.insert(
                        id,
                        Member {
                            subnet_id,
                            node: None,
                        },
                    );
                }
            }
            Err(error) => {
                autoscaling::refused(state, &group.holds.scaling_group, &error.message);
                return Err(error);
            }
        }
    }
    if group.short == 0 || group.scaling.desired == 0 {
        return Ok(());
    }
    let error = no_capacity(state, key, &group);
    autoscaling::refused(state, &group.holds.scaling_group, &error.message);
    Err(error)
}

/// Auto Scaling's message for an instance without capacity. Its wording: aws/containers-roadmap
/// issue 2204, and cortexlabs/cortex issue 1258 for spot instances.
fn no_capacity(state: &mut State, key: &GroupKey, group: &NodeGroup) -> AwsError {
    let reason = if group.is_spot() {
        "Could not launch Spot Instances. InsufficientInstanceCapacity - There is no Spot capacity available \
         that matches your request."
            .to_owned()
    } else {
        let subnet = emptiest_subnet(state, key, group);
        format!(
            "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have \
             sufficient {} capacity in the Availability Zone you requested ({}).",
            group.instance_types.join(", "),
            zones(state, &[subnet]).concat()
        )
    };
    let message = format!("{reason} Launching EC2 instance failed.");
    AwsError::new(500, "InsufficientInstanceCapacity", message)
}

/// The subnet with the fewest instances of the group: an even spread over its zones.
fn emptiest_subnet(state: &mut State, key: &GroupKey, group: &NodeGroup) -> String {
    let used: Vec<String> = of_key(state, key)
        .map(|group| {
            group
                .holds
                .instances
                .values()
                .map(|one| one.subnet_id.clone())
                .collect()
        })
        .unwrap_or_default();
    let count = |id: &&String| used.iter().filter(|one| one == id).count();
    group
        .subnet_ids
        .iter()
        .min_by_key(count)
        .cloned()
        .unwrap_or_default()
}

fn launch(
    state: &mut State,
    key: &GroupKey,
    group: &NodeGroup,
    subnet_id: String,
) -> Result<String, AwsError> {
    let cluster = state.eks.clusters.get(&key.cluster);
    let cluster_group = cluster.map(|cluster| cluster.network.cluster_group_id.clone());
    let run_id = billing::run_of(&group.tags)
        .or_else(|| cluster.and_then(|cluster| billing::run_of(&cluster.tags)));
    let template = group.template.clone().unwrap_or_default();
    let eks_tags = tags(&key.cluster, &key.group);
    let volume_tags = eks_tags
        .iter()
        .filter(|(name, _)| name.starts_with("eks:"))
        .map(|(name, value)| (name.clone(), value.clone()));
    let volume_tags = template.volume_tags.into_iter().chain(volume_tags);
    let volume_tags = volume_tags.collect();
    let scaling_group = group.holds.scaling_group.clone();
    let mut instance_tags = template.instance_tags;
    instance_tags.extend(eks_tags);
    instance_tags.insert("aws:autoscaling:groupName".to_owned(), scaling_group);
    // Security groups of a template replace EKS's own: EKS adds nothing to them.
    let group_ids = if template.group_ids.is_empty() {
        cluster_group.into_iter().collect()
    } else {
        template.group_ids
    };
    let new = NewInstance {
        subnet_id,
        instance_type: group.instance_types.first().cloned().unwrap_or_default(),
        group_ids,
        disk_gb: group.disk_gb,
        tags: instance_tags,
        volume_tags,
        interface_tags: template.interface_tags,
        disk_stays: template.disk_stays,
        instance_profile: Some(group.holds.profile.clone()),
        run_id,
        spot: group.is_spot().then_some(template.spot_tags),
        options: ec2::launch_options::LaunchOptions::default(),
    };
    ec2::instances::run_internal(state, new)
}

/// Whether the group's instances can reach the cluster and have a network there.
pub(super) fn can_join(state: &State, key: &GroupKey, group: &NodeGroup) -> bool {
    let requirements = RoleRequirements {
        principal: "ec2.amazonaws.com",
        policies: &[&[NETWORK_POLICY]],
    };
    let live_transport = |one: &Member| ec2::route_tables::has_way_out(state, &one.subnet_id);
    let names = |one: &Member| {
        let subnet = ec2::subnets::get(state, &one.subnet_id);
        subnet.is_some_and(|subnet| ec2::vpcs::has_names(state, &subnet.vpc_id))
    };
    let cluster = state.eks.clusters.get(&key.cluster);
    cluster.is_some_and(super::addons::has_network)
        && group.holds.instances.len() >= group.scaling.desired as usize
        && group.holds.instances.values().all(live_transport)
        && group.holds.instances.values().all(names)
        && group
            .holds
            .instances
            .keys()
            .all(|id| is_let_in(state, key, id))
        && is_known(state, key, &group.role_arn)
        && role_is_usable(state, &group.role_arn, requirements).is_ok()
}

/// Whether the cluster takes machines with a role for its nodes: by an access entry, or by the config map.
fn is_known(state: &State, key: &GroupKey, role_arn: &str) -> bool {
    let Some(cluster) = state.eks.clusters.get(&key.cluster) else {
        return false;
    };
    let entry = cluster.access.get(role_arn);
    let by_entry = cluster.authentication_mode != "CONFIG_MAP"
        && entry.is_some_and(|entry| entry.entry_type.starts_with("EC2"));
    let server = state.kubernetes.get(&key.cluster);
    by_entry
        || aws_auth::is_read(cluster)
            && server.is_some_and(|server| aws_auth::lets_nodes_in(server, role_arn))
}

/// Whether an instance may talk to the control plane. Simplified: it must carry EKS's group, whose one
/// rule allows its members to; rules of other groups are not considered.
fn is_let_in(state: &State, key: &GroupKey, instance_id: &str) -> bool {
    let Some(cluster) = state.eks.clusters.get(&key.cluster) else {
        return false;
    };
    ec2::interfaces::of_instance(state, instance_id)
        .iter()
        .filter_map(|id| state.ec2.interfaces.get(id))
        .any(|one| one.group_ids.contains(&cluster.network.cluster_group_id))
}

/// All instances that have not joined yet join and are Ready.
pub(super) fn join(state: &mut State, key: &GroupKey) {
    let Some(group) = of_key(state, key).cloned() else {
        return;
    };
    for (id, member) in &group.holds.instances {
        if member.node.is_some() {
            continue;
        }
        let Some(node) = node(state, key, &group, (id.as_str(), member)) else {
            continue;
        };
        let network = ec2::subnets::get(state, &member.subnet_id).map(|subnet| subnet.cidr);
        let member = of_key(state, key).and_then(|group| group.holds.instances.get_mut(id));
        if let Some(member) = member {
            member.node = Some(node.name.clone());
        }
        if let Some(server) = state.kubernetes.get_mut(&key.cluster) {
            server.advance(state.now);
            let instance_type = group.instance_types.first().map_or("", String::as_str);
            let pods = pod_limits::pods(instance_type);
            let room = NodeRoom {
                pods,
                millicpus: pod_limits::allocatable_millicpus(node.cpus),
                memory_mib: pod_limits::allocatable_memory_mib(node.memory_mib, pods),
            };
            server.node_offers(&node.name, room);
            if let Some(network) = network {
                let size = 1 << (32 - u32::from(network.prefix_len()));
                server.node_has_network(&node.name, network.network(), size);
            }
            server.add_node(node);
        }
    }
}

fn node(
    state: &State,
    key: &GroupKey,
    group: &NodeGroup,
    (id, member): (&str, &Member),
) -> Option<NewNode> {
    let name = ec2::instances::private_dns_name(state, id)?;
    let zone = ec2::subnets::get(state, &member.subnet_id)?.zone.clone();
    let instance_type = group.instance_types.first()?;
    let size = ec2::instance_types::get(instance_type)?;
    // `ip-10-0-101-12.ec2.internal` holds the address.
    let host = name.split('.').next()?;
    let address = host.strip_prefix("ip-").unwrap_or(host).replace('-', ".");
    let mut labels = group.labels.clone();
    let region = &state.setup.region;
    for (label, value) in [
        ("eks.amazonaws.com/nodegroup", key.group.as_str()),
        (
            "eks.amazonaws.com/capacityType",
            group.capacity_type.as_str(),
        ),
        ("node.kubernetes.io/instance-type", instance_type.as_str()),
        ("topology.kubernetes.io/zone", zone.as_str()),
        ("topology.kubernetes.io/region", region.as_str()),
        ("kubernetes.io/hostname", name.as_str()),
        ("kubernetes.io/os", "linux"),
        (
            "kubernetes.io/arch",
            if group.ami_type.contains("ARM") {
                "arm64"
            } else {
                "amd64"
            },
        ),
    ] {
        labels.insert(label.to_owned(), value.to_owned());
    }
    let provider_id = format!("aws:///{zone}/{id}");
    Some(NewNode {
        name,
        provider_id,
        labels,
        cpus: size.vcpus,
        memory_mib: size.memory_mib,
        address,
    })
}

/// Terminates instances of a group and takes their nodes out of the cluster.
pub(super) fn terminate(state: &mut State, key: &GroupKey, ids: &[String]) {
    for id in ids {
        let Some(group) = of_key(state, key) else {
            return;
        };
        let node = group
            .holds
            .instances
            .remove(id)
            .and_then(|member| member.node);
        let scaling_group = group.holds.scaling_group.clone();
        if let (Some(node), Some(server)) = (node, state.kubernetes.get_mut(&key.cluster)) {
            server.advance(state.now);
            server.remove_node(&node);
        }
        ec2::instances::terminate_internal(state, id);
        autoscaling::terminated(state, &scaling_group, id);
    }
}
