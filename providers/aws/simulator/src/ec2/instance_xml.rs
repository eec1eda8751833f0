//! How instances look in responses, and the values that their filters compare with.
//!
//! An instance's description joins interfaces, volumes and groups.

use crate::ec2::describe::with_tags;
use crate::ec2::instances::{Instance, ROOT_DEVICE};
use crate::ec2::interface_xml::private_dns_name;
use crate::ec2::interfaces::{self, Interface};
use crate::ec2::volumes::Volume;
use crate::ec2::{instance_types, security_groups};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::xml::Node;

/// The interfaces of an instance, the primary one first.
fn interfaces_of<'a>(state: &'a State, instance: &Instance) -> Vec<&'a Interface> {
    let ids = interfaces::of_instance(state, &instance.meta.id);
    ids.iter()
        .filter_map(|id| state.ec2.interfaces.get(id))
        .collect()
}

fn volumes_of<'a>(state: &'a State, instance: &Instance) -> Vec<&'a Volume> {
    let is_of = |volume: &&Volume| {
        volume
            .attachment
            .as_ref()
            .is_some_and(|held| held.instance_id == instance.meta.id)
    };
    state.ec2.volumes.all().filter(is_of).collect()
}

/// The values of a filter of `DescribeInstances`.
pub fn values(state: &State, instance: &Instance, filter: &str) -> Option<Vec<String>> {
    let held = interfaces_of(state, instance);
    let primary = held.first();
    let groups = || primary.map(|one| one.group_ids.clone()).unwrap_or_default();
    let of_primary =
        |value: fn(&Interface) -> String| primary.map(|one| value(one)).into_iter().collect();
    let (code, state_name) = instance.state_of(state);
    let value = match filter {
        "instance.group-id" | "network-interface.group-id" => return Some(groups()),
        "instance.group-name" => {
            let ids = groups();
            return Some(
                ids.iter()
                    .map(|id| security_groups::name_of(state, id))
                    .collect(),
            );
        }
        "network-interface.network-interface-id" => {
            return Some(held.iter().map(|one| one.meta.id.clone()).collect());
        }
        "block-device-mapping.volume-id" => {
            let volumes = volumes_of(state, instance);
            return Some(
                volumes
                    .iter()
                    .map(|volume| volume.meta.id.clone())
                    .collect(),
            );
        }
        "iam-instance-profile.arn" => {
            return Some(instance.instance_profile.iter().cloned().collect());
        }
        "private-ip-address" => return Some(of_primary(|one| one.private_ip.to_string())),
        "ip-address" => {
            let public = primary.and_then(|one| one.public.as_ref());
            return Some(
                public
                    .map(|public| public.ip.to_string())
                    .into_iter()
                    .collect(),
            );
        }
        "private-dns-name" => {
            let region = &state.setup.region;
            let name = primary.map(|one| private_dns_name(one.private_ip, region));
            return Some(name.into_iter().collect());
        }
        "instance-lifecycle" => {
            // On-demand instances have none: no value matches them.
            let spot = instance.spot_request.is_some();
            return Some(spot.then(|| "spot".to_owned()).into_iter().collect());
        }
        "spot-instance-request-id" => return Some(instance.spot_request.iter().cloned().collect()),
        "instance-id" => instance.meta.id.clone(),
        "instance-type" => instance.instance_type.clone(),
        "instance-state-name" => state_name.to_owned(),
        "instance-state-code" => code.to_string(),
        "vpc-id" => instance.vpc_id.clone(),
        "subnet-id" => instance.subnet_id.clone(),
        "availability-zone" => instance.zone.clone(),
        "reservation-id" => instance.reservation_id.clone(),
        _ => return None,
    };
    Some(vec![value])
}

/// A reservation with one instance, as services run them.
pub fn reservation(state: &State, instance: &Instance) -> Node {
    Node::new()
        .text("reservationId", &instance.reservation_id)
        .text("ownerId", ACCOUNT_ID)
        .list("groupSet", "item", [])
        .list("instancesSet", "item", [node(state, instance)])
}

/// An instance as an item.
pub fn node(state: &State, instance: &Instance) -> Node {
    let held = interfaces_of(state, instance);
    let primary = held.first();
    let (code, state_name) = instance.state_of(state);
    let region = &state.setup.region;
    let name = primary.map(|one| private_dns_name(one.private_ip, region));
    let known = instance_types::get(&instance.instance_type);
    let groups = primary.map(|one| one.group_ids.clone()).unwrap_or_default();
    let placement = Node::new()
        .text("availabilityZone", &instance.zone)
        .text("tenancy", "default");
    let reason = instance.ended_at.map(|_| {
        Node::new()
            .text("code", "Client.UserInitiatedShutdown")
            .text(
                "message",
                "Client.UserInitiatedShutdown: User initiated shutdown",
            )
    });
    let node = Node::new()
        .text("instanceId", &instance.meta.id)
        .node(
            "instanceState",
            Node::new().text("code", code).text("name", state_name),
        )
        .text("privateDnsName", name.unwrap_or_default())
        .text("instanceType", &instance.instance_type)
        .text("launchTime", instance.meta.created_at)
        .node("placement", placement)
        .node("monitoring", Node::new().text("state", "disabled"))
        .maybe("subnetId", primary.map(|one| &one.subnet_id))
        .maybe("vpcId", primary.map(|one| &one.vpc_id))
        .maybe("privateIpAddress", primary.map(|one| one.private_ip))
        .maybe(
            "ipAddress",
            primary
                .and_then(|one| one.public.as_ref())
                .map(|public| public.ip),
        )
        .list("groupSet", "item", security_groups::items(state, &groups))
        .maybe("architecture", known.map(|known| known.architecture))
        .text("rootDeviceType", "ebs")
        .text("rootDeviceName", ROOT_DEVICE)
        .list("blockDeviceMapping", "item", devices(state, instance))
        .list(
            "networkInterfaceSet",
            "item",
            held.iter().map(|one| interface_node(state, one)),
        );
    let node = match &instance.spot_request {
        Some(request) => node
            .text("instanceLifecycle", "spot")
            .text("spotInstanceRequestId", request),
        None => node,
    };
    let node = match reason {
        Some(reason) => node.node("stateReason", reason),
        None => node,
    };
    let node = match &instance.instance_profile {
        Some(arn) => node.node("iamInstanceProfile", Node::new().text("arn", arn)),
        None => node,
    };
    with_tags(node, &instance.meta.tags)
}

fn devices(state: &State, instance: &Instance) -> Vec<Node> {
    let device = |volume: &&Volume| {
        let held = volume.attachment.as_ref()?;
        let ebs = Node::new()
            .text("volumeId", &volume.meta.id)
            .text("status", "attached")
            .text("attachTime", volume.meta.created_at)
            .text("deleteOnTermination", held.delete_on_termination);
        Some(
            Node::new()
                .text("deviceName", &held.device)
                .node("ebs", ebs),
        )
    };
    volumes_of(state, instance)
        .iter()
        .filter_map(device)
        .collect()
}

fn interface_node(state: &State, interface: &Interface) -> Node {
    let node = Node::new()
        .text("networkInterfaceId", &interface.meta.id)
        .text("subnetId", &interface.subnet_id)
        .text("vpcId", &interface.vpc_id)
        .text("description", &interface.description)
        .text("ownerId", ACCOUNT_ID)
        .text("status", "in-use")
        .text("macAddress", &interface.mac)
        .text("privateIpAddress", interface.private_ip)
        .text("sourceDestCheck", true)
        .list(
            "groupSet",
            "item",
            security_groups::items(state, &interface.group_ids),
        );
    match &interface.attachment {
        Some(held) => node.node(
            "attachment",
            Node::new()
                .text("attachmentId", &held.id)
                .text("deviceIndex", held.device_index)
                .text("status", "attached")
                .text("attachTime", interface.meta.created_at)
                .text("deleteOnTermination", held.delete_on_termination),
        ),
        None => node,
    }
}
