//! Tags of clusters, node groups and access entries, by ARN.
//!
//! One operation tags all three, and the bill follows a change of tags.

use std::collections::BTreeMap;

use serde_json::json;

use super::failure::not_found;
use super::input;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

fn of_arn<'a>(
    state: &'a mut State,
    call: &Call,
) -> Result<&'a mut BTreeMap<String, String>, AwsError> {
    let arn = input::segment(call, 1);
    for cluster in state.eks.clusters.values_mut() {
        if cluster.arn == arn {
            return Ok(&mut cluster.tags);
        }
        if let Some(group) = cluster
            .node_groups
            .values_mut()
            .find(|group| group.arn == arn)
        {
            return Ok(&mut group.tags);
        }
        let mut profiles = cluster.fargate.values_mut();
        if let Some(profile) = profiles.find(|one| one.arn == arn) {
            return Ok(&mut profile.tags);
        }
        if let Some(addon) = cluster.addons.values_mut().find(|addon| addon.arn == arn) {
            return Ok(&mut addon.tags);
        }
        let mut associations = cluster.pod_identities.values_mut();
        if let Some(association) = associations.find(|one| one.arn == arn) {
            return Ok(&mut association.tags);
        }
        if let Some(entry) = cluster.access.values_mut().find(|entry| entry.arn == arn) {
            return Ok(&mut entry.tags);
        }
    }
    Err(AwsError {
        code: "NotFoundException".to_owned(),
        ..not_found(format!("No resource: {arn}"))
    })
}

pub(super) fn tag(state: &mut State, call: &Call) -> Outcome {
    let tags = input::map(&call.json, "tags");
    of_arn(state, call)?.extend(tags);
    tell_the_meter(state, call);
    Ok(Answer::Json(json!({})))
}

pub(super) fn untag(state: &mut State, call: &Call) -> Outcome {
    let keys = input::query_list(call, "tagKeys");
    of_arn(state, call)?.retain(|key, _| !keys.contains(key));
    tell_the_meter(state, call);
    Ok(Answer::Json(json!({})))
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    let tags = of_arn(state, call)?.clone();
    Ok(Answer::Json(json!({"tags": tags})))
}

/// Updates the bill of a control plane to the cluster's tags.
fn tell_the_meter(state: &mut State, call: &Call) {
    let arn = input::segment(call, 1);
    if let Some(cluster) = state
        .eks
        .clusters
        .values()
        .find(|cluster| cluster.arn == arn)
    {
        state.meter.retag(&cluster.name, &cluster.tags);
    }
}
