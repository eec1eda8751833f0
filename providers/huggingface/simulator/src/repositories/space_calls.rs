//! The calls of a Space: its machine, when it sleeps, its secrets and its variables.

use kubeproof_simkit::rest::ApiError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::calls::{NewSetting, absent, check_flavor};
use super::space::{self, Setting, Space, Stage};
use super::{Kind, info, key};
use crate::route::Call;
use crate::state::State;
use crate::time::shown as time;
use crate::wire::{self, Answer, Outcome, bad_request};

/// The key of the Space that a call names.
fn key_of(state: &State, call: &Call<'_>) -> Result<String, ApiError> {
    info::found(state, call, Kind::Space)?;
    Ok(key(Kind::Space, call.parameter(0), call.parameter(1)))
}

fn space_mut<'s>(state: &'s mut State, key: &str) -> Result<&'s mut Space, ApiError> {
    let found = state.repositories.get_mut(key);
    found.and_then(|one| one.space.as_mut()).ok_or_else(absent)
}

fn answer(state: &mut State, key: &str) -> Outcome {
    Ok(Answer::json(&space_mut(state, key)?.runtime()))
}

pub(super) fn runtime(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    answer(state, &key)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Hardware {
    flavor: String,
    #[serde(default)]
    sleep_time_seconds: Option<i64>,
}

pub(super) fn hardware(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let new: Hardware = wire::body(call.request.body())?;
    check_flavor(state, call.parameter(0), &new.flavor)?;
    let space = space_mut(state, &key)?;
    space.requested = new.flavor;
    if new.sleep_time_seconds.is_some() {
        space.sleep_seconds = new.sleep_time_seconds;
    }
    if matches!(
        space.stage,
        Stage::Running | Stage::Sleeping | Stage::AppStarting
    ) {
        space::start(state, &key);
    }
    answer(state, &key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SleepTime {
    seconds: i64,
}

pub(super) fn sleep_time(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let new: SleepTime = wire::body(call.request.body())?;
    let space = space_mut(state, &key)?;
    space.sleep_seconds = Some(new.seconds);
    space::watch_idleness(state, &key);
    answer(state, &key)
}

pub(super) fn pause(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    space::turn(state, &key, Stage::Paused);
    answer(state, &key)
}

pub(super) fn restart(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let has_app = state
        .repositories
        .get(&key)
        .is_some_and(super::commit::has_app);
    if !has_app {
        space::turn(state, &key, Stage::NoAppFile);
    } else if call.query("factory") == Some("true") {
        space::build(state, &key, call.injected)?;
    } else {
        space::start(state, &key);
    }
    answer(state, &key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
}

fn setting(state: &State, call: &Call<'_>) -> Result<(String, Setting), ApiError> {
    let new: NewSetting = wire::body(call.request.body())?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if new.key.is_empty() || !new.key.chars().all(is_part) {
        return Err(bad_request("a key has letters, digits and `_`"));
    }
    let setting = Setting {
        value: new.value,
        description: new.description,
        updated: state.now,
    };
    Ok((new.key, setting))
}

/// Secrets are only written: their values are never told.
pub(super) fn secrets(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let all = space_mut(state, &key)?.secrets.iter();
    let shown: Map<String, Value> = all
        .map(|(name, one)| {
            let told = json!({"key": name, "description": one.description, "updatedAt": time(one.updated)});
            (name.clone(), told)
        })
        .collect();
    Ok(Answer::json(&Value::Object(shown)))
}

pub(super) fn add_secret(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let (name, setting) = setting(state, call)?;
    space_mut(state, &key)?.secrets.insert(name, setting);
    secrets(state, call)
}

pub(super) fn delete_secret(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let named: Key = wire::body(call.request.body())?;
    space_mut(state, &key)?.secrets.remove(&named.key);
    secrets(state, call)
}

pub(super) fn variables(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let all = space_mut(state, &key)?.variables.iter();
    let shown: Map<String, Value> = all
        .map(|(name, one)| {
            let told = json!({
                "key": name, "value": one.value, "description": one.description,
                "updatedAt": time(one.updated),
            });
            (name.clone(), told)
        })
        .collect();
    Ok(Answer::json(&Value::Object(shown)))
}

pub(super) fn add_variable(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let (name, setting) = setting(state, call)?;
    space_mut(state, &key)?.variables.insert(name, setting);
    variables(state, call)
}

pub(super) fn delete_variable(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key_of(state, call)?;
    let named: Key = wire::body(call.request.body())?;
    space_mut(state, &key)?.variables.remove(&named.key);
    variables(state, call)
}
