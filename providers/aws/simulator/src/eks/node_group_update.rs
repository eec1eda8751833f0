//! `UpdateNodegroupConfig`: node count, labels, taints.
//!
//! Only an ACTIVE group can be updated, one update at a time.

use kubeproof_simkit::injected::InjectedFault;
use serde_json::json;

use super::failure::{in_use, invalid_request};
use super::node_group::{of_key, of_path};
use super::node_group_create::{scaling, update_config};
use super::updates::{self, Change};
use super::{GroupKey, input, nodes};
use crate::autoscaling;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;

pub(super) fn config(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let (cluster, group) = of_path(state, call)?;
    let key = group.key(&cluster.name);
    let named = |error: crate::wire::error::AwsError| {
        error
            .with("clusterName", key.cluster.as_str())
            .with("nodegroupName", key.group.as_str())
    };
    match group.status.as_str() {
        "ACTIVE" | "DEGRADED" => {}
        "UPDATING" => {
            let message = "Nodegroup already has an update in progress";
            return Err(named(in_use(message)));
        }
        other => {
            let message = format!("Nodegroup is not in a state that can be updated: {other}");
            return Err(named(invalid_request(message)));
        }
    }
    let sizes = scaling(&body["scalingConfig"], group.scaling).map_err(named)?;
    let update_config = update_config(&body["updateConfig"]).map_err(named)?;
    let labels = &body["labels"];
    let (set, unset) = (
        input::map(labels, "addOrUpdateLabels"),
        input::texts(labels, "removeLabels"),
    );
    let Some(group) = of_key(state, &key) else {
        return Err(super::failure::no_node_group(&key.cluster, &key.group));
    };
    "UPDATING".clone_into(&mut group.status);
    group.scaling = sizes;
    group.update_config = update_config.unwrap_or_else(|| group.update_config.clone());
    group.labels.extend(set);
    group.labels.retain(|label, _| !unset.contains(label));
    let name = group.holds.scaling_group.clone();
    autoscaling::resize(state, &name, (sizes.min, sizes.max, sizes.desired));
    // New instances are billed from now on; a refused one shows as a Failed update.
    let refused = nodes::launch_missing(state, &key).is_err();
    let params = vec![
        ("MinSize".to_owned(), json!(sizes.min).to_string()),
        ("MaxSize".to_owned(), json!(sizes.max).to_string()),
        ("DesiredSize".to_owned(), json!(sizes.desired).to_string()),
    ];
    let group = Some(key.group.clone());
    let cluster = key.cluster.clone();
    let failing = Call {
        injected: InjectedFault::failing(),
        ..call.clone()
    };
    let update = ("ConfigUpdate", params);
    Ok(updates::begin(
        state,
        if refused { &failing } else { call },
        &cluster,
        update,
        group,
        Change::Nodes(key),
    ))
}

/// Ends the update: new nodes join, surplus ones are removed, and the group is ACTIVE again.
pub(super) fn end(state: &mut State, key: &GroupKey, well: bool) {
    let Some(group) = of_key(state, key)
        .filter(|group| group.status == "UPDATING")
        .cloned()
    else {
        return;
    };
    let wanted = group.scaling.desired as usize;
    let surplus: Vec<String> = group.holds.instances.keys().skip(wanted).cloned().collect();
    nodes::terminate(state, key, &surplus);
    if well && nodes::can_join(state, key, &group) {
        nodes::join(state, key);
    }
    let now = state.now;
    if let Some(group) = of_key(state, key) {
        let joined = group
            .holds
            .instances
            .values()
            .all(|member| member.node.is_some());
        let is_whole = joined && group.holds.instances.len() == wanted;
        if is_whole { "ACTIVE" } else { "DEGRADED" }.clone_into(&mut group.status);
        group.modified_at = now;
    }
}
