//! VPC endpoints: gateway ones are routes and free, interface ones have an interface in each subnet and cost by the hour.
//!
//! What changes one later is in `endpoint_changes`. Facts: AWS `PrivateLink` guide and the EC2 API reference.

use crate::billing::usage;
use crate::ec2::describe::{self, ResourceKind, ResourceSpec, describe, need, need_param};
use crate::ec2::fields::{Field, fixed, id, items, maybe, state, text};
use crate::ec2::interfaces::{self, NewInterface};
use crate::ec2::route_tables::RouteTable;
use crate::ec2::security_groups::{self, SecurityGroup};
use crate::ec2::store::{Meta, Store};
use crate::ec2::subnets::Subnet;
use crate::ec2::vpcs::{self, Vpc};
use crate::ec2::{
    Event, Operations, endpoint_changes, endpoint_services, errors, idempotency, tags,
};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;
use crate::wire::xml::Node;

/// The policy of an endpoint that is made without one.
pub const OPEN: &str = "{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Resource\":\"*\"}]}";

/// The states of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Pending,
    Available,
    Deleting,
}

#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Id, times and tags.
    pub meta: Meta,
    pub vpc_id: String,
    /// `com.amazonaws.us-east-1.s3`.
    pub service: String,
    /// `Gateway` or `Interface`.
    pub kind: String,
    pub stage: Stage,
    /// Tables with a route to it.
    pub route_table_ids: Vec<String>,
    /// Subnets with an interface of it, and that interface.
    pub interfaces: Vec<(String, String)>,
    pub group_ids: Vec<String>,
    pub private_dns: bool,
    pub policy: String,
}

/// The operations on endpoints.
pub const OPERATIONS: Operations = &[
    ("CreateVpcEndpoint", create),
    ("DescribeVpcEndpoints", describe::<Endpoint>),
    ("ModifyVpcEndpoint", endpoint_changes::modify),
    ("DeleteVpcEndpoints", endpoint_changes::delete),
];

impl ResourceKind for Endpoint {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "vpce-",
        ids: "VpcEndpointId",
        set: "vpcEndpointSet",
        noun: "Vpc Endpoint Id",
        not_found: "InvalidVpcEndpointId.NotFound",
        malformed: "InvalidVpcEndpointId.Malformed",
        paged: true,
        tag_type: "vpc-endpoint",
        resource_type: "vpc_endpoint",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("vpcEndpointId", &["vpc-endpoint-id"]),
        text("vpcEndpointType", &["vpc-endpoint-type"], "endpoint_type", |one, _| one.kind.clone()),
        text("vpcId", &["vpc-id"], "vpc_id", |one, _| one.vpc_id.clone()),
        text("serviceName", &["service-name"], "service", |one, _| one.service.clone()),
        state("state", &["vpc-endpoint-state"]),
        text("policyDocument", &[], "", |one, _| one.policy.clone()),
        items("routeTableIdSet", |one, _| one.route_table_ids.iter().map(Node::of_text).collect()),
        items("subnetIdSet", |one, _| one.interfaces.iter().map(|(subnet, _)| Node::of_text(subnet)).collect()),
        items("groupSet", groups),
        fixed("ipAddressType", &["ip-address-type"], "ipv4"),
        text("privateDnsEnabled", &[], "", |one, _| one.private_dns.to_string()),
        fixed("requesterManaged", &[], "false"),
        items("networkInterfaceIdSet", |one, _| one.interfaces.iter().map(|(_, id)| Node::of_text(id)).collect()),
        items("dnsEntrySet", dns_names),
        text("creationTimestamp", &[], "", |one, _| one.meta.created_at.to_string()),
        fixed("ownerId", &[], ACCOUNT_ID),
        maybe("", &[], "subnet_ids", |one, _| subnet_ids(one)),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.endpoints
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn state_name(&self, _state: &State) -> String {
        match self.stage {
            Stage::Pending => "pending",
            Stage::Available => "available",
            Stage::Deleting => "deleting",
        }
        .to_owned()
    }
}

fn subnet_ids(endpoint: &Endpoint) -> Option<String> {
    let ids: Vec<&str> = endpoint
        .interfaces
        .iter()
        .map(|(subnet, _)| subnet.as_str())
        .collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

fn groups(endpoint: &Endpoint, state: &State) -> Vec<Node> {
    let item = |id: &String| {
        Node::new()
            .text("groupId", id)
            .text("groupName", security_groups::name_of(state, id))
    };
    endpoint.group_ids.iter().map(item).collect()
}

fn dns_names(endpoint: &Endpoint, state: &State) -> Vec<Node> {
    if endpoint.interfaces.is_empty() {
        return Vec::new();
    }
    let short = endpoint.service.rsplit('.').next().unwrap_or_default();
    let id = &endpoint.meta.id;
    let name = format!("{id}.{short}.{}.vpce.amazonaws.com", state.setup.region);
    vec![
        Node::new()
            .text("dnsName", name)
            .text("hostedZoneId", "Z7HUB22UULQXV"),
    ]
}

/// The endpoints that a route table leads to.
pub fn of_table<'a>(state: &'a State, table_id: &'a str) -> impl Iterator<Item = &'a Endpoint> {
    let all = state.ec2.endpoints.all();
    all.filter(move |endpoint| endpoint.route_table_ids.iter().any(|id| id == table_id))
}

/// The endpoints of a VPC.
pub fn of_vpc(state: &State, vpc_id: &str) -> bool {
    state
        .ec2
        .endpoints
        .all()
        .any(|endpoint| endpoint.vpc_id == vpc_id)
}

fn create(state: &mut State, call: &Call) -> Outcome {
    if let Some(id) = idempotency::earlier::<Endpoint>(state, call)? {
        return describe::one::<Endpoint>(state, "vpcEndpoint", &id);
    }
    let tags = tags::requested::<Endpoint>(call)?;
    let vpc_id = need_param::<Vpc>(state, call, "VpcId")?;
    let service = call.params.need("ServiceName")?.to_owned();
    let kind = call
        .params
        .get("VpcEndpointType")
        .unwrap_or("Gateway")
        .to_owned();
    if !matches!(kind.as_str(), "Gateway" | "Interface") {
        let what = format!("CreateVpcEndpoint of type {kind}");
        return Err(AwsError::unknown_operation("ec2", &what));
    }
    if !endpoint_services::offers(state, &service, &kind) {
        return Err(endpoint_services::unknown(&service));
    }
    let is_gateway = kind == "Gateway";
    let endpoint = Endpoint {
        route_table_ids: tables(state, call, "RouteTableId", &vpc_id)?,
        interfaces: Vec::new(),
        group_ids: group_ids(state, call, &vpc_id)?,
        private_dns: !is_gateway && call.params.flag("PrivateDnsEnabled").unwrap_or(true),
        policy: call.params.get("PolicyDocument").unwrap_or(OPEN).to_owned(),
        stage: if is_gateway {
            Stage::Available
        } else {
            Stage::Pending
        },
        meta: Meta::new(state, "vpce-", tags),
        vpc_id,
        service,
        kind,
    };
    admit_names(state, &endpoint)?;
    let id = endpoint.meta.id.clone();
    let subnets = call.params.list("SubnetId");
    state.ec2.endpoints.insert(&id, endpoint);
    if let Err(error) = subnets
        .iter()
        .try_for_each(|subnet| join(state, &id, subnet))
    {
        // A refused request leaves nothing.
        endpoint_changes::remove(state, &id);
        return Err(error);
    }
    if !is_gateway {
        let wait = state.durations.endpoint_create;
        state.after(wait, crate::state::Event::Ec2(Event::Endpoint(id.clone())));
        meter(state, &id);
    }
    idempotency::remember(state, call, &id)?;
    describe::one::<Endpoint>(state, "vpcEndpoint", &id)
}

/// Starts the hours of an interface endpoint, or changes their number to that of its zones.
pub fn meter(state: &mut State, id: &str) {
    let Some(endpoint) = state.ec2.endpoints.get(id) else {
        return;
    };
    let (zones, tags) = (endpoint.interfaces.len(), endpoint.meta.tags.clone());
    usage::interface_endpoint(state, id, u32::try_from(zones).unwrap_or(0), &tags);
}

/// Private names need a VPC with names.
fn admit_names(state: &State, endpoint: &Endpoint) -> Result<(), AwsError> {
    if endpoint.private_dns && !vpcs::has_names(state, &endpoint.vpc_id) {
        return Err(errors::refuse(
            "InvalidParameter",
            format!(
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true \
                 for {}",
                endpoint.vpc_id
            ),
        ));
    }
    let same = |other: &Endpoint| {
        other.vpc_id == endpoint.vpc_id && other.service == endpoint.service && other.private_dns
    };
    if endpoint.private_dns && state.ec2.endpoints.all().any(same) {
        let message = "private-dns-enabled cannot be set because there is already a conflicting DNS domain in the VPC";
        return Err(errors::refuse("InvalidParameter", message));
    }
    Ok(())
}

/// The route tables of a request, which are of the VPC.
///
/// # Errors
/// For tables that do not exist there.
pub fn tables(
    state: &State,
    call: &Call,
    name: &str,
    vpc_id: &str,
) -> Result<Vec<String>, AwsError> {
    let ids = call.params.list(name);
    for id in &ids {
        if need::<RouteTable>(state, id)?.vpc_id != vpc_id {
            return Err(errors::refuse(
                "InvalidRouteTableId.NotFound",
                format!("The routeTable ID '{id}' does not exist in {vpc_id}"),
            ));
        }
    }
    Ok(ids)
}

fn group_ids(state: &State, call: &Call, vpc_id: &str) -> Result<Vec<String>, AwsError> {
    let given = call.params.list("SecurityGroupId");
    for id in &given {
        need::<SecurityGroup>(state, id)?;
    }
    if given.is_empty() && call.params.get("VpcEndpointType") == Some("Interface") {
        return Ok(security_groups::default_of(state, vpc_id)
            .into_iter()
            .collect());
    }
    Ok(given)
}

/// Puts an interface of an endpoint into a subnet.
///
/// # Errors
/// EC2's, when there is no such subnet, or no free address in it.
pub fn join(state: &mut State, id: &str, subnet_id: &str) -> Result<(), AwsError> {
    let endpoint = need::<Endpoint>(state, id)?.clone();
    let subnet = need::<Subnet>(state, subnet_id)?;
    let zone_taken = |one: &(String, String)| {
        state
            .ec2
            .subnets
            .get(&one.0)
            .is_some_and(|other| other.zone == subnet.zone)
    };
    if subnet.vpc_id != endpoint.vpc_id || endpoint.interfaces.iter().any(zone_taken) {
        let message =
            format!("Found another VPC endpoint subnet in the availability zone of {subnet_id}");
        return Err(errors::refuse("DuplicateSubnetsInSameZone", message));
    }
    let made = interfaces::create(
        state,
        NewInterface {
            subnet_id: subnet_id.to_owned(),
            description: format!("VPC Endpoint Interface {id}"),
            interface_type: "vpc_endpoint".to_owned(),
            requester_managed: true,
            group_ids: endpoint.group_ids,
            tags: std::collections::BTreeMap::new(),
            instance_id: None,
            delete_on_termination: false,
        },
    )?;
    if let Some(endpoint) = state.ec2.endpoints.get_mut(id) {
        endpoint.interfaces.push((subnet_id.to_owned(), made));
    }
    Ok(())
}
