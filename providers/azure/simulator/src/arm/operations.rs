//! Operations: a change is accepted at once, and its end is asked for at `Azure-AsyncOperation` or `Location`.

use jiff::SignedDuration;
use kubeproof_simkit::operation::{Failure, NewOperation, Operation, Status};
use kubeproof_simkit::router::on;
use serde_json::json;

use super::item::Phase;
use super::{children, remove_with};
use crate::route::{Call, Table, table};
use crate::state::{Event, State};
use crate::wire::{Answer, ApiError, Outcome, time};
use crate::{aks, groups};

#[rustfmt::skip]
pub(crate) const OPERATIONS: Table = table(&[
    on("GET", "/subscriptions/{subscription}/providers/{namespace}/locations/{location}/operations/{operation}", "arm.operations.get", get),
    on("GET", "/subscriptions/{subscription}/providers/{namespace}/locations/{location}/operationResults/{operation}", "arm.operationResults.get", result),
    on("GET", "/subscriptions/{subscription}/operationResults/{operation}", "resources.operationResults.get", result),
]);

/// Seconds that clients are asked to wait between two questions. A zero makes Microsoft's own wait half a minute.
pub(super) const RETRY_AFTER: &str = "1";
/// Codes of clusters that fail although they come up later (azurerm issues 9342 and 11179, AKS issue 1972), and the
/// seconds until then, which are made up.
const LATE: &[&str] = &["CreateVMSSAgentPoolFailed", "VMExtensionProvisioningError"];
const LATER: i64 = 300;

/// What an operation does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Create,
    Update,
    /// Of a cluster: starts or stops its machines.
    Power {
        runs: bool,
    },
    Delete {
        /// Whether something is left.
        is_partial: bool,
    },
    DeleteGroup {
        /// Whether something is left.
        is_partial: bool,
    },
}

/// What is known of an operation besides.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    /// The key of the resource, or of the group.
    pub(crate) key: String,
    /// Its unique id.
    pub(crate) unique: String,
    pub(crate) change: Change,
}

/// An operation that is about to begin.
pub(crate) struct Begun {
    pub(crate) key: String,
    pub(crate) unique: String,
    pub(crate) location: String,
    pub(crate) kind: &'static str,
    pub(crate) seconds: i64,
    pub(crate) change: Change,
    pub(crate) failure: Option<Failure>,
}

/// Begins an operation, and returns its id.
pub(crate) fn begin(state: &mut State, call: &Call<'_>, begun: Begun) -> String {
    let id = state.ids.uuid();
    let new = NewOperation {
        id: id.clone(),
        kind: begun.kind.to_owned(),
        scope: begun.location,
        target: begun.key.clone(),
        lasts: SignedDuration::from_secs(begun.seconds),
        failure: begun.failure,
    };
    let due = state
        .arm
        .operations
        .begin(new, call.injected, explained, state.now);
    let halfway = state.arm.operations.get(&id).map(Operation::halfway);
    if let Some(at) = halfway {
        state.timers.at(at, Event::Halfway(id.clone()));
    }
    if let Some(at) = due {
        state.timers.at(at, Event::Ended(id.clone()));
    }
    let detail = Detail {
        key: begun.key,
        unique: begun.unique,
        change: begun.change,
    };
    state.arm.details.insert(id.clone(), detail);
    id
}

/// The failure that an injected fault asks for.
fn explained(code: Option<&str>) -> Failure {
    let message = match code {
        Some("ZonalAllocationFailed") => {
            "Allocation failed. We do not have sufficient capacity for the requested VM size in this zone."
        }
        Some("AllocationFailed" | "AKSCapacityError") => {
            "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
        }
        Some("CreateVMSSAgentPoolFailed" | "VMExtensionProvisioningError") => {
            "VM has reported a failure when processing extension 'vmssCSE': agents are unable to reach the API server."
        }
        Some("LinkedAuthorizationFailed") => {
            "Reconcile VNet failed. Details: the client does not have authorization to perform action 'Microsoft.Network/virtualNetworks/subnets/join/action'."
        }
        Some("ResourceGroupDeletionBlocked") => "Deletion of the resource group is blocked.",
        _ => "An unexpected error occurred while processing the request.",
    };
    Failure::new(code.unwrap_or("InternalServerError"), message)
}

/// The operation that runs on the resource with this unique id.
pub(crate) fn operation_of(state: &State, unique: &str) -> Option<String> {
    let mut unfinished = state.arm.operations.unfinished();
    let found = unfinished.find(|one| {
        let detail = state.arm.details.get(&one.id);
        detail.is_some_and(|detail| detail.unique == unique)
    });
    found.map(|one| one.id.clone())
}

fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Operation, ApiError> {
    let id = call.last();
    state.arm.operations.get(id).ok_or_else(|| {
        let message = format!("The operation '{id}' was not found.");
        ApiError::new(404, "OperationNotFound", message)
    })
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let operation = found(state, call)?;
    let done = operation.status(state.now) == Status::Done;
    let word = match operation.failure() {
        Some(_) if operation.is_cancelled() => "Canceled",
        Some(_) => "Failed",
        None if done => "Succeeded",
        None => "InProgress",
    };
    let mut shown = json!({
        "id": call.path, "name": operation.id, "status": word, "startTime": time(operation.started),
    });
    if let Some(ended) = operation.ended() {
        shown["endTime"] = json!(time(ended));
    }
    if let Some(failure) = operation.failure() {
        shown["error"] = json!({"code": failure.code, "message": failure.message});
    }
    let answer = Answer::ok(shown);
    Ok(if done {
        answer
    } else {
        answer.header("Retry-After", RETRY_AFTER)
    })
}

fn result(state: &mut State, call: &Call<'_>) -> Outcome {
    let operation = found(state, call)?;
    if operation.ended().is_none() {
        let location = format!(
            "{}{}?api-version={}",
            call.base,
            call.path,
            call.api_version()
        );
        let answer = Answer::empty(202).header("Location", location);
        return Ok(answer.header("Retry-After", RETRY_AFTER));
    }
    if let Some(failure) = operation.failure() {
        return Err(ApiError::conflict(&failure.code, failure.message.clone()));
    }
    let item = state.arm.items.get(&operation.target);
    Ok(match (operation.kind.as_str(), item) {
        ("DeleteResourceGroup", _) => Answer::empty(200),
        ("Start" | "Stop", _) => Answer::empty(204),
        ("Delete", _) | (_, None) => Answer::empty(204),
        (_, Some(item)) => Answer::ok(item.shown(state)),
    })
}

/// The detail of an operation, if its resource still is the one that it was begun for.
fn known(state: &State, id: &str) -> Option<Detail> {
    let detail = state.arm.details.get(id)?.clone();
    let unique = match detail.change {
        Change::DeleteGroup { .. } => &state.groups.get(&detail.key)?.unique,
        _ => &state.arm.items.get(&detail.key)?.unique,
    };
    (*unique == detail.unique).then_some(detail)
}

/// Half of an operation is done: what a cluster consists of appears.
pub(crate) fn halfway(state: &mut State, id: &str) {
    let Some(detail) = known(state, id) else {
        return;
    };
    let failure = state.arm.operations.get(id).and_then(Operation::will_fail);
    let lacks_machines = failure.is_some_and(|failure| {
        let codes = ["Allocation", "Capacity", "LinkedAuthorization"];
        codes.iter().any(|code| failure.code.contains(code))
    });
    let item = state.arm.items.get(&detail.key);
    if let (Change::Create, Some(kind)) = (&detail.change, item.map(|item| item.kind)) {
        (kind.halfway)(state, &detail.key, lacks_machines);
    }
}

/// An operation is due.
pub(crate) fn ended(state: &mut State, id: &str) {
    let detail = known(state, id);
    let Some(operation) = state.arm.operations.end(id, state.now) else {
        return;
    };
    let Some(Detail { key, change, .. }) = detail else {
        return;
    };
    let failure = operation.failure().cloned();
    match (change, failure) {
        (Change::DeleteGroup { .. }, Some(_)) => {
            if let Some(group) = state.groups.get_mut(&key) {
                group.is_deleting = false;
            }
            let group = state.groups.get(&key).map(|group| group.name.clone());
            for key in super::keys_of_group(state, &group.unwrap_or_default()) {
                super::end_removal(state, &key);
            }
        }
        (Change::DeleteGroup { is_partial }, None) => {
            let left = groups::deleted(state, &key, is_partial);
            if !left.is_empty() {
                let message = format!(
                    "Deletion of resource group '{key}' failed as resources with identifiers '{}' could not be deleted.",
                    left.join(",")
                );
                let failure = Failure::new("ResourceGroupDeletionBlocked", message);
                state.arm.operations.fail(id, failure);
            }
        }
        (Change::Delete { is_partial }, None) => remove_with(state, &key, is_partial),
        (_, Some(failure)) => failed(state, &key, &failure),
        (Change::Create | Change::Update, None) => succeeded(state, &key),
        (Change::Power { runs }, None) => {
            settle(state, &key, Phase::Succeeded, None);
            aks::switched(state, &key, runs);
        }
    }
}

/// The keys of a resource and of its parts.
fn whole(state: &State, key: &str) -> Vec<String> {
    let mut all = vec![key.to_owned()];
    all.extend(children(state, key));
    all
}

fn succeeded(state: &mut State, key: &str) {
    let Some(item) = state.arm.items.get(key) else {
        return;
    };
    let (kind, was_made) = (item.kind, item.is_made);
    for one in whole(state, key) {
        settle(state, &one, Phase::Succeeded, None);
    }
    if was_made {
        (kind.changed)(state, key);
    } else {
        (kind.made)(state, key);
    }
}

/// A change has ended in this phase: that of a part, too, if it was changed with its whole.
pub(super) fn settle(state: &mut State, key: &str, phase: Phase, failure: Option<Failure>) {
    let (now, etag) = (state.now, state.ids.uuid());
    let Some(item) = state.arm.items.get_mut(key) else {
        return;
    };
    if matches!(
        item.phase,
        Phase::Creating
            | Phase::Updating
            | Phase::Starting
            | Phase::Stopping
            | Phase::Deleting
            | Phase::Failed
    ) {
        item.phase = phase;
        item.failure = failure;
        item.changed = now;
        item.etag = etag;
        item.is_made |= phase == Phase::Succeeded;
    }
}

fn failed(state: &mut State, key: &str, failure: &Failure) {
    for one in whole(state, key) {
        settle(state, &one, Phase::Failed, Some(failure.clone()));
    }
    let unique = state.arm.items.get(key).map(|item| item.unique.clone());
    if let (true, Some(unique)) = (LATE.contains(&failure.code.as_str()), unique) {
        let at = state.after(LATER);
        state
            .timers
            .at(at, Event::LateSuccess(key.to_owned(), unique));
    }
}

/// A resource that was said to have failed has come up after all, unless something else happened to it since.
pub(crate) fn late_success(state: &mut State, key: &str, unique: &str) {
    let item = state.arm.items.get(key);
    if item.is_some_and(|item| item.unique == unique && item.phase == Phase::Failed) {
        succeeded(state, key);
    }
}

/// Ends what runs on a resource, because it is being deleted.
pub(super) fn preempt(state: &mut State, root: &str) {
    let unfinished = state.arm.operations.unfinished();
    let running: Vec<String> = unfinished
        .filter(|one| is_of(&one.target, root))
        .map(|one| one.id.clone())
        .collect();
    for id in running {
        state.arm.details.remove(&id);
        let failure = Failure::new(
            "AKSOperationPreemptedByDelete",
            "The operation was preempted by a deletion of the cluster.",
        );
        let cancelled = state
            .arm
            .operations
            .cancel(&id, failure, SignedDuration::ZERO, state.now);
        if let Ok(at) = cancelled {
            state.timers.at(at, Event::Ended(id));
        }
    }
}

/// Whether a key is that of a resource or of a part of it.
fn is_of(key: &str, root: &str) -> bool {
    key.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The operation that runs on a resource or on any part of it.
pub(super) fn running<'s>(state: &'s State, root: &str) -> Option<&'s Operation> {
    let mut unfinished = state.arm.operations.unfinished();
    unfinished.find(|one| is_of(&one.target, root))
}
