//! Audit events: who changed what, when.

use bytes::Bytes;
use http::Request;
use kubeproof_simkit::page::page;
use kubeproof_simkit::router::Call;
use serde_json::json;

use crate::route::BASE;
use crate::state::State;
use crate::wire::{Outcome, invalid};

/// Events on a page.
const PAGE: usize = 100;

/// Records a change.
pub(crate) fn note(state: &mut State, request: &Request<Bytes>) {
    let path = request.uri().path().trim_start_matches(BASE);
    let target = path.trim_start_matches('/');
    let at = state.now.to_string();
    let event_id = state.ids.uuid();
    state.events.push(json!({
        "event_id": event_id, "catalog_version": "1", "additional_details": {},
        "actor_lrn": null, "resource_owner_lrn": null, "request_api_key_lrn": null,
        "event_time": at, "service_name": "cloud-api", "resource_name": target,
        "action": request.method().as_str(), "resource_lrns": [format!("lrn:cloud:{target}")],
    }));
}

/// GET /audit-events.
pub(crate) fn list(state: &State, call: &Call<'_>) -> Outcome {
    let query = call.request.uri().query().unwrap_or_default();
    let mut parameters = query.split('&');
    let token = parameters.find_map(|part| part.strip_prefix("page_token="));
    let page = page("audit-events", &state.events, token, PAGE)
        .map_err(|_| invalid("page_token is not one of this list"))?;
    Ok(json!({"events": page.items, "page_token": page.next}))
}
