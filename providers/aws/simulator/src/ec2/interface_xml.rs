//! How network interfaces look in responses, and the values that their filters compare with.
//!
//! A description joins attachments, addresses and groups.

use std::net::Ipv4Addr;

use crate::ec2::describe::{ResourceKind, ResourceSpec};
use crate::ec2::fields::{Field, child, filter, fixed, id, items, maybe, state, text};
use crate::ec2::interfaces::{Attachment, Interface};
use crate::ec2::security_groups;
use crate::ec2::store::{Meta, Store};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::xml::Node;

/// The state of every attachment.
const ATTACHED: &str = "attached";

impl ResourceKind for Interface {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "eni-",
        ids: "NetworkInterfaceId",
        set: "networkInterfaceSet",
        noun: "networkInterface ID",
        not_found: "InvalidNetworkInterfaceID.NotFound",
        malformed: "InvalidNetworkInterfaceId.Malformed",
        paged: true,
        tag_type: "network-interface",
        resource_type: "network_interface",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("networkInterfaceId", &["network-interface-id"]),
        text("subnetId", &["subnet-id"], "subnet_id", |one, _| one.subnet_id.clone()),
        text("vpcId", &["vpc-id"], "vpc_id", |one, _| one.vpc_id.clone()),
        text("availabilityZone", &["availability-zone"], "", |one, _| one.zone.clone()),
        text("description", &["description"], "description", |one, _| one.description.clone()),
        fixed("ownerId", &["owner-id"], ACCOUNT_ID),
        maybe("requesterId", &["requester-id"], "", |one, _| requester(one)),
        text("requesterManaged", &["requester-managed"], "requester_managed", |one, _| one.requester_managed.to_string()),
        state("status", &["status"]),
        text("macAddress", &["mac-address"], "", |one, _| one.mac.clone()),
        text("privateIpAddress", &["private-ip-address", "addresses.private-ip-address"], "", |one, _| one.private_ip.to_string()),
        text("privateDnsName", &[], "", private_dns_name_of),
        text("sourceDestCheck", &[], "", |one, _| (one.interface_type != "nat_gateway").to_string()),
        items("groupSet", |one, state| security_groups::items(state, &one.group_ids)),
        child("attachment", |one, _| Some(attachment_node(one.attachment.as_ref()?, &one.meta))),
        child("association", |one, _| association(one)),
        items("privateIpAddressesSet", |one, state| vec![primary_address(one, state)]),
        items("ipv6AddressesSet", |_, _| Vec::new()),
        text("interfaceType", &["interface-type"], "", |one, _| one.interface_type.clone()),
        filter(&["group-id"], |one, _| one.group_ids.clone()),
        filter(&["group-name"], |one, state| security_groups::names(state, &one.group_ids)),
        maybe("", &["attachment.instance-id"], "", |one, _| one.attachment.as_ref()?.instance_id.clone()),
        maybe("", &["attachment.attachment-id"], "", |one, _| Some(one.attachment.as_ref()?.id.clone())),
        maybe("", &["attachment.status"], "", |one, _| one.attachment.as_ref().map(|_| ATTACHED.to_owned())),
        maybe("", &["attachment.device-index"], "", |one, _| Some(one.attachment.as_ref()?.device_index.to_string())),
        maybe("", &["attachment.instance-owner-id"], "", |one, _| one.attachment.as_ref().map(owner)),
        maybe("", &["attachment.delete-on-termination"], "", |one, _| Some(one.attachment.as_ref()?.delete_on_termination.to_string())),
        maybe("", &["association.public-ip"], "", |one, _| Some(one.public.as_ref()?.ip.to_string())),
        maybe("", &["association.allocation-id"], "", |one, _| Some(elastic(one)?.0)),
        maybe("", &["association.association-id"], "", |one, _| Some(elastic(one)?.1)),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.interfaces
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn state_name(&self, _state: &State) -> String {
        let is_used = self.attachment.is_some();
        if is_used { "in-use" } else { "available" }.to_owned()
    }
}

/// The name of an instance's address inside the VPC: `ip-10-0-1-4.ec2.internal`.
pub fn private_dns_name(ip: Ipv4Addr, region: &str) -> String {
    let [a, b, c, d] = ip.octets();
    let domain = match region {
        "us-east-1" => "ec2.internal".to_owned(),
        other => format!("{other}.compute.internal"),
    };
    format!("ip-{a}-{b}-{c}-{d}.{domain}")
}

/// That of an interface's address.
pub fn private_dns_name_of(interface: &Interface, state: &State) -> String {
    private_dns_name(interface.private_ip, &state.setup.region)
}

fn requester(interface: &Interface) -> Option<String> {
    let service = if interface.description.starts_with("ELB ") {
        "amazon-elb"
    } else {
        "amazon-aws"
    };
    interface.requester_managed.then(|| service.to_owned())
}

/// The Elastic IP of an interface and its association.
fn elastic(interface: &Interface) -> Option<(String, String)> {
    interface.public.as_ref()?.elastic.clone()
}

fn owner(attachment: &Attachment) -> String {
    let is_ours = attachment.instance_id.is_some();
    if is_ours { ACCOUNT_ID } else { "amazon-aws" }.to_owned()
}

fn attachment_node(attachment: &Attachment, meta: &Meta) -> Node {
    Node::new()
        .text("attachmentId", &attachment.id)
        .maybe("instanceId", attachment.instance_id.as_ref())
        .text("instanceOwnerId", owner(attachment))
        .text("deviceIndex", attachment.device_index)
        .text("status", ATTACHED)
        .text("attachTime", meta.created_at)
        .text("deleteOnTermination", attachment.delete_on_termination)
}

/// The one address of an interface.
fn primary_address(interface: &Interface, state: &State) -> Node {
    let node = Node::new()
        .text("privateIpAddress", interface.private_ip)
        .text("privateDnsName", private_dns_name_of(interface, state))
        .text("primary", true);
    match association(interface) {
        Some(association) => node.node("association", association),
        None => node,
    }
}

fn association(interface: &Interface) -> Option<Node> {
    let public = interface.public.as_ref()?;
    let (allocation, association) = public.elastic.clone().unzip();
    let owner = if allocation.is_some() {
        ACCOUNT_ID
    } else {
        "amazon"
    };
    let node = Node::new()
        .text("publicIp", public.ip)
        .text("ipOwnerId", owner)
        .maybe("allocationId", allocation)
        .maybe("associationId", association);
    Some(node)
}
