//! Target groups of application and network load balancers.
//!
//! They outlive their balancers: a target group goes only when its owner deletes it.

use std::collections::BTreeMap;

use kubeproof_contract::resource::Resource;

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its name, unique in the region.
    pub name: String,
    /// `HTTP`, `TCP`, …
    pub protocol: String,
    /// The port of its targets.
    pub port: i64,
    pub vpc_id: String,
    /// `instance` or `ip`.
    pub target_type: String,
    pub tags: BTreeMap<String, String>,
    /// The balancers whose listeners use it.
    pub used_by: Vec<String>,
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let name = call.params.need("Name")?.to_owned();
    if state
        .balancing
        .target_groups
        .values()
        .any(|group| group.name == name)
    {
        return Err(AwsError::new(
            400,
            "DuplicateTargetGroupName",
            format!(
                "A target group with the same name '{name}' exists, but with different settings"
            ),
        ));
    }
    let group = TargetGroup {
        protocol: call.params.get("Protocol").unwrap_or("HTTP").to_owned(),
        port: call.params.number("Port")?.unwrap_or(80),
        vpc_id: call.params.get("VpcId").unwrap_or_default().to_owned(),
        target_type: call
            .params
            .get("TargetType")
            .unwrap_or("instance")
            .to_owned(),
        tags: call.params.tags("Tags"),
        used_by: Vec::new(),
        name,
    };
    let path = format!("targetgroup/{}/{}", group.name, state.ids.hex(16));
    let arn = state.arn("elasticloadbalancing", &path);
    let answer = Node::new().list("TargetGroups", "member", [render(&arn, &group)]);
    state.balancing.target_groups.insert(arn, group);
    Ok(Answer::Xml(answer))
}

/// Succeeds whether or not the group exists, but not while a listener uses it.
pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let arn = call.params.need("TargetGroupArn")?;
    if state
        .balancing
        .target_groups
        .get(arn)
        .is_some_and(|group| !group.used_by.is_empty())
    {
        return Err(AwsError::new(
            400,
            "ResourceInUse",
            format!("Target group '{arn}' is currently in use by a listener or a rule"),
        ));
    }
    state.balancing.target_groups.remove(arn);
    Ok(Answer::Xml(Node::new()))
}

/// A balancer is gone: its listeners no longer use any target group.
pub(super) fn forget(state: &mut State, balancer: &str) {
    for group in state.balancing.target_groups.values_mut() {
        group.used_by.retain(|user| user != balancer);
    }
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    let arns = call.params.list("TargetGroupArns");
    let names = call.params.list("Names");
    let user = call.params.get("LoadBalancerArn");
    let groups = &state.balancing.target_groups;
    let known = |name: &String| groups.values().any(|group| group.name == *name);
    if arns.iter().any(|arn| !groups.contains_key(arn)) || !names.iter().all(known) {
        return Err(not_found());
    }
    let all: Vec<Node> = groups
        .iter()
        .filter(|(arn, group)| {
            (arns.is_empty() || arns.contains(arn))
                && (names.is_empty() || names.contains(&group.name))
                && user.is_none_or(|user| group.used_by.iter().any(|used_by| used_by == user))
        })
        .map(|(arn, group)| render(arn, group))
        .collect();
    super::paged(
        state,
        call,
        "elbv2:DescribeTargetGroups",
        "TargetGroups",
        all,
    )
}

fn render(arn: &str, group: &TargetGroup) -> Node {
    Node::new()
        .text("TargetGroupArn", arn)
        .text("TargetGroupName", &group.name)
        .text("Protocol", &group.protocol)
        .text("Port", group.port)
        .text("VpcId", &group.vpc_id)
        .text("TargetType", &group.target_type)
        .list(
            "LoadBalancerArns",
            "member",
            group.used_by.iter().map(Node::of_text),
        )
}

pub(super) fn not_found() -> AwsError {
    AwsError::new(
        400,
        "TargetGroupNotFound",
        "One or more target groups not found",
    )
}

/// Adds all target groups.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    all.extend(state.balancing.target_groups.iter().map(|(arn, group)| {
        let mut resource = Resource::new("elbv2_target_group", arn.as_str(), &state.setup.region);
        resource.name = Some(group.name.clone());
        resource.tags.clone_from(&group.tags);
        resource
            .properties
            .insert("vpc_id".to_owned(), group.vpc_id.clone());
        resource
    }));
}
