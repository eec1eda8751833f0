//! VPCs: what comes with one, its attributes, and what keeps it from being deleted.

use ipnet::Ipv4Net;

use crate::ec2::acls::{self, NetworkAcl};
use crate::ec2::describe::{self, ResourceKind, ResourceSpec, describe, need_param};
use crate::ec2::dhcp_options;
use crate::ec2::egress_only::EgressOnlyGateway;
use crate::ec2::errors;
use crate::ec2::fields::{Field, filter, fixed, id, items, property, state, text};
use crate::ec2::route_tables::{self, RouteTable};
use crate::ec2::security_groups::{self, SecurityGroup};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::vpc_cidrs::{self, Networks};
use crate::ec2::{Operations, endpoints, tags};
use crate::quotas;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome, returned};
use crate::wire::xml::Node;

#[derive(Clone, Debug)]
pub struct Vpc {
    /// Id, times and tags.
    pub meta: Meta,
    /// Its network.
    pub cidr: Ipv4Net,
    /// Whether it is the account's default VPC.
    pub is_default: bool,
    /// Its set of DHCP options.
    pub dhcp_options_id: String,
    /// `enableDnsSupport`.
    pub dns_support: bool,
    /// `enableDnsHostnames`.
    pub dns_hostnames: bool,
    /// `enableNetworkAddressUsageMetrics`.
    pub usage_metrics: bool,
    /// The id of the association of its network.
    pub association_id: String,
    /// Its further networks.
    pub more: Networks,
}

/// The operations on VPCs.
pub const OPERATIONS: Operations = &[
    ("CreateVpc", create),
    ("DescribeVpcs", describe::<Vpc>),
    ("ModifyVpcAttribute", modify_attribute),
    ("DescribeVpcAttribute", describe_attribute),
    ("DeleteVpc", delete),
];

impl ResourceKind for Vpc {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "vpc-",
        ids: "VpcId",
        set: "vpcSet",
        noun: "vpc ID",
        not_found: "InvalidVpcID.NotFound",
        malformed: "InvalidVpcID.Malformed",
        paged: true,
        tag_type: "vpc",
        resource_type: "vpc",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("vpcId", &["vpc-id"]),
        fixed("ownerId", &["owner-id"], ACCOUNT_ID),
        state("state", &["state"]),
        text("cidrBlock", &["cidr"], "cidr", |vpc, _| vpc.cidr.to_string()),
        filter(&["cidr-block-association.cidr-block"], |vpc, _| vpc_cidrs::all(vpc).map(|(_, net)| net.to_string()).collect()),
        filter(&["cidr-block-association.association-id"], |vpc, _| vpc_cidrs::all(vpc).map(|(id, _)| id.to_owned()).collect()),
        filter(&["cidr-block-association.state"], |_, _| vec!["associated".to_owned()]),
        items("cidrBlockAssociationSet", |vpc, _| vpc_cidrs::all(vpc).map(|(id, net)| vpc_cidrs::item(id, net, "associated")).collect()),
        text("dhcpOptionsId", &["dhcp-options-id"], "", |vpc, _| vpc.dhcp_options_id.clone()),
        fixed("instanceTenancy", &[], "default"),
        text("isDefault", &["is-default", "isDefault"], "default", |vpc, _| vpc.is_default.to_string()),
        property("dns_hostnames", |vpc, _| vpc.dns_hostnames.to_string()),
        property("dns_support", |vpc, _| vpc.dns_support.to_string()),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.vpcs
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn state_name(&self, state: &State) -> String {
        self.meta.pending_or_available(state)
    }
}

/// Whether a VPC with this id exists.
pub fn exists(state: &State, id: &str) -> bool {
    state.ec2.vpcs.has(id)
}

/// Whether machines of a VPC have names, and can resolve others. "The VPC must have DNS hostname and DNS
/// resolution support. Otherwise, nodes can't register to your cluster" (EKS user guide, networking
/// requirements).
pub fn has_names(state: &State, id: &str) -> bool {
    let vpc = state.ec2.vpcs.get(id);
    vpc.is_some_and(|vpc| vpc.dns_hostnames && vpc.dns_support)
}

/// The id of the default VPC.
pub fn default_id(state: &State) -> Option<String> {
    state
        .ec2
        .vpcs
        .all()
        .find(|vpc| vpc.is_default)
        .map(|vpc| vpc.meta.id.clone())
}

/// Creates a VPC with what comes with it: main route table, default network ACL and default security
/// group. None of them gets the VPC's tags.
pub fn create_internal(state: &mut State, cidr: Ipv4Net, tags: Tags, is_default: bool) -> String {
    let meta = Meta::new(state, "vpc-", tags);
    let id = meta.id.clone();
    let vpc = Vpc {
        cidr,
        is_default,
        dhcp_options_id: dhcp_options::default_id(state),
        dns_support: true,
        dns_hostnames: is_default,
        usage_metrics: false,
        association_id: state.ids.prefixed("vpc-cidr-assoc-"),
        more: Networks::new(),
        meta,
    };
    let visible_at = vpc.meta.visible_at;
    state.ec2.vpcs.insert(&id, vpc);
    let table = route_tables::create_internal(state, &id, Tags::new(), true);
    let acl = acls::create_default(state, &id);
    let group = security_groups::create_default(state, &id);
    // What comes with a VPC becomes visible no later than the VPC itself: callers look it up by VPC.
    for id in [table, acl, group] {
        if let Some(meta) = state.ec2.meta_mut(&id) {
            meta.visible_at = visible_at;
        }
    }
    id
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let tags = tags::requested::<Vpc>(call)?;
    let text = call.params.need("CidrBlock")?;
    let cidr = network(text, "cidrBlock")?;
    if !(16..=28).contains(&cidr.prefix_len()) {
        return Err(errors::refuse(
            "InvalidVpc.Range",
            format!("The CIDR '{text}' is invalid."),
        ));
    }
    if state.ec2.vpcs.count() >= quotas::limit(state, "L-F678F1CE") as usize {
        return Err(errors::refuse(
            "VpcLimitExceeded",
            "The maximum number of VPCs has been reached.",
        ));
    }
    let id = create_internal(state, cidr, tags, false);
    describe::one::<Vpc>(state, "vpc", &id)
}

/// Parses a network. Host bits are cut off, as in EC2.
///
/// # Errors
/// `InvalidParameterValue` when the text is not a network.
pub fn network(text: &str, parameter: &str) -> Result<Ipv4Net, AwsError> {
    text.parse::<Ipv4Net>()
        .map(|network| network.trunc())
        .map_err(|_| errors::bad_value(text, parameter, "This is not a valid CIDR block."))
}

fn modify_attribute(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Vpc>(state, call, "VpcId")?;
    let names = [
        "EnableDnsSupport",
        "EnableDnsHostnames",
        "EnableNetworkAddressUsageMetrics",
    ];
    let given: Vec<(&str, bool)> = names
        .iter()
        .filter_map(|name| Some((*name, call.params.flag(&format!("{name}.Value"))?)))
        .collect();
    let [(name, value)] = given[..] else {
        let message = if given.is_empty() {
            "No attributes specified."
        } else {
            "Fields for multiple attribute types specified."
        };
        return Err(errors::combination(message));
    };
    if let Some(vpc) = state.ec2.vpcs.get_mut(&id) {
        match name {
            "EnableDnsSupport" => vpc.dns_support = value,
            "EnableDnsHostnames" => vpc.dns_hostnames = value,
            _ => vpc.usage_metrics = value,
        }
    }
    returned()
}

fn describe_attribute(state: &mut State, call: &Call) -> Outcome {
    let id = call.params.need("VpcId")?;
    let attribute = call.params.need("Attribute")?;
    let vpc = describe::need::<Vpc>(state, id)?;
    if vpc.meta.visible_at > state.now {
        return Err(errors::not_found::<Vpc>(id));
    }
    let value = match attribute {
        "enableDnsSupport" => vpc.dns_support,
        "enableDnsHostnames" => vpc.dns_hostnames,
        "enableNetworkAddressUsageMetrics" => vpc.usage_metrics,
        other => return Err(errors::bad_value(other, "attribute", "Unknown attribute.")),
    };
    let node = Node::new()
        .text("vpcId", id)
        .node(attribute, Node::new().text("value", value));
    Ok(Answer::Xml(node))
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Vpc>(state, call, "VpcId")?;
    if is_in_use(state, &id) {
        return Err(errors::has_dependencies("vpc", &id));
    }
    let of_vpc = |table: &RouteTable| table.vpc_id == id;
    state.ec2.route_tables.retain(|table| !of_vpc(table));
    state.ec2.acls.retain(|acl: &NetworkAcl| acl.vpc_id != id);
    let groups: Vec<String> = security_groups::of_vpc(state, &id);
    state
        .ec2
        .rules
        .retain(|rule| !groups.contains(&rule.group_id));
    state
        .ec2
        .security_groups
        .retain(|group: &SecurityGroup| group.vpc_id != id);
    state.ec2.vpcs.remove(&id);
    returned()
}

/// Whether the VPC contains anything but what came with it.
fn is_in_use(state: &State, id: &str) -> bool {
    let ec2 = &state.ec2;
    let egress_only = |gateway: &EgressOnlyGateway| gateway.vpc_id == id;
    endpoints::of_vpc(state, id)
        || ec2.egress_only.all().any(egress_only)
        || ec2.subnets.all().any(|subnet| subnet.vpc_id == id)
        || ec2
            .internet_gateways
            .all()
            .any(|gateway| gateway.vpc_id.as_deref() == Some(id))
        || ec2
            .route_tables
            .all()
            .any(|table| table.vpc_id == id && !table.is_main())
        || ec2
            .security_groups
            .all()
            .any(|group| group.vpc_id == id && !group.is_default())
        || ec2
            .acls
            .all()
            .any(|acl| acl.vpc_id == id && !acl.is_default)
        || ec2.interfaces.all().any(|interface| interface.vpc_id == id)
}
