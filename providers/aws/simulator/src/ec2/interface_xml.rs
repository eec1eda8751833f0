//! How network interfaces look in responses, and the values that their filters compare with.
//!
//! A description joins attachments, addresses and groups.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::ec2::describe::{ResourceKind, ResourceSpec, with_tags};
use crate::ec2::interfaces::{Attachment, Interface};
use crate::ec2::security_groups;
use crate::ec2::store::{Meta, Store};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::xml::Node;

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

    const FILTERS: &'static [&'static str] = &[
        "network-interface-id",
        "subnet-id",
        "vpc-id",
        "group-id",
        "group-name",
        "status",
        "description",
        "interface-type",
        "requester-managed",
        "requester-id",
        "owner-id",
        "availability-zone",
        "private-ip-address",
        "addresses.private-ip-address",
        "attachment.instance-id",
        "attachment.attachment-id",
        "attachment.status",
        "attachment.device-index",
        "attachment.instance-owner-id",
        "attachment.delete-on-termination",
        "association.public-ip",
        "association.allocation-id",
        "association.association-id",
        "mac-address",
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.interfaces
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn values(&self, state: &State, filter: &str) -> Option<Vec<String>> {
        if let Some(name) = filter.strip_prefix("attachment.") {
            return attachment_values(self, name);
        }
        if let Some(name) = filter.strip_prefix("association.") {
            return association_values(self, name);
        }
        let value = match filter {
            "group-id" => return Some(self.group_ids.clone()),
            "group-name" => {
                let names = self
                    .group_ids
                    .iter()
                    .map(|id| security_groups::name_of(state, id));
                return Some(names.collect());
            }
            "requester-id" => {
                return Some(requester(self).into_iter().map(str::to_owned).collect());
            }
            "network-interface-id" => self.meta.id.clone(),
            "subnet-id" => self.subnet_id.clone(),
            "vpc-id" => self.vpc_id.clone(),
            "status" => self.state_name(state),
            "description" => self.description.clone(),
            "interface-type" => self.interface_type.clone(),
            "requester-managed" => self.requester_managed.to_string(),
            "owner-id" => ACCOUNT_ID.to_owned(),
            "availability-zone" => self.zone.clone(),
            "mac-address" => self.mac.clone(),
            "private-ip-address" | "addresses.private-ip-address" => self.private_ip.to_string(),
            _ => return None,
        };
        Some(vec![value])
    }

    fn node(&self, state: &State) -> Node {
        let name = private_dns_name(self.private_ip, &state.setup.region);
        let address = Node::new()
            .text("privateIpAddress", self.private_ip)
            .text("privateDnsName", &name)
            .text("primary", true);
        let address = with_association(address, self);
        let node = Node::new()
            .text("networkInterfaceId", &self.meta.id)
            .text("subnetId", &self.subnet_id)
            .text("vpcId", &self.vpc_id)
            .text("availabilityZone", &self.zone)
            .text("description", &self.description)
            .text("ownerId", ACCOUNT_ID)
            .maybe("requesterId", requester(self))
            .text("requesterManaged", self.requester_managed)
            .text("status", self.state_name(state))
            .text("macAddress", &self.mac)
            .text("privateIpAddress", self.private_ip)
            .text("privateDnsName", &name)
            .text("sourceDestCheck", self.interface_type != "nat_gateway")
            .list(
                "groupSet",
                "item",
                security_groups::items(state, &self.group_ids),
            );
        let node = match &self.attachment {
            Some(attachment) => node.node("attachment", attachment_node(attachment, &self.meta)),
            None => node,
        };
        let node = with_association(node, self)
            .list("privateIpAddressesSet", "item", [address])
            .list("ipv6AddressesSet", "item", [])
            .text("interfaceType", &self.interface_type);
        with_tags(node, &self.meta.tags)
    }

    fn state_name(&self, _state: &State) -> String {
        if self.attachment.is_some() {
            "in-use"
        } else {
            "available"
        }
        .to_owned()
    }

    fn properties(&self, properties: &mut BTreeMap<String, String>) {
        properties.insert("vpc_id".to_owned(), self.vpc_id.clone());
        properties.insert("subnet_id".to_owned(), self.subnet_id.clone());
        properties.insert("description".to_owned(), self.description.clone());
        properties.insert(
            "requester_managed".to_owned(),
            self.requester_managed.to_string(),
        );
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

fn requester(interface: &Interface) -> Option<&'static str> {
    let service = if interface.description.starts_with("ELB ") {
        "amazon-elb"
    } else {
        "amazon-aws"
    };
    interface.requester_managed.then_some(service)
}

fn attachment_values(interface: &Interface, name: &str) -> Option<Vec<String>> {
    let value = |value: fn(&Attachment) -> String| {
        Some(interface.attachment.iter().map(value).collect::<Vec<_>>())
    };
    match name {
        "instance-id" => Some(
            interface
                .attachment
                .iter()
                .filter_map(|held| held.instance_id.clone())
                .collect(),
        ),
        "attachment-id" => value(|held| held.id.clone()),
        "status" => value(|_| "attached".to_owned()),
        "device-index" => value(|held| held.device_index.to_string()),
        "instance-owner-id" => value(|held| owner(held).to_owned()),
        "delete-on-termination" => value(|held| held.delete_on_termination.to_string()),
        _ => None,
    }
}

fn association_values(interface: &Interface, name: &str) -> Option<Vec<String>> {
    let elastic = interface
        .public
        .as_ref()
        .and_then(|public| public.elastic.clone());
    match name {
        "public-ip" => Some(
            interface
                .public
                .iter()
                .map(|public| public.ip.to_string())
                .collect(),
        ),
        "allocation-id" => Some(
            elastic
                .into_iter()
                .map(|(allocation, _)| allocation)
                .collect(),
        ),
        "association-id" => Some(
            elastic
                .into_iter()
                .map(|(_, association)| association)
                .collect(),
        ),
        _ => None,
    }
}

fn owner(attachment: &Attachment) -> &'static str {
    if attachment.instance_id.is_some() {
        ACCOUNT_ID
    } else {
        "amazon-aws"
    }
}

fn attachment_node(attachment: &Attachment, meta: &Meta) -> Node {
    Node::new()
        .text("attachmentId", &attachment.id)
        .maybe("instanceId", attachment.instance_id.as_ref())
        .text("instanceOwnerId", owner(attachment))
        .text("deviceIndex", attachment.device_index)
        .text("status", "attached")
        .text("attachTime", meta.created_at)
        .text("deleteOnTermination", attachment.delete_on_termination)
}

fn with_association(node: Node, interface: &Interface) -> Node {
    let Some(public) = &interface.public else {
        return node;
    };
    let (allocation, association) = public.elastic.clone().unzip();
    let owner = if allocation.is_some() {
        ACCOUNT_ID
    } else {
        "amazon"
    };
    let child = Node::new()
        .text("publicIp", public.ip)
        .text("ipOwnerId", owner)
        .maybe("allocationId", allocation)
        .maybe("associationId", association);
    node.node("association", child)
}
