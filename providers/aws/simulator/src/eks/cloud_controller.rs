//! What a cluster requests from the account, carried out: balancers for services, volumes for claims.
//!
//! Named and tagged as the cloud controller and the volume driver do it. When the cluster is gone, nothing
//! removes them: this is the leak that audits look for.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_kubernetes_simulator::cloud_provider::CloudProviderRequest;

use super::{Event, after, nodes};
use crate::balancing::classic::{self, NewClassic};
use crate::billing;
use crate::ec2::{self, volumes::VolumeType};
use crate::iam::service_linked;
use crate::state::State;

/// The leftovers of a removed load balancer: its security group, which its interfaces still use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancerLeftovers {
    cluster: String,
    serial: u64,
    namespace: String,
    service: String,
    group_name: String,
}

/// How often the controller tries to remove the security group, and how long it waits in between.
const REST_TRIES: u32 = 60;
const REST_EVERY: Duration = Duration::from_secs(10);

/// Carries out one request of a cluster.
pub(super) fn carry_out(state: &mut State, cluster: &str, request: CloudProviderRequest) {
    match request {
        CloudProviderRequest::CreateLoadBalancer {
            namespace,
            service,
            uid,
        } => {
            create_balancer(state, cluster, &namespace, &service, &uid);
        }
        CloudProviderRequest::DeleteLoadBalancer {
            namespace,
            service,
            uid,
        } => {
            delete_balancer(state, cluster, namespace, service, &uid);
        }
        CloudProviderRequest::CreateVolume {
            namespace,
            claim,
            volume,
            size_gib,
            node,
            parameters,
        } => {
            let place = (node.as_str(), volume_type(&parameters));
            create_volume(
                state,
                cluster,
                (&namespace, &claim),
                (&volume, size_gib),
                place,
            );
        }
        CloudProviderRequest::DeleteVolume { volume, handle } => {
            ec2::volumes::delete_internal(state, &handle);
            if let Some(server) = state.kubernetes.get_mut(cluster) {
                server.volume_removed(&volume);
            }
        }
    }
}

/// The name that the cloud controller gives to a service's balancer.
fn balancer_name(uid: &str) -> String {
    format!("a{}", uid.replace('-', ""))
        .chars()
        .take(32)
        .collect()
}

fn run_of(state: &State, cluster: &str) -> Option<String> {
    state
        .eks
        .clusters
        .get(cluster)
        .and_then(|cluster| billing::run_of(&cluster.tags))
}

fn owned(cluster: &str) -> (String, String) {
    (
        format!("kubernetes.io/cluster/{cluster}"),
        "owned".to_owned(),
    )
}

fn create_balancer(state: &mut State, cluster: &str, namespace: &str, service: &str, uid: &str) {
    let Some(network) = state
        .eks
        .clusters
        .get(cluster)
        .map(|one| one.network.clone())
    else {
        return;
    };
    service_linked::ensure(state, "elasticloadbalancing.amazonaws.com");
    let name = balancer_name(uid);
    let tags = BTreeMap::from([
        owned(cluster),
        (
            "kubernetes.io/service-name".to_owned(),
            format!("{namespace}/{service}"),
        ),
    ]);
    let group = ec2::security_groups::create_internal(
        state,
        &network.vpc_id,
        &format!("k8s-elb-{name}"),
        &format!("Security group for Kubernetes ELB {name} ({namespace}/{service})"),
        tags.clone(),
    );
    // Without a group or a subnet there is no balancer: the service stays pending, as in AWS.
    let Ok(group_id) = group else { return };
    let run_id = run_of(state, cluster);
    let subnet_ids = public_subnets(state, &network.subnet_ids);
    let new = NewClassic {
        name,
        subnet_ids,
        group_ids: vec![group_id],
        tags,
        run_id,
    };
    if let Ok(hostname) = classic::create_internal(state, new)
        && let Some(server) = state.kubernetes.get_mut(cluster)
    {
        server.load_balancer_made(namespace, service, &hostname);
    }
}

/// The cluster's public subnets, one per zone; its first of each zone when none is public.
fn public_subnets(state: &State, ids: &[String]) -> Vec<String> {
    let subnets = || ids.iter().filter_map(|id| ec2::subnets::get(state, id));
    let any_public = subnets().any(|subnet| subnet.map_public_ip);
    let mut zones = Vec::new();
    let mut chosen = Vec::new();
    for subnet in subnets().filter(|subnet| subnet.map_public_ip || !any_public) {
        if !zones.contains(&subnet.zone) {
            zones.push(subnet.zone.clone());
            chosen.push(subnet.subnet_id.clone());
        }
    }
    chosen
}

fn delete_balancer(
    state: &mut State,
    cluster: &str,
    namespace: String,
    service: String,
    uid: &str,
) {
    let name = balancer_name(uid);
    classic::delete_internal(state, &name);
    let serial = state
        .eks
        .clusters
        .get(cluster)
        .map_or(0, |cluster| cluster.serial);
    let group_name = format!("k8s-elb-{name}");
    let cluster = cluster.to_owned();
    let rest = BalancerLeftovers {
        cluster,
        serial,
        namespace,
        service,
        group_name,
    };
    remove_leftovers(state, rest, REST_TRIES);
}

/// Removes the security group of a removed balancer once nothing uses it, and releases the service.
pub(super) fn remove_leftovers(state: &mut State, rest: BalancerLeftovers, tries: u32) {
    let same = |serial: u64| serial == rest.serial;
    if !state
        .eks
        .clusters
        .get(&rest.cluster)
        .is_some_and(|one| same(one.serial))
    {
        // The controller that would remove it ran in the deleted cluster.
        return;
    }
    let group = state
        .ec2
        .security_groups
        .all()
        .find(|group| group.name == rest.group_name)
        .map(|group| group.meta.id.clone());
    let is_gone = group.is_none_or(|id| ec2::security_groups::delete_internal(state, &id));
    if is_gone {
        if let Some(server) = state.kubernetes.get_mut(&rest.cluster) {
            server.load_balancer_removed(&rest.namespace, &rest.service);
        }
    } else if tries > 0 {
        after(state, REST_EVERY, Event::BalancerLeftovers(rest, tries - 1));
    }
}

/// The type of volume that a storage class asks for: the driver's default is gp3.
fn volume_type(parameters: &BTreeMap<String, String>) -> VolumeType {
    match parameters.get("type").map(String::as_str) {
        Some("gp2") => VolumeType::Gp2,
        _ => VolumeType::Gp3,
    }
}

fn create_volume(
    state: &mut State,
    cluster: &str,
    (namespace, claim): (&str, &str),
    (volume, size_gib): (&str, u32),
    (node, volume_type): (&str, VolumeType),
) {
    let Some(found) = state.eks.clusters.get(cluster) else {
        return;
    };
    let subnet_ids: Vec<String> = found
        .node_groups
        .values()
        .flat_map(|group| group.subnet_ids.clone())
        .collect();
    // A pod reaches a volume in its node's zone only.
    let server = state.kubernetes.get(cluster);
    let own = server.and_then(|server| server.zone_of(node));
    let any = || nodes::zones(state, &subnet_ids).into_iter().next();
    let Some(zone) = own.or_else(any) else {
        return;
    };
    let run_id = run_of(state, cluster);
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let tags = BTreeMap::from([
        owned(cluster),
        tag("ebs.csi.aws.com/cluster", "true"),
        tag("CSIVolumeName", volume),
        tag("Name", &format!("{cluster}-dynamic-{volume}")),
        tag("kubernetes.io/created-for/pvc/name", claim),
        tag("kubernetes.io/created-for/pvc/namespace", namespace),
        tag("kubernetes.io/created-for/pv/name", volume),
    ]);
    let handle = ec2::volumes::create_internal(state, &zone, (size_gib, volume_type), tags, run_id);
    if let Some(server) = state.kubernetes.get_mut(cluster) {
        server.volume_made(namespace, claim, volume, &handle);
    }
}
