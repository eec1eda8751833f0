//! How the number of replicas follows the load.
//!
//! Source: huggingface.co/docs/inference-endpoints, guides/autoscaling: by pending requests (more than 1.5 a replica in the
//! last 20 s) or by the use of the hardware (80 % over a minute), up every minute, down every two, and 300 s of calm
//! after that. How long a replica works on a request is a guess: a model that answers at once would never be busy.

use jiff::{SignedDuration, Timestamp};

use super::config::Measure;
use super::{Endpoint, Stage, What, lifecycle};
use crate::state::State;

/// How long a replica works on a request, seconds.
const WORK: f64 = 2.0;
/// Which calls count, seconds.
const PENDING_WINDOW: i64 = 20;
const USAGE_WINDOW: i64 = 60;
/// The thresholds where none is set.
const PENDING: f64 = 1.5;
const USAGE_PERCENT: f64 = 80.0;
/// How often the load is looked at, seconds.
const EVERY: i64 = 60;
/// How long nothing is taken away after something was, seconds.
const CALM: i64 = 300;
/// A further replica is ready after this time, seconds.
const ADDING: i64 = 60;
/// Most calls that are kept: more are no more load.
const CALLS_MAX: usize = 4096;

/// Notes a call of the model.
pub(crate) fn note_call(state: &mut State, key: &str) {
    let now = state.now;
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    endpoint.last_used = Some(now);
    if endpoint.replicas_max() <= 1 {
        return;
    }
    if endpoint.calls.len() == CALLS_MAX {
        endpoint.calls.pop_front();
    }
    endpoint.calls.push_back(now);
    watch(state, key);
}

/// Lets the load be looked at, while there is something to scale.
fn watch(state: &mut State, key: &str) {
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    if !endpoint.is_watched {
        endpoint.is_watched = true;
        lifecycle::after(state, key, EVERY, What::Load);
    }
}

/// How many replicas the load of the last moments needs.
fn needed(endpoint: &Endpoint, now: Timestamp) -> u32 {
    let scaling = &endpoint.config.compute.scaling;
    let (window, most) = match scaling.measure {
        Some(Measure::PendingRequests(threshold)) => {
            let threshold = threshold.unwrap_or(PENDING);
            (PENDING_WINDOW, threshold)
        }
        Some(Measure::HardwareUsage(percent)) => {
            (USAGE_WINDOW, percent.unwrap_or(USAGE_PERCENT) / 100.0)
        }
        None => (USAGE_WINDOW, USAGE_PERCENT / 100.0),
    };
    let since = SignedDuration::from_secs(window);
    let recent = endpoint.calls.iter().rev();
    let recent = recent.take_while(|at| now.duration_since(**at) < since);
    let (least, limit) = (scaling.min_replica.max(1), scaling.max_replica);
    let mut wanted = least;
    // The load of a replica, of which there may be so much.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand calls")]
    let load = recent.count() as f64 * WORK / window as f64;
    while wanted < limit && load > most.max(0.0) * f64::from(wanted) {
        wanted += 1;
    }
    wanted
}

/// Looks at the load: adds a replica, or takes one away.
pub(super) fn look(state: &mut State, key: &str) {
    let now = state.now;
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    endpoint.is_watched = false;
    let window = SignedDuration::from_secs(USAGE_WINDOW);
    endpoint.calls.retain(|at| now.duration_since(*at) < window);
    if endpoint.stage != Stage::Running {
        return;
    }
    let count = u32::try_from(endpoint.replicas.len()).unwrap_or(u32::MAX);
    let wanted = needed(endpoint, now);
    let calm = SignedDuration::from_secs(CALM);
    let is_calm = endpoint
        .scaled_down
        .is_some_and(|at| now.duration_since(at) < calm);
    if wanted > count {
        endpoint.note(now, "scaling up");
        if let Some(number) = lifecycle::add_replica(state, key) {
            lifecycle::after(state, key, ADDING, What::Added { number });
        }
    } else if wanted < count && !is_calm {
        endpoint.note(now, "scaling down");
        endpoint.scaled_down = Some(now);
        lifecycle::remove_replica(state, key);
    }
    let Some(endpoint) = state.endpoints.get(key) else {
        return;
    };
    let least = endpoint.config.compute.scaling.min_replica.max(1);
    let count = u32::try_from(endpoint.replicas.len()).unwrap_or(u32::MAX);
    if count > least || !endpoint.calls.is_empty() {
        watch(state, key);
    }
}

/// A further replica is ready.
pub(super) fn added(state: &mut State, key: &str, number: u32) {
    if let Some(endpoint) = state.endpoints.get_mut(key) {
        let mut replicas = endpoint.replicas.iter_mut();
        if let Some(replica) = replicas.find(|one| one.number == number) {
            replica.is_ready = true;
        }
    }
}
