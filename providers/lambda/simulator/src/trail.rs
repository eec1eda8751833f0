//! Audit events: who changed what, when.

use serde_json::{Value, json};

use crate::state::State;
use crate::wire::Outcome;

/// Events on a page.
const PAGE: usize = 100;

/// Records a change.
pub(crate) fn note(state: &mut State, operation: &str, target: &str) {
    let at = state.now.to_string();
    let event_id = state.ids.uuid();
    state.events.push(json!({
        "event_id": event_id, "catalog_version": "1", "additional_details": {},
        "actor_lrn": null, "resource_owner_lrn": null, "request_api_key_lrn": null,
        "event_time": at, "service_name": "cloud-api", "resource_name": target,
        "action": operation, "resource_lrns": [format!("lrn:cloud:{target}")],
    }));
}

/// GET /audit-events.
pub(crate) fn list(state: &State, query: &str) -> Outcome {
    let start = query
        .split('&')
        .find_map(|part| part.strip_prefix("page_token="))
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let page: Vec<&Value> = state.events.iter().skip(start).take(PAGE).collect();
    let next = start + page.len();
    let token = (next < state.events.len()).then(|| next.to_string());
    Ok(json!({"events": page, "page_token": token}))
}
