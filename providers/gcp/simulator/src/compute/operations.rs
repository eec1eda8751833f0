//! Operations: what a call began, how far it is, and what it does when it ends.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::operation::{Failure, NewOperation, Operation, Status};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::item::Phase;
use super::place::{self, Place, Scope};
use super::read::listed;
use super::{Event, members, write};
use crate::route::{Call, Table, table};
use crate::state::{self, State};
use crate::wire::{ApiError, Object, Outcome, time};

/// How long a call waits for an operation at most.
const WAIT_MAX: SignedDuration = SignedDuration::from_secs(120);

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/global/operations", "compute.globalOperations.list", list),
    on("GET", "/projects/{project}/global/operations/{operation}", "compute.globalOperations.get", get),
    on("POST", "/projects/{project}/global/operations/{operation}/wait", "compute.globalOperations.wait", wait),
    on("GET", "/projects/{project}/regions/{region}/operations", "compute.regionOperations.list", list),
    on("GET", "/projects/{project}/regions/{region}/operations/{operation}", "compute.regionOperations.get", get),
    on("POST", "/projects/{project}/regions/{region}/operations/{operation}/wait", "compute.regionOperations.wait", wait),
    on("GET", "/projects/{project}/zones/{zone}/operations", "compute.zoneOperations.list", list),
    on("GET", "/projects/{project}/zones/{zone}/operations/{operation}", "compute.zoneOperations.get", get),
    on("POST", "/projects/{project}/zones/{zone}/operations/{operation}/wait", "compute.zoneOperations.wait", wait),
]);

/// What an operation does to its target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Insert,
    Delete,
    /// These members replace those that the target has.
    Members(Object),
}

/// What Compute Engine knows of an operation besides.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    id: u64,
    target_id: u64,
    user: String,
    change: Change,
}

/// An operation that begins.
pub(crate) struct Begin<'a> {
    /// `insert`.
    pub(crate) kind: &'static str,
    /// The target's path below the project.
    pub(crate) path: &'a str,
    pub(crate) seconds: i64,
    pub(crate) change: Change,
    pub(crate) failure: Option<Failure>,
}

/// Begins an operation, and returns it as the API shows it.
pub(crate) fn begin(state: &mut State, call: &Call<'_>, begin: Begin<'_>) -> Value {
    let target = state.compute.items.get(begin.path);
    let target_id = target.map_or(0, |item| item.id);
    let scope = target.map_or(Scope::Global, |item| item.scope.clone());
    let name = operation_name(state);
    let new = NewOperation {
        id: name.clone(),
        kind: begin.kind.to_owned(),
        scope: scope.to_string(),
        target: begin.path.to_owned(),
        lasts: SignedDuration::from_secs(begin.seconds),
        failure: begin.failure,
    };
    let now = state.now;
    let due = state
        .compute
        .operations
        .begin(new, call.injected, explained, now);
    if let Some(due) = due {
        let event = state::Event::Compute(Event::Ended(name.clone()));
        state.timers.at(due, event);
    }
    let detail = Detail {
        id: state.numeric_id(),
        target_id,
        user: call.caller.clone(),
        change: begin.change,
    };
    state.compute.details.insert(name.clone(), detail);
    let (operation, token) = (write::token_of(call), write::token(call));
    state.compute.tokens.remember(&operation, token, &name);
    shown_by_id(state, &name).unwrap_or_default()
}

/// A name in the form of real ones: the time in milliseconds, and random digits.
pub(crate) fn operation_name(state: &mut State) -> String {
    let milliseconds = state.now.as_millisecond();
    let ids = &mut state.ids;
    format!(
        "operation-{milliseconds}-{}-{}-{}",
        ids.hex(13),
        ids.hex(8),
        ids.hex(8)
    )
}

/// The failure that an injected fault asks for.
fn explained(code: Option<&str>) -> Failure {
    let message = match code {
        Some("QUOTA_EXCEEDED") => "Quota exceeded.",
        Some("ZONE_RESOURCE_POOL_EXHAUSTED") => {
            "The zone does not have enough resources available to fulfill the request. Try a different zone, or try \
             again later."
        }
        _ => "Internal error. Please try again or contact Google Support.",
    };
    Failure::new(code.unwrap_or("INTERNAL_ERROR"), message)
}

/// An operation is due: what it asked for happens, or is undone.
pub(crate) fn ended(state: &mut State, name: &str) {
    let now = state.now;
    let Some(operation) = state.compute.operations.end(name, now) else {
        return;
    };
    let change = state.compute.details.get(name);
    let Some(change) = change.map(|detail| detail.change.clone()) else {
        return;
    };
    let path = operation.target.as_str();
    let has_failed = operation.failure().is_some();
    match change {
        Change::Insert if has_failed => {
            state.compute.items.remove(path);
        }
        Change::Insert => {
            if let Some(item) = state.compute.items.get_mut(path) {
                item.phase = Phase::Ready;
                let of = item.of;
                (of.made)(state, path);
            }
        }
        Change::Delete => {
            let item = state.compute.items.get(path);
            let in_use = item.and_then(|item| write::in_use(state, item));
            if in_use.is_some() || has_failed {
                if let Some(failure) = in_use {
                    state.compute.operations.fail(name, failure);
                }
                if let Some(item) = state.compute.items.get_mut(path) {
                    item.phase = Phase::Ready;
                }
            } else {
                write::remove(state, path);
            }
        }
        Change::Members(_) if has_failed => {}
        Change::Members(members) => write::apply(state, path, members),
    }
}

/// What changes with each change of a document.
pub(crate) fn fingerprint(document: &Object) -> String {
    let text = Value::Object(document.clone()).to_string();
    STANDARD.encode(&Sha256::digest(text.as_bytes())[..8])
}

/// An operation as the API shows it.
pub(crate) fn shown_by_id(state: &State, name: &str) -> Option<Value> {
    let operation = state.compute.operations.get(name)?;
    Some(shown(state, operation))
}

fn shown(state: &State, operation: &Operation) -> Value {
    let now = state.now;
    let status = match operation.status(now) {
        Status::Pending => "PENDING",
        Status::Running | Status::Cancelling => "RUNNING",
        Status::Done => "DONE",
    };
    let path = format!("{}/operations/{}", operation.scope, operation.id);
    let mut shown = json!({
        "kind": "compute#operation",
        "name": operation.id, "operationType": operation.kind,
        "targetLink": place::link(state, &operation.target),
        "status": status, "progress": operation.progress(now),
        "insertTime": time(operation.started),
        "selfLink": place::link(state, &path),
    });
    if let Some(detail) = state.compute.details.get(&operation.id) {
        shown["id"] = json!(detail.id.to_string());
        shown["targetId"] = json!(detail.target_id.to_string());
        shown["user"] = json!(detail.user);
    }
    let mut set = |member: &str, at: Option<Timestamp>| {
        if let Some(at) = at {
            shown[member] = json!(time(at));
        }
    };
    set("startTime", operation.began(now));
    set("endTime", operation.ended());
    match Scope::read(&path) {
        Some((Scope::Region(_), _)) => {
            shown["region"] = json!(place::link(state, &operation.scope));
        }
        Some((Scope::Zone(_), _)) => shown["zone"] = json!(place::link(state, &operation.scope)),
        _ => {}
    }
    if let Some(failure) = operation.failure() {
        let (code, message) = http_error(&failure.code);
        shown["error"] = json!({"errors": [{"code": failure.code, "message": failure.message}]});
        shown["httpErrorStatusCode"] = json!(code);
        shown["httpErrorMessage"] = json!(message);
    }
    shown
}

/// The HTTP status that stands for the failure of an operation.
fn http_error(code: &str) -> (u16, &'static str) {
    match code {
        "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE" | "RESOURCE_NOT_READY" => (400, "BAD REQUEST"),
        "QUOTA_EXCEEDED" => (403, "FORBIDDEN"),
        "RESOURCE_NOT_FOUND" => (404, "NOT FOUND"),
        code if code.starts_with("ZONE_RESOURCE_POOL_EXHAUSTED") => (503, "SERVICE UNAVAILABLE"),
        _ => (500, "INTERNAL SERVER ERROR"),
    }
}

/// The operation that a call names, in its scope.
fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Operation, ApiError> {
    let place = Place::of(call.request.uri().path())?;
    let operation = state.compute.operations.get(&place.name);
    let operation = operation.filter(|one| one.scope == place.scope.to_string());
    operation.ok_or_else(|| {
        let path = format!("{}/operations/{}", place.scope, place.name);
        members::absent(state, &path)
    })
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    Ok(shown(state, found(state, call)?))
}

/// Waits for the operation's end, for two minutes at most.
fn wait(state: &mut State, call: &Call<'_>) -> Outcome {
    let operation = found(state, call)?;
    let operations = &state.compute.operations;
    if let Some(rest) = operations.wait(&operation.id, call.asked, WAIT_MAX, state.now) {
        call.ask_again(rest);
    }
    Ok(shown(state, operation))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let scope = Place::of(call.request.uri().path())?.scope.to_string();
    let all = state.compute.operations.all();
    let here = all.filter(|one| one.scope == scope);
    let shown = here.map(|one| shown(state, one)).collect();
    listed(state, call, "compute#operationList", shown)
}
