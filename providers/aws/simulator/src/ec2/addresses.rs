//! Elastic IP addresses: allocated, mapped to an interface, and billed from the first moment.
//!
//! An address outlives what it is mapped to. The lists have no pages.

use std::net::Ipv4Addr;

use crate::billing;
use crate::ec2::describe::{ResourceKind, ResourceSpec, list, need, need_param, select};
use crate::ec2::errors;
use crate::ec2::fields::{Field, fixed, id, maybe, text};
use crate::ec2::interfaces::{self, Interface, PublicAddress};
use crate::ec2::store::{Meta, Store};
use crate::ec2::{Operations, tags};
use crate::quotas;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome, returned};
use crate::wire::xml::Node;

/// The first public address to be allocated: from the network for benchmarks (RFC 2544), so that simulated
/// addresses belong to no one.
const FIRST_PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 10);

/// An Elastic IP address.
#[derive(Clone, Debug)]
pub struct Address {
    /// Id (the allocation id), times and tags.
    pub meta: Meta,
    /// The address.
    pub public_ip: Ipv4Addr,
    /// What it is mapped to.
    pub association: Option<Association>,
}

/// The mapping of an address to an interface.
#[derive(Clone, Debug)]
pub struct Association {
    pub id: String,
    pub interface_id: String,
}

/// The operations on addresses.
pub const OPERATIONS: Operations = &[
    ("AllocateAddress", allocate),
    ("DescribeAddresses", describe_addresses),
    ("DescribeAddressesAttribute", describe_attribute),
    ("AssociateAddress", associate_call),
    ("DisassociateAddress", disassociate),
    ("ReleaseAddress", release),
];

impl ResourceKind for Address {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "eipalloc-",
        ids: "AllocationId",
        set: "addressesSet",
        noun: "allocation ID",
        not_found: "InvalidAllocationID.NotFound",
        malformed: "InvalidAllocationID.Malformed",
        paged: false,
        tag_type: "elastic-ip",
        resource_type: "elastic_ip",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        text("publicIp", &["public-ip"], "public_ip", |address, _| address.public_ip.to_string()),
        id("allocationId", &["allocation-id"]),
        fixed("domain", &["domain"], "vpc"),
        maybe("instanceId", &["instance-id"], "", |address, state| instance_of(interface_of(state, address)?)),
        maybe("associationId", &["association-id"], "", |address, _| Some(address.association.as_ref()?.id.clone())),
        maybe("networkInterfaceId", &["network-interface-id"], "", |address, state| Some(interface_of(state, address)?.meta.id.clone())),
        maybe("networkInterfaceOwnerId", &[], "", |address, state| interface_of(state, address).map(|_| ACCOUNT_ID.to_owned())),
        maybe("privateIpAddress", &["private-ip-address"], "", |address, state| Some(interface_of(state, address)?.private_ip.to_string())),
        fixed("publicIpv4Pool", &[], "amazon"),
        text("networkBorderGroup", &["network-border-group"], "", |_, state| state.setup.region.clone()),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.addresses
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn state_name(&self, _state: &State) -> String {
        if self.association.is_some() {
            "in-use"
        } else {
            "idle"
        }
        .to_owned()
    }
}

fn interface_of<'a>(state: &'a State, address: &Address) -> Option<&'a Interface> {
    state
        .ec2
        .interfaces
        .get(&address.association.as_ref()?.interface_id)
}

fn instance_of(interface: &Interface) -> Option<String> {
    interface.attachment.as_ref()?.instance_id.clone()
}

/// A public address that was never allocated before.
pub fn next_public(state: &mut State) -> Ipv4Addr {
    let given = state.ec2.public_addresses;
    state.ec2.public_addresses += 1;
    Ipv4Addr::from(u32::from(FIRST_PUBLIC).wrapping_add(given))
}

fn meter(state: &mut State, id: &str) {
    let Some(address) = state.ec2.addresses.get(id) else {
        return;
    };
    let (in_use, run) = (
        address.association.is_some(),
        billing::run_of(&address.meta.tags),
    );
    billing::usage::public_ipv4(state, id, in_use, run.as_deref());
}

fn allocate(state: &mut State, call: &Call) -> Outcome {
    let tags = tags::requested::<Address>(call)?;
    if state.ec2.addresses.count() >= quotas::limit(state, "L-0263D0A3") as usize {
        let message = "The maximum number of addresses has been reached.";
        return Err(errors::refuse("AddressLimitExceeded", message));
    }
    let meta = Meta::new(state, "eipalloc-", tags);
    let (id, public_ip) = (meta.id.clone(), next_public(state));
    state.ec2.addresses.insert(
        &id,
        Address {
            meta,
            public_ip,
            association: None,
        },
    );
    meter(state, &id);
    let node = Node::new()
        .text("publicIp", public_ip)
        .text("domain", "vpc")
        .text("allocationId", &id)
        .text("publicIpv4Pool", "amazon")
        .text("networkBorderGroup", &state.setup.region);
    Ok(Answer::Xml(node))
}

fn describe_addresses(state: &mut State, call: &Call) -> Outcome {
    let wanted = call.params.list("PublicIp");
    let chosen = select::<Address>(state, call)?;
    for ip in &wanted {
        if !chosen
            .iter()
            .any(|address| address.public_ip.to_string() == *ip)
        {
            let message = format!("Address '{ip}' not found.");
            return Err(errors::refuse("InvalidAddress.NotFound", message));
        }
    }
    let nodes = chosen
        .into_iter()
        .filter(|address| wanted.is_empty() || wanted.contains(&address.public_ip.to_string()))
        .map(|address| address.node(state))
        .collect();
    list(state, call, Address::SPEC.set, nodes, false)
}

fn describe_attribute(state: &mut State, call: &Call) -> Outcome {
    let chosen = select::<Address>(state, call)?;
    // No address has a domain name: the operation that would set one is not simulated.
    let nodes = chosen.into_iter().map(|address| {
        Node::new()
            .text("publicIp", address.public_ip)
            .text("allocationId", &address.meta.id)
    });
    list(state, call, "addressSet", nodes.collect(), true)
}

/// Maps an address to an interface, without checks, and returns the id of the association.
pub fn associate(state: &mut State, allocation_id: &str, interface_id: &str) -> String {
    let id = state.ids.prefixed("eipassoc-");
    let Some(address) = state.ec2.addresses.get_mut(allocation_id) else {
        return id;
    };
    let association = Association {
        id: id.clone(),
        interface_id: interface_id.to_owned(),
    };
    address.association = Some(association);
    let ip = address.public_ip;
    if let Some(interface) = state.ec2.interfaces.get_mut(interface_id) {
        let elastic = Some((allocation_id.to_owned(), id.clone()));
        interface.public = Some(PublicAddress { ip, elastic });
    }
    // An address that the interface had from the subnet is released.
    billing::usage::stop(state, interface_id);
    meter(state, allocation_id);
    id
}

/// Frees the address that is mapped to an interface.
pub fn disassociate_interface(state: &mut State, interface_id: &str) {
    let is_of = |address: &&mut Address| {
        address
            .association
            .as_ref()
            .is_some_and(|held| held.interface_id == interface_id)
    };
    let Some(address) = state.ec2.addresses.all_mut().find(is_of) else {
        return;
    };
    address.association = None;
    let id = address.meta.id.clone();
    if let Some(interface) = state.ec2.interfaces.get_mut(interface_id) {
        interface.public = None;
    }
    meter(state, &id);
}

fn associate_call(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Address>(state, call, "AllocationId")?;
    let interface_id = match (
        call.params.get("NetworkInterfaceId"),
        call.params.get("InstanceId"),
    ) {
        (Some(interface), _) => need::<Interface>(state, interface)?.meta.id.clone(),
        (None, Some(instance)) => {
            need::<crate::ec2::instances::Instance>(state, instance)?;
            let held = interfaces::of_instance(state, instance);
            held.first().cloned().ok_or_else(|| {
                let message = format!("Instance '{instance}' has no network interface.");
                errors::refuse("InvalidInstanceID", message)
            })?
        }
        (None, None) => {
            let message = "Either 'InstanceId' or 'NetworkInterfaceId' must be specified";
            return Err(errors::refuse("MissingParameter", message));
        }
    };
    let held = need::<Address>(state, &id)?.association.clone();
    if let Some(held) = held {
        if held.interface_id == interface_id {
            return Ok(Answer::Xml(
                Node::new()
                    .text("return", true)
                    .text("associationId", held.id),
            ));
        }
        if call.params.flag("AllowReassociation") != Some(true) {
            return Err(errors::refuse(
                "Resource.AlreadyAssociated",
                format!(
                    "resource {id} is already associated with associate-id {}",
                    held.id
                ),
            ));
        }
        disassociate_interface(state, &held.interface_id);
    }
    let association = associate(state, &id, &interface_id);
    Ok(Answer::Xml(
        Node::new()
            .text("return", true)
            .text("associationId", association),
    ))
}

fn disassociate(state: &mut State, call: &Call) -> Outcome {
    let id = call.params.need("AssociationId")?;
    let is_it = |address: &&Address| address.association.as_ref().is_some_and(|one| one.id == id);
    let Some(address) = state.ec2.addresses.all().find(is_it) else {
        let message = format!("The association ID '{id}' does not exist");
        return Err(errors::refuse("InvalidAssociationID.NotFound", message));
    };
    let interface = interface_of(state, address);
    if interface.is_some_and(|interface| interface.requester_managed) {
        let message = "You do not have permission to access the specified resource.";
        return Err(errors::refuse("AuthFailure", message));
    }
    let interface_id = interface
        .map(|interface| interface.meta.id.clone())
        .unwrap_or_default();
    disassociate_interface(state, &interface_id);
    returned()
}

fn release(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Address>(state, call, "AllocationId")?;
    let address = need::<Address>(state, &id)?;
    if address.association.is_some() {
        let message = format!("Address {} is in use.", address.public_ip);
        return Err(errors::refuse("InvalidIPAddress.InUse", message));
    }
    state.ec2.addresses.remove(&id);
    billing::usage::stop(state, &id);
    returned()
}
