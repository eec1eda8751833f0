//! Writing: insertion, change and deletion. Each call is checked, accepted, and carried out by an operation.

use kubeproof_simkit::idempotency::{Repeat, Token};
use kubeproof_simkit::operation::Failure;
use serde_json::{Value, json};

use super::collection::{Collection, Draft, InUse};
use super::item::{Item, Phase, mentions, text};
use super::operations::{self, Begin, Change};
use super::place::{self, Place, Scope};
use super::{COLLECTIONS, members, quota, read};
use crate::route::Call;
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

/// The rule of names, as it is cited in errors.
const NAME_RULE: &str = "(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)";

/// Whether a resource may be called this.
pub(crate) fn is_name(name: &str) -> bool {
    let is_inner = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
    let bytes = name.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && !name.ends_with('-')
        && bytes.iter().all(|one| is_inner(*one))
}

/// POST a new resource.
pub(crate) fn insert(state: &mut State, call: &Call<'_>, of: &'static Collection) -> Outcome {
    if let Some(earlier) = repeated(state, call)? {
        return Ok(earlier);
    }
    let place = Place::of(call.request.uri().path())?;
    let body = body(call.request)?;
    let name = text(&body, "name").to_owned();
    if !body.contains_key("name") {
        return Err(ApiError::required("resource.name"));
    }
    if !is_name(&name) {
        let why = format!("Must be a match of regex '{NAME_RULE}'");
        return Err(ApiError::bad_member("name", &json!(name), &why));
    }
    let document = members::read(state, call.name, of.members, body)?;
    let mut draft = Draft {
        scope: place.scope,
        name,
        document,
    };
    let path = of.path(&draft.scope, &draft.name);
    if state.compute.items.has(&path) {
        let project = &state.setup.project;
        return Err(ApiError::exists(format!(
            "The resource 'projects/{project}/{path}' already exists"
        )));
    }
    if let Some((metric, limit)) = quota::over_global(state, of.plural) {
        let message = format!("Quota '{metric}' exceeded. Limit: {limit}.0 globally.");
        let status = "RESOURCE_EXHAUSTED";
        return Err(ApiError::new(403, status, "quotaExceeded", message));
    }
    (of.prepare)(state, &mut draft)?;
    let failure = (of.failure)(state, &draft, call.injected);
    place_item(state, of, draft, Phase::Making);
    let begin = Begin {
        kind: "insert",
        path: &path,
        seconds: of.seconds[0],
        change: Change::Insert,
        failure,
    };
    Ok(operations::begin(state, call, begin))
}

/// Puts a resource into the state.
fn place_item(state: &mut State, of: &'static Collection, draft: Draft, phase: Phase) {
    let item = Item {
        of,
        id: state.numeric_id(),
        created: state.now,
        phase,
        scope: draft.scope,
        name: draft.name,
        document: draft.document,
    };
    state.compute.items.insert(item.path(), item);
}

/// Adds a resource that is there at once. A path of no collection adds nothing.
pub(crate) fn add(state: &mut State, path: &str, document: Value) {
    let Some((scope, rest)) = Scope::read(path) else {
        return;
    };
    let (plural, name) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(of) = COLLECTIONS.iter().find(|of| of.plural == plural) else {
        return;
    };
    let document = match document {
        Value::Object(members) => members,
        _ => Object::new(),
    };
    let mut draft = Draft {
        scope,
        name: name.to_owned(),
        document,
    };
    // What another service makes is right as it is; only the rest is filled in.
    let _is_right = (of.prepare)(state, &mut draft);
    place_item(state, of, draft, Phase::Ready);
    (of.made)(state, path);
}

/// Removes a resource at once, with what goes with it.
pub(crate) fn remove(state: &mut State, path: &str) {
    if let Some(item) = state.compute.items.remove(path) {
        (item.of.removed)(state, &item);
    }
}

/// Replaces members of a resource. A member that is null goes.
pub(crate) fn apply(state: &mut State, path: &str, members: Object) {
    let Some(item) = state.compute.items.get_mut(path) else {
        return;
    };
    for (name, value) in members {
        // Google's replies leave out a list without elements.
        if value.is_null() || value.as_array().is_some_and(Vec::is_empty) {
            item.document.remove(&name);
        } else {
            item.document.insert(name, value);
        }
    }
    (item.of.changed)(state, path);
}

/// DELETE a resource.
pub(crate) fn delete(state: &mut State, call: &Call<'_>, of: &'static Collection) -> Outcome {
    if let Some(earlier) = repeated(state, call)? {
        return Ok(earlier);
    }
    let item = read::found(state, call, of)?;
    let path = item.path();
    if item.phase != Phase::Ready {
        return Err(members::not_ready(state, &path));
    }
    if of.in_use == InUse::Refused
        && let Some(failure) = in_use(state, item)
    {
        return Err(ApiError::new(
            400,
            "FAILED_PRECONDITION",
            "resourceInUseByAnotherResource",
            failure.message,
        ));
    }
    if let Some(item) = state.compute.items.get_mut(&path) {
        item.phase = Phase::Deleting;
    }
    let begin = Begin {
        kind: "delete",
        path: &path,
        seconds: of.seconds[2],
        change: Change::Delete,
        failure: None,
    };
    Ok(operations::begin(state, call, begin))
}

/// Why a resource cannot be deleted: another one refers to it.
pub(crate) fn in_use(state: &State, item: &Item) -> Option<Failure> {
    let path = item.path();
    let link = place::link(state, &path);
    let mut others = state.compute.items.all();
    let user = others.find(|other| {
        let refers = other.document.values().any(|value| mentions(value, &link));
        refers && (item.of.is_kept_by)(item, other)
    })?;
    let (project, what) = (&state.setup.project, singular(item.of.kind));
    let message = format!(
        "The {what} resource 'projects/{project}/{path}' is already being used by 'projects/{project}/{}'",
        user.path()
    );
    let code = "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE";
    Some(Failure::new(code, message))
}

fn singular(kind: &str) -> &str {
    kind.split_once('#').map_or(kind, |(_, name)| name)
}

/// PATCH a resource: the members of the body replace those that it has.
pub(crate) fn patch(state: &mut State, call: &Call<'_>, of: &'static Collection) -> Outcome {
    let mut body = body(call.request)?;
    let fingerprint = body.remove("fingerprint");
    let changes = members::read(state, call.name, of.members, body)?;
    let unchangeable = changes.keys().find(|name| {
        let item = read::found(state, call, of).ok();
        let same = item.and_then(|item| item.document.get(*name)) == changes.get(*name);
        !same && !of.changeable.contains(&name.as_str())
    });
    if let Some(name) = unchangeable {
        let why = "The member cannot be changed.";
        return Err(ApiError::bad_member(name, &changes[name], why));
    }
    change(state, call, of, "patch", changes, fingerprint.as_ref())
}

/// Accepts the change of a resource. Where the collection has fingerprints, the one given must be the current one.
pub(crate) fn change(
    state: &mut State,
    call: &Call<'_>,
    of: &'static Collection,
    kind: &'static str,
    changes: Object,
    fingerprint: Option<&Value>,
) -> Outcome {
    if let Some(earlier) = repeated(state, call)? {
        return Ok(earlier);
    }
    let item = read::found(state, call, of)?;
    let path = item.path();
    if item.phase != Phase::Ready {
        return Err(members::not_ready(state, &path));
    }
    if of.has_fingerprint && kind == "patch" {
        let given = fingerprint.ok_or_else(|| ApiError::required("resource.fingerprint"))?;
        if *given != json!(operations::fingerprint(&item.document)) {
            return Err(condition_not_met("Fingerprint"));
        }
    }
    let begin = Begin {
        kind,
        path: &path,
        seconds: of.seconds[1],
        change: Change::Members(changes),
        failure: None,
    };
    Ok(operations::begin(state, call, begin))
}

/// Replaces the labels of a resource, when the fingerprint given is that of the current ones.
pub(crate) fn set_labels(state: &mut State, call: &Call<'_>, of: &'static Collection) -> Outcome {
    let body = body(call.request)?;
    let labels = body.get("labels").cloned().unwrap_or_else(|| json!({}));
    members::check_labels(&labels)
        .map_err(|error| ApiError::bad_member("labels", &labels, &error.to_string()))?;
    let item = read::found(state, call, of)?;
    let current = json!(label_fingerprint(&item.document));
    if body.get("labelFingerprint") != Some(&current) {
        return Err(condition_not_met("Labels fingerprint"));
    }
    let changes = Object::from_iter([("labels".to_owned(), labels)]);
    change(state, call, of, "setLabels", changes, None)
}

/// The fingerprint of a resource's labels.
pub(crate) fn label_fingerprint(document: &Object) -> String {
    let labels = document.get("labels").and_then(Value::as_object);
    operations::fingerprint(&labels.cloned().unwrap_or_default())
}

/// 412: what was read has changed in the meantime.
pub(crate) fn condition_not_met(what: &str) -> ApiError {
    ApiError::new(
        412,
        "FAILED_PRECONDITION",
        "conditionNotMet",
        format!("{what} is invalid, or the resource has changed"),
    )
}

/// The operation of an earlier call with the same `requestId`, on the same resource.
pub(crate) fn repeated(state: &State, call: &Call<'_>) -> Result<Option<Value>, ApiError> {
    let Some(request_id) = call.query("requestId") else {
        return Ok(None);
    };
    let groups: Vec<usize> = request_id.split('-').map(str::len).collect();
    let digits = request_id.chars().filter(|one| *one != '-');
    let is_uuid = groups == [8, 4, 4, 4, 12] && digits.clone().all(|one| one.is_ascii_hexdigit());
    if !is_uuid || digits.clone().all(|one| one == '0') {
        return Err(ApiError::invalid(format!(
            "Invalid value for field 'requestId': '{request_id}'. Must be a valid UUID."
        )));
    }
    let earlier = state.compute.tokens.earlier(&token_of(call), &token(call));
    let Repeat::Same(operation) = earlier else {
        return Ok(None);
    };
    Ok(operations::shown_by_id(state, operation))
}

/// The method and path of a call: a request id counts for them alone.
pub(crate) fn token_of(call: &Call<'_>) -> String {
    format!("{} {}", call.name, call.request.uri().path())
}

/// The request id of a call.
pub(crate) fn token(call: &Call<'_>) -> Token {
    Token {
        token: call.query("requestId").map(str::to_owned),
        rest: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_a_letter_and_do_not_end_with_a_dash() {
        for name in ["a", "a-b", "k8s-fw-1", &"a".repeat(63)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "1a", "a-", "A", "a_b", "é", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
