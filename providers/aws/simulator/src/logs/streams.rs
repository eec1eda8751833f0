//! Log streams, of which only the names are kept; and the cluster that goes on writing after its group was deleted.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Event, create_group_internal, done, named, need, paged};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// How soon a control plane writes again: it is never silent for long. The figure has no source.
const WRITES_EVERY: Duration = Duration::from_secs(30);

/// The cluster whose control plane logs to a group of this name.
fn writer(name: &str) -> Option<&str> {
    name.strip_prefix("/aws/eks/")?.strip_suffix("/cluster")
}

/// A cluster with logging makes its group anew when it writes the next time, by its service-linked role, also while the
/// cluster itself is being deleted (terraform-aws-eks issues 920, 2446 and 2763, which quotes `CloudTrail`).
pub(super) fn deleted(state: &mut State, name: &str) {
    let Some(cluster) = writer(name) else { return };
    if logs(state, cluster) {
        let event = Event::Written(cluster.to_owned());
        state.after(WRITES_EVERY, crate::state::Event::Logs(event));
    }
}

fn logs(state: &State, cluster: &str) -> bool {
    let cluster = state.eks.clusters.get(cluster);
    cluster.is_some_and(|cluster| cluster.was_active && !cluster.log_types.is_empty())
}

/// The new group has neither retention nor tags.
pub(super) fn written(state: &mut State, cluster: &str) {
    if logs(state, cluster) {
        let name = format!("/aws/eks/{cluster}/cluster");
        create_group_internal(state, &name, std::collections::BTreeMap::new());
    }
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let stream = need(call, "logStreamName")?.to_owned();
    let group = named(state, call)?;
    if !group.streams.insert(stream) {
        let message = "The specified log stream already exists";
        return Err(AwsError::new(
            400,
            "ResourceAlreadyExistsException",
            message,
        ));
    }
    done()
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let stream = need(call, "logStreamName")?.to_owned();
    if !named(state, call)?.streams.remove(&stream) {
        let message = "The specified log stream does not exist.";
        return Err(AwsError::new(400, "ResourceNotFoundException", message));
    }
    done()
}

pub(super) fn describe(state: &mut State, call: &Call) -> Outcome {
    let group = need(call, "logGroupName")?.to_owned();
    let prefix = call.json["logStreamNamePrefix"]
        .as_str()
        .unwrap_or_default();
    let streams: Vec<String> = named(state, call)?.streams.iter().cloned().collect();
    let fits = streams.iter().filter(|name| name.starts_with(prefix));
    let views: Vec<Value> = fits.map(|name| view(state, &group, name)).collect();
    paged(state, call, "logStreams", views)
}

fn view(state: &State, group: &str, name: &str) -> Value {
    let arn = state.arn("logs", &format!("log-group:{group}:log-stream:{name}"));
    json!({ "logStreamName": name, "arn": arn, "storedBytes": 0 })
}
