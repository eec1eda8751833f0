//! Operations of clusters: one at a time each. Their names are short, and they are asked for by location.

use jiff::SignedDuration;
use kubeproof_simkit::operation::{Failure, NewOperation, NotCancelled, Operation, Status};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::{Event, input};
use crate::compute::zones;
use crate::links;
use crate::route::{Call, Table, table};
use crate::state::{self, State};
use crate::wire::{ApiError, Object, Outcome, time};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/locations/{location}/operations", "container.projects.locations.operations.list", list),
    on("GET", "/projects/{project}/locations/{location}/operations/{operation}", "container.projects.locations.operations.get", get),
    on("POST", "/projects/{project}/locations/{location}/operations/{operation}:cancel", "container.projects.locations.operations.cancel", cancel),
    on("GET", "/projects/{project}/zones/{zone}/operations", "container.projects.zones.operations.list", list),
    on("GET", "/projects/{project}/zones/{zone}/operations/{operation}", "container.projects.zones.operations.get", get),
    on("POST", "/projects/{project}/zones/{zone}/operations/{operation}:cancel", "container.projects.zones.operations.cancel", cancel),
]);

/// Seconds until a cancelled operation has stopped.
const ABORTING: SignedDuration = SignedDuration::from_secs(20);

/// What an operation does to its cluster.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    CreateCluster {
        /// Whether a cluster that could not be made is gone before anybody sees it fail.
        vanishes: bool,
    },
    DeleteCluster {
        /// Whether the clean-up forgets a firewall rule.
        is_partial: bool,
    },
    CreatePool(String),
    DeletePool(String),
    /// Nodes in each zone of a pool.
    Resize(String, u32),
    /// The control plane gets this version.
    Version(String),
    /// The nodes of a pool get this version.
    PoolVersion(String, String),
    /// These members of the cluster are replaced.
    Members(Object),
    /// These members of a pool are replaced.
    PoolMembers(String, Object),
}

impl Change {
    /// The pool that it is about.
    pub(crate) fn pool(&self) -> Option<&str> {
        match self {
            Self::CreatePool(pool)
            | Self::DeletePool(pool)
            | Self::Resize(pool, _)
            | Self::PoolVersion(pool, _)
            | Self::PoolMembers(pool, _) => Some(pool),
            _ => None,
        }
    }
}

/// What Kubernetes Engine knows of an operation besides.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    /// The key and the id of its cluster.
    pub(crate) cluster: (String, String),
    pub(crate) change: Change,
}

/// Refuses a change of a cluster while another one runs.
pub(crate) fn check_idle(state: &State, cluster: &Cluster) -> Result<(), ApiError> {
    let mut unfinished = state.container.operations.unfinished();
    let running = unfinished.find(|one| {
        let detail = state.container.details.get(&one.id);
        detail.is_some_and(|detail| detail.cluster.1 == cluster.id)
    });
    match running {
        None => Ok(()),
        Some(running) => Err(ApiError::new(
            400,
            "FAILED_PRECONDITION",
            "failedPrecondition",
            format!("Cluster is running incompatible operation {}.", running.id),
        )),
    }
}

/// Begins an operation on a cluster, and returns it as the API shows it.
pub(crate) fn begin(
    state: &mut State,
    call: &Call<'_>,
    cluster_key: &str,
    (kind, seconds): (&'static str, i64),
    change: Change,
    failure: Option<Failure>,
) -> Value {
    let Some(cluster) = state.container.clusters.get(cluster_key) else {
        return Value::Null;
    };
    let (id, location, path) = (cluster.id.clone(), cluster.location.clone(), cluster.path());
    let target = match change.pool() {
        Some(pool) => format!("{path}/nodePools/{pool}"),
        None => path,
    };
    let name = crate::compute::operation_name(state);
    let new = NewOperation {
        id: name.clone(),
        kind: kind.to_owned(),
        scope: location,
        target,
        lasts: SignedDuration::from_secs(seconds),
        failure,
    };
    let now = state.now;
    let due = state
        .container
        .operations
        .begin(new, call.injected, explained, now);
    let halfway = state
        .container
        .operations
        .get(&name)
        .map(Operation::halfway);
    if let Some(halfway) = halfway {
        let event = state::Event::Container(Event::Halfway(name.clone()));
        state.timers.at(halfway, event);
    }
    if let Some(due) = due {
        let event = state::Event::Container(Event::Ended(name.clone()));
        state.timers.at(due, event);
    }
    let detail = Detail {
        cluster: (cluster_key.to_owned(), id),
        change,
    };
    state.container.details.insert(name.clone(), detail);
    let operation = state.container.operations.get(&name);
    operation.map_or(Value::Null, |operation| shown(state, operation))
}

/// The failure that an injected fault asks for: a code of conditions, or of `google.rpc`.
pub(crate) fn explained(code: Option<&str>) -> Failure {
    let message = match code {
        Some("GCE_STOCKOUT") => {
            "Google Compute Engine: The zone does not have enough resources available to fulfill the request."
        }
        Some("GCE_QUOTA_EXCEEDED") => "Google Compute Engine: Quota 'CPUS' exceeded.",
        _ => "An internal error has occurred.",
    };
    Failure::new(code.unwrap_or("INTERNAL"), message)
}

/// The number of the `google.rpc` code that stands for a failure.
fn rpc_code(code: &str) -> u8 {
    match code {
        "CANCELLED" => 1,
        "INVALID_ARGUMENT" => 3,
        "NOT_FOUND" => 5,
        "PERMISSION_DENIED" => 7,
        "RESOURCE_EXHAUSTED" | "GCE_STOCKOUT" | "GCE_QUOTA_EXCEEDED" => 8,
        "FAILED_PRECONDITION" => 9,
        "ABORTED" => 10,
        _ => 13,
    }
}

/// The name of the `google.rpc` code that stands for a failure.
pub(crate) fn canonical_code(code: &str) -> &'static str {
    match rpc_code(code) {
        1 => "CANCELLED",
        3 => "INVALID_ARGUMENT",
        5 => "NOT_FOUND",
        7 => "PERMISSION_DENIED",
        8 => "RESOURCE_EXHAUSTED",
        9 => "FAILED_PRECONDITION",
        10 => "ABORTED",
        _ => "INTERNAL",
    }
}

/// The link to a path below the project, which is named by its number in operations.
fn link(state: &State, path: &str) -> String {
    format!(
        "{}projects/{}/{path}",
        links::CONTAINER,
        state.setup.project_number
    )
}

fn shown(state: &State, operation: &Operation) -> Value {
    let now = state.now;
    let status = match operation.status(now) {
        Status::Pending => "PENDING",
        Status::Running => "RUNNING",
        Status::Cancelling => "ABORTING",
        Status::Done => "DONE",
    };
    let location = &operation.scope;
    let level = if zones::is_zone(location) {
        "zones"
    } else {
        "locations"
    };
    let path = format!("{level}/{location}/operations/{}", operation.id);
    let mut shown = json!({
        "name": operation.id, "zone": location, "location": location,
        "operationType": operation.kind, "status": status,
        "selfLink": link(state, &path), "targetLink": link(state, &operation.target),
        "startTime": time(operation.started),
        "progress": {"metrics": [
            {"name": "PERCENT_DONE", "intValue": operation.progress(now).to_string()},
        ]},
    });
    if let Some(ended) = operation.ended() {
        shown["endTime"] = json!(time(ended));
    }
    if let Some(failure) = operation.failure() {
        shown["statusMessage"] = json!(failure.message);
        shown["error"] = json!({"code": rpc_code(&failure.code), "message": failure.message});
        if failure.code.starts_with("GCE_") {
            shown["clusterConditions"] = json!([{
                "code": failure.code, "message": failure.message,
                "canonicalCode": canonical_code(&failure.code),
            }]);
        }
    }
    shown
}

fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Operation, ApiError> {
    let (location, name) = (call.parameter(1), call.parameter(2));
    let operation = state.container.operations.get(name);
    let operation = operation.filter(|one| one.scope == location);
    operation.ok_or_else(|| {
        let project = &state.setup.project;
        ApiError::not_found(format!(
            "Not found: projects/{project}/locations/{location}/operations/{name}."
        ))
    })
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    Ok(shown(state, found(state, call)?))
}

/// The operations of a location, or of all; there are no pages.
fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let location = input::listed_location(call)?;
    let all = state.container.operations.all();
    let here = all.filter(|one| location.as_ref().is_none_or(|place| one.scope == *place));
    let operations: Vec<Value> = here.map(|one| shown(state, one)).collect();
    if operations.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ "operations": operations }))
}

/// Asks an operation to stop. Only node pools' operations can be stopped.
fn cancel(state: &mut State, call: &Call<'_>) -> Outcome {
    let operation = found(state, call)?;
    let name = operation.id.clone();
    let detail = state.container.details.get(&name);
    if detail.is_none_or(|detail| detail.change.pool().is_none()) {
        let message = format!("Operation {name} cannot be cancelled.");
        return Err(precondition(message));
    }
    let failure = Failure::new("CANCELLED", "Operation was aborted.");
    let now = state.now;
    let cancelled = state
        .container
        .operations
        .cancel(&name, failure, ABORTING, now);
    match cancelled {
        Ok(due) => {
            let event = state::Event::Container(Event::Ended(name));
            state.timers.at(due, event);
            Ok(json!({}))
        }
        Err(NotCancelled::Ended) => Err(precondition(format!(
            "Operation {name} is already done and cannot be cancelled."
        ))),
        Err(NotCancelled::Unknown) => Err(ApiError::not_found("Not found.")),
    }
}

fn precondition(message: String) -> ApiError {
    ApiError::new(400, "FAILED_PRECONDITION", "failedPrecondition", message)
}
