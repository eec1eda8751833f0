//! Grants: who else may use a key. EKS makes one for a cluster whose secrets it encrypts.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::keys::{self, Key};
use super::{done, need, not_found, paged};
use crate::eks::input::{epoch, texts};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// The principal that may use the key.
    pub grantee: String,
    /// What it may do: `Encrypt`, …
    pub operations: Vec<String>,
    pub created_at: Timestamp,
}

/// Makes a grant for a service, and returns its id.
pub fn create_internal(
    state: &mut State,
    key_id: &str,
    grantee: &str,
    operations: &[&str],
) -> Option<String> {
    let grant = Grant {
        id: state.ids.hex(64),
        grantee: grantee.to_owned(),
        operations: operations.iter().map(|one| (*one).to_owned()).collect(),
        created_at: state.now,
    };
    let id = grant.id.clone();
    let key = state.kms.keys.get_mut(key_id)?;
    key.grants.insert(id.clone(), grant);
    Some(id)
}

/// Takes a service's grant back.
pub fn remove_internal(state: &mut State, key_id: &str, grant_id: &str) {
    if let Some(key) = state.kms.keys.get_mut(key_id) {
        key.grants.remove(grant_id);
    }
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let grantee = need(call, "GranteePrincipal")?.to_owned();
    let operations = texts(&call.json, "Operations");
    let id = keys::changeable(state, call)?.id.clone();
    let words: Vec<&str> = operations.iter().map(String::as_str).collect();
    let grant = create_internal(state, &id, &grantee, &words);
    let token = state.ids.letters(64);
    Ok(Answer::Json(
        json!({ "GrantId": grant, "GrantToken": token }),
    ))
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    let key = keys::named(state, call)?;
    let (id, grantee) = (
        call.json["GrantId"].as_str(),
        call.json["GranteePrincipal"].as_str(),
    );
    let wanted = |grant: &&Grant| {
        id.is_none_or(|id| id == grant.id) && grantee.is_none_or(|one| one == grant.grantee)
    };
    let grants = key.grants.values().filter(wanted);
    let views: Vec<Value> = grants.map(|grant| view(key, grant)).collect();
    paged(state, call, "Grants", views)
}

fn view(key: &Key, grant: &Grant) -> Value {
    json!({
        "KeyId": key.arn,
        "GrantId": grant.id,
        "GranteePrincipal": grant.grantee,
        "Operations": grant.operations,
        "CreationDate": epoch(grant.created_at),
    })
}

pub(super) fn revoke(state: &mut State, call: &Call) -> Outcome {
    let grant = need(call, "GrantId")?.to_owned();
    let key = keys::named(state, call)?.id.clone();
    remove(state, &key, &grant)
}

pub(super) fn retire(state: &mut State, call: &Call) -> Outcome {
    if call.json["GrantToken"].is_string() {
        return Err(AwsError::unknown_operation("kms", "RetireGrant by a token"));
    }
    revoke(state, call)
}

fn remove(state: &mut State, key: &str, grant: &str) -> Outcome {
    let missing = || not_found(format!("Grant '{grant}' does not exist"));
    let key = state.kms.keys.get_mut(key).ok_or_else(missing)?;
    key.grants.remove(grant).ok_or_else(missing)?;
    done()
}
