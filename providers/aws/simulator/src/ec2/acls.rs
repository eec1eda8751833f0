//! Network ACLs: the default one of each VPC, and those that are made. Each subnet has exactly one.
//!
//! Their rules are in `acl_entries`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::ec2::acl_entries::{self, Entries};
use crate::ec2::describe::{self, ResourceKind, ResourceSpec, describe, need, need_param};
use crate::ec2::fields::{Field, filter, fixed, id, items, property, text};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::vpcs::Vpc;
use crate::ec2::{Operations, errors, idempotency, tags};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome, returned};
use crate::wire::xml::Node;

/// Most network ACLs of one VPC (AWS's default quota).
const ACLS_MAX: usize = 200;

#[derive(Clone, Debug)]
pub struct NetworkAcl {
    /// Id, times and tags.
    pub meta: Meta,
    pub vpc_id: String,
    /// Whether it came with the VPC.
    pub is_default: bool,
    pub entries: Entries,
    /// The subnets that were given to it: their ids, with those of the associations. A subnet in none of these lists
    /// is in the default one's hands.
    pub given: BTreeMap<String, String>,
}

/// The operations on network ACLs.
pub const OPERATIONS: Operations = &[
    ("CreateNetworkAcl", create),
    ("DescribeNetworkAcls", describe::<NetworkAcl>),
    ("ReplaceNetworkAclAssociation", replace_association),
    ("DeleteNetworkAcl", delete),
];

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
        items("entrySet", |acl, _| acl_entries::items(acl)),
        items("associationSet", association_items),
        property("rules", |acl, _| acl_entries::as_text(acl)),
        filter(&["association.subnet-id"], |acl, state| associations(state, acl).into_keys().collect()),
        filter(&["association.association-id"], |acl, state| associations(state, acl).into_values().collect()),
        filter(&["entry.egress"], |acl, _| acl_entries::values(acl, "egress")),
        filter(&["entry.rule-number"], |acl, _| acl_entries::values(acl, "rule-number")),
        filter(&["entry.rule-action"], |acl, _| acl_entries::values(acl, "rule-action")),
        filter(&["entry.protocol"], |acl, _| acl_entries::values(acl, "protocol")),
        filter(&["entry.cidr"], |acl, _| acl_entries::values(acl, "cidr")),
        filter(&["entry.port-range.from"], |acl, _| acl_entries::values(acl, "from")),
        filter(&["entry.port-range.to"], |acl, _| acl_entries::values(acl, "to")),
        filter(&["association.network-acl-id"], |acl, _| vec![acl.meta.id.clone()]),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.acls
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}

fn association_items(acl: &NetworkAcl, state: &State) -> Vec<Node> {
    let item = |(subnet, association): (String, String)| {
        Node::new()
            .text("networkAclAssociationId", association)
            .text("networkAclId", &acl.meta.id)
            .text("subnetId", subnet)
    };
    associations(state, acl).into_iter().map(item).collect()
}

/// The subnets of an ACL, with the ids of their associations.
fn associations(state: &State, acl: &NetworkAcl) -> BTreeMap<String, String> {
    let mut all = acl.given.clone();
    if acl.is_default {
        let of_vpc = state.ec2.subnets.all();
        let of_vpc = of_vpc.filter(|subnet| subnet.vpc_id == acl.vpc_id);
        let ids = of_vpc.map(|subnet| &subnet.meta.id);
        let free = ids.filter(|id| !state.ec2.acls.all().any(|acl| acl.given.contains_key(*id)));
        all.extend(free.map(|id| (id.clone(), id.replacen("subnet-", "aclassoc-", 1))));
    }
    all
}

/// The ACL of a subnet.
fn of_subnet<'a>(state: &'a State, subnet_id: &str) -> Option<&'a NetworkAcl> {
    let mut acls = state.ec2.acls.all();
    acls.find(|acl| associations(state, acl).contains_key(subnet_id))
}

/// Whether machines of a subnet can call an HTTPS server of the internet, and hear its answer: the call leaves for port
/// 443, and the answer enters at an ephemeral port.
pub fn lets_out(state: &State, subnet_id: &str) -> bool {
    /// An address of the internet, and a port that a client may have.
    const SOMEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(203, 0, 113, 10), 40_000);
    of_subnet(state, subnet_id).is_none_or(|acl| {
        acl_entries::lets_pass(acl, true, SOMEWHERE.0, 443)
            && acl_entries::lets_pass(acl, false, SOMEWHERE.0, SOMEWHERE.1)
    })
}

/// Creates the default ACL of a VPC.
pub fn create_default(state: &mut State, vpc_id: &str) -> String {
    insert(state, vpc_id, true, Tags::new())
}

fn insert(state: &mut State, vpc_id: &str, is_default: bool, tags: Tags) -> String {
    let meta = Meta::new(state, "acl-", tags);
    let id = meta.id.clone();
    let acl = NetworkAcl {
        meta,
        vpc_id: vpc_id.to_owned(),
        is_default,
        entries: acl_entries::first(is_default),
        given: BTreeMap::new(),
    };
    state.ec2.acls.insert(&id, acl);
    id
}

fn create(state: &mut State, call: &Call) -> Outcome {
    if let Some(id) = idempotency::earlier::<NetworkAcl>(state, call)? {
        return describe::one::<NetworkAcl>(state, "networkAcl", &id);
    }
    let tags = tags::requested::<NetworkAcl>(call)?;
    let vpc_id = need_param::<Vpc>(state, call, "VpcId")?;
    let of_vpc = state.ec2.acls.all().filter(|acl| acl.vpc_id == vpc_id);
    if of_vpc.count() >= ACLS_MAX {
        let message = "The maximum number of network acls has been reached.";
        return Err(errors::refuse("NetworkAclLimitExceeded", message));
    }
    let id = insert(state, &vpc_id, false, tags);
    idempotency::remember(state, call, &id)?;
    describe::one::<NetworkAcl>(state, "networkAcl", &id)
}

/// The subnet of an association, and its ACL.
fn find(state: &State, association: &str) -> Result<(String, String), AwsError> {
    for acl in state.ec2.acls.all() {
        let all = associations(state, acl);
        if let Some((subnet, _)) = all.into_iter().find(|(_, id)| id == association) {
            return Ok((subnet, acl.meta.id.clone()));
        }
    }
    let message = format!("The association ID '{association}' does not exist");
    Err(errors::refuse("InvalidAssociationID.NotFound", message))
}

fn replace_association(state: &mut State, call: &Call) -> Outcome {
    let (subnet, from) = find(state, call.params.need("AssociationId")?)?;
    let to = need_param::<NetworkAcl>(state, call, "NetworkAclId")?;
    if need::<NetworkAcl>(state, &to)?.vpc_id != need::<NetworkAcl>(state, &from)?.vpc_id {
        let message = format!("network acl {to} and subnet {subnet} belong to different networks");
        return Err(errors::value(message));
    }
    let id = state.ids.prefixed("aclassoc-");
    forget_subnet(state, &subnet);
    if let Some(acl) = state.ec2.acls.get_mut(&to) {
        acl.given.insert(subnet, id.clone());
    }
    Ok(Answer::Xml(Node::new().text("newAssociationId", id)))
}

/// Removes the association of a subnet: it is deleted, or gets another one.
pub fn forget_subnet(state: &mut State, subnet_id: &str) {
    for acl in state.ec2.acls.all_mut() {
        acl.given.remove(subnet_id);
    }
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<NetworkAcl>(state, call, "NetworkAclId")?;
    let acl = need::<NetworkAcl>(state, &id)?;
    if acl.is_default {
        let message = format!("cannot delete default network ACL {id}");
        return Err(errors::value(message));
    }
    if !acl.given.is_empty() {
        return Err(errors::has_dependencies("networkAcl", &id));
    }
    state.ec2.acls.remove(&id);
    returned()
}
