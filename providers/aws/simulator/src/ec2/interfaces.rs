//! Network interfaces: what holds addresses, security groups and subnets.
//!
//! Everything that lives in a subnet does so through one, so dependencies are decided here.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::billing;
use crate::ec2::addresses;
use crate::ec2::describe::{self, describe, need, need_param};
use crate::ec2::errors;
use crate::ec2::security_groups::{self, SecurityGroup};
use crate::ec2::store::{Meta, Tags};
use crate::ec2::subnets::{Subnet, free_address};
use crate::ec2::{Operations, tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Outcome, returned};

/// A network interface.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Id, times and tags.
    pub meta: Meta,
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
    /// Whether a service holds it, so that its owner cannot delete it.
    pub requester_managed: bool,
    /// Its security groups.
    pub group_ids: Vec<String>,
    /// What it is attached to.
    pub attachment: Option<Attachment>,
    /// Its public address.
    pub public: Option<PublicAddress>,
}

/// The attachment of an interface to an instance, or to a service.
#[derive(Clone, Debug)]
pub struct Attachment {
    pub id: String,
    /// The instance; a service has none.
    pub instance_id: Option<String>,
    /// Whether the interface is deleted with the instance.
    pub delete_on_termination: bool,
    /// The position at the instance: 0 is the primary interface.
    pub device_index: u32,
}

/// A public address that is mapped to an interface.
#[derive(Clone, Debug)]
pub struct PublicAddress {
    /// The address.
    pub ip: Ipv4Addr,
    /// The Elastic IP and the association, when it is one.
    pub elastic: Option<(String, String)>,
}

/// The settings of a new interface.
#[derive(Clone, Debug)]
pub struct NewInterface {
    pub subnet_id: String,
    /// What it is for.
    pub description: String,
    /// `interface` or `nat_gateway`.
    pub interface_type: String,
    /// Whether a service holds it.
    pub requester_managed: bool,
    /// Security groups; none means the VPC's default group, except for services.
    pub group_ids: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// The instance that it is attached to.
    pub instance_id: Option<String>,
    /// Whether it is deleted with the instance.
    pub delete_on_termination: bool,
}

/// The operations on network interfaces.
pub const OPERATIONS: Operations = &[
    ("CreateNetworkInterface", create_call),
    ("DescribeNetworkInterfaces", describe::<Interface>),
    ("DetachNetworkInterface", detach),
    ("DeleteNetworkInterface", delete),
];

/// Creates an interface with the lowest free address of its subnet.
///
/// # Errors
/// For an unknown subnet or group, and a full subnet.
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
        security_groups::default_of(state, &subnet.vpc_id)
            .into_iter()
            .collect()
    } else {
        new.group_ids
    };
    let held = new
        .instance_id
        .as_ref()
        .map_or(0, |id| of_instance(state, id).len());
    let attachment = (new.requester_managed || new.instance_id.is_some()).then(|| Attachment {
        id: state.ids.prefixed(if new.instance_id.is_some() {
            "eni-attach-"
        } else {
            "ela-attach-"
        }),
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

/// Deletes an interface, even if a service holds it; its Elastic IP is free again.
pub fn delete_internal(state: &mut State, id: &str) {
    addresses::disassociate_interface(state, id);
    if state.ec2.interfaces.remove(id).is_some() {
        billing::usage::stop(state, id);
    }
}

/// The interfaces of an instance, the primary one first.
pub fn of_instance(state: &State, instance_id: &str) -> Vec<String> {
    let is_of = |interface: &&Interface| {
        let held = interface
            .attachment
            .as_ref()
            .and_then(|held| held.instance_id.as_deref());
        held == Some(instance_id)
    };
    state
        .ec2
        .interfaces
        .all()
        .filter(is_of)
        .map(|interface| interface.meta.id.clone())
        .collect()
}

fn create_call(state: &mut State, call: &Call) -> Outcome {
    let tags: Tags = tags::requested::<Interface>(call)?;
    let new = NewInterface {
        subnet_id: call.params.need("SubnetId")?.to_owned(),
        description: call
            .params
            .get("Description")
            .unwrap_or_default()
            .to_owned(),
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
    let Some(interface) = state
        .ec2
        .interfaces
        .all_mut()
        .find(|one| is_it(&one.attachment))
    else {
        let message = format!("The attachment ID '{id}' does not exist");
        return Err(errors::refuse("InvalidAttachmentID.NotFound", message));
    };
    if interface.requester_managed {
        let message = "You are not allowed to manage 'ela-attach' attachments.";
        return Err(errors::refuse("OperationNotPermitted", message));
    }
    if interface
        .attachment
        .as_ref()
        .is_some_and(|held| held.device_index == 0)
    {
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
