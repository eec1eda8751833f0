//! What is told of a repository, and lists of an author's.

use kubeproof_simkit::rest::ApiError;
use serde_json::{Value, json};

use super::calls::absent;
use super::{Kind, Repository, key};
use crate::route::{self, Call};
use crate::state::State;
use crate::time::shown as time;
use crate::wire::{Answer, Outcome};
use crate::{access, hub};

/// Repositories on a page: a guess.
const PAGE: usize = 50;

/// The repository of this kind that a call names. One that is too new for a stale read is not found.
pub(super) fn found<'s>(
    state: &'s State,
    call: &Call<'_>,
    kind: Kind,
) -> Result<&'s Repository, ApiError> {
    let (namespace, name) = (call.parameter(0), call.parameter(1));
    let found = state.repositories.get(&key(kind, namespace, name));
    let visible = found.filter(|one| {
        let mut own = access::namespaces(&state.setup);
        own.any(|it| it == namespace) && !call.injected.hides(one.created, state.now)
    });
    visible.ok_or_else(absent)
}

fn document(one: &Repository) -> Value {
    let files = one.files.iter().map(|name| json!({ "rfilename": name }));
    let mut shown = json!({
        "_id": one.uid, "id": one.id(), "author": one.namespace, "sha": one.head,
        "private": one.is_private, "gated": false, "disabled": false, "likes": 0, "tags": [],
        "createdAt": time(one.created), "lastModified": time(one.changed),
        "siblings": files.collect::<Vec<Value>>(),
    });
    match (&one.space, one.kind) {
        (Some(space), _) => {
            let name = one.id().replace('/', "-").to_ascii_lowercase();
            shown["sdk"] = json!(space.sdk);
            shown["runtime"] = space.runtime();
            shown["host"] = json!(format!("https://{name}.hf.space"));
            shown["subdomain"] = json!(name);
        }
        (None, Kind::Model) => shown["modelId"] = json!(one.id()),
        (None, _) => {}
    }
    shown
}

pub(super) fn space(state: &mut State, call: &Call<'_>) -> Outcome {
    Ok(Answer::json(&document(found(state, call, Kind::Space)?)))
}

pub(super) fn dataset(state: &mut State, call: &Call<'_>) -> Outcome {
    Ok(Answer::json(&document(found(state, call, Kind::Dataset)?)))
}

pub(super) fn model(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = format!("{}/{}", call.parameter(0), call.parameter(1));
    let revision = Some(call.parameter(2)).filter(|text| !text.is_empty());
    match hub::public(&id) {
        Some(model) => public_model(model, revision),
        None => Ok(Answer::json(&document(found(state, call, Kind::Model)?))),
    }
}

/// A model of the time when models had no namespace.
pub(super) fn old_model(_: &mut State, call: &Call<'_>) -> Outcome {
    let model = hub::public(call.parameter(0)).ok_or_else(absent)?;
    public_model(model, None)
}

fn public_model(model: hub::Model, revision: Option<&str>) -> Outcome {
    let commit = hub::resolve(model.id, revision);
    let missing = || ApiError::new(404, "RevisionNotFound", "Invalid rev id");
    let author = model.id.split_once('/').map(|(author, _)| author);
    let gated = if model.is_gated {
        json!("manual")
    } else {
        json!(false)
    };
    Ok(Answer::json(&json!({
        "_id": hub::hex(model.id, 24), "id": model.id, "modelId": model.id, "author": author,
        "sha": commit.ok_or_else(missing)?, "private": false, "gated": gated, "disabled": false,
        "pipeline_tag": model.task, "tags": [model.task], "likes": 0, "downloads": 0,
        "createdAt": "2022-03-02T23:29:04.000Z", "lastModified": "2024-02-19T10:57:45.000Z",
        "siblings": [{"rfilename": "config.json"}],
    })))
}

fn list(state: &State, call: &Call<'_>, kind: Kind) -> Outcome {
    let Some(author) = call.query("author") else {
        return Err(ApiError::not_simulated(
            "a list of repositories without an author",
        ));
    };
    let mut namespaces = access::namespaces(&state.setup);
    let is_own = namespaces.any(|own| own == author);
    let all = state.repositories.all().filter(|one| {
        is_own
            && one.kind == kind
            && one.namespace == author
            && !call.injected.hides(one.created, state.now)
    });
    let list = format!("{}{author}", kind.path());
    let size = call
        .query("limit")
        .and_then(|text| text.parse().ok())
        .unwrap_or(PAGE);
    route::linked_page(call, &list, all, size.min(PAGE), document)
}

pub(super) fn list_models(state: &mut State, call: &Call<'_>) -> Outcome {
    list(state, call, Kind::Model)
}

pub(super) fn list_datasets(state: &mut State, call: &Call<'_>) -> Outcome {
    list(state, call, Kind::Dataset)
}

pub(super) fn list_spaces(state: &mut State, call: &Call<'_>) -> Outcome {
    list(state, call, Kind::Space)
}
