//! Calls of deployed models: who may, whether the endpoint can answer, and a model that is called while it sleeps.
//!
//! Measured by others in 2026-10 (reference/api/judges.md, section 5): 401 wakes nothing; a paused endpoint answers 400 and
//! wakes for nothing; one that is scaled to zero answers 503 without `Retry-After` and starts. `X-Scale-Up-Timeout` makes the
//! proxy hold the call for so many seconds (guides/autoscaling).

mod toy;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::rest::ApiError;

use crate::access::{self, Permission};
use crate::endpoints::{self, Endpoint, Stage};
use crate::route;
use crate::state::State;
use crate::wire::{Answer, Outcome, bad_request, refused};

/// The end of the hosts of deployed models.
pub(crate) const DOMAIN: &str = ".endpoints.huggingface.cloud";
/// The longest time that a call is held, seconds.
const HELD_MAX: i64 = 600;
/// How often a held call is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// The endpoint that is served at a host, by its key.
pub(crate) fn endpoint_of(state: &State, host: &str) -> Option<String> {
    let id = host.strip_suffix(DOMAIN)?;
    let (id, _) = id.split_once('.')?;
    let mut all = state.endpoints.all();
    let found = all.find(|one| one.id == id && one.host().as_deref() == Some(host));
    found.map(Endpoint::key)
}

/// The hosts of all deployed models.
pub(crate) fn hosts(state: &State) -> impl Iterator<Item = String> {
    state.endpoints.all().filter_map(Endpoint::host)
}

/// Refuses who may not call a model. Any valid token of the namespace may call one that is authenticated.
fn admit(state: &State, endpoint: &Endpoint, request: &Request<Bytes>) -> Result<(), ApiError> {
    if endpoint.config.access == "public" {
        return Ok(());
    }
    let Some(token) = access::token(&state.setup, request) else {
        return Err(refused(401, "Invalid username or password"));
    };
    // To call a model is to use it, and changes nothing: a token that only reads may.
    let (namespace, get) = (endpoint.namespace.as_str(), &Method::GET);
    access::check(&state.setup, &token, namespace, Permission::Infer, get)
}

/// Answers a call of a deployed model.
pub(crate) fn answer(
    state: &mut State,
    key: &str,
    request: &Request<Bytes>,
    injected: &InjectedFault,
) -> Outcome {
    let Some(endpoint) = state.endpoints.get(key) else {
        return Err(refused(404, "no such endpoint"));
    };
    admit(state, endpoint, request)?;
    if endpoint.is_mute && endpoint.stage.answers() {
        return Err(refused(500, "the model cannot be run"));
    }
    match endpoint.stage {
        Stage::Paused => {
            let message = "The endpoint is paused, ask a maintainer to restart it";
            return Err(bad_request(message));
        }
        Stage::Failed => return Err(refused(503, "The endpoint has failed")),
        Stage::ScaledToZero => endpoints::wake(state, key, injected)?,
        Stage::Pending | Stage::Initializing => {}
        Stage::Running | Stage::Updating | Stage::UpdateFailed => {
            endpoints::note_call(state, key);
            return match state.endpoints.get(key) {
                Some(endpoint) => toy::answer(state, endpoint, request),
                None => Err(refused(404, "no such endpoint")),
            };
        }
    }
    if is_held(state, request) {
        return Ok(Answer::ask_again(LOOK));
    }
    Err(refused(503, "The endpoint is starting"))
}

/// Whether a call is to wait for the model, and has not waited long enough.
fn is_held(state: &State, request: &Request<Bytes>) -> bool {
    let given = request.headers().get("x-scale-up-timeout");
    let seconds = given.and_then(|text| text.to_str().ok()?.parse::<i64>().ok());
    let Some(seconds) = seconds else {
        return false;
    };
    let asked = route::asked_at(request, state.now);
    state.now.duration_since(asked).as_secs() < seconds.clamp(0, HELD_MAX)
        && request
            .extensions()
            .get::<kubeproof_simkit::cloud::AskedAt>()
            .is_some()
}
