//! Security groups: their names, and what keeps them from being deleted.
//!
//! The rules in them are in `security_group_rules`.

use crate::ec2::describe::{self, ResourceKind, ResourceSpec, need_param, select, with_tags};
use crate::ec2::fields::{self, Field, filter, fixed, id, property, text};
use crate::ec2::security_group_rules as rules;
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::vpcs::{self, Vpc};
use crate::ec2::{Operations, errors, tags};
use crate::quotas;
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The name of the group that comes with a VPC.
const DEFAULT: &str = "default";

#[derive(Clone, Debug)]
pub struct SecurityGroup {
    /// Id, times and tags.
    pub meta: Meta,
    /// Its name, unique in its VPC.
    pub name: String,
    pub description: String,
    pub vpc_id: String,
}

impl SecurityGroup {
    /// Whether it came with the VPC.
    pub fn is_default(&self) -> bool {
        self.name == DEFAULT
    }
}

/// The operations on security groups.
pub const OPERATIONS: Operations = &[
    ("CreateSecurityGroup", create),
    ("DescribeSecurityGroups", describe_groups),
    ("DeleteSecurityGroup", delete),
];

impl ResourceKind for SecurityGroup {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "sg-",
        ids: "GroupId",
        set: "securityGroupInfo",
        noun: "security group",
        not_found: "InvalidGroup.NotFound",
        malformed: "InvalidGroupId.Malformed",
        paged: true,
        tag_type: "security-group",
        resource_type: "security_group",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        fixed("ownerId", &["owner-id"], ACCOUNT_ID),
        id("groupId", &["group-id"]),
        text("groupName", &["group-name"], "group_name", |group, _| group.name.clone()),
        text("groupDescription", &["description"], "description", |group, _| group.description.clone()),
        text("vpcId", &["vpc-id"], "vpc_id", |group, _| group.vpc_id.clone()),
        text("securityGroupArn", &[], "", |group, state| arn(state, &group.meta.id)),
        fields::items("ipPermissions", |group, state| rules::permissions(state, &group.meta.id, false)),
        fields::items("ipPermissionsEgress", |group, state| rules::permissions(state, &group.meta.id, true)),
        property("default", |group, _| group.is_default().to_string()),
        property("rules", |group, state| rules::as_text(state, &group.meta.id)),
        filter(&["ip-permission.cidr"], |group, state| of_rules(group, state, false, "cidr")),
        filter(&["ip-permission.group-id"], |group, state| of_rules(group, state, false, "group-id")),
        filter(&["ip-permission.from-port"], |group, state| of_rules(group, state, false, "from-port")),
        filter(&["ip-permission.to-port"], |group, state| of_rules(group, state, false, "to-port")),
        filter(&["ip-permission.protocol"], |group, state| of_rules(group, state, false, "protocol")),
        filter(&["egress.ip-permission.cidr"], |group, state| of_rules(group, state, true, "cidr")),
        filter(&["egress.ip-permission.group-id"], |group, state| of_rules(group, state, true, "group-id")),
        filter(&["egress.ip-permission.from-port"], |group, state| of_rules(group, state, true, "from-port")),
        filter(&["egress.ip-permission.to-port"], |group, state| of_rules(group, state, true, "to-port")),
        filter(&["egress.ip-permission.protocol"], |group, state| of_rules(group, state, true, "protocol")),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.security_groups
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn natural_name(&self) -> Option<String> {
        Some(self.name.clone())
    }
}

/// The values of a filter of a group's rules in one direction.
fn of_rules(group: &SecurityGroup, state: &State, egress: bool, filter: &str) -> Vec<String> {
    rules::values_of_group(state, &group.meta.id, egress, filter).unwrap_or_default()
}

fn arn(state: &State, id: &str) -> String {
    state.arn("ec2", &format!("security-group/{id}"))
}

/// The name of a group; empty when it is gone.
pub fn name_of(state: &State, id: &str) -> String {
    state
        .ec2
        .security_groups
        .get(id)
        .map(|group| group.name.clone())
        .unwrap_or_default()
}

/// Groups as items of an interface's or instance's `groupSet`.
pub fn items(state: &State, ids: &[String]) -> Vec<Node> {
    let item = |id: &String| {
        Node::new()
            .text("groupId", id)
            .text("groupName", name_of(state, id))
    };
    ids.iter().map(item).collect()
}

/// The names of groups.
pub fn names(state: &State, ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| name_of(state, id)).collect()
}

/// The groups of a VPC.
pub fn of_vpc(state: &State, vpc_id: &str) -> Vec<String> {
    let groups = state
        .ec2
        .security_groups
        .all()
        .filter(|group| group.vpc_id == vpc_id);
    groups.map(|group| group.meta.id.clone()).collect()
}

/// The default group of a VPC.
pub fn default_of(state: &State, vpc_id: &str) -> Option<String> {
    let mut groups = state.ec2.security_groups.all();
    let found = groups.find(|group| group.vpc_id == vpc_id && group.is_default());
    found.map(|group| group.meta.id.clone())
}

fn insert(state: &mut State, vpc_id: &str, name: &str, description: &str, tags: Tags) -> String {
    let meta = Meta::new(state, "sg-", tags);
    let id = meta.id.clone();
    let group = SecurityGroup {
        name: name.to_owned(),
        description: description.to_owned(),
        vpc_id: vpc_id.to_owned(),
        meta,
    };
    state.ec2.security_groups.insert(&id, group);
    rules::add_default_egress(state, &id);
    id
}

/// Creates the default group of a VPC: its members may reach each other.
pub fn create_default(state: &mut State, vpc_id: &str) -> String {
    let id = insert(
        state,
        vpc_id,
        DEFAULT,
        "default VPC security group",
        Tags::new(),
    );
    rules::allow_self(state, &id);
    id
}

/// Creates a group for a service, which may use AWS's own tags.
///
/// # Errors
/// For an unknown VPC, a name that is taken, and the quota.
pub fn create_internal(
    state: &mut State,
    vpc_id: &str,
    name: &str,
    description: &str,
    tags: Tags,
) -> Result<String, AwsError> {
    describe::need::<Vpc>(state, vpc_id)?;
    let groups = &state.ec2.security_groups;
    if groups
        .all()
        .any(|group| group.vpc_id == vpc_id && group.name == name)
    {
        let message = format!("The security group '{name}' already exists for VPC '{vpc_id}'");
        return Err(errors::refuse("InvalidGroup.Duplicate", message));
    }
    if groups.count() >= quotas::limit(state, "L-E79EC296") as usize {
        let message = "The maximum number of security groups has been reached.";
        return Err(errors::refuse("SecurityGroupLimitExceeded", message));
    }
    Ok(insert(state, vpc_id, name, description, tags))
}

/// Deletes a group for a service. Returns `false` and changes nothing while an interface or a rule of
/// another group uses it.
pub fn delete_internal(state: &mut State, id: &str) -> bool {
    if is_in_use(state, id) {
        return false;
    }
    state.ec2.rules.retain(|rule| rule.group_id != id);
    state.ec2.security_groups.remove(id);
    true
}

fn is_in_use(state: &State, id: &str) -> bool {
    let mut interfaces = state.ec2.interfaces.all();
    interfaces.any(|interface| interface.group_ids.iter().any(|held| held == id))
        || rules::is_referenced_elsewhere(state, id)
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let tags = tags::requested::<SecurityGroup>(call)?;
    let name = call.params.need("GroupName")?;
    let description = call.params.need("GroupDescription")?;
    if name.starts_with("sg-") {
        return Err(errors::value(format!(
            "Invalid value '{name}' for groupName. Group names may not be in the format sg-*."
        )));
    }
    if name == DEFAULT {
        let message = format!("Cannot use reserved security group name: {name}");
        return Err(errors::value(message));
    }
    let vpc_id = match call.params.get("VpcId") {
        Some(_) => need_param::<Vpc>(state, call, "VpcId")?,
        None => vpcs::default_id(state)
            .ok_or_else(|| errors::refuse("VPCIdNotSpecified", "No default VPC for this user"))?,
    };
    let id = create_internal(state, &vpc_id, name, description, tags.clone())?;
    let node = Node::new()
        .text("return", true)
        .text("groupId", &id)
        .text("securityGroupArn", arn(state, &id));
    Ok(Answer::Xml(with_tags(node, &tags)))
}

fn describe_groups(state: &mut State, call: &Call) -> Outcome {
    let names = call.params.list("GroupName");
    let chosen = select::<SecurityGroup>(state, call)?;
    for name in &names {
        if !chosen.iter().any(|group| group.name == *name) {
            let message = format!("The security group '{name}' does not exist");
            return Err(errors::refuse("InvalidGroup.NotFound", message));
        }
    }
    let nodes = chosen
        .into_iter()
        .filter(|group| names.is_empty() || names.contains(&group.name))
        .map(|group| group.node(state))
        .collect();
    describe::list(state, call, SecurityGroup::SPEC.set, nodes, true)
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = match (call.params.get("GroupId"), call.params.get("GroupName")) {
        (None, Some(name)) => {
            let default = vpcs::default_id(state);
            let is_it = |group: &&SecurityGroup| {
                group.name == name && Some(&group.vpc_id) == default.as_ref()
            };
            let found = state.ec2.security_groups.all().find(is_it);
            found.map(|group| group.meta.id.clone()).ok_or_else(|| {
                let message = format!("The security group '{name}' does not exist");
                errors::refuse("InvalidGroup.NotFound", message)
            })?
        }
        _ => need_param::<SecurityGroup>(state, call, "GroupId")?,
    };
    if describe::need::<SecurityGroup>(state, &id)?.is_default() {
        return Err(errors::refuse(
            "CannotDelete",
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user"),
        ));
    }
    if !delete_internal(state, &id) {
        return Err(errors::dependency(format!(
            "resource {id} has a dependent object"
        )));
    }
    Ok(Answer::Xml(
        Node::new().text("return", true).text("groupId", id),
    ))
}
