//! Pods on Fargate: each runs on a node of its own, with an interface in a subnet of its profile, and is billed by what it
//! asks for.
//!
//! Sources: EKS user guide, "Understand Fargate Pod configuration details" (sizes, and 256 MiB for Kubernetes itself).
//! A pod that has ended keeps its node, its address and its price until it is deleted (aws/containers-roadmap, issue
//! 1284, which AWS answered). How long a pod waits for its node has no source.

use std::time::Duration;

use kubeproof_kubernetes_simulator::cloud_provider::{NewNode, NodeRoom};
use kubeproof_kubernetes_simulator::other_scheduler::{PodSelection, WaitingPod};
use kubeproof_kubernetes_simulator::server::ApiServer;

use super::fargate::{self, FargateProfile, ProfileKey};
use super::{Event, after};
use crate::ec2::interfaces::{self, NewInterface};
use crate::state::State;
use crate::{billing, ec2};

const SCHEDULER: &str = "fargate-scheduler";
/// The label that names a pod's profile.
const MARK: &str = "eks.amazonaws.com/fargate-profile";
const TAINT: &str = "eks.amazonaws.com/compute-type=fargate:NoSchedule";
/// How long a pod waits for its machine.
const STARTS_AFTER: Duration = Duration::from_secs(45);
/// What Kubernetes' own programs need beside a pod, MiB.
const OWN_MIB: u32 = 256;
/// Sizes: thousandths of a CPU; the least and the most memory, GiB, and the step between them.
const SIZES: &[(u32, u32, u32, u32)] = &[
    (500, 1, 4, 1),
    (1000, 2, 8, 1),
    (2000, 4, 16, 1),
    (4000, 8, 30, 1),
    (8000, 16, 60, 4),
    (16_000, 32, 120, 8),
];

/// A pod that runs on Fargate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FargatePod {
    /// Its node; none while it waits.
    pub node: Option<String>,
    /// Its interface.
    pub interface_id: Option<String>,
}

/// What a pod gets and is billed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Thousandths of a CPU.
    pub millicpus: u32,
    /// MiB.
    pub memory_mib: u32,
}

/// The smallest size with room for a pod; none if there is none.
pub fn size(millicpus: u32, memory_mib: u32) -> Option<Size> {
    let memory = memory_mib.saturating_add(OWN_MIB);
    // A quarter of a CPU alone has half a GiB.
    let quarter = [512, 1024, 2048].into_iter().find(|mib| memory <= *mib);
    if let Some(memory_mib) = quarter.filter(|_| millicpus <= 250) {
        return Some(Size {
            millicpus: 250,
            memory_mib,
        });
    }
    let fits =
        |(cpus, _, most, _): &&(u32, u32, u32, u32)| millicpus <= *cpus && memory <= most * 1024;
    let (millicpus, least, _, step) = *SIZES.iter().find(fits)?;
    let above = memory.div_ceil(1024).saturating_sub(least).div_ceil(step);
    Some(Size {
        millicpus,
        memory_mib: (least + above * step) * 1024,
    })
}

/// The cluster's new pods go to the profiles that are active and select them. Profiles are tried by their names.
pub(super) fn select(state: &mut State, cluster: &str) {
    let Some(of) = state.eks.clusters.get(cluster) else {
        return;
    };
    let active = of.fargate.values().filter(|one| one.status == "ACTIVE");
    let selections = active.flat_map(|profile| {
        let selectors = profile.selectors.iter();
        selectors.map(|selector| PodSelection {
            scheduler: SCHEDULER.to_owned(),
            namespace: selector.namespace.clone(),
            labels: selector.labels.clone(),
            mark: (MARK.to_owned(), profile.name.clone()),
        })
    });
    let selections = selections.collect();
    if let Some(server) = state.kubernetes.get_mut(cluster) {
        server.schedules(SCHEDULER, selections);
    }
}

/// Looks at all pods of profiles: new ones get a machine, and the machines of those that are deleted go.
/// Returns whether there were any of either.
pub(super) fn look(state: &mut State) -> bool {
    let with_profiles = state.eks.clusters.values();
    let names: Vec<String> = with_profiles
        .filter(|cluster| !cluster.fargate.is_empty())
        .map(|cluster| cluster.name.clone())
        .collect();
    let mut any = false;
    for cluster in names {
        any |= take_new(state, &cluster);
        any |= drop_deleted(state, &cluster);
    }
    any
}

fn keys(state: &State, cluster: &str) -> Vec<ProfileKey> {
    let cluster = state.eks.clusters.get(cluster);
    let profiles = cluster.into_iter().flat_map(|cluster| {
        let profiles = cluster.fargate.values();
        profiles.map(|profile| ProfileKey {
            cluster: cluster.name.clone(),
            profile: profile.name.clone(),
            serial: profile.serial,
        })
    });
    profiles.collect()
}

fn waiting(state: &State, cluster: &str) -> Vec<WaitingPod> {
    let server = state.kubernetes.get(cluster);
    server.map_or_else(Vec::new, |server| server.waits_for(SCHEDULER, MARK))
}

fn take_new(state: &mut State, cluster: &str) -> bool {
    let waiting = waiting(state, cluster);
    let mut any = false;
    for key in keys(state, cluster) {
        for pod in waiting.iter().filter(|pod| pod.mark == key.profile) {
            let Some(profile) = fargate::of_key(state, &key) else {
                continue;
            };
            if profile.status != "ACTIVE" || profile.pods.contains_key(pod.uid()) {
                continue;
            }
            let waits = FargatePod {
                node: None,
                interface_id: None,
            };
            profile.pods.insert(pod.uid().to_owned(), waits);
            let event = Event::FargatePodStarts(key.clone(), pod.uid().to_owned());
            after(state, STARTS_AFTER, event);
            any = true;
        }
    }
    any
}

/// The machine of a pod is there: it joins as a node, and the pod is put on it.
pub(super) fn starts(state: &mut State, key: &ProfileKey, uid: &str) {
    let Some(profile) = fargate::of_key(state, key).cloned() else {
        return;
    };
    let pods = waiting(state, &key.cluster);
    let pod = pods.into_iter().find(|pod| pod.uid() == uid);
    let placed = pod.and_then(|pod| place(state, key, &profile, &pod));
    let Some(profile) = fargate::of_key(state, key) else {
        return;
    };
    match placed {
        Some(placed) => profile.pods.insert(uid.to_owned(), placed),
        // It is gone, fits nowhere, or there is no way out yet: it is looked at again.
        None => profile.pods.remove(uid),
    };
}

fn place(
    state: &mut State,
    key: &ProfileKey,
    profile: &FargateProfile,
    pod: &WaitingPod,
) -> Option<FargatePod> {
    let size = size(pod.millicpus, pod.memory_mib)?;
    let used = profile
        .pods
        .values()
        .filter(|pod| pod.node.is_some())
        .count();
    let at = used.checked_rem(profile.subnet_ids.len())?;
    let subnet_id = profile.subnet_ids.get(at)?.clone();
    if !ec2::route_tables::has_way_out(state, &subnet_id) {
        return None;
    }
    let cluster = state.eks.clusters.get(&key.cluster)?;
    let group = cluster.network.cluster_group_id.clone();
    let tags = cluster.tags.clone();
    let run_id = billing::run_of(&profile.tags).or_else(|| billing::run_of(&tags));
    let new = NewInterface {
        subnet_id: subnet_id.clone(),
        description: String::new(),
        interface_type: "interface".to_owned(),
        requester_managed: true,
        group_ids: vec![group],
        tags: std::collections::BTreeMap::new(),
        instance_id: None,
        delete_on_termination: true,
    };
    let interface_id = interfaces::create(state, new).ok()?;
    let node = join(state, key, &interface_id, size)?;
    billing::usage::fargate_pod(state, pod.uid(), size, &profile.tags, run_id.as_deref());
    let server = state.kubernetes.get_mut(&key.cluster)?;
    server.bind(pod, SCHEDULER, &node);
    Some(FargatePod {
        node: Some(node),
        interface_id: Some(interface_id),
    })
}

/// The node of a pod joins; its name.
fn join(state: &mut State, key: &ProfileKey, interface_id: &str, size: Size) -> Option<String> {
    let interface = state.ec2.interfaces.get(interface_id)?.clone();
    let region = state.setup.region.clone();
    let host = ec2::interface_xml::private_dns_name(interface.private_ip, &region);
    let name = format!("fargate-{host}");
    let labels = [
        ("eks.amazonaws.com/compute-type", "fargate"),
        ("topology.kubernetes.io/zone", interface.zone.as_str()),
        ("topology.kubernetes.io/region", region.as_str()),
    ];
    let text = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let node = NewNode {
        name: name.clone(),
        provider_id: format!("aws:///{}/{}/{name}", interface.zone, state.ids.hex(32)),
        labels: labels.map(text).into(),
        cpus: size.millicpus.div_ceil(1000),
        memory_mib: size.memory_mib,
        address: interface.private_ip.to_string(),
    };
    let room = NodeRoom {
        pods: 1,
        millicpus: size.millicpus,
        memory_mib: size.memory_mib - OWN_MIB,
    };
    let server = state.kubernetes.get_mut(&key.cluster)?;
    server.advance(state.now);
    server.node_has_taint(&name, TAINT);
    server.node_offers(&name, room);
    // A pod's address is that of its machine: from a range whose only free address is that one.
    let first = u32::from(interface.private_ip).saturating_sub(4);
    server.node_has_network(&name, first.into(), 6);
    server.add_node(node);
    Some(name)
}

fn drop_deleted(state: &mut State, cluster: &str) -> bool {
    let empty = state.kubernetes.get(cluster);
    let empty = empty.map_or_else(Vec::new, ApiServer::empty_nodes);
    let mut any = false;
    for key in keys(state, cluster) {
        let Some(profile) = fargate::of_key(state, &key) else {
            continue;
        };
        let is_gone = |pod: &FargatePod| pod.node.as_ref().is_some_and(|node| empty.contains(node));
        let gone = profile.pods.iter().filter(|(_, pod)| is_gone(pod));
        let gone: Vec<String> = gone.map(|(uid, _)| uid.clone()).collect();
        for uid in gone {
            remove(state, &key, &uid);
            any = true;
        }
    }
    any
}

/// All pods of a profile end.
pub(super) fn remove_all(state: &mut State, key: &ProfileKey) {
    let Some(profile) = fargate::of_key(state, key) else {
        return;
    };
    let uids: Vec<String> = profile.pods.keys().cloned().collect();
    for uid in uids {
        remove(state, key, &uid);
    }
}

/// The machine of a pod goes, and is billed until now.
fn remove(state: &mut State, key: &ProfileKey, uid: &str) {
    let pod = fargate::of_key(state, key).and_then(|profile| profile.pods.remove(uid));
    let Some(pod) = pod else {
        return;
    };
    if let (Some(node), Some(server)) = (&pod.node, state.kubernetes.get_mut(&key.cluster)) {
        server.advance(state.now);
        server.remove_node(node);
    }
    billing::usage::fargate_pod_ends(state, uid);
    if let Some(id) = pod.interface_id {
        interfaces::delete_internal(state, &id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(millicpus: u32, memory_mib: u32, expected: Option<(u32, u32)>) {
        let size = size(millicpus, memory_mib).map(|size| (size.millicpus, size.memory_mib));
        assert_eq!(size, expected, "{millicpus} {memory_mib}");
    }

    #[test]
    fn a_pod_gets_the_smallest_size_with_room_for_it_and_for_kubernetes() {
        check(0, 0, Some((250, 512)));
        check(250, 256, Some((250, 512)));
        check(250, 257, Some((250, 1024)));
        // The user guide's example: 1 vCPU and 8 GB are rounded up to 2 vCPU and 9 GB.
        check(1000, 8 * 1024, Some((2000, 9 * 1024)));
        check(100, 2048, Some((500, 3 * 1024)));
        check(16_000, 120 * 1024, None);
        check(5000, 20 * 1024, Some((8000, 24 * 1024)));
    }
}
