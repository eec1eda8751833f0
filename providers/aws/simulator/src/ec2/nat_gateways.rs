//! NAT gateways: created and deleted asynchronously, and readable for an hour after their end.
//!
//! A gateway holds its interface and address from its creation until it is deleted.

use jiff::Timestamp;

use crate::ec2::addresses::Address;
use crate::ec2::describe::{self, ResourceKind, ResourceSpec, describe, need, need_param};
use crate::ec2::fields::{Field, fixed, id, items, maybe, state, text};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::subnets::Subnet;
use crate::ec2::{Operations, errors, idempotency, internet_gateways, nat_lifecycle, tags};
use crate::quotas;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

#[derive(Clone, Debug)]
pub struct NatGateway {
    /// Id, times and tags.
    pub meta: Meta,
    pub subnet_id: String,
    /// The VPC of that subnet.
    pub vpc_id: String,
    /// The zone of that subnet.
    pub zone: String,
    /// Its state.
    pub stage: Stage,
    /// `public` or `private`.
    pub connectivity: String,
    /// The Elastic IP that it was requested with.
    pub allocation_id: Option<String>,
    /// The addresses that it held last, kept for its record.
    pub held: Option<GatewayAddresses>,
    /// Why it failed: code and message.
    pub failure: Option<(String, String)>,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct GatewayAddresses {
    pub interface_id: String,
    /// The interface's private address.
    pub private_ip: String,
    /// The public address, when it has one.
    pub public_ip: Option<String>,
    /// The association of the public address.
    pub association_id: Option<String>,
}

/// The states of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Being created.
    Pending,
    /// Usable.
    Available,
    /// Creation failed, for the reason in `failure`.
    Failed,
    /// Being deleted; still holds its interface and address.
    Deleting,
    /// Deleted; only the record is left.
    Deleted,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

/// The operations on NAT gateways.
pub const OPERATIONS: Operations = &[
    ("CreateNatGateway", create),
    ("DescribeNatGateways", describe::<NatGateway>),
    ("DeleteNatGateway", delete),
];

impl ResourceKind for NatGateway {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "nat-",
        ids: "NatGatewayId",
        set: "natGatewaySet",
        noun: "NatGateway",
        not_found: "NatGatewayNotFound",
        malformed: "NatGatewayMalformed",
        paged: true,
        tag_type: "natgateway",
        resource_type: "nat_gateway",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("natGatewayId", &["nat-gateway-id"]),
        text("subnetId", &["subnet-id"], "subnet_id", |gateway, _| gateway.subnet_id.clone()),
        text("vpcId", &["vpc-id"], "vpc_id", |gateway, _| gateway.vpc_id.clone()),
        state("state", &["state"]),
        text("createTime", &[], "", |gateway, _| gateway.meta.created_at.to_string()),
        maybe("deleteTime", &[], "", |gateway, _| gateway.deleted_at.map(|at| at.to_string())),
        maybe("failureCode", &[], "", |gateway, _| Some(gateway.failure.as_ref()?.0.clone())),
        maybe("failureMessage", &[], "", |gateway, _| Some(gateway.failure.as_ref()?.1.clone())),
        text("connectivityType", &[], "", |gateway, _| gateway.connectivity.clone()),
        fixed("availabilityMode", &[], "zonal"),
        items("natGatewayAddressSet", |gateway, _| vec![address(gateway)]),
        maybe("", &[], "allocation_id", |gateway, _| gateway.allocation_id.clone()),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.nat_gateways
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn exists(&self) -> bool {
        self.stage != Stage::Deleted
    }

    fn state_name(&self, _state: &State) -> String {
        self.stage.as_str().to_owned()
    }
}

/// What a gateway holds, as an item.
fn address(gateway: &NatGateway) -> Node {
    let status = match gateway.stage {
        Stage::Pending => "associating",
        Stage::Available => "succeeded",
        Stage::Failed => "failed",
        Stage::Deleting | Stage::Deleted => "disassociating",
    };
    let held = gateway.held.as_ref();
    Node::new()
        .maybe("allocationId", gateway.allocation_id.as_ref())
        .maybe("networkInterfaceId", held.map(|held| &held.interface_id))
        .maybe("privateIp", held.map(|held| &held.private_ip))
        .maybe("publicIp", held.and_then(|held| held.public_ip.as_ref()))
        .maybe(
            "associationId",
            held.and_then(|held| held.association_id.as_ref()),
        )
        .text("isPrimary", true)
        .text("status", status)
}

/// Whether a route may be given this gateway as its target.
///
/// One that is pending is taken, but right after its creation `CreateRoute` may not know it yet: boto/boto3 issue 779
/// shows `InvalidNatGatewayID.NotFound`, and the same request accepted a moment later. That one which has failed, is
/// being deleted or is deleted is refused in the same words is an assumption: there is no public answer of AWS.
/// (chime/terraform-aws-alternat pull request 146 reports that replacing a route by a deleted one does not work.)
pub fn may_be_target(state: &State, id: &str) -> bool {
    let gateway = state.ec2.nat_gateways.get(id);
    is_live(state, id) && gateway.is_some_and(|gateway| gateway.meta.visible_at <= state.now)
}

/// Whether a route with this target is active. With a deleted gateway it is a black hole until it is replaced or deleted
/// (VPC user guide, "Delete a NAT gateway"; kubernetes/kops#16879 meets such routes, and replaces them).
pub fn is_live(state: &State, id: &str) -> bool {
    let stage = state.ec2.nat_gateways.get(id).map(|gateway| gateway.stage);
    matches!(stage, Some(Stage::Pending | Stage::Available))
}

/// Whether traffic passes through this gateway: only once it is available, and over an attached
/// internet gateway when it is a public one.
pub fn is_available(state: &State, id: &str) -> bool {
    state.ec2.nat_gateways.get(id).is_some_and(|gateway| {
        gateway.stage == Stage::Available
            && gateway.connectivity == "public"
            && internet_gateways::is_attached_to(state, &gateway.vpc_id)
    })
}

fn create(state: &mut State, call: &Call) -> Outcome {
    if let Some(id) = idempotency::earlier::<NatGateway>(state, call)? {
        return describe::one::<NatGateway>(state, "natGateway", &id);
    }
    let tags = tags::requested::<NatGateway>(call)?;
    if call.params.get("AvailabilityMode") == Some("regional") {
        return Err(AwsError::unknown_operation(
            "ec2",
            "CreateNatGateway of regional mode",
        ));
    }
    let subnet_id = need_param::<Subnet>(state, call, "SubnetId")?;
    let subnet = need::<Subnet>(state, &subnet_id)?.clone();
    let connectivity = call
        .params
        .get("ConnectivityType")
        .unwrap_or("public")
        .to_owned();
    let allocation_id = if connectivity == "public" {
        Some(need_param::<Address>(state, call, "AllocationId")?)
    } else {
        None
    };
    let is_counted = |gateway: &&NatGateway| {
        let counts = [Stage::Pending, Stage::Available, Stage::Deleting];
        gateway.zone == subnet.zone && counts.contains(&gateway.stage)
    };
    let count = state.ec2.nat_gateways.all().filter(is_counted).count();
    if count >= quotas::limit(state, "L-FE5A380F") as usize {
        let message = format!(
            "Performing this operation would exceed the limit of {count} NAT gateways per \
             availability zone"
        );
        return Err(errors::refuse("NatGatewayLimitExceeded", message));
    }
    let id = insert(state, &subnet, connectivity, allocation_id, tags);
    nat_lifecycle::begin(state, call, &id);
    idempotency::remember(state, call, &id)?;
    describe::one::<NatGateway>(state, "natGateway", &id)
}

fn insert(
    state: &mut State,
    subnet: &Subnet,
    connectivity: String,
    allocation_id: Option<String>,
    tags: Tags,
) -> String {
    let meta = Meta::new(state, "nat-", tags);
    let id = meta.id.clone();
    let gateway = NatGateway {
        subnet_id: subnet.subnet_id.clone(),
        vpc_id: subnet.vpc_id.clone(),
        zone: subnet.zone.clone(),
        stage: Stage::Pending,
        connectivity,
        allocation_id,
        held: None,
        failure: None,
        deleted_at: None,
        meta,
    };
    state.ec2.nat_gateways.insert(&id, gateway);
    id
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<NatGateway>(state, call, "NatGatewayId")?;
    nat_lifecycle::begin_end(state, call, &id);
    Ok(Answer::Xml(Node::new().text("natGatewayId", id)))
}
