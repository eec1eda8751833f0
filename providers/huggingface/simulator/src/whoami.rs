//! GET /api/whoami-v2: the user, the organisations, and what the token may do.

use serde_json::{Value, json};

use crate::hub;
use crate::route::Call;
use crate::setup::{Role, Token, USER};
use crate::state::State;
use crate::wire::{Answer, Outcome};

/// The id of a user or an organisation.
pub(crate) fn id_of(name: &str) -> String {
    hub::hex(name, 24)
}

pub(crate) fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let organisations: Vec<Value> = state
        .setup
        .organisations
        .iter()
        .map(|one| {
            json!({
                "type": "org", "id": id_of(&one.name), "name": one.name, "fullname": one.name,
                "canPay": one.can_pay, "periodEnd": null, "roleInOrg": "admin",
                "isEnterprise": false, "avatarUrl": format!("/avatars/{}.svg", one.name),
            })
        })
        .collect();
    Ok(Answer::json(&json!({
        "type": "user", "id": id_of(USER), "name": USER, "fullname": USER,
        "canPay": state.setup.can_pay, "periodEnd": null, "isPro": true,
        "avatarUrl": format!("/avatars/{USER}.svg"), "orgs": organisations,
        "auth": {"type": "access_token", "accessToken": access_token(call.token)},
    })))
}

fn access_token(token: &Token) -> Value {
    let role = match token.role {
        Role::Read => "read",
        Role::Write => "write",
        Role::FineGrained(_) => "fineGrained",
    };
    let mut shown = json!({
        "displayName": token.name, "role": role, "createdAt": "2026-01-15T00:00:00.000Z",
    });
    if let Role::FineGrained(permissions) = &token.role {
        let scoped = permissions.iter().map(|(namespace, words)| {
            let kind = if namespace == USER { "user" } else { "org" };
            json!({
                "entity": {"_id": id_of(namespace), "type": kind, "name": namespace},
                "permissions": words,
            })
        });
        let scoped: Vec<Value> = scoped.collect();
        shown["fineGrained"] = json!({"canReadGatedRepos": false, "global": [], "scoped": scoped});
    }
    shown
}
