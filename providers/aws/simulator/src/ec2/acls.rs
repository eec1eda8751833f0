//! Network ACLs: only the default one of each VPC, which terraform and auditors read.
//!
//! They cannot be created or changed in the simulator.

use crate::ec2::Operations;
use crate::ec2::describe::{ResourceKind, ResourceSpec, describe};
use crate::ec2::fields::{Field, filter, fixed, id, items, text};
use crate::ec2::store::{Meta, Store, Tags};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::xml::Node;

#[derive(Clone, Debug)]
pub struct NetworkAcl {
    /// Id, times and tags.
    pub meta: Meta,
    pub vpc_id: String,
    /// Whether it came with the VPC.
    pub is_default: bool,
}

/// The operations on network ACLs.
pub const OPERATIONS: Operations = &[("DescribeNetworkAcls", describe::<NetworkAcl>)];

impl ResourceKind for NetworkAcl {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "acl-",
        ids: "NetworkAclId",
        set: "networkAclSet",
        noun: "networkAcl ID",
        not_found: "InvalidNetworkAclID.NotFound",
        malformed: "InvalidNetworkAclId.Malformed",
        paged: true,
        tag_type: "network-acl",
        resource_type: "network_acl",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("networkAclId", &["network-acl-id"]),
        text("vpcId", &["vpc-id"], "vpc_id", |acl, _| acl.vpc_id.clone()),
        fixed("ownerId", &["owner-id"], ACCOUNT_ID),
        text("default", &["default"], "default", |acl, _| acl.is_default.to_string()),
        items("entrySet", |_, _| entries().to_vec()),
        items("associationSet", associations),
        filter(&["association.subnet-id"], |acl, state| subnets(state, acl)),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.acls
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

/// Allow all and deny the rest, both ways.
fn entries() -> [Node; 4] {
    [
        (100, "allow", true),
        (32767, "deny", true),
        (100, "allow", false),
        (32767, "deny", false),
    ]
    .map(|(number, action, egress)| {
        Node::new()
            .text("ruleNumber", number)
            .text("protocol", "-1")
            .text("ruleAction", action)
            .text("egress", egress)
            .text("cidrBlock", "0.0.0.0/0")
    })
}

fn associations(acl: &NetworkAcl, state: &State) -> Vec<Node> {
    let association = |subnet: String| {
        let id = subnet.replacen("subnet-", "aclassoc-", 1);
        Node::new()
            .text("networkAclAssociationId", id)
            .text("networkAclId", &acl.meta.id)
            .text("subnetId", subnet)
    };
    subnets(state, acl).into_iter().map(association).collect()
}

/// Every subnet of the VPC is associated with the VPC's default ACL.
fn subnets(state: &State, acl: &NetworkAcl) -> Vec<String> {
    let of_vpc = state
        .ec2
        .subnets
        .all()
        .filter(|subnet| subnet.vpc_id == acl.vpc_id);
    of_vpc.map(|subnet| subnet.meta.id.clone()).collect()
}

/// Creates the default ACL of a VPC.
pub fn create_default(state: &mut State, vpc_id: &str) -> String {
    let meta = Meta::new(state, "acl-", Tags::new());
    let id = meta.id.clone();
    state.ec2.acls.insert(
        &id,
        NetworkAcl {
            meta,
            vpc_id: vpc_id.to_owned(),
            is_default: true,
        },
    );
    id
}
