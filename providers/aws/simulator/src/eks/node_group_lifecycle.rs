//! The lifecycle of a node group after its creation: instances launch, join and are drained; the group becomes
//! ready or fails.

use std::time::Duration;

use jiff::SignedDuration;

use super::aws_auth::Machines;
use super::cluster::Issue;
use super::failure::in_use;
use super::input::{self, Ending};
use super::node_group::{self, NodeGroup, of_key};
use super::{Event, GroupKey, after, aws_auth, nodes};
use crate::iam::profiles;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;
use crate::{autoscaling, ec2};

/// How often instances that could not join try again.
pub(super) const JOIN_EVERY: Duration = Duration::from_secs(30);
/// Most tries: more than fit into the longest time until the group has failed.
pub(super) const JOIN_TRIES: u32 = 120;

fn creating<'a>(state: &'a mut State, key: &GroupKey) -> Option<&'a mut NodeGroup> {
    of_key(state, key).filter(|group| group.status == "CREATING")
}

/// Launches the instances of a group that is being created.
pub(super) fn launch(state: &mut State, key: &GroupKey) {
    if creating(state, key).is_none() {
        return;
    }
    let launched = nodes::launch_missing(state, key);
    if let Err(error) = launched
        && let Some(group) = creating(state, key)
    {
        let name = group.holds.scaling_group.clone();
        let code = nodes::LAUNCH_FAILURES.to_owned();
        group.issues = vec![Issue {
            code,
            message: error.message,
            resource_ids: vec![name],
        }];
    }
}

/// Lets the instances join now, try again later, or give up.
pub(super) fn join(state: &mut State, key: &GroupKey, tries: u32) {
    if creating(state, key).is_none() {
        return;
    }
    // An Auto Scaling group keeps trying to launch what it could not launch before.
    launch(state, key);
    let Some(group) = creating(state, key).cloned() else {
        return;
    };
    if nodes::can_join(state, key, &group) {
        nodes::join(state, key);
        after(state, group.planned / 20, Event::GroupActive(key.clone()));
        return;
    }
    let limit = SignedDuration::try_from(state.durations.node_group_failure);
    let until = group.created_at + limit.unwrap_or(SignedDuration::MAX);
    let next = state.now + SignedDuration::try_from(JOIN_EVERY).unwrap_or(SignedDuration::MAX);
    if next < until && tries < JOIN_TRIES {
        after(state, JOIN_EVERY, Event::Join(key.clone(), tries + 1));
        return;
    }
    let code = group
        .issues
        .first()
        .map_or("NodeCreationFailure", |issue| issue.code.as_str());
    let rest = until.duration_since(state.now);
    let rest = Duration::try_from(rest).unwrap_or(Duration::ZERO);
    after(
        state,
        rest,
        Event::GroupFailed(key.clone(), code.to_owned()),
    );
}

/// Makes a group whose nodes are Ready ACTIVE.
pub(super) fn active(state: &mut State, key: &GroupKey) {
    let now = state.now;
    if let Some(group) = creating(state, key) {
        "ACTIVE".clone_into(&mut group.status);
        group.issues.clear();
        group.modified_at = now;
    }
}

/// Marks a group as `CREATE_FAILED`: its instances stay, and are billed, until it is deleted.
pub(super) fn failed(state: &mut State, key: &GroupKey, code: &str) {
    let Some(group) = creating(state, key) else {
        return;
    };
    "CREATE_FAILED".clone_into(&mut group.status);
    if group.issues.iter().any(|issue| issue.code == code) {
        return;
    }
    let message = match code {
        "NodeCreationFailure" => "Instances failed to join the kubernetes cluster",
        _ => "The node group could not be created",
    };
    let resource_ids = group.holds.instances.keys().cloned().collect();
    let code = code.to_owned();
    group.issues.push(Issue {
        code,
        message: message.to_owned(),
        resource_ids,
    });
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let (cluster, group) = node_group::of_path(state, call)?;
    let key = group.key(&cluster.name);
    if group.status == "UPDATING" {
        let message = format!("Nodegroup {} has an update in progress", key.group);
        return Err(in_use(message)
            .with("clusterName", key.cluster)
            .with("nodegroupName", key.group));
    }
    // Deleting a group that is already being deleted changes nothing.
    let is_new = group.status != "DELETING";
    if is_new && let Some(group) = of_key(state, &key) {
        "DELETING".clone_into(&mut group.status);
        begin_deletion(state, call, &key);
    }
    let (cluster, group) = node_group::of_path(state, call)?;
    Ok(node_group::answer(&cluster.name, group))
}

fn begin_deletion(state: &mut State, call: &Call, key: &GroupKey) {
    let usually = state.durations.node_group_delete;
    match input::ending(call, usually) {
        Ending::Well(wait) => {
            after(state, wait * 3 / 5, Event::Drained(key.clone()));
            after(state, wait, Event::GroupGone(key.clone()));
        }
        Ending::Badly(code) => {
            let code = code.unwrap_or_else(|| "Ec2SecurityGroupDeletionFailure".to_owned());
            after(state, usually, Event::GroupStays(key.clone(), code));
        }
        Ending::Never => {}
    }
}

/// Drains the nodes of a group that is being deleted, and terminates its instances.
pub(super) fn drained(state: &mut State, key: &GroupKey) {
    let Some(group) = of_key(state, key).filter(|group| group.status == "DELETING") else {
        return;
    };
    let ids: Vec<String> = group.holds.instances.keys().cloned().collect();
    nodes::terminate(state, key, &ids);
}

/// Removes a deleted group and its resources.
pub(super) fn gone(state: &mut State, key: &GroupKey) {
    drained(state, key);
    let Some(group) = of_key(state, key)
        .filter(|group| group.status == "DELETING")
        .cloned()
    else {
        return;
    };
    autoscaling::delete_internal(state, &group.holds.scaling_group);
    ec2::launch_templates::delete_internal(state, &group.holds.launch_template_id);
    profiles::delete_internal(state, &group.holds.profile);
    let Some(cluster) = state.eks.clusters.get_mut(&key.cluster) else {
        return;
    };
    cluster.node_groups.remove(&key.group);
    let role_is_used = cluster
        .node_groups
        .values()
        .any(|one| one.role_arn == group.role_arn);
    if !role_is_used {
        cluster.access.shift_remove(&group.role_arn);
    }
    aws_auth::remove_role(state, &key.cluster, &group.role_arn, Machines::Instances);
}

/// Marks a group as `DELETE_FAILED`; it keeps its resources.
pub(super) fn stays(state: &mut State, key: &GroupKey, code: &str) {
    let Some(group) = of_key(state, key).filter(|group| group.status == "DELETING") else {
        return;
    };
    "DELETE_FAILED".clone_into(&mut group.status);
    let message = "DependencyViolation - resource has a dependent object".to_owned();
    let resource_ids = vec![group.holds.scaling_group.clone()];
    group.issues.push(Issue {
        code: code.to_owned(),
        message,
        resource_ids,
    });
}
