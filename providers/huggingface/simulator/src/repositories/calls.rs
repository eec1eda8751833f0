//! Repositories come and go: `POST /api/repos/create`, `DELETE /api/repos/delete`.

use kubeproof_simkit::rest::ApiError;
use serde::Deserialize;
use serde_json::json;

use super::space::{self, Setting, Space, Stage};
use super::{Kind, Repository, key};
use crate::access::{self, Permission};
use crate::route::{self, Call};
use crate::setup::USER;
use crate::state::State;
use crate::wire::{self, Answer, Outcome, bad_request, refused};
use crate::{flavors, hub};

/// The longest name of a repository (the client's rule).
const NAME_LENGTH_MAX: usize = 96;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct New {
    name: String,
    #[serde(default)]
    organization: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    visibility: Option<String>,
    #[serde(default)]
    private: Option<bool>,
    #[serde(default)]
    sdk: Option<String>,
    #[serde(default)]
    hardware: Option<String>,
    #[serde(default)]
    sleep_time_seconds: Option<i64>,
    #[serde(default)]
    secrets: Vec<NewSetting>,
    #[serde(default)]
    variables: Vec<NewSetting>,
}

/// A secret or a variable.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSetting {
    pub(super) key: String,
    pub(super) value: String,
    #[serde(default)]
    pub(super) description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    #[serde(default)]
    organization: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// The refusal of a repository that is not there.
pub(super) fn absent() -> ApiError {
    ApiError::new(404, "RepoNotFound", "Repository not found")
}

fn kind(word: Option<&str>) -> Result<Kind, ApiError> {
    Kind::read(word).ok_or_else(|| bad_request("type must be model, dataset or space"))
}

fn check_namespace(state: &State, call: &Call<'_>, namespace: &str) -> Result<(), ApiError> {
    let (permission, method) = (Permission::Repositories, call.request.method());
    access::check(&state.setup, call.token, namespace, permission, method)
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.chars().all(is_part) {
        return Err(bad_request(format!(
            "Invalid repo name: at most {NAME_LENGTH_MAX} letters, digits, `-`, `_` and `.`"
        )));
    }
    Ok(())
}

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let new: New = wire::body(call.request.body())?;
    let kind = kind(new.kind.as_deref())?;
    let namespace = new.organization.clone().unwrap_or_else(|| USER.to_owned());
    check_namespace(state, call, &namespace)?;
    check_name(&new.name)?;
    let key = key(kind, &namespace, &new.name);
    let address = route::address(call.request);
    let url = format!("{address}/{}{namespace}/{}", kind.path(), new.name);
    if state.repositories.has(&key) {
        // The client takes the address from the refusal (`create_repo` with `exist_ok`).
        let document = json!({"error": "You already created this repo", "url": url});
        return Ok(Answer::json(&document).status(409));
    }
    let space = match kind {
        Kind::Space => Some(new_space(state, &namespace, &new)?),
        Kind::Model | Kind::Dataset => None,
    };
    let is_private = new
        .private
        .unwrap_or(new.visibility.as_deref() == Some("private"));
    let (uid, now) = (state.ids.hex(24), state.now);
    let repository = Repository {
        head: hub::hex(&uid, 40),
        uid: uid.clone(),
        kind,
        namespace,
        name: new.name,
        is_private,
        created: now,
        changed: now,
        files: vec![".gitattributes".to_owned()],
        space,
    };
    let id = repository.id();
    state.repositories.insert(key, repository);
    Ok(Answer::json(&json!({"url": url, "name": id, "id": uid})))
}

fn new_space(state: &State, namespace: &str, new: &New) -> Result<Space, ApiError> {
    let sdk = new
        .sdk
        .as_deref()
        .filter(|sdk| ["docker", "gradio", "static"].contains(sdk));
    let sdk = sdk.ok_or_else(|| bad_request("sdk must be docker, gradio or static"))?;
    let flavor = new.hardware.as_deref().unwrap_or(flavors::FREE);
    check_flavor(state, namespace, flavor)?;
    let mut space = Space::new(sdk, flavor, new.sleep_time_seconds);
    let setting = |one: &NewSetting| {
        let setting = Setting {
            value: one.value.clone(),
            description: one.description.clone(),
            updated: state.now,
        };
        (one.key.clone(), setting)
    };
    space.secrets = new.secrets.iter().map(setting).collect();
    space.variables = new.variables.iter().map(setting).collect();
    Ok(space)
}

/// Refuses a machine that is unknown, or that no one pays for.
pub(super) fn check_flavor(state: &State, namespace: &str, flavor: &str) -> Result<(), ApiError> {
    if flavors::of_spaces(flavor).is_none() {
        return Err(bad_request(format!("unknown hardware {flavor}")));
    }
    if flavor != flavors::FREE && !access::can_pay(&state.setup, namespace) {
        return Err(refused(402, "Payment required to use this hardware"));
    }
    Ok(())
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let named: Named = wire::body(call.request.body())?;
    let kind = kind(named.kind.as_deref())?;
    let namespace = named.organization.unwrap_or_else(|| USER.to_owned());
    check_namespace(state, call, &namespace)?;
    let key = key(kind, &namespace, &named.name);
    if !state.repositories.has(&key) {
        return Err(absent());
    }
    space::turn(state, &key, Stage::Paused);
    state.repositories.remove(&key);
    Ok(Answer::json(&json!({})))
}

/// Adds repositories of somebody else.
pub(crate) fn add_for_bystanders(state: &mut State, namespace: &str) {
    for (kind, name) in [
        (Kind::Model, "kp-legacy-model"),
        (Kind::Space, "kp-legacy-demo"),
    ] {
        let (uid, now) = (state.ids.hex(24), state.now);
        let mut space = Space::new("gradio", flavors::FREE, None);
        space.stage = Stage::Sleeping;
        let repository = Repository {
            head: hub::hex(&uid, 40),
            uid,
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            is_private: true,
            created: now,
            changed: now,
            files: vec![".gitattributes".to_owned(), "README.md".to_owned()],
            space: (kind == Kind::Space).then_some(space),
        };
        state
            .repositories
            .insert(key(kind, namespace, name), repository);
    }
}
