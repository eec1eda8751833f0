//! An endpoint that exists is changed to what is asked for; a change that fails is taken back.

use std::sync::atomic::Ordering;

use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde_json::Value;

use super::endpoint::running;
use super::{Work, requests};
use crate::api::types::Endpoint;
use crate::spec::EndpointSpec;

/// Changes an endpoint where it differs from what is asked for.
///
/// # Errors
/// When the change is refused, or fails: the endpoint is then as it was.
pub(super) async fn converge(
    work: &Work,
    spec: &EndpointSpec,
    found: Endpoint,
) -> Result<Endpoint, CallError> {
    let wrong = requests::differs(spec, &found);
    let places = spec.places();
    let place = places.iter().find(|place| requests::is_in(&found, place));
    let Some(place) = place.filter(|_| !wrong.is_empty()) else {
        return Ok(found);
    };
    work.report(&format!(
        "endpoint {} is changed: {}",
        found.name,
        wrong.join("; ")
    ));
    let asked = requests::update(spec, place);
    let changed = change(work, &found.name, &asked).await;
    let Err(error) = changed else {
        return changed;
    };
    let end = match change(work, &found.name, &requests::back(&found)).await {
        Ok(_) => {
            work.is_restored.store(true, Ordering::Relaxed);
            "it was changed back".to_owned()
        }
        Err(second) => format!("nor could it be changed back: {second}"),
    };
    Err(CallError {
        message: format!("{}; {end}", error.message),
        ..error
    })
}

/// Changes an endpoint and waits until it runs with the change.
async fn change(work: &Work, name: &str, body: &Value) -> Result<Endpoint, CallError> {
    let parameters = [work.namespace(), name];
    let call = RestCall::new("UpdateEndpoint", &parameters).with_body(body);
    let policy = RetryPolicy::IDEMPOTENT;
    let _: Endpoint = work.api.endpoints.call(policy, call).await?;
    running(work, name).await
}
