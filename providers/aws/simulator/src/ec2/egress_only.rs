//! Egress-only internet gateways, which carry IPv6 only: they exist, and no traffic of a rehearsal needs them.

use crate::ec2::describe::{self, ResourceKind, ResourceSpec, describe, need_param};
use crate::ec2::fields::{Field, id, items, property};
use crate::ec2::store::{Meta, Store};
use crate::ec2::vpcs::Vpc;
use crate::ec2::{Operations, idempotency, tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

#[derive(Clone, Debug)]
pub struct EgressOnlyGateway {
    /// Id, times and tags.
    pub meta: Meta,
    pub vpc_id: String,
}

/// The operations on egress-only gateways.
pub const OPERATIONS: Operations = &[
    ("CreateEgressOnlyInternetGateway", create),
    (
        "DescribeEgressOnlyInternetGateways",
        describe::<EgressOnlyGateway>,
    ),
    ("DeleteEgressOnlyInternetGateway", delete),
];

impl ResourceKind for EgressOnlyGateway {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "eigw-",
        ids: "EgressOnlyInternetGatewayId",
        set: "egressOnlyInternetGatewaySet",
        noun: "egressOnlyInternetGateway ID",
        not_found: "InvalidGatewayID.NotFound",
        malformed: "InvalidEgressOnlyInternetGatewayId.Malformed",
        paged: true,
        tag_type: "egress-only-internet-gateway",
        resource_type: "egress_only_igw",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("egressOnlyInternetGatewayId", &[]),
        items("attachmentSet", |gateway, _| vec![Node::new().text("state", "attached").text("vpcId", &gateway.vpc_id)]),
        property("vpc_id", |gateway, _| gateway.vpc_id.clone()),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.egress_only
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let name = "egressOnlyInternetGateway";
    if let Some(id) = idempotency::earlier::<EgressOnlyGateway>(state, call)? {
        return describe::one::<EgressOnlyGateway>(state, name, &id);
    }
    let tags = tags::requested::<EgressOnlyGateway>(call)?;
    let vpc_id = need_param::<Vpc>(state, call, "VpcId")?;
    let meta = Meta::new(state, "eigw-", tags);
    let id = meta.id.clone();
    state
        .ec2
        .egress_only
        .insert(&id, EgressOnlyGateway { meta, vpc_id });
    idempotency::remember(state, call, &id)?;
    describe::one::<EgressOnlyGateway>(state, name, &id)
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<EgressOnlyGateway>(state, call, "EgressOnlyInternetGatewayId")?;
    state.ec2.egress_only.remove(&id);
    Ok(Answer::Xml(Node::new().text("returnCode", true)))
}
