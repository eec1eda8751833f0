//! Auto Scaling: the groups that EKS makes for its node groups.
//!
//! Other groups cannot be created here: launching their instances would repeat what EKS does.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use kubeproof_contract::resource::Resource;

use crate::ec2;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// Minimum, maximum and desired number of instances.
pub type Sizes = (u32, u32, u32);

/// Auto Scaling's store.
#[derive(Clone, Debug, Default)]
pub struct AutoScaling {
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
}

/// A group to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    pub name: String,
    /// Launch template: id and name.
    pub launch_template: (String, String),
    pub sizes: Sizes,
    /// Subnets of its instances.
    pub subnet_ids: Vec<String>,
    /// Zones of these subnets.
    pub zones: Vec<String>,
    /// Its tags, all propagated at launch.
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The requested settings, with the current sizes.
    pub asked: NewGroup,
    pub arn: String,
    pub created_at: Timestamp,
    /// Its instances: id → zone, in order.
    pub instances: IndexMap<String, String>,
    /// What it did, newest last.
    pub activities: Vec<Activity>,
}

/// A launch or a termination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    pub id: String,
    /// What was done.
    pub description: String,
    /// `Successful` or `Failed`.
    pub status: String,
    /// Why it failed.
    pub message: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Creates a group. It launches nothing by itself.
pub fn create_internal(state: &mut State, new: NewGroup) {
    let id = state.ids.uuid();
    let arn = state.arn("autoscaling", &format!("autoScalingGroup:{id}"));
    let group = Group {
        arn: format!("{arn}:autoScalingGroupName/{}", new.name),
        created_at: state.now,
        instances: IndexMap::new(),
        activities: Vec::new(),
        asked: new,
    };
    state
        .autoscaling
        .groups
        .insert(group.asked.name.clone(), group);
}

/// Removes a group.
pub fn delete_internal(state: &mut State, name: &str) {
    state.autoscaling.groups.remove(name);
}

/// Changes a group's sizes.
pub fn resize(state: &mut State, name: &str, sizes: Sizes) {
    if let Some(group) = state.autoscaling.groups.get_mut(name) {
        group.asked.sizes = sizes;
    }
}

/// Notes that a group's instance was launched.
pub fn launched(state: &mut State, name: &str, instance_id: &str, zone: &str) {
    note(
        state,
        name,
        &format!("Launching a new EC2 instance: {instance_id}"),
        None,
    );
    if let Some(group) = state.autoscaling.groups.get_mut(name) {
        group
            .instances
            .insert(instance_id.to_owned(), zone.to_owned());
    }
}

/// Notes that a launch was refused.
pub fn refused(state: &mut State, name: &str, why: &str) {
    let message = format!("{why} Launching EC2 instance failed.");
    note(
        state,
        name,
        "Launching a new EC2 instance. Status Reason: refused",
        Some(message),
    );
}

/// Notes that a group's instance was terminated.
pub fn terminated(state: &mut State, name: &str, instance_id: &str) {
    note(
        state,
        name,
        &format!("Terminating EC2 instance: {instance_id}"),
        None,
    );
    if let Some(group) = state.autoscaling.groups.get_mut(name) {
        group.instances.shift_remove(instance_id);
    }
}

fn note(state: &mut State, name: &str, description: &str, message: Option<String>) {
    let (id, at) = (state.ids.uuid(), state.now);
    let status = if message.is_some() {
        "Failed"
    } else {
        "Successful"
    };
    if let Some(group) = state.autoscaling.groups.get_mut(name) {
        group.activities.push(Activity {
            id,
            description: description.to_owned(),
            status: status.to_owned(),
            message,
            at,
        });
    }
}

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    let params = &call.params;
    match call.action.as_str() {
        "DescribeAutoScalingGroups" => describe(state, params),
        "DescribeScalingActivities" => activities(state, params),
        "DeleteAutoScalingGroup" => delete(state, params),
        other => Err(AwsError::unknown_operation("autoscaling", other)),
    }
}

fn describe(state: &State, params: &Params) -> Outcome {
    let names = params.list("AutoScalingGroupNames");
    let wanted = |group: &&Group| {
        (names.is_empty() || names.contains(&group.asked.name)) && fits(group, params)
    };
    let groups = state.autoscaling.groups.values().filter(wanted);
    let nodes = groups.map(node).collect();
    paged(state, params, "AutoScalingGroups", nodes)
}

/// Filters by tag: `tag-key`, `tag-value`, `tag:<key>`.
fn fits(group: &Group, params: &Params) -> bool {
    params.structs("Filters").iter().all(|filter| {
        let values = filter.list("Values");
        let tags = &group.asked.tags;
        match filter.get("Name").unwrap_or_default() {
            "tag-key" => tags.keys().any(|key| values.contains(key)),
            "tag-value" => tags.values().any(|value| values.contains(value)),
            name => name
                .strip_prefix("tag:")
                .and_then(|key| tags.get(key))
                .is_some_and(|value| values.contains(value)),
        }
    })
}

fn activities(state: &State, params: &Params) -> Outcome {
    let name = params.get("AutoScalingGroupName");
    let groups = state.autoscaling.groups.values();
    let groups = groups.filter(|group| name.is_none_or(|name| group.asked.name == name));
    let nodes = groups.flat_map(|group| {
        group.activities.iter().rev().map(|activity| {
            let at = activity.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            Node::new()
                .text("ActivityId", &activity.id)
                .text("AutoScalingGroupName", &group.asked.name)
                .text("Description", &activity.description)
                .text("Cause", "EKS set the desired capacity of the group")
                .text("StartTime", &at)
                .text("EndTime", at)
                .text("StatusCode", &activity.status)
                .maybe("StatusMessage", activity.message.as_ref())
                .text("Progress", 100)
        })
    });
    paged(state, params, "Activities", nodes.collect())
}

fn paged(state: &State, params: &Params, list: &str, nodes: Vec<Node>) -> Outcome {
    let asked = params.number("MaxRecords")?.unwrap_or(50).clamp(1, 100);
    let size = usize::try_from(asked)
        .unwrap_or(50)
        .min(state.setup.page_size_max);
    let page = page(list, nodes, params.get("NextToken"), size)?;
    let node = Node::new()
        .list(list, "member", page.items)
        .maybe("NextToken", page.next);
    Ok(Answer::Xml(node))
}

fn delete(state: &mut State, params: &Params) -> Outcome {
    let name = params.need("AutoScalingGroupName")?.to_owned();
    let Some(group) = state.autoscaling.groups.get(&name) else {
        let message =
            format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found");
        return Err(AwsError::new(400, "ValidationError", message));
    };
    let ids: Vec<String> = group.instances.keys().cloned().collect();
    if !ids.is_empty() && params.flag("ForceDelete") != Some(true) {
        return Err(AwsError::new(
            400,
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot \
             instance request(s) still in the group.",
        ));
    }
    for id in &ids {
        ec2::instances::terminate_internal(state, id);
    }
    delete_internal(state, &name);
    Ok(Answer::Xml(Node::new()))
}

fn node(group: &Group) -> Node {
    let asked = &group.asked;
    let (min, max, desired) = asked.sizes;
    let template = || {
        let (id, name) = &asked.launch_template;
        let node = Node::new()
            .text("LaunchTemplateId", id)
            .text("LaunchTemplateName", name);
        node.text("Version", 1)
    };
    let instances = group.instances.iter().map(|(id, zone)| {
        Node::new()
            .text("InstanceId", id)
            .text("AvailabilityZone", zone)
            .text("LifecycleState", "InService")
            .text("HealthStatus", "Healthy")
            .node("LaunchTemplate", template())
            .text("ProtectedFromScaleIn", false)
    });
    let tags = asked.tags.iter().map(|(key, value)| {
        Node::new()
            .text("ResourceId", &asked.name)
            .text("ResourceType", "auto-scaling-group")
            .text("Key", key)
            .text("Value", value)
            .text("PropagateAtLaunch", true)
    });
    Node::new()
        .text("AutoScalingGroupName", &asked.name)
        .text("AutoScalingGroupARN", &group.arn)
        .node("LaunchTemplate", template())
        .text("MinSize", min)
        .text("MaxSize", max)
        .text("DesiredCapacity", desired)
        .text("DefaultCooldown", 300)
        .list(
            "AvailabilityZones",
            "member",
            asked.zones.iter().map(Node::of_text),
        )
        .text("HealthCheckType", "EC2")
        .text("HealthCheckGracePeriod", 15)
        .list("Instances", "member", instances)
        .text(
            "CreatedTime",
            group.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        .text("VPCZoneIdentifier", asked.subnet_ids.join(","))
        .list("Tags", "member", tags)
}

/// Adds all scaling groups that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    all.extend(state.autoscaling.groups.values().map(|group| {
        let name = &group.asked.name;
        let mut resource = Resource::new("autoscaling_group", name, &state.setup.region);
        resource.name = Some(name.clone());
        resource.tags = group.asked.tags.clone();
        resource.incarnation = Some(group.created_at.as_second().to_string());
        resource.created_at = Some(group.created_at);
        if let Some(cluster) = group.asked.tags.get("eks:cluster-name") {
            resource
                .properties
                .insert("cluster".to_owned(), cluster.clone());
        }
        resource
    }));
}
