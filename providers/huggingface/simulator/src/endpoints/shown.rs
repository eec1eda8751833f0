//! An endpoint as answers show it, with all members that the service's document requires
//! (reference/api/judges.md, section 5).

use serde_json::{Value, json};

use super::{Endpoint, Stage, calls, image};
use crate::hub;
use crate::route::Call;
use crate::state::State;
use crate::time::shown as time;
use crate::whoami;
use crate::wire::{Answer, Outcome};

/// What a state means, as text.
fn message(endpoint: &Endpoint) -> String {
    if let Some(error) = &endpoint.error {
        return error.clone();
    }
    let text = match endpoint.stage {
        Stage::Pending => "Endpoint is waiting to be scheduled",
        Stage::Initializing => "Endpoint is initializing",
        Stage::Running => "Endpoint is ready",
        Stage::Updating => "Endpoint is updating",
        Stage::UpdateFailed => "Endpoint failed to update",
        Stage::Paused => "Endpoint has been paused",
        Stage::Failed => "Endpoint failed to start",
        Stage::ScaledToZero => "Endpoint is scaled to zero",
    };
    text.to_owned()
}

fn status(endpoint: &Endpoint) -> Value {
    let by = |name: &str| json!({"id": whoami::id_of(name), "name": name});
    let mut status = json!({
        "createdAt": time(endpoint.created), "createdBy": by(&endpoint.created_by),
        "updatedAt": time(endpoint.updated), "updatedBy": by(&endpoint.updated_by),
        "state": endpoint.stage.word(), "message": message(endpoint),
        "readyReplica": endpoint.ready(), "targetReplica": endpoint.replicas.len(),
    });
    // A new one gets its address when it first has machines, and a paused one keeps it.
    let has_address = endpoint.next_replica > 0;
    match endpoint.host().filter(|_| has_address) {
        Some(host) => status["url"] = json!(format!("https://{host}")),
        None if has_address => {
            status["private"] = json!({"serviceName": format!("vpce-svc-{}", endpoint.id)});
        }
        None => {}
    }
    if let Some(used) = endpoint.last_used {
        status["lastUsedAt"] = json!(time(used));
    }
    if let Some(error) = &endpoint.error {
        status["errorMessage"] = json!(error);
    }
    status
}

/// The endpoint.
pub(super) fn endpoint(state: &State, one: &Endpoint) -> Value {
    let config = &one.config;
    let mut model = serde_json::to_value(&config.model).unwrap_or_default();
    model["image"] = image::shown(&config.model.image);
    let repository = &config.model.repository;
    let known = hub::find(state, repository);
    if config.model.task.is_none() {
        model["task"] = json!(known.map(|model| model.task));
    }
    if config.model.revision.is_none() {
        model["revision"] = json!(hub::resolve(repository, None));
    }
    // Secrets are never told: only their names are.
    let secrets = config.model.secrets.iter().flatten();
    let names: serde_json::Map<String, Value> =
        secrets.map(|(name, _)| (name.clone(), json!(""))).collect();
    if !names.is_empty() {
        model["secrets"] = Value::Object(names);
    }
    let mut compute = serde_json::to_value(&config.compute).unwrap_or_default();
    compute["id"] = json!(config.hardware().map(|it| it.id(&config.provider.region)));
    let mut shown = json!({
        "name": config.name, "type": config.access, "accountId": config.account_id,
        "tags": config.tags, "healthRoute": image::health_route(&config.model.image),
        "compute": compute, "model": model, "provider": config.provider,
        "experimentalFeatures": {}, "notifications": {}, "status": status(one),
    });
    let kept = [
        ("privateService", config.private_service.clone()),
        ("route", config.route.clone()),
        (
            "cacheHttpResponses",
            config.cache_http_responses.map(Value::from),
        ),
    ];
    for (name, value) in kept {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}

/// GET …/replica. The form of the answer is a guess.
pub(super) fn replicas(state: &mut State, call: &Call<'_>) -> Outcome {
    let endpoint = calls::found(state, call)?;
    let shown = endpoint.replicas.iter().map(|replica| {
        let word = if replica.is_ready {
            "running"
        } else {
            "initializing"
        };
        json!({"id": format!("{}-{}", endpoint.id, replica.number), "status": word})
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Answer::json(&json!({ "items": shown })))
}
