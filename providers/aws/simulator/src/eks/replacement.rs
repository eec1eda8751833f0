//! A machine of a node group that ends without the group: the cluster forgets its node, and Auto Scaling replaces it.
//!
//! kubernetes#70491 and aws-node-termination-handler#437 tell the order. The times are those of Kubernetes' defaults
//! (`--node-monitor-grace-period` and `--node-monitor-period`) and of Auto Scaling's look at its machines, rounded: no
//! source gives the whole.

use std::time::Duration;

use super::node_group::of_key;
use super::node_group_lifecycle::{JOIN_EVERY, JOIN_TRIES};
use super::{Event, GroupKey, after, nodes};
use crate::state::State;

/// After the end of its machine a node reports nothing for 50 seconds, and the cloud's controller looks every 5.
const NOTICED_AFTER: Duration = Duration::from_mins(1);
/// How long a machine takes from its launch until its node is Ready.
const JOINS_AFTER: Duration = Duration::from_secs(90);
/// A machine is ending. If it is a group's, that is noticed after a while.
pub fn machine_ends(state: &mut State, instance: &str) {
    let mut groups = state.eks.clusters.values().flat_map(|cluster| {
        let groups = cluster.node_groups.values();
        groups.map(|group| (group.key(&cluster.name), group))
    });
    let of = groups.find(|(_, group)| group.holds.instances.contains_key(instance));
    let Some(key) = of.map(|(key, _)| key) else {
        return;
    };
    after(
        state,
        NOTICED_AFTER,
        Event::MachineMissed(key, instance.to_owned()),
    );
}

/// The end of a machine is noticed: its node goes, and another machine takes its place, unless the group is going too.
pub(super) fn missed(state: &mut State, key: &GroupKey, instance: &str) {
    let Some(group) = of_key(state, key) else {
        return;
    };
    if !group.holds.instances.contains_key(instance) {
        return;
    }
    let is_going = group.status == "DELETING";
    nodes::terminate(state, key, &[instance.to_owned()]);
    if is_going {
        return;
    }
    // What could not be launched is in the activities of Auto Scaling, which go on trying.
    let _ = nodes::launch_missing(state, key);
    after(state, JOINS_AFTER, Event::ReplacementJoins(key.clone(), 0));
}

/// The machine that took the place of another joins, or tries again later.
pub(super) fn joins(state: &mut State, key: &GroupKey, tries: u32) {
    let Some(group) = of_key(state, key).cloned() else {
        return;
    };
    if group.status == "DELETING" {
        return;
    }
    let _ = nodes::launch_missing(state, key);
    let Some(group) = of_key(state, key).cloned() else {
        return;
    };
    if nodes::can_join(state, key, &group) {
        nodes::join(state, key);
    } else if tries < JOIN_TRIES {
        after(
            state,
            JOIN_EVERY,
            Event::ReplacementJoins(key.clone(), tries + 1),
        );
    }
}
