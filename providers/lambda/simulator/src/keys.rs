//! SSH keys: deletion is by id, and names need not be unique.
//!
//! A second key of a name was refused in 2023 (skypilot-org/skypilot issue 1837) and is kept in 2025 (issue 8221): then
//! a launch by that name fails. The later report counts.

use kubeproof_simkit::rest::ApiError;
use kubeproof_simkit::router::Call;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::state::{SshKey, State};
use crate::wire::{Outcome, absent, body, invalid};

#[derive(Deserialize)]
struct New {
    name: String,
    public_key: Option<String>,
}

fn shown(id: &str, key: &SshKey) -> Value {
    json!({"id": id, "name": key.name, "public_key": key.public_key})
}

pub(crate) fn list(state: &State) -> Outcome {
    let all = state.keys.entries();
    Ok(all.map(|(id, key)| shown(id, key)).collect())
}

pub(crate) fn add(state: &mut State, call: &Call<'_>) -> Outcome {
    let new: New = body(call)?;
    let Some(public_key) = new.public_key else {
        return Err(ApiError::not_simulated(
            "POST /ssh-keys without public_key: no private key is made here",
        ));
    };
    if new.name.is_empty() || new.name.len() > 64 {
        return Err(invalid("name must have 1 to 64 characters"));
    }
    if !public_key.starts_with("ssh-") && !public_key.starts_with("ecdsa-") {
        return Err(invalid("public_key is not an OpenSSH public key"));
    }
    let id = state.ids.hex(32);
    let key = SshKey {
        name: new.name,
        public_key,
    };
    let answer = shown(&id, &key);
    state.keys.insert(id, key);
    Ok(answer)
}

pub(crate) fn delete(state: &mut State, id: &str) -> Outcome {
    match state.keys.remove(id) {
        Some(_) => Ok(json!({})),
        None => Err(absent("SSH key", id)),
    }
}
