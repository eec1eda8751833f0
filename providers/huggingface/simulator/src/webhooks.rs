//! Webhooks of the user: they start nothing here, and are there to be found and deleted.
//!
//! Members: `WebhookInfo` and `create_webhook` of `huggingface_hub` 2.4.0.

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::rest::ApiError;
use kubeproof_simkit::router::{Operation, Router, on};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::route::{Call, Handler, Table};
use crate::setup::{Role, USER};
use crate::state::State;
use crate::wire::{self, Answer, Outcome, refused};

/// The operations.
pub(crate) const TABLE: Table = Router::new(&[
    on("GET", "/settings/webhooks", "ListWebhooks", list as Handler),
    on("POST", "/settings/webhooks", "CreateWebhook", create),
    on("GET", "/settings/webhooks/{id}", "GetWebhook", get),
    Operation::not_simulated("POST", "/settings/webhooks/{id}", "UpdateWebhook"),
    on("DELETE", "/settings/webhooks/{id}", "DeleteWebhook", delete),
    on(
        "POST",
        "/settings/webhooks/{id}/enable",
        "EnableWebhook",
        |state, call| set(state, call, false),
    ),
    on(
        "POST",
        "/settings/webhooks/{id}/disable",
        "DisableWebhook",
        |state, call| set(state, call, true),
    ),
]);

/// The resource type.
pub(crate) const TYPE: &str = "webhook";

#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    id: String,
    new: New,
    is_disabled: bool,
    created: Timestamp,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    watched: Vec<Value>,
    domains: Vec<String>,
    url: String,
    #[serde(default)]
    secret: Option<String>,
}

fn document(one: &Webhook) -> Value {
    json!({
        "id": one.id, "url": one.new.url, "watched": one.new.watched, "domains": one.new.domains,
        "secret": one.new.secret, "disabled": one.is_disabled,
    })
}

fn absent() -> ApiError {
    refused(404, "Webhook not found")
}

fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Webhook, ApiError> {
    let found = state.webhooks.get(call.parameter(0));
    let found = found.filter(|one| !call.injected.hides(one.created, state.now));
    found.ok_or_else(absent)
}

/// Webhooks are the user's: a token that is made for single tasks, or only reads, changes none.
fn check(call: &Call<'_>) -> Result<(), ApiError> {
    if call.token.role == Role::Write {
        return Ok(());
    }
    Err(refused(403, "the token may not change webhooks"))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let all = state.webhooks.all();
    let all = all.filter(|one| !call.injected.hides(one.created, state.now));
    Ok(Answer::json(&all.map(document).collect()))
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    Ok(Answer::json(
        &json!({"webhook": document(found(state, call)?)}),
    ))
}

fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    check(call)?;
    let new: New = wire::body(call.request.body())?;
    let one = Webhook {
        id: state.ids.hex(24),
        new,
        is_disabled: false,
        created: state.now,
    };
    let shown = document(&one);
    state.webhooks.insert(one.id.clone(), one);
    Ok(Answer::json(&json!({ "webhook": shown })))
}

fn set(state: &mut State, call: &Call<'_>, is_disabled: bool) -> Outcome {
    check(call)?;
    let one = state
        .webhooks
        .get_mut(call.parameter(0))
        .ok_or_else(absent)?;
    one.is_disabled = is_disabled;
    Ok(Answer::json(&json!({"webhook": document(one)})))
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    check(call)?;
    state
        .webhooks
        .remove(call.parameter(0))
        .ok_or_else(absent)?;
    Ok(Answer::json(&json!({"success": true})))
}

/// All webhooks.
pub(crate) fn inventory(state: &State) -> impl Iterator<Item = Resource> {
    state.webhooks.all().map(|one| {
        let word = if one.is_disabled {
            "disabled"
        } else {
            "enabled"
        };
        Resource::new(TYPE, &one.id, USER)
            .in_state(word, Lifetime::Alive)
            .created(one.created)
            .with("url", &one.new.url)
    })
}

/// The state of a webhook as text.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    format!("{:?}", state.webhooks.get(&resource.id))
}

/// Adds one of somebody else.
pub(crate) fn add_for_bystanders(state: &mut State) {
    let one = Webhook {
        id: state.ids.hex(24),
        new: New {
            watched: vec![json!({"type": "user", "name": USER})],
            domains: vec!["repo".to_owned()],
            url: "https://hooks.example.com/hub".to_owned(),
            secret: None,
        },
        is_disabled: false,
        created: state.now,
    };
    state.webhooks.insert(one.id.clone(), one);
}
