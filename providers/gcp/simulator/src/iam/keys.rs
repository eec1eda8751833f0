//! Keys of service accounts. Their private halves are made up: nothing can be signed with them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::{Account, changed, named};
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Outcome, time};

#[rustfmt::skip]
pub(super) const TABLE: Table = table(&[
    on("GET", "/projects/{project}/serviceAccounts/{account}/keys", "iam.projects.serviceAccounts.keys.list", list),
    on("POST", "/projects/{project}/serviceAccounts/{account}/keys", "iam.projects.serviceAccounts.keys.create", create),
    on("GET", "/projects/{project}/serviceAccounts/{account}/keys/{key}", "iam.projects.serviceAccounts.keys.get", get),
    on("DELETE", "/projects/{project}/serviceAccounts/{account}/keys/{key}", "iam.projects.serviceAccounts.keys.delete", delete),
]);

/// Most keys of an account (IAM quotas).
const KEYS_MAX: usize = 10;
/// How long a key is valid that no one limits.
const DAYS: i64 = 365 * 10;

/// A key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    id: String,
    from: Timestamp,
}

fn shown(state: &State, account: &Account, key: &Key) -> Value {
    let to = key
        .from
        .saturating_add(SignedDuration::from_hours(24 * DAYS));
    json!({
        "name": format!("projects/{}/serviceAccounts/{}/keys/{}", state.setup.project, account.email, key.id),
        "validAfterTime": time(key.from),
        "validBeforeTime": time(to.unwrap_or(key.from)),
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyType": "USER_MANAGED",
    })
}

fn absent(call: &Call<'_>) -> ApiError {
    let key = call.parameter(2);
    ApiError::not_found(format!("Service account key {key} does not exist."))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let account = named(state, call)?;
    let keys: Vec<Value> = account
        .keys
        .iter()
        .map(|key| shown(state, account, key))
        .collect();
    if keys.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ "keys": keys }))
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let account = named(state, call)?;
    let key = account.keys.iter().find(|key| key.id == call.parameter(2));
    let key = key.ok_or_else(|| absent(call))?;
    Ok(shown(state, account, key))
}

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = Key {
        id: state.ids.hex(40),
        from: state.now,
    };
    let account = changed(state, call)?;
    if account.keys.len() >= KEYS_MAX {
        let message = "Maximum number of keys on account reached.";
        return Err(ApiError::new(
            429,
            "RESOURCE_EXHAUSTED",
            "rateLimitExceeded",
            message,
        ));
    }
    account.keys.push(key.clone());
    let account = account.clone();
    let file = json!({
        "type": "service_account", "project_id": state.setup.project, "private_key_id": key.id,
        "private_key": "-----BEGIN PRIVATE KEY-----\nbWFkZSB1cA==\n-----END PRIVATE KEY-----\n",
        "client_email": account.email, "client_id": account.unique_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
    });
    let mut shown = shown(state, &account, &key);
    shown["privateKeyType"] = json!("TYPE_GOOGLE_CREDENTIALS_FILE");
    shown["privateKeyData"] = json!(STANDARD.encode(file.to_string()));
    Ok(shown)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let account = changed(state, call)?;
    let before = account.keys.len();
    account.keys.retain(|key| key.id != call.parameter(2));
    if account.keys.len() == before {
        return Err(absent(call));
    }
    Ok(json!({}))
}
