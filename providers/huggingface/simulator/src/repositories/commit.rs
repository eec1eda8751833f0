//! Files of a Space: which of them are uploaded how, and a commit, after which it is built. Their content is not kept.

use kubeproof_simkit::rest::ApiError;
use serde_json::{Value, json};

use super::{Kind, Repository, info, key, space};
use crate::hub;
use crate::route::{self, Call};
use crate::state::State;
use crate::wire::{self, Answer, Outcome, bad_request};

/// The only branch.
const BRANCH: &str = "main";

fn check_branch(call: &Call<'_>) -> Result<(), ApiError> {
    if call.parameter(2) == BRANCH {
        return Ok(());
    }
    Err(ApiError::new(404, "RevisionNotFound", "Invalid rev id"))
}

/// Whether a Space has what it is built from.
pub(super) fn has_app(repository: &Repository) -> bool {
    let wanted = match repository.space.as_ref().map(|space| space.sdk.as_str()) {
        Some("docker") => "Dockerfile",
        Some("static") => "index.html",
        _ => "app.py",
    };
    repository.files.iter().any(|file| file == wanted)
}

pub(super) fn preupload(state: &mut State, call: &Call<'_>) -> Outcome {
    info::found(state, call, Kind::Space)?;
    check_branch(call)?;
    let asked: Value = wire::body(call.request.body())?;
    let files = asked["files"].as_array().cloned().unwrap_or_default();
    let files = files.iter().map(|file| {
        json!({"path": file["path"], "uploadMode": "regular", "shouldIgnore": false, "oid": null})
    });
    Ok(Answer::json(&json!({
        "files": files.collect::<Vec<Value>>(), "commitOid": null,
    })))
}

/// One JSON document a line: a header, files, and files that are deleted.
pub(super) fn to_space(state: &mut State, call: &Call<'_>) -> Outcome {
    info::found(state, call, Kind::Space)?;
    check_branch(call)?;
    let key = key(Kind::Space, call.parameter(0), call.parameter(1));
    let text = String::from_utf8_lossy(call.request.body()).into_owned();
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let document: Value = serde_json::from_str(line)
            .map_err(|_| bad_request("a line of the commit is no JSON"))?;
        let path = document["value"]["path"].as_str();
        match (document["key"].as_str(), path) {
            (Some("header"), _) => {}
            (Some("file"), Some(path)) => added.push(path.to_owned()),
            (Some("deletedFile"), Some(path)) => removed.push(path.to_owned()),
            (other, _) => {
                let what = format!("a line `{}` of a commit", other.unwrap_or_default());
                return Err(ApiError::not_simulated(what));
            }
        }
    }
    let now = state.now;
    let has_app = match state.repositories.get_mut(&key) {
        None => false,
        Some(repository) => {
            repository
                .files
                .retain(|file| !removed.contains(file) && !added.contains(file));
            repository.files.extend(added);
            repository.head = hub::hex(&format!("{}{text}", repository.head), 40);
            repository.changed = now;
            has_app(repository)
        }
    };
    if has_app {
        space::build(state, &key, call.injected)?;
    } else {
        space::turn(state, &key, space::Stage::NoAppFile);
    }
    let repository = info::found(state, call, Kind::Space)?;
    let address = route::address(call.request);
    let url = format!(
        "{address}/spaces/{}/commit/{}",
        repository.id(),
        repository.head
    );
    Ok(Answer::json(&json!({
        "success": true, "commitOid": repository.head, "commitUrl": url, "hookOutput": "",
    })))
}
