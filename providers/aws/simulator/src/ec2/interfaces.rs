//! Network interfaces: what holds addresses, security groups and subnets.
//!
//! Everything that lives in a subnet does so through one, so dependencies are decided here.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::billing;
use crate::ec2::addresses;
use crate::ec2::describe::{self, Described, Words, describe, need, need_param, with_tags};
use crate::ec2::errors;
use crate::ec2::security_groups::{self, SecurityGroup};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::subnets::{Subnet, free_address};
use crate::ec2::{Operation, tags};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Outcome, returned};
use crate::wire::xml::Node;

/// A network interface.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Id, times and tags.
    pub meta: Meta,
    /// The subnet that it is in.
    pub subnet_id: String,
    /// The VPC of that subnet.
    pub vpc_id: String,
    /// The zone of that subnet.
    pub zone: String,
    /// Its private address.
    pub private_ip: Ipv4Addr,
    /// Its hardware address.
    pub mac: String,
    /// What it is for.
    pub description: String,
    /// `interface` or `nat_gateway`.
    pub interface_type: String,
    /// Whether a service holds it: then its owner cannot delete it.
    pub requester_managed: bool,
    /// Its security groups.
    pub group_ids: Vec<String>,
    /// What it is attached to.
    pub attachment: Option<Attachment>,
    /// Its public address.
    pub public: Option<Public>,
}

/// The attachment of an interface to an instance, or to a service.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its id.
    pub id: String,
    /// The instance; a service has none.
    pub instance_id: Option<String>,
    /// Whether the interface goes with the instance.
    pub delete_on_termination: bool,
    /// The position at the instance: 0 is the primary interface.
    pub device_index: u32,
}

/// A public address that is mapped to an interface.
#[derive(Clone, Debug)]
pub struct Public {
    /// The address.
    pub ip: Ipv4Addr,
    /// The Elastic IP and the association, when it is one.
    pub elastic: Option<(String, String)>,
}

/// What a new interface shall be.
#[derive(Clone, Debug)]
pub struct NewInterface {
    /// The subnet.
    pub subnet_id: String,
    /// What it is for.
    pub description: String,
    /// `interface` or `nat_gateway`.
    pub interface_type: String,
    /// Whether a service holds it.
    pub requester_managed: bool,
    /// Security groups; none means the VPC's default group, except for services.
    pub group_ids: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The instance that it is attached to.
    pub instance_id: Option<String>,
    /// Whether it goes with the instance.
    pub delete_on_termination: bool,
}

/// The operations on network interfaces.
pub fn operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreateNetworkInterface" => create_call,
        "DescribeNetworkInterfaces" => describe::<Interface>,
        "DetachNetworkInterface" => detach,
        "DeleteNetworkInterface" => delete,
        _ => return None,
    })
}

impl Described for Interface {
    const WORDS: Words = Words {
        prefix: "eni-",
        ids: "NetworkInterfaceId",
        set: "networkInterfaceSet",
        noun: "networkInterface ID",
        not_found: "InvalidNetworkInterfaceID.NotFound",
        malformed: "InvalidNetworkInterfaceId.Malformed",
        paged: true,
        tag_type: "network-interface",
        resource_type: "network_interface",
        filters: &[
            "network-interface-id", "subnet-id", "vpc-id", "group-id", "group-name", "status",
            "description", "interface-type", "requester-managed", "requester-id", "owner-id",
            "availability-zone", "private-ip-address", "addresses.private-ip-address",
            "attachment.instance-id", "attachment.attachment-id", "attachment.status",
            "attachment.device-index", "attachment.instance-owner-id",
            "attachment.delete-on-termination", "association.public-ip",
            "association.allocation-id", "association.association-id", "mac-address",
        ],
    };

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
                let names = self.group_ids.iter().map(|id| security_groups::name_of(state, id));
                return Some(names.collect());
            }
            "requester-id" => return Some(requester(self).into_iter().map(str::to_owned).collect()),
            "network-interface-id" => self.meta.id.clone(),
            "subnet-id" => self.subnet_id.clone(),
            "vpc-id" => self.vpc_id.clone(),
            "status" => self.state_word(state),
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
            .text("status", self.state_word(state))
            .text("macAddress", &self.mac)
            .text("privateIpAddress", self.private_ip)
            .text("privateDnsName", &name)
            .text("sourceDestCheck", self.interface_type != "nat_gateway")
            .list("groupSet", "item", security_groups::items(state, &self.group_ids));
        let node = match &self.attachment {
            Some(attachment) => node.node("attachment", attachment_node(attachment, &self.meta)),
            None => node,
        };
        with_association(node, self)
            .list("privateIpAddressesSet", "item", [address])
            .list("ipv6AddressesSet", "item", [])
            .text("interfaceType", &self.interface_type)
            .list(
                "tagSet",
                "item",
                self.meta
                    .tags
                    .iter()
                    .map(|(key, value)| Node::new().text("key", key).text("value", value)),
            )
    }

    fn state_word(&self, _state: &State) -> String {
        if self.attachment.is_some() { "in-use" } else { "available" }.to_owned()
    }

    fn facts(&self, facts: &mut BTreeMap<String, String>) {
        facts.insert("vpc_id".to_owned(), self.vpc_id.clone());
        facts.insert("subnet_id".to_owned(), self.subnet_id.clone());
        facts.insert("description".to_owned(), self.description.clone());
        facts.insert("requester_managed".to_owned(), self.requester_managed.to_string());
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
    let service = if interface.description.starts_with("ELB ") { "amazon-elb" } else { "amazon-aws" };
    interface.requester_managed.then_some(service)
}

fn attachment_values(interface: &Interface, name: &str) -> Option<Vec<String>> {
    let value = |value: fn(&Attachment) -> String| {
        Some(interface.attachment.iter().map(value).collect::<Vec<_>>())
    };
    match name {
        "instance-id" => Some(
            interface.attachment.iter().filter_map(|held| held.instance_id.clone()).collect(),
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
    let elastic = interface.public.as_ref().and_then(|public| public.elastic.clone());
    match name {
        "public-ip" => Some(interface.public.iter().map(|public| public.ip.to_string()).collect()),
        "allocation-id" => Some(elastic.into_iter().map(|(allocation, _)| allocation).collect()),
        "association-id" => Some(elastic.into_iter().map(|(_, association)| association).collect()),
        _ => None,
    }
}

fn owner(attachment: &Attachment) -> &'static str {
    if attachment.instance_id.is_some() { ACCOUNT_ID } else { "amazon-aws" }
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
    let Some(public) = &interface.public else { return node };
    let (allocation, association) = public.elastic.clone().unzip();
    let owner = if allocation.is_some() { ACCOUNT_ID } else { "amazon" };
    let child = Node::new()
        .text("publicIp", public.ip)
        .text("ipOwnerId", owner)
        .maybe("allocationId", allocation)
        .maybe("associationId", association);
    node.node("association", child)
}

/// Makes an interface with the lowest free address of its subnet.
///
/// # Errors
/// For a subnet or a group that is not there, and a subnet that is full.
pub fn create(state: &mut State, new: NewInterface) -> Result<String, AwsError> {
    let subnet = need::<Subnet>(state, &new.subnet_id)?.clone();
    for id in &new.group_ids {
        need::<SecurityGroup>(state, id)?;
    }
    let private_ip = free_address(state, &subnet).ok_or_else(|| {
        let message = format!("There are no free addresses in subnet '{}'.", new.subnet_id);
        errors::refuse("InsufficientFreeAddressesInSubnet", message)
    })?;
    let group_ids = if new.group_ids.is_empty() && !new.requester_managed {
        security_groups::default_of(state, &subnet.vpc_id).into_iter().collect()
    } else {
        new.group_ids
    };
    let held = new.instance_id.as_ref().map_or(0, |id| of_instance(state, id).len());
    let attachment = (new.requester_managed || new.instance_id.is_some()).then(|| Attachment {
        id: state.ids.prefixed(if new.instance_id.is_some() { "eni-attach-" } else { "ela-attach-" }),
        instance_id: new.instance_id,
        delete_on_termination: new.delete_on_termination,
        device_index: u32::try_from(held).unwrap_or(u32::MAX),
    });
    let meta = Meta::new(state, "eni-", new.tags);
    let id = meta.id.clone();
    let hex = state.ids.hex(10);
    let pairs: Vec<&str> = (0..5).map(|n| &hex[n * 2..n * 2 + 2]).collect();
    let interface = Interface {
        vpc_id: subnet.vpc_id,
        zone: subnet.zone,
        subnet_id: new.subnet_id,
        private_ip,
        mac: format!("02:{}", pairs.join(":")),
        description: new.description,
        interface_type: new.interface_type,
        requester_managed: new.requester_managed,
        group_ids,
        attachment,
        public: None,
        meta,
    };
    state.ec2.interfaces.insert(&id, interface);
    Ok(id)
}

/// Deletes an interface, whoever holds it; its Elastic IP is free again.
pub fn delete_internal(state: &mut State, id: &str) {
    addresses::disassociate_interface(state, id);
    if state.ec2.interfaces.remove(id).is_some() {
        billing::usage::stop(state, id);
    }
}

/// The interfaces of an instance, the primary one first.
pub fn of_instance(state: &State, instance_id: &str) -> Vec<String> {
    let is_of = |interface: &&Interface| {
        let held = interface.attachment.as_ref().and_then(|held| held.instance_id.as_deref());
        held == Some(instance_id)
    };
    state.ec2.interfaces.all().filter(is_of).map(|interface| interface.meta.id.clone()).collect()
}

fn create_call(state: &mut State, call: &Call) -> Outcome {
    let tags: Tags = tags::requested::<Interface>(call)?;
    let new = NewInterface {
        subnet_id: call.params.need("SubnetId")?.to_owned(),
        description: call.params.get("Description").unwrap_or_default().to_owned(),
        interface_type: "interface".to_owned(),
        requester_managed: false,
        group_ids: call.params.list("SecurityGroupId"),
        tags,
        instance_id: None,
        delete_on_termination: false,
    };
    let id = create(state, new)?;
    describe::one::<Interface>(state, "networkInterface", &id)
}

fn detach(state: &mut State, call: &Call) -> Outcome {
    let id = call.params.need("AttachmentId")?;
    let is_it = |held: &Option<Attachment>| held.as_ref().is_some_and(|held| held.id == id);
    let Some(interface) = state.ec2.interfaces.all_mut().find(|one| is_it(&one.attachment)) else {
        let message = format!("The attachment ID '{id}' does not exist");
        return Err(errors::refuse("InvalidAttachmentID.NotFound", message));
    };
    if interface.requester_managed {
        let message = "You are not allowed to manage 'ela-attach' attachments.";
        return Err(errors::refuse("OperationNotPermitted", message));
    }
    if interface.attachment.as_ref().is_some_and(|held| held.device_index == 0) {
        let message = "The network interface at device index 0 cannot be detached.";
        return Err(errors::refuse("OperationNotPermitted", message));
    }
    interface.attachment = None;
    returned()
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Interface>(state, call, "NetworkInterfaceId")?;
    let interface = need::<Interface>(state, &id)?;
    if interface.requester_managed {
        let message = format!("The network interface '{id}' is managed by a service.");
        return Err(errors::refuse("OperationNotPermitted", message));
    }
    if interface.attachment.is_some() {
        return Err(errors::refuse(
            "InvalidNetworkInterface.InUse",
            format!("Network interface '{id}' is currently in use."),
        ));
    }
    delete_internal(state, &id);
    returned()
}
