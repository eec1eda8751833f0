//! The resources that a call of EC2 is authorized on, and their tags: `CreateSubnet` needs a permission on the subnet and
//! one on its VPC.
//!
//! Source: AWS's Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2", of the actions
//! that provisioners call. Other actions are authorized on any resource.

use std::collections::BTreeMap;

use crate::ec2::tags;
use crate::state::State;
use crate::wire::call::Call;

/// The type of what an action makes, and the types of what it changes or refers to.
const ACTIONS: &[(&str, Option<&str>, &[&str])] = &[
    ("AllocateAddress", Some("elastic-ip"), &[]),
    ("AssociateRouteTable", None, &["route-table", "subnet"]),
    ("AttachInternetGateway", None, &["internet-gateway", "vpc"]),
    ("AuthorizeSecurityGroupEgress", None, &["security-group"]),
    ("AuthorizeSecurityGroupIngress", None, &["security-group"]),
    ("CreateInternetGateway", Some("internet-gateway"), &[]),
    ("CreateLaunchTemplate", Some("launch-template"), &[]),
    (
        "CreateNatGateway",
        Some("natgateway"),
        &["elastic-ip", "subnet"],
    ),
    ("CreateRoute", None, &["route-table"]),
    ("CreateRouteTable", Some("route-table"), &["vpc"]),
    ("CreateSecurityGroup", Some("security-group"), &["vpc"]),
    ("CreateSubnet", Some("subnet"), &["vpc"]),
    ("CreateVpc", Some("vpc"), &[]),
    (
        "DeleteEgressOnlyInternetGateway",
        None,
        &["egress-only-internet-gateway"],
    ),
    ("DeleteInternetGateway", None, &["internet-gateway"]),
    ("DeleteLaunchTemplate", None, &["launch-template"]),
    ("DeleteNatGateway", None, &["natgateway"]),
    ("DeleteNetworkAcl", None, &["network-acl"]),
    ("DeleteNetworkInterface", None, &["network-interface"]),
    ("DeleteRoute", None, &["route-table"]),
    ("DeleteRouteTable", None, &["route-table"]),
    ("DeleteSecurityGroup", None, &["security-group"]),
    ("DeleteSubnet", None, &["subnet"]),
    ("DeleteVolume", None, &["volume"]),
    ("DeleteVpc", None, &["vpc"]),
    ("DetachInternetGateway", None, &["internet-gateway", "vpc"]),
    ("DisassociateRouteTable", None, &["route-table", "subnet"]),
    ("ModifySubnetAttribute", None, &["subnet"]),
    ("ModifyVpcAttribute", None, &["vpc"]),
    ("ReleaseAddress", None, &["elastic-ip"]),
    ("ReplaceRoute", None, &["route-table"]),
    ("RevokeSecurityGroupEgress", None, &["security-group"]),
    ("RevokeSecurityGroupIngress", None, &["security-group"]),
];

/// The ARNs that a call is authorized on, each with its tags; a new resource has none yet (`None`). Empty for other actions.
///
/// What does not exist has no tags, so that a condition on them refuses it: the strict side.
pub fn touched(state: &State, call: &Call) -> Vec<(String, Option<BTreeMap<String, String>>)> {
    let mut touched = Vec::new();
    if call.service != "ec2" {
        return touched;
    }
    if matches!(call.action.as_str(), "CreateTags" | "DeleteTags") {
        let ids = call.params.list("ResourceId");
        return ids.iter().filter_map(|id| existing(state, id)).collect();
    }
    if matches!(call.action.as_str(), "RunInstances" | "CreateFleet") {
        return launched(state, call);
    }
    let Some((_, made, used)) = ACTIONS.iter().find(|(name, ..)| *name == call.action) else {
        return touched;
    };
    if let Some(made) = made {
        touched.push((state.arn("ec2", &format!("{made}/*")), None));
    }
    // Rules refer to groups by their ids; the call is about the group alone.
    let top = call
        .params
        .entries()
        .filter(|(name, _)| !name.contains('.'));
    let values: Vec<&str> = top.map(|(_, value)| value).collect();
    let is_used = |id: &&str| tags::type_of(id).is_some_and(|name| used.contains(&name));
    let ids = values.iter().copied().filter(is_used);
    touched.extend(ids.filter_map(|id| existing(state, id)));
    let mut associations = values.iter().filter(|value| value.starts_with("rtbassoc-"));
    if let Some(association) = associations.next() {
        let ids = crate::ec2::route_tables::joined_by(state, association);
        touched.extend(ids.iter().filter_map(|id| existing(state, id)));
    }
    touched
}

/// What a launch is authorized on: an instance with its interface and disk, and the subnet and groups that the call itself
/// names. What its launch template names is left out.
fn launched(state: &State, call: &Call) -> Vec<(String, Option<BTreeMap<String, String>>)> {
    let made = match call.action.as_str() {
        "CreateFleet" => &["fleet"][..],
        _ => &["instance", "network-interface", "volume"][..],
    };
    let made = made.iter();
    let made = made.map(|name| (state.arn("ec2", &format!("{name}/*")), None));
    let values = call.params.entries().map(|(_, value)| value);
    let named = ["subnet-", "sg-", "lt-"];
    let ids = values.filter(|value| named.iter().any(|prefix| value.starts_with(prefix)));
    let used = ids.filter_map(|id| existing(state, id));
    made.chain(used).collect()
}

/// The ARNs of the types whose tags a call sets at creation.
pub fn tagged(state: &State, call: &Call) -> Vec<String> {
    if call.service != "ec2" {
        return Vec::new();
    }
    let specified = call.params.structs("TagSpecification");
    let types = specified.iter().filter_map(|one| one.get("ResourceType"));
    types
        .map(|name| state.arn("ec2", &format!("{name}/*")))
        .collect()
}

fn existing(state: &State, id: &str) -> Option<(String, Option<BTreeMap<String, String>>)> {
    let name = tags::type_of(id)?;
    let tags = state.ec2.tags_of(id).unwrap_or_default();
    Some((state.arn("ec2", &format!("{name}/{id}")), Some(tags)))
}
