//! The calls of Inference Endpoints.
//!
//! Statuses and texts: reference/api/huggingface.md, judges.md (section 5) and faults.csv. What a pause or a change is
//! refused for is a guess, and stricter than the service may be.

use std::collections::VecDeque;

use kubeproof_simkit::page::page;
use kubeproof_simkit::rest::ApiError;
use serde_json::{Value, json};

use super::catalogue::{self, Supply};
use super::config::Config;
use super::lifecycle::{self, Course};
use super::{Endpoint, Stage, key, shown};
use crate::access;
use crate::route::Call;
use crate::setup::USER;
use crate::state::State;
use crate::tags;
use crate::wire::{self, Answer, Outcome, bad_request, refused};

/// Endpoints on a page, where no other number is asked for, and at most (a guess).
const PAGE: usize = 20;
const PAGE_MAX: usize = 100;

fn absent(call: &Call<'_>) -> ApiError {
    let (namespace, name) = (call.parameter(0), call.parameter(1));
    refused(404, format!("Endpoint {name} not found in {namespace}"))
}

/// The endpoint that a call names. One that is too new for a stale read is not found.
pub(super) fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Endpoint, ApiError> {
    let key = key(call.parameter(0), call.parameter(1));
    let found = state.endpoints.get(&key);
    let found = found.filter(|one| !call.injected.hides(one.created, state.now));
    found.ok_or_else(|| absent(call))
}

fn answer(state: &State, key: &str) -> Outcome {
    let found = state.endpoints.get(key);
    let document = found.map_or(Value::Null, |one| shown::endpoint(state, one));
    Ok(Answer::json(&document))
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let endpoint = found(state, call)?;
    Ok(Answer::json(&shown::endpoint(state, endpoint)))
}

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = call.parameter(0);
    let size = match call.query("limit") {
        None => PAGE,
        Some(text) => {
            let number = text
                .parse()
                .ok()
                .filter(|size| (1..=PAGE_MAX).contains(size));
            number.ok_or_else(|| bad_request(format!("limit must be 1 to {PAGE_MAX}")))?
        }
    };
    let wanted: Vec<&str> = call
        .query("tags")
        .map_or_else(Vec::new, |it| it.split(',').collect());
    let search = call.query("search").unwrap_or_default();
    let all = state.endpoints.all().filter(|one| {
        one.namespace == namespace
            && one.config.name.contains(search)
            && wanted
                .iter()
                .all(|tag| one.config.tags.iter().any(|own| own == tag))
            && !call.injected.hides(one.created, state.now)
    });
    let list = format!("endpoint/{namespace}");
    let page = page(&list, all, call.query("cursor"), size);
    let page = page.map_err(|_| bad_request("cursor is not one of this list"))?;
    let items = page
        .items
        .into_iter()
        .map(|one| shown::endpoint(state, one));
    let items: Vec<Value> = items.collect();
    let mut document = json!({ "items": items });
    if let Some(next) = page.next {
        document["nextCursor"] = json!(next);
    }
    Ok(Answer::json(&document))
}

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = call.parameter(0);
    if !access::can_pay(&state.setup, namespace) {
        let message = format!("Payment method required for namespace: {namespace}");
        return Err(refused(403, message));
    }
    let config = Config::read(wire::body(call.request.body())?)?;
    let key = key(namespace, &config.name);
    if state.endpoints.has(&key) {
        let message = format!("Endpoint {} already exists", config.name);
        return Err(refused(409, message));
    }
    let hardware = config.hardware_there()?;
    match hardware.supply() {
        Supply::None => return Err(bad_request("Compute instance not available yet")),
        Supply::Deprecated => return Err(bad_request("Compute instance is deprecated")),
        Supply::Available | Supply::Low | Supply::Hollow => {}
    }
    config.check_model(state)?;
    let asked = hardware
        .accelerators()
        .saturating_mul(config.compute.scaling.max_replica);
    let used = catalogue::used(state, namespace, hardware);
    if used.saturating_add(asked) > state.setup.accelerators_max {
        return Err(refused(409, "Quota exceeded"));
    }
    let course = Course::of(call.injected)?;
    insert(state, namespace, config);
    lifecycle::deploy(state, &key, course);
    Ok(answer(state, &key)?.status(202))
}

fn insert(state: &mut State, namespace: &str, config: Config) {
    let key = key(namespace, &config.name);
    let endpoint = Endpoint {
        id: state.ids.hex(16),
        namespace: namespace.to_owned(),
        config,
        created: state.now,
        created_by: USER.to_owned(),
        updated: state.now,
        updated_by: USER.to_owned(),
        stage: Stage::Pending,
        error: None,
        deployed: None,
        replicas: Vec::new(),
        next_replica: 0,
        last_used: None,
        calls: VecDeque::new(),
        scaled_down: None,
        is_watched: false,
        turn: 0,
        is_exempt: false,
        is_mute: false,
        log: Vec::new(),
    };
    state.endpoints.insert(key, endpoint);
}

/// Adds an endpoint of somebody else, whose creation was long ago, in this state.
pub(crate) fn create_for_bystanders(
    state: &mut State,
    namespace: &str,
    document: Value,
    (stage, by): (Stage, &str),
) {
    let Ok(config) = Config::read(document) else {
        return;
    };
    let key = key(namespace, &config.name);
    insert(state, namespace, config);
    let replicas = match state.endpoints.get_mut(&key) {
        Some(endpoint) => {
            endpoint.created_by = by.to_owned();
            endpoint.updated_by = by.to_owned();
            endpoint.stage = stage;
            endpoint.deployed = Some(endpoint.config.model.clone());
            endpoint.next_replica = 1;
            endpoint.config.compute.scaling.min_replica
        }
        None => 0,
    };
    if stage == Stage::Running {
        for _ in 0..replicas {
            lifecycle::add_replica(state, &key);
        }
        if let Some(endpoint) = state.endpoints.get_mut(&key) {
            endpoint
                .replicas
                .iter_mut()
                .for_each(|one| one.is_ready = true);
        }
    }
}

pub(super) fn update(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call.parameter(0), call.parameter(1));
    let before = state.endpoints.get(&key).ok_or_else(|| absent(call))?;
    let stage = before.stage;
    let old = before.config.clone();
    let changes: Value = wire::body(call.request.body())?;
    let new = old.changed(&changes)?;
    let hardware = new.hardware_there()?;
    let is_other = Some(hardware) != old.hardware();
    if is_other && matches!(hardware.supply(), Supply::None | Supply::Deprecated) {
        return Err(bad_request("Compute instance not available yet"));
    }
    new.check_model(state)?;
    check_quota(state, &key, &new)?;
    let is_new_model = new.model != old.model || is_other;
    let is_rescaled = new.compute.scaling != old.compute.scaling || new.access != old.access;
    let is_active = !matches!(stage, Stage::Paused | Stage::ScaledToZero);
    let is_deployed = is_active && (is_new_model || is_rescaled || stage != Stage::Running);
    let course = if is_deployed {
        Course::of(call.injected)?
    } else {
        Course::default()
    };
    let now = state.now;
    let Some(endpoint) = state.endpoints.get_mut(&key) else {
        return Err(absent(call));
    };
    endpoint.config = new;
    endpoint.updated = now;
    endpoint.updated_by = USER.to_owned();
    let tags = tags::pairs(&endpoint.config.tags);
    state.meter.retag(call.parameter(1), &tags);
    if is_deployed {
        if stage.answers() {
            lifecycle::update(state, &key, is_new_model, course);
        } else {
            lifecycle::deploy(state, &key, course);
        }
    }
    answer(state, &key)
}

fn check_quota(state: &State, key: &str, new: &Config) -> Result<(), ApiError> {
    let (Some(endpoint), Some(hardware)) = (state.endpoints.get(key), new.hardware()) else {
        return Ok(());
    };
    if !endpoint.uses_quota() {
        return Ok(());
    }
    let units = |config: &Config| {
        let of_type = config.hardware().filter(|own| {
            own.vendor == hardware.vendor && own.instance_type == hardware.instance_type
        });
        let most = config.compute.scaling.max_replica;
        of_type.map_or(0, |own| own.accelerators().saturating_mul(most))
    };
    let used = catalogue::used(state, &endpoint.namespace, hardware);
    let others = used.saturating_sub(units(&endpoint.config));
    if others.saturating_add(units(new)) > state.setup.accelerators_max {
        return Err(refused(409, "Quota exceeded"));
    }
    Ok(())
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call.parameter(0), call.parameter(1));
    if !state.endpoints.has(&key) {
        return Err(absent(call));
    }
    lifecycle::stop(state, &key, Stage::Paused);
    state.endpoints.remove(&key);
    Ok(Answer::empty(202))
}

pub(super) fn pause(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call.parameter(0), call.parameter(1));
    let endpoint = state.endpoints.get(&key).ok_or_else(|| absent(call))?;
    match endpoint.stage {
        Stage::Updating => return Err(bad_request("Endpoint is updating and cannot be paused")),
        Stage::Paused => {}
        _ => lifecycle::stop(state, &key, Stage::Paused),
    }
    answer(state, &key)
}

pub(super) fn resume(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call.parameter(0), call.parameter(1));
    let endpoint = state.endpoints.get(&key).ok_or_else(|| absent(call))?;
    match endpoint.stage {
        Stage::Paused | Stage::ScaledToZero => {}
        Stage::Failed => return Err(bad_request("Endpoint has failed and cannot be resumed")),
        _ => return Err(bad_request("Endpoint is already running")),
    }
    let course = Course::of(call.injected)?;
    lifecycle::resume(state, &key, course);
    answer(state, &key)
}

pub(super) fn scale_to_zero(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(call.parameter(0), call.parameter(1));
    let endpoint = state.endpoints.get(&key).ok_or_else(|| absent(call))?;
    match endpoint.stage {
        Stage::ScaledToZero => {}
        Stage::Running | Stage::Initializing | Stage::UpdateFailed => {
            lifecycle::stop(state, &key, Stage::ScaledToZero);
        }
        Stage::Pending | Stage::Updating | Stage::Paused | Stage::Failed => {
            let word = endpoint.stage.word();
            return Err(bad_request(format!(
                "Endpoint is {word} and cannot be scaled to zero"
            )));
        }
    }
    answer(state, &key)
}
