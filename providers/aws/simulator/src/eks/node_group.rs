//! A node group: its stored state, and how it is shown, described and listed.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::idempotency::Token;
use serde_json::{Value, json};

use super::cluster::{Issue, issues};
use super::failure::no_node_group;
use super::input::{self, epoch};
use super::node_template::Template;
use super::{GroupKey, cluster::Cluster};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// The allowed and the desired number of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// At least.
    pub min: u32,
    /// At most.
    pub max: u32,
    /// Wanted now.
    pub desired: u32,
}

/// An instance of a node group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub subnet_id: String,
    /// Its node's name, once it has joined.
    pub node: Option<String>,
}

/// The resources of a node group in EC2, Auto Scaling and IAM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    pub launch_template_id: String,
    /// Name of the Auto Scaling group.
    pub scaling_group: String,
    /// Name of the instance profile (and of the launch template).
    pub profile: String,
    /// Instances by id.
    pub instances: BTreeMap<String, Member>,
}

#[derive(Clone, Debug)]
pub struct NodeGroup {
    pub name: String,
    pub arn: String,
    /// How many of its instances lack capacity and are never launched, because of an injected fault.
    pub short: usize,
    /// Its serial number: distinguishes it from a later one of the same name.
    pub serial: u64,
    /// `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, `CREATE_FAILED`, `DELETE_FAILED`.
    pub status: String,
    /// Kubernetes version.
    pub version: String,
    /// The role of its nodes.
    pub role_arn: String,
    pub subnet_ids: Vec<String>,
    /// Its size.
    pub scaling: Scaling,
    /// Instance types; the first one is launched.
    pub instance_types: Vec<String>,
    pub ami_type: String,
    /// Root disk, GB.
    pub disk_gb: u32,
    /// `ON_DEMAND` or `SPOT`.
    pub capacity_type: String,
    /// Labels of its nodes.
    pub labels: BTreeMap<String, String>,
    /// Taints, as requested.
    pub taints: Vec<Value>,
    /// How many nodes an update may take away at once.
    pub update_config: Value,
    /// Its own tags, which its instances do not get.
    pub tags: BTreeMap<String, String>,
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// How long its creation takes if it succeeds.
    pub planned: Duration,
    /// Problems.
    pub issues: Vec<Issue>,
    /// The token of its creation.
    pub token: Token,
    /// The caller's launch template.
    pub template: Option<Template>,
    /// Its resources in other services.
    pub holds: Holdings,
}

impl NodeGroup {
    /// Whether its instances are spot instances.
    pub fn is_spot(&self) -> bool {
        self.capacity_type == "SPOT"
    }

    /// The key under which timers know it.
    pub fn key(&self, cluster: &str) -> GroupKey {
        GroupKey {
            cluster: cluster.to_owned(),
            group: self.name.clone(),
            serial: self.serial,
        }
    }
}

/// The node group that a timer names, if it still exists.
pub(super) fn of_key<'a>(state: &'a mut State, key: &GroupKey) -> Option<&'a mut NodeGroup> {
    let cluster = state.eks.clusters.get_mut(&key.cluster)?;
    cluster
        .node_groups
        .get_mut(&key.group)
        .filter(|group| group.serial == key.serial)
}

/// The node group that the path names.
///
/// # Errors
/// `ResourceNotFoundException`, for the cluster or for the group.
pub(super) fn of_path<'a>(
    state: &'a State,
    call: &Call,
) -> Result<(&'a Cluster, &'a NodeGroup), AwsError> {
    let cluster = input::cluster(state, call)?;
    let name = input::segment(call, 3);
    let missing = || no_node_group(&cluster.name, name);
    Ok((cluster, cluster.node_groups.get(name).ok_or_else(missing)?))
}

pub(super) fn describe(state: &State, call: &Call) -> Outcome {
    let (cluster, group) = of_path(state, call)?;
    Ok(answer(&cluster.name, group))
}

/// `{"nodegroup": …}`.
pub(super) fn answer(cluster: &str, group: &NodeGroup) -> Answer {
    Answer::Json(json!({ "nodegroup": view(cluster, group) }))
}

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let cluster = input::cluster(state, call)?;
    let names = cluster.node_groups.keys().map(|name| json!(name)).collect();
    input::paged(state, call, "nodegroups", names)
}

fn view(cluster: &str, group: &NodeGroup) -> Value {
    let mut view = json!({
        "nodegroupName": group.name,
        "nodegroupArn": group.arn,
        "clusterName": cluster,
        "version": group.version,
        "releaseVersion": format!("{}.1-20261101", group.version),
        "createdAt": epoch(group.created_at),
        "modifiedAt": epoch(group.modified_at),
        "status": group.status,
        "capacityType": group.capacity_type,
        "scalingConfig": {
            "minSize": group.scaling.min,
            "maxSize": group.scaling.max,
            "desiredSize": group.scaling.desired,
        },
        "instanceTypes": group.instance_types,
        "subnets": group.subnet_ids,
        "amiType": group.ami_type,
        "nodeRole": group.role_arn,
        "labels": group.labels,
        "taints": group.taints,
        "resources": {},
        "diskSize": group.disk_gb,
        "health": {"issues": issues(&group.issues)},
        "updateConfig": group.update_config,
        "tags": group.tags,
    });
    if let Some(template) = &group.template {
        // With a launch template the disk is set there, and so are the types if it names one.
        view["diskSize"] = Value::Null;
        if template.instance_type.is_some() {
            view["instanceTypes"] = Value::Null;
        }
        view["launchTemplate"] = template.view();
    }
    if !group.holds.scaling_group.is_empty() {
        view["resources"] = json!({"autoScalingGroups": [{"name": group.holds.scaling_group}]});
    }
    view
}

pub(super) fn resource(region: &str, cluster: &str, group: &NodeGroup) -> Resource {
    let id = format!("{cluster}/{}", group.name);
    let mut resource = Resource::new("eks_nodegroup", id, region);
    resource.name = Some(group.name.clone());
    resource.tags = group.tags.clone();
    crate::lifetime::set(&mut resource, group.status.clone());
    resource.created_at = Some(group.created_at);
    resource
        .properties
        .insert("cluster".to_owned(), cluster.to_owned());
    resource
}
