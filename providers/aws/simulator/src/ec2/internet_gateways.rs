//! Internet gateways: attached to at most one VPC, and kept there by mapped public addresses.

use crate::ec2::describe::{self, ResourceKind, ResourceSpec, describe, need, need_param};
use crate::ec2::errors;
use crate::ec2::fields::{Field, filter, fixed, id, items, maybe};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::vpcs::Vpc;
use crate::ec2::{Operations, tags};
use crate::quotas;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Outcome, returned};
use crate::wire::xml::Node;

#[derive(Clone, Debug)]
pub struct InternetGateway {
    /// Id, times and tags.
    pub meta: Meta,
    /// The VPC that it is attached to.
    pub vpc_id: Option<String>,
}

/// The operations on internet gateways.
pub const OPERATIONS: Operations = &[
    ("CreateInternetGateway", create),
    ("DescribeInternetGateways", describe::<InternetGateway>),
    ("AttachInternetGateway", attach),
    ("DetachInternetGateway", detach),
    ("DeleteInternetGateway", delete),
];

impl ResourceKind for InternetGateway {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "igw-",
        ids: "InternetGatewayId",
        set: "internetGatewaySet",
        noun: "internetGateway ID",
        not_found: "InvalidInternetGatewayID.NotFound",
        malformed: "InvalidInternetGatewayId.Malformed",
        paged: true,
        tag_type: "internet-gateway",
        resource_type: "internet_gateway",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("internetGatewayId", &["internet-gateway-id"]),
        fixed("ownerId", &["owner-id"], ACCOUNT_ID),
        items("attachmentSet", |gateway, _| attachments(gateway)),
        filter(&["attachment.state"], |gateway, _| gateway.vpc_id.iter().map(|_| "available".to_owned()).collect()),
        maybe("", &["attachment.vpc-id"], "vpc_id", |gateway, _| gateway.vpc_id.clone()),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.internet_gateways
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn state_name(&self, _state: &State) -> String {
        if self.vpc_id.is_some() {
            "attached"
        } else {
            "detached"
        }
        .to_owned()
    }
}

fn attachments(gateway: &InternetGateway) -> Vec<Node> {
    let attachment = |id| Node::new().text("vpcId", id).text("state", "available");
    gateway.vpc_id.iter().map(attachment).collect()
}

/// Whether a VPC has an internet gateway.
pub fn is_attached_to(state: &State, vpc_id: &str) -> bool {
    state
        .ec2
        .internet_gateways
        .all()
        .any(|gateway| gateway.vpc_id.as_deref() == Some(vpc_id))
}

/// Creates an internet gateway, attached or not.
pub fn create_internal(state: &mut State, tags: Tags, vpc_id: Option<String>) -> String {
    let meta = Meta::new(state, "igw-", tags);
    let id = meta.id.clone();
    state
        .ec2
        .internet_gateways
        .insert(&id, InternetGateway { meta, vpc_id });
    id
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let tags = tags::requested::<InternetGateway>(call)?;
    if state.ec2.internet_gateways.count() >= quotas::limit(state, "L-A4707A72") as usize {
        return Err(errors::refuse(
            "InternetGatewayLimitExceeded",
            "The maximum number of internet gateways has been reached.",
        ));
    }
    let id = create_internal(state, tags, None);
    describe::one::<InternetGateway>(state, "internetGateway", &id)
}

fn attach(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<InternetGateway>(state, call, "InternetGatewayId")?;
    let vpc_id = need_param::<Vpc>(state, call, "VpcId")?;
    if let Some(attached) = &need::<InternetGateway>(state, &id)?.vpc_id {
        return Err(errors::refuse(
            "Resource.AlreadyAssociated",
            format!("resource {id} is already attached to network {attached}"),
        ));
    }
    if is_attached_to(state, &vpc_id) {
        let message = format!("Network {vpc_id} already has an internet gateway attached");
        return Err(errors::value(message));
    }
    if let Some(gateway) = state.ec2.internet_gateways.get_mut(&id) {
        gateway.vpc_id = Some(vpc_id);
    }
    returned()
}

fn detach(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<InternetGateway>(state, call, "InternetGatewayId")?;
    let vpc_id = need_param::<Vpc>(state, call, "VpcId")?;
    if need::<InternetGateway>(state, &id)?.vpc_id.as_deref() != Some(&vpc_id) {
        return Err(errors::refuse(
            "Gateway.NotAttached",
            format!("resource {id} is not attached to network {vpc_id}"),
        ));
    }
    let mut interfaces = state.ec2.interfaces.all();
    if interfaces.any(|interface| interface.vpc_id == vpc_id && interface.public.is_some()) {
        return Err(errors::dependency(format!(
            "Network {vpc_id} has some mapped public address(es). Please unmap those public \
             address(es) before detaching the gateway."
        )));
    }
    if let Some(gateway) = state.ec2.internet_gateways.get_mut(&id) {
        gateway.vpc_id = None;
    }
    returned()
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<InternetGateway>(state, call, "InternetGatewayId")?;
    if need::<InternetGateway>(state, &id)?.vpc_id.is_some() {
        return Err(errors::has_dependencies("internetGateway", &id));
    }
    state.ec2.internet_gateways.remove(&id);
    returned()
}
