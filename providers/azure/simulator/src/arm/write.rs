//! Making, changing and deleting resources. A PUT says all of what is wanted, and may be repeated.

use kubeproof_simkit::operation::Failure;
use serde_json::Value;

use super::accepted::{self, accepted};
use super::checked::checked;
use super::item::{Item, Phase};
use super::kind::{Draft, Kind};
use super::operations::{self, Begun, Change};
use super::{children, read, tags, users};
use crate::route::Call;
use crate::state::State;
use crate::wire::{Answer, ApiError, Object, Outcome, body, text};
use crate::{billing, groups, locks, providers, subscription};

/// Makes or changes a resource.
pub(crate) fn put(state: &mut State, call: &Call<'_>, kind: &'static Kind) -> Outcome {
    let body = body(call.request)?;
    let group = groups::open(state, call.parameter(1))?.clone();
    providers::check(state, kind.namespace)?;
    check_policy(state, kind)?;
    let name = call.last();
    if !(kind.is_name)(name) {
        let message = format!("Resource name {name} is invalid.");
        return Err(ApiError::new(400, "InvalidResourceName", message));
    }
    let key = read::key(state, call, kind);
    let existing = state.arm.items.get(&key).cloned();
    let names: Vec<&str> = call.parameters.iter().skip(2).map(String::as_str).collect();
    let id = existing.as_ref().map_or_else(
        || kind.id(&state.subscription_path(), &group.name, &names),
        |item| item.id.clone(),
    );
    locks::check(state, &id, false)?;
    check_etag(call, existing.as_ref())?;
    let parent = parent_of(state, kind, &id)?;
    let root = parent.as_ref().map_or_else(|| key.clone(), Item::key);
    let location = location(
        kind,
        &body,
        existing.as_ref(),
        parent.as_ref(),
        &group.location,
    )?;
    check_idle(state, kind, &root, existing.as_ref())?;
    let mut draft = Draft {
        name: name.to_owned(),
        group: group.name,
        location,
        parent: parent.map(|parent| parent.key()),
        tags: tags(&body)?,
        document: checked(call, kind, body)?,
        children: Vec::new(),
        replaces_children: false,
        existing,
        id,
    };
    (kind.prepare)(state, call, &mut draft)?;
    let failure = (kind.failure)(state, call, &draft);
    Ok(apply(state, call, kind, draft, failure))
}

/// Refuses what a policy forbids.
fn check_policy(state: &State, kind: &Kind) -> Result<(), ApiError> {
    let mut all = state.setup.disallowed_types.iter();
    if all.any(|one| one.eq_ignore_ascii_case(&kind.full_type())) {
        let message = format!(
            "Resource of type '{}' was disallowed by policy.",
            kind.full_type()
        );
        return Err(ApiError::new(403, "RequestDisallowedByPolicy", message));
    }
    Ok(())
}

fn check_etag(call: &Call<'_>, existing: Option<&Item>) -> Result<(), ApiError> {
    let (wanted, unwanted) = (call.header("if-match"), call.header("if-none-match"));
    let fits = match existing {
        Some(item) => {
            let is_same = wanted.trim_start_matches("W/").trim_matches('"') == item.etag;
            unwanted != "*" && (wanted.is_empty() || wanted == "*" || is_same)
        }
        None => wanted.is_empty(),
    };
    if fits {
        return Ok(());
    }
    let message = "The condition of the If-Match or If-None-Match header is not met.";
    Err(ApiError::new(412, "PreconditionFailed", message))
}

/// The resource that one is a part of.
fn parent_of(state: &State, kind: &Kind, id: &str) -> Result<Option<Item>, ApiError> {
    if kind.types.len() < 2 {
        return Ok(None);
    }
    let mut parts: Vec<&str> = id.split('/').collect();
    parts.truncate(parts.len().saturating_sub(2));
    let path = parts.join("/");
    let found = state.arm.items.get(&path.to_ascii_lowercase()).cloned();
    found.map(Some).ok_or_else(|| {
        let message = format!(
            "Failed to perform 'write' on resource(s) of type '{}', because the parent resource '{path}' could not \
             be found.",
            kind.full_type()
        );
        ApiError::new(404, "ParentResourceNotFound", message)
    })
}

fn location(
    kind: &Kind,
    body: &Object,
    existing: Option<&Item>,
    parent: Option<&Item>,
    of_group: &str,
) -> Result<String, ApiError> {
    if !kind.has_location {
        return Ok(parent
            .map_or(of_group, |parent| parent.location.as_str())
            .to_owned());
    }
    let given = text(body, "location");
    if given.eq_ignore_ascii_case("global") {
        return Ok("global".to_owned());
    }
    if given.is_empty() {
        let message = "The location property is required for this definition.";
        return Err(ApiError::new(400, "LocationRequired", message));
    }
    let location = subscription::location(given)?;
    match existing {
        Some(item) if item.location != location => {
            let message = format!(
                "The resource '{}' already exists in location '{}'. A resource with the same name cannot be created \
                 in location '{location}'.",
                item.name, item.location
            );
            Err(ApiError::conflict("InvalidResourceLocation", message))
        }
        _ => Ok(location),
    }
}

/// Refuses a change while another one runs on the same resource, on what it is a part of, or on another part of that.
pub(crate) fn check_idle(
    state: &State,
    kind: &Kind,
    root: &str,
    existing: Option<&Item>,
) -> Result<(), ApiError> {
    let is_deleting = existing.is_some_and(|item| item.phase == Phase::Deleting);
    let running = operations::running(state, root);
    if let Some(operation) = running {
        let message = format!(
            "Another operation ({}, id {}) is in progress on this or a dependent resource. Please wait for it to \
             complete before starting a new one.",
            operation.kind, operation.id
        );
        return Err(ApiError::conflict(kind.busy, message));
    }
    if is_deleting {
        return Err(ApiError::conflict(
            "Conflict",
            "The resource is being deleted.",
        ));
    }
    Ok(())
}

/// Carries an accepted change out, or begins to.
fn apply(
    state: &mut State,
    call: &Call<'_>,
    kind: &'static Kind,
    draft: Draft,
    failure: Option<Failure>,
) -> Answer {
    let key = draft.key();
    let is_new = draft.existing.is_none();
    let is_making = draft.existing.as_ref().is_none_or(|item| !item.is_made);
    let phase = if is_making {
        Phase::Creating
    } else {
        Phase::Updating
    };
    let mut item = match &draft.existing {
        Some(item) => item.clone(),
        None => Item::new(state, kind, &draft.id, &draft.group, &draft.location),
    };
    item.document = draft.document.clone();
    item.tags = draft.tags.clone();
    item.phase = phase;
    item.failure = None;
    item.changed = state.now;
    item.etag = state.ids.uuid();
    let unique = item.unique.clone();
    billing::retag(state, &key, &item.tags());
    state.arm.items.insert(key.clone(), item);
    apply_children(state, &draft, phase);
    let status = if is_new { 201 } else { 200 };
    let seconds = kind.seconds[usize::from(!is_making)];
    if seconds == 0 {
        operations::settle(state, &key, Phase::Succeeded, None);
        let hook = if is_making { kind.made } else { kind.changed };
        hook(state, &key);
        return shown(state, &key, status);
    }
    let begun = Begun {
        key: key.clone(),
        unique,
        location: draft.location,
        kind: if is_making { "Create" } else { "Update" },
        seconds,
        change: if is_making {
            Change::Create
        } else {
            Change::Update
        },
        failure,
    };
    let operation = operations::begin(state, call, begun);
    let answer = shown(state, &key, status);
    accepted::put(state, call, answer, &operation, kind)
}

fn shown(state: &State, key: &str, status: u16) -> Answer {
    let item = state.arm.items.get(key);
    Answer::new(status, item.map_or(Value::Null, |item| item.shown(state)))
}

/// Makes, changes and removes the parts that were given with a resource.
fn apply_children(state: &mut State, draft: &Draft, phase: Phase) {
    let mut meant = Vec::new();
    for child in &draft.children {
        let kind = child.kind;
        let word = kind.types.last().copied().unwrap_or_default();
        let id = format!("{}/{word}/{}", draft.id, child.name);
        let key = id.to_ascii_lowercase();
        let mut item = match state.arm.items.get(&key) {
            Some(item) => item.clone(),
            None => Item::new(state, kind, &id, &draft.group, &draft.location),
        };
        item.document = child.document.clone();
        item.phase = if item.is_made { phase } else { Phase::Creating };
        item.failure = None;
        state.arm.items.insert(key.clone(), item);
        meant.push(key);
    }
    if draft.replaces_children {
        for key in children(state, &draft.key()) {
            if !meant.contains(&key) {
                super::remove(state, &key);
            }
        }
    }
}

/// Replaces the tags of a resource.
pub(crate) fn patch(state: &mut State, call: &Call<'_>, kind: &'static Kind) -> Outcome {
    let body = body(call.request)?;
    let known = read::found(state, call, kind)?;
    // Some clients repeat where it is.
    let is_same = |member: &str| member == "location" && text(&body, member) == known.location;
    if let Some(member) = body.keys().find(|one| *one != "tags" && !is_same(one)) {
        return Err(ApiError::not_simulated(format!(
            "{} with {member}",
            call.name
        )));
    }
    let key = known.key();
    locks::check(state, &key, false)?;
    let marks = tags(&body)?;
    let (now, etag) = (state.now, state.ids.uuid());
    if let Some(item) = state.arm.items.get_mut(&key) {
        item.tags = marks;
        item.changed = now;
        item.etag = etag;
        let tags = item.tags();
        billing::retag(state, &key, &tags);
    }
    Ok(shown(state, &key, 200))
}

/// Deletes a resource, unless something uses it.
pub(crate) fn delete(state: &mut State, call: &Call<'_>, kind: &'static Kind) -> Outcome {
    groups::found(state, call.parameter(1))?;
    let key = read::key(state, call, kind);
    let Some(item) = state.arm.items.get(&key).cloned() else {
        return Ok(Answer::empty(204));
    };
    locks::check(state, &item.id, true)?;
    check_etag(call, Some(&item))?;
    let root = item.parent.clone().unwrap_or_else(|| key.clone());
    if item.phase == Phase::Deleting
        && let Some(known) = operations::operation_of(state, &item.unique)
    {
        return Ok(accepted(state, call, &known, kind.namespace));
    }
    if kind.types == ["managedClusters"] {
        operations::preempt(state, &root);
    } else {
        check_idle(state, kind, &root, Some(&item))?;
    }
    (kind.check_delete)(state, &item)?;
    let using = users(state, &key);
    if let Some(first) = using.first() {
        let message = format!(
            "'{}' is in use by '{first}' and cannot be deleted.",
            item.id
        );
        return Err(ApiError::new(400, kind.in_use, message));
    }
    let [.., seconds] = kind.seconds;
    if seconds == 0 {
        super::remove(state, &key);
        return Ok(Answer::empty(200));
    }
    super::begin_removal(state, &key);
    for part in children(state, &key) {
        super::begin_removal(state, &part);
    }
    let is_partial = call.injected.take_partial();
    let begun = Begun {
        key,
        unique: item.unique,
        location: item.location,
        kind: "Delete",
        seconds,
        change: Change::Delete { is_partial },
        failure: None,
    };
    let operation = operations::begin(state, call, begun);
    Ok(accepted(state, call, &operation, kind.namespace))
}
