//! Network ACLs: only the default one of each VPC, which terraform and auditors read.
//!
//! They cannot be created or changed in the simulator.

use std::collections::BTreeMap;

use crate::ec2::Operations;
use crate::ec2::describe::{ResourceKind, ResourceSpec, describe, with_tags};
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
        filters: &[
            "network-acl-id",
            "vpc-id",
            "default",
            "owner-id",
            "association.subnet-id",
        ],
    };

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.acls
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn values(&self, state: &State, filter: &str) -> Option<Vec<String>> {
        Some(match filter {
            "network-acl-id" => vec![self.meta.id.clone()],
            "vpc-id" => vec![self.vpc_id.clone()],
            "default" => vec![self.is_default.to_string()],
            "owner-id" => vec![ACCOUNT_ID.to_owned()],
            "association.subnet-id" => subnets(state, self),
            _ => return None,
        })
    }

    fn node(&self, state: &State) -> Node {
        let associations = subnets(state, self).into_iter().map(|subnet| {
            Node::new()
                .text(
                    "networkAclAssociationId",
                    subnet.replacen("subnet-", "aclassoc-", 1),
                )
                .text("networkAclId", &self.meta.id)
                .text("subnetId", subnet)
        });
        let entries = [
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
        });
        let node = Node::new()
            .text("networkAclId", &self.meta.id)
            .text("vpcId", &self.vpc_id)
            .text("ownerId", ACCOUNT_ID)
            .text("default", self.is_default)
            .list("entrySet", "item", entries)
            .list("associationSet", "item", associations);
        with_tags(node, &self.meta.tags)
    }

    fn properties(&self, properties: &mut BTreeMap<String, String>) {
        properties.insert("vpc_id".to_owned(), self.vpc_id.clone());
        properties.insert("default".to_owned(), self.is_default.to_string());
    }
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
