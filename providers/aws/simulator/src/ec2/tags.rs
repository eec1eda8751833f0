//! Tags: set on creation or later, and their list.
//!
//! Keys that begin with `aws:` are AWS's own: callers can neither set nor remove them.

use crate::ec2::describe::{ResourceKind, list};
use crate::ec2::store::Tags;
use crate::ec2::{Operations, errors, filters};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Outcome, returned};
use crate::wire::xml::Node;

/// Most tags on one resource.
const TAGS_MAX: usize = 50;
/// The filters of `DescribeTags`.
const FILTERS: &[&str] = &["key", "value", "resource-id", "resource-type"];

/// The prefixes of ids with the resource types in tags, and the error code for an unknown id.
pub const TYPES: &[(&str, &str, &str)] = &[
    ("vpc-", "vpc", "InvalidVpcID.NotFound"),
    ("subnet-", "subnet", "InvalidSubnetID.NotFound"),
    (
        "igw-",
        "internet-gateway",
        "InvalidInternetGatewayID.NotFound",
    ),
    ("nat-", "natgateway", "NatGatewayNotFound"),
    ("eipalloc-", "elastic-ip", "InvalidAllocationID.NotFound"),
    ("rtb-", "route-table", "InvalidRouteTableID.NotFound"),
    ("sg-", "security-group", "InvalidGroup.NotFound"),
    (
        "sgr-",
        "security-group-rule",
        "InvalidSecurityGroupRuleId.NotFound",
    ),
    ("acl-", "network-acl", "InvalidNetworkAclID.NotFound"),
    ("dopt-", "dhcp-options", "InvalidDhcpOptionID.NotFound"),
    (
        "eni-",
        "network-interface",
        "InvalidNetworkInterfaceID.NotFound",
    ),
    ("i-", "instance", "InvalidInstanceID.NotFound"),
    (
        "sir-",
        "spot-instances-request",
        "InvalidSpotInstanceRequestID.NotFound",
    ),
    ("vol-", "volume", "InvalidVolume.NotFound"),
    (
        "eigw-",
        "egress-only-internet-gateway",
        "InvalidGatewayID.NotFound",
    ),
    ("vpce-", "vpc-endpoint", "InvalidVpcEndpointId.NotFound"),
    ("fl-", "vpc-flow-log", "InvalidFlowLogId.NotFound"),
    ("lt-", "launch-template", "InvalidLaunchTemplateId.NotFound"),
];

/// The operations on tags.
pub const OPERATIONS: Operations = &[
    ("CreateTags", create),
    ("DeleteTags", delete),
    ("DescribeTags", describe),
];

/// The tags in a create call.
///
/// # Errors
/// For a specification of another resource type, reserved keys and too many tags.
pub fn requested<T: ResourceKind>(call: &Call) -> Result<Tags, AwsError> {
    let wanted = T::SPEC.tag_type;
    for specification in call.params.structs("TagSpecification") {
        let given = specification.get("ResourceType").unwrap_or_default();
        if given != wanted {
            return Err(errors::value(format!(
                "'{given}' is not a valid taggable resource type for this operation."
            )));
        }
    }
    let tags = call.params.tag_specification(wanted);
    admit(&tags)?;
    Ok(tags)
}

/// Checks tags that a caller sets.
///
/// # Errors
/// For reserved keys and too many tags.
pub fn admit(tags: &Tags) -> Result<(), AwsError> {
    if tags
        .keys()
        .any(|key| key.to_lowercase().starts_with("aws:"))
    {
        let message = "Tag keys starting with 'aws:' are reserved for internal use";
        return Err(errors::value(message));
    }
    if tags.len() > TAGS_MAX {
        return Err(errors::refuse(
            "TagLimitExceeded",
            "The maximum number of tags is 50.",
        ));
    }
    Ok(())
}

/// The resource type of an id, as tags name it.
pub fn type_of(id: &str) -> Option<&'static str> {
    TYPES
        .iter()
        .find(|(prefix, _, _)| id.starts_with(prefix))
        .map(|(_, name, _)| *name)
}

/// The resources that a call names, each of which must exist.
fn resources(state: &mut State, call: &Call) -> Result<Vec<String>, AwsError> {
    call.params.need("ResourceId.1")?;
    let ids = call.params.list("ResourceId");
    for id in &ids {
        if state.ec2.meta_mut(id).is_none() {
            let known = TYPES.iter().find(|(prefix, _, _)| id.starts_with(prefix));
            let code = known.map_or("InvalidID", |(_, _, code)| code);
            return Err(errors::refuse(code, format!("The ID '{id}' is not valid")));
        }
    }
    Ok(ids)
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let tags = call.params.tags("Tag");
    if tags.is_empty() {
        return Err(errors::refuse(
            "MissingParameter",
            "The request must contain the parameter tagSet",
        ));
    }
    admit(&tags)?;
    let ids = resources(state, call)?;
    for id in &ids {
        let held = state
            .ec2
            .meta_mut(id)
            .map(|meta| meta.tags.clone())
            .unwrap_or_default();
        let after: Tags = held.into_iter().chain(tags.clone()).collect();
        if after.keys().filter(|key| !key.starts_with("aws:")).count() > TAGS_MAX {
            return Err(errors::refuse(
                "TagLimitExceeded",
                "The maximum number of tags is 50.",
            ));
        }
    }
    for id in ids {
        change(state, &id, |held| held.extend(tags.clone()));
    }
    returned()
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let ids = resources(state, call)?;
    let tags = call.params.structs("Tag");
    let is_aws = |key: &str| key.to_lowercase().starts_with("aws:");
    if tags.iter().any(|tag| tag.get("Key").is_some_and(is_aws)) {
        return Err(errors::value(
            "Tag keys starting with 'aws:' are reserved for internal use",
        ));
    }
    for id in ids {
        change(state, &id, |held| {
            held.retain(|key, value| {
                // Without keys all tags are removed; a key with a value is removed only if that is its value.
                let is_named = tags.is_empty()
                    || tags.iter().any(|tag| {
                        tag.get("Key") == Some(key)
                            && tag.get("Value").is_none_or(|wanted| wanted == value)
                    });
                !is_named || is_aws(key)
            });
        });
    }
    returned()
}

fn change(state: &mut State, id: &str, edit: impl FnOnce(&mut Tags)) {
    let Some(meta) = state.ec2.meta_mut(id) else {
        return;
    };
    edit(&mut meta.tags);
    let tags = meta.tags.clone();
    // The bill never shows the tags of addresses in use (measured), so they are not passed on.
    if !id.starts_with("eipalloc-") {
        state.meter.retag(id, &tags);
    }
}

fn describe(state: &mut State, call: &Call) -> Outcome {
    let conditions = call.params.filters();
    for (name, _) in &conditions {
        filters::admit(name, FILTERS)?;
    }
    let mut nodes = Vec::new();
    let now = state.now;
    for meta in state
        .ec2
        .metas()
        .into_iter()
        .filter(|meta| meta.visible_at <= now)
    {
        let type_name = type_of(&meta.id).unwrap_or_default();
        for (key, value) in &meta.tags {
            let is_wanted = conditions.iter().all(|(name, patterns)| {
                let values = match name.as_str() {
                    "key" | "tag-key" => vec![key.clone()],
                    "value" | "tag-value" => vec![value.clone()],
                    "resource-id" => vec![meta.id.clone()],
                    "resource-type" => vec![type_name.to_owned()],
                    other if other.strip_prefix("tag:") == Some(key) => vec![value.clone()],
                    _ => Vec::new(),
                };
                filters::matches(&values, patterns)
            });
            if is_wanted {
                let node = Node::new()
                    .text("resourceId", &meta.id)
                    .text("resourceType", type_name);
                nodes.push(node.text("key", key).text("value", value));
            }
        }
    }
    list(state, call, "tagSet", nodes, true)
}
