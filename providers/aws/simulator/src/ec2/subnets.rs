//! Subnets: networks inside a VPC, and the addresses that are free in them.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::ec2::acls;
use crate::ec2::describe::{self, ResourceKind, ResourceSpec, describe, need, need_param};
use crate::ec2::errors;
use crate::ec2::fields::{Field, child, fixed, id, items, state, text};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::vpc_cidrs;
use crate::ec2::vpcs::{Vpc, network};
use crate::ec2::{Operations, tags};
use crate::quotas;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Outcome, returned};
use crate::wire::xml::Node;

/// The number of addresses of each subnet that AWS reserves: the first four and the last.
const RESERVED: usize = 5;

#[derive(Clone, Debug)]
pub struct Subnet {
    /// Id, times and tags.
    pub meta: Meta,
    /// Its id, as in `meta`.
    pub subnet_id: String,
    pub vpc_id: String,
    /// The name of its availability zone.
    pub zone: String,
    /// Its network.
    pub cidr: Ipv4Net,
    /// Whether instances get a public address.
    pub map_public_ip: bool,
    /// Whether it is the default subnet of its zone.
    pub is_default: bool,
}

/// The operations on subnets.
pub const OPERATIONS: Operations = &[
    ("CreateSubnet", create),
    ("DescribeSubnets", describe::<Subnet>),
    ("ModifySubnetAttribute", modify_attribute),
    ("DeleteSubnet", delete),
];

impl ResourceKind for Subnet {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "subnet-",
        ids: "SubnetId",
        set: "subnetSet",
        noun: "subnet ID",
        not_found: "InvalidSubnetID.NotFound",
        malformed: "InvalidSubnetID.Malformed",
        paged: true,
        tag_type: "subnet",
        resource_type: "subnet",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("subnetId", &["subnet-id"]),
        text("subnetArn", &[], "", |subnet, state| state.arn("ec2", &format!("subnet/{}", subnet.meta.id))),
        state("state", &["state"]),
        fixed("ownerId", &["owner-id"], ACCOUNT_ID),
        text("vpcId", &["vpc-id"], "vpc_id", |subnet, _| subnet.vpc_id.clone()),
        text("cidrBlock", &["cidr", "cidr-block", "cidrBlock"], "cidr", |subnet, _| subnet.cidr.to_string()),
        items("ipv6CidrBlockAssociationSet", |_, _| Vec::new()),
        fixed("assignIpv6AddressOnCreation", &[], "false"),
        text("availableIpAddressCount", &["available-ip-address-count"], "", |subnet, state| free_count(state, subnet).to_string()),
        text("availabilityZone", &["availability-zone", "availabilityZone"], "zone", |subnet, _| subnet.zone.clone()),
        text("availabilityZoneId", &["availability-zone-id"], "", |subnet, state| zone_id(state, &subnet.zone)),
        text("defaultForAz", &["default-for-az", "defaultForAz"], "", |subnet, _| subnet.is_default.to_string()),
        text("mapPublicIpOnLaunch", &["map-public-ip-on-launch", "mapPublicIpOnLaunch"], "public_addresses", |subnet, _| subnet.map_public_ip.to_string()),
        fixed("mapCustomerOwnedIpOnLaunch", &[], "false"),
        fixed("enableDns64", &[], "false"),
        fixed("ipv6Native", &[], "false"),
        child("privateDnsNameOptionsOnLaunch", |_, _| Some(dns_options())),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.subnets
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn state_name(&self, state: &State) -> String {
        self.meta.pending_or_available(state)
    }
}

/// How instances in a subnet are named.
fn dns_options() -> Node {
    Node::new()
        .text("hostnameType", "ip-name")
        .text("enableResourceNameDnsARecord", false)
        .text("enableResourceNameDnsAAAARecord", false)
}

/// The subnet with this id.
pub fn get<'a>(state: &'a State, id: &str) -> Option<&'a Subnet> {
    state.ec2.subnets.get(id)
}

/// The default subnet of a zone, or of the first zone.
pub fn default_in(state: &State, zone: Option<&str>) -> Option<String> {
    let mut all = state.ec2.subnets.all();
    let found = all.find(|one| one.is_default && zone.is_none_or(|zone| one.zone == zone));
    found.map(|one| one.subnet_id.clone())
}

/// The id of a zone, by its name.
pub fn zone_id(state: &State, zone: &str) -> String {
    let zones = state.setup.zones();
    zones
        .into_iter()
        .find(|(name, _)| name == zone)
        .map(|(_, id)| id)
        .unwrap_or_default()
}

fn taken(state: &State, subnet_id: &str) -> BTreeSet<Ipv4Addr> {
    state
        .ec2
        .interfaces
        .all()
        .filter(|interface| interface.subnet_id == subnet_id)
        .map(|interface| interface.private_ip)
        .collect()
}

fn free_count(state: &State, subnet: &Subnet) -> usize {
    let size = 1_usize << (32 - subnet.cidr.prefix_len());
    size.saturating_sub(RESERVED + taken(state, &subnet.meta.id).len())
}

/// The lowest free address of a subnet; `None` when it is full.
pub fn free_address(state: &State, subnet: &Subnet) -> Option<Ipv4Addr> {
    let taken = taken(state, &subnet.meta.id);
    let last = subnet.cidr.broadcast();
    // AWS reserves the network address and three more: `hosts` leaves out the first and the last.
    subnet
        .cidr
        .hosts()
        .skip(3)
        .find(|address| *address != last && !taken.contains(address))
}

/// Creates a subnet without checks.
pub fn create_internal(
    state: &mut State,
    vpc_id: &str,
    zone: &str,
    cidr: Ipv4Net,
    tags: Tags,
) -> String {
    let meta = Meta::new(state, "subnet-", tags);
    let id = meta.id.clone();
    let subnet = Subnet {
        subnet_id: id.clone(),
        vpc_id: vpc_id.to_owned(),
        zone: zone.to_owned(),
        cidr,
        map_public_ip: false,
        is_default: false,
        meta,
    };
    state.ec2.subnets.insert(&id, subnet);
    id
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let tags = tags::requested::<Subnet>(call)?;
    let vpc_id = need_param::<Vpc>(state, call, "VpcId")?;
    let text = call.params.need("CidrBlock")?;
    let cidr = network(text, "cidrBlock")?;
    if !(16..=28).contains(&cidr.prefix_len())
        || !vpc_cidrs::holds(need::<Vpc>(state, &vpc_id)?, &cidr)
    {
        return Err(errors::refuse(
            "InvalidSubnet.Range",
            format!("The CIDR '{text}' is invalid."),
        ));
    }
    admit(state, &vpc_id, cidr, text)?;
    let zone = zone(state, call)?;
    let id = create_internal(state, &vpc_id, &zone, cidr, tags);
    describe::one::<Subnet>(state, "subnet", &id)
}

/// Checks whether a VPC may have one more subnet.
fn admit(state: &State, vpc_id: &str, cidr: Ipv4Net, text: &str) -> Result<(), AwsError> {
    let others = || {
        state
            .ec2
            .subnets
            .all()
            .filter(|subnet| subnet.vpc_id == vpc_id)
    };
    if others().any(|other| other.cidr.contains(&cidr) || cidr.contains(&other.cidr)) {
        let message = format!("The CIDR '{text}' conflicts with another subnet");
        return Err(errors::refuse("InvalidSubnet.Conflict", message));
    }
    if others().count() >= quotas::limit(state, "L-407747CB") as usize {
        let message = "The maximum number of subnets has been reached.";
        return Err(errors::refuse("SubnetLimitExceeded", message));
    }
    Ok(())
}

/// The zone that a call requests by name or id; the first one by default.
fn zone(state: &State, call: &Call) -> Result<String, AwsError> {
    let zones = state.setup.zones();
    let (name, id) = (
        call.params.get("AvailabilityZone"),
        call.params.get("AvailabilityZoneId"),
    );
    let found = zones.iter().find(|(zone, zone_id)| match (name, id) {
        (Some(name), _) => zone == name,
        (None, Some(id)) => zone_id == id,
        (None, None) => true,
    });
    found.map(|(zone, _)| zone.clone()).ok_or_else(|| {
        let known: Vec<&str> = zones.iter().map(|(zone, _)| zone.as_str()).collect();
        let why = format!(
            "Subnets can currently only be created in the following availability zones: {}.",
            known.join(", ")
        );
        errors::bad_value(name.or(id).unwrap_or_default(), "availabilityZone", &why)
    })
}

fn modify_attribute(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Subnet>(state, call, "SubnetId")?;
    let Some(value) = call.params.flag("MapPublicIpOnLaunch.Value") else {
        // Other attributes are not simulated, and must not appear to be set.
        return Err(AwsError::unknown_operation(
            "ec2",
            "ModifySubnetAttribute of other attributes",
        ));
    };
    if let Some(subnet) = state.ec2.subnets.get_mut(&id) {
        subnet.map_public_ip = value;
    }
    returned()
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Subnet>(state, call, "SubnetId")?;
    if state
        .ec2
        .interfaces
        .all()
        .any(|interface| interface.subnet_id == id)
    {
        return Err(errors::has_dependencies("subnet", &id));
    }
    // Its association with a route table is removed with it.
    for table in state.ec2.route_tables.all_mut() {
        table
            .associations
            .retain(|association| association.subnet_id.as_deref() != Some(&id));
    }
    acls::forget_subnet(state, &id);
    state.ec2.subnets.remove(&id);
    returned()
}
