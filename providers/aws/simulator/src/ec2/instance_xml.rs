//! How instances look in responses, and the values that their filters compare with.
//!
//! An instance's description joins interfaces, volumes and groups.

use crate::ec2::describe::ResourceKind;
use crate::ec2::fields::{Field, child, filter, fixed, id, items, maybe, text};
use crate::ec2::instances::{Instance, ROOT_DEVICE};
use crate::ec2::interface_xml::private_dns_name_of;
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

/// The primary interface; a terminated instance has none.
fn primary<'a>(instance: &Instance, state: &'a State) -> Option<&'a Interface> {
    interfaces_of(state, instance).first().copied()
}

fn groups(instance: &Instance, state: &State) -> Vec<String> {
    let primary = primary(instance, state);
    primary.map_or_else(Vec::new, |one| one.group_ids.clone())
}

fn dns_name(instance: &Instance, state: &State) -> Option<String> {
    Some(private_dns_name_of(primary(instance, state)?, state))
}

/// The fields of an instance. Its network's are those of the primary interface, as long as it has one; filters and
/// properties of subnet and VPC outlive it.
#[rustfmt::skip]
pub const FIELDS: &[Field<Instance>] = &[
    id("instanceId", &["instance-id"]),
    maybe("imageId", &["image-id"], "", |one, _| one.options.image_id.clone()),
    child("instanceState", |one, state| Some(state_node(one, state))),
    text("privateDnsName", &[], "", |one, state| dns_name(one, state).unwrap_or_default()),
    text("instanceType", &["instance-type"], "instance_type", |one, _| one.instance_type.clone()),
    text("launchTime", &[], "", |one, _| one.meta.created_at.to_string()),
    child("placement", |one, _| Some(placement(one))),
    child("monitoring", |one, _| Some(Node::new().text("state", if one.options.monitored { "enabled" } else { "disabled" }))),
    child("metadataOptions", |one, _| one.options.metadata_node()),
    maybe("subnetId", &[], "", |one, state| Some(primary(one, state)?.subnet_id.clone())),
    maybe("vpcId", &[], "", |one, state| Some(primary(one, state)?.vpc_id.clone())),
    maybe("privateIpAddress", &["private-ip-address"], "", |one, state| Some(primary(one, state)?.private_ip.to_string())),
    maybe("ipAddress", &["ip-address"], "", |one, state| Some(primary(one, state)?.public.as_ref()?.ip.to_string())),
    items("groupSet", |one, state| security_groups::items(state, &groups(one, state))),
    maybe("architecture", &[], "", |one, _| Some(instance_types::get(&one.instance_type)?.architecture.to_owned())),
    fixed("rootDeviceType", &[], "ebs"),
    fixed("rootDeviceName", &[], ROOT_DEVICE),
    items("blockDeviceMapping", |one, state| devices(state, one)),
    items("networkInterfaceSet", network_interfaces),
    // On-demand instances have none: no value matches them.
    maybe("instanceLifecycle", &["instance-lifecycle"], "lifecycle", |one, _| one.spot_request.as_ref().map(|_| "spot".to_owned())),
    maybe("spotInstanceRequestId", &["spot-instance-request-id"], "", |one, _| one.spot_request.clone()),
    child("stateReason", |one, _| one.ended_at.map(|_| shutdown_reason())),
    child("iamInstanceProfile", |one, _| Some(Node::new().text("arn", one.instance_profile.as_ref()?))),
    text("", &["instance-state-name"], "", ResourceKind::state_name),
    text("", &["instance-state-code"], "", |one, state| one.state_of(state).0.to_string()),
    text("", &["subnet-id"], "subnet_id", |one, _| one.subnet_id.clone()),
    text("", &["vpc-id"], "vpc_id", |one, _| one.vpc_id.clone()),
    text("", &["availability-zone"], "", |one, _| one.zone.clone()),
    text("", &["reservation-id"], "", |one, _| one.reservation_id.clone()),
    maybe("", &["iam-instance-profile.arn"], "", |one, _| one.instance_profile.clone()),
    maybe("", &["private-dns-name"], "", dns_name),
    filter(&["instance.group-id", "network-interface.group-id"], groups),
    filter(&["instance.group-name"], |one, state| security_groups::names(state, &groups(one, state))),
    filter(&["network-interface.network-interface-id"], |one, state| {
        let held = interfaces_of(state, one);
        held.iter().map(|one| one.meta.id.clone()).collect()
    }),
    filter(&["block-device-mapping.volume-id"], |one, state| {
        let volumes = volumes_of(state, one);
        volumes.iter().map(|volume| volume.meta.id.clone()).collect()
    }),
];

/// A reservation with its instances: services run one at a time.
pub fn reservation(state: &State, instances: &[&Instance]) -> Node {
    let id = instances.first().map(|one| &one.reservation_id);
    let nodes = instances.iter().map(|one| one.node(state));
    Node::new()
        .maybe("reservationId", id)
        .text("ownerId", ACCOUNT_ID)
        .list("groupSet", "item", [])
        .list("instancesSet", "item", nodes)
}

fn state_node(instance: &Instance, state: &State) -> Node {
    let (code, name) = instance.state_of(state);
    Node::new().text("code", code).text("name", name)
}

fn placement(instance: &Instance) -> Node {
    Node::new()
        .text("availabilityZone", &instance.zone)
        .text("tenancy", "default")
}

fn shutdown_reason() -> Node {
    let code = "Client.UserInitiatedShutdown";
    Node::new()
        .text("code", code)
        .text("message", format!("{code}: User initiated shutdown"))
}

fn network_interfaces(instance: &Instance, state: &State) -> Vec<Node> {
    let held = interfaces_of(state, instance);
    held.iter().map(|one| interface_node(state, one)).collect()
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
