//! The life of an endpoint: pending → initializing → running, and what can go wrong on the way.
//!
//! Durations (reference/api/judges.md, section 5, measured by others in 2026-10): from creation to running 51 to 157 s
//! for small models, 458 s for one of 7 B of which 210 s were waiting for hardware; resume 84 s; from zero 42 s; a pause
//! takes effect at once. How the rest is divided, and how long an update takes, are guesses.

use jiff::SignedDuration;
use kubeproof_simkit::injected::{AsyncFault, InjectedFault};
use kubeproof_simkit::rest::ApiError;

use super::catalogue::{Hardware, Supply};
use super::{Endpoint, EndpointEvent, Replica, Stage, What, scaling, usage};
use crate::hub;
use crate::state::{Event, State};

/// Until machines are found, seconds; and how much longer it takes where there are few.
pub(super) const PENDING: i64 = 20;
const SCARCE: i64 = 210;
/// Until a model is loaded, seconds: a small one, and one of billions of parameters.
pub(super) const INITIALIZING: i64 = 60;
const INITIALIZING_LARGE: i64 = 228;
const RESUMING: i64 = 84;
const WAKING: i64 = 42;
/// A change of the model or its machines takes as long as loading it; any other one this long.
const RESCALING: i64 = 15;
/// Without a timeout an endpoint that may scale to zero does so after an hour (guides/autoscaling).
const IDLE_MINUTES: u32 = 60;

/// A code of a failure that never becomes one: no machine is ever found.
const NO_CAPACITY: &str = "no-capacity";
/// A code of an endpoint that runs and is well, and whose model answers every question with an error.
const NO_ANSWER: &str = "no-answer";
/// The codes of failures that can be injected.
const FAILURES: &[&str] = &["failed", "out-of-memory", NO_CAPACITY, NO_ANSWER];

/// What goes wrong with what begins now.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    failure: Option<String>,
    is_stuck: bool,
    is_without_capacity: bool,
    is_mute: bool,
    times: i64,
}

impl Course {
    /// The course that an injected fault asks for.
    pub(super) fn of(injected: &InjectedFault) -> Result<Self, ApiError> {
        let mut course = Self {
            times: 1,
            ..Self::default()
        };
        if injected.take_capacity() {
            course.is_without_capacity = true;
            return Ok(course);
        }
        match injected.take_async_if(|code| FAILURES.contains(&code))? {
            None => {}
            Some(AsyncFault::Fail(code)) if code.as_deref() == Some(NO_CAPACITY) => {
                course.is_without_capacity = true;
            }
            Some(AsyncFault::Fail(code)) if code.as_deref() == Some(NO_ANSWER) => {
                course.is_mute = true;
            }
            Some(AsyncFault::Fail(code)) => {
                let why = code.as_deref().unwrap_or("failed");
                course.failure = Some(match why {
                    "out-of-memory" => "Container exited: CUDA out of memory".to_owned(),
                    _ => "Container exited with code 1".to_owned(),
                });
            }
            Some(AsyncFault::Stuck) => course.is_stuck = true,
            Some(AsyncFault::Late(times)) => course.times = i64::from(times),
        }
        Ok(course)
    }
}

impl Endpoint {
    /// Begins a turn: what was scheduled no longer happens.
    fn turn(&mut self, stage: Stage) {
        self.turn += 1;
        self.stage = stage;
        self.is_watched = false;
    }
}

/// Schedules what happens to an endpoint in this turn.
pub(super) fn after(state: &mut State, key: &str, seconds: i64, what: What) {
    let Some(endpoint) = state.endpoints.get(key) else {
        return;
    };
    let event = EndpointEvent {
        id: endpoint.id.clone(),
        turn: endpoint.turn,
        what,
    };
    state.after(seconds, Event::Endpoint(event));
}

/// Begins to deploy an endpoint: it waits for machines.
pub(super) fn deploy(state: &mut State, key: &str, course: Course) {
    let seconds = if is_large(state, key) {
        INITIALIZING_LARGE
    } else {
        INITIALIZING
    };
    place(state, key, (PENDING, seconds), course);
}

/// Resumes a paused endpoint.
pub(super) fn resume(state: &mut State, key: &str, course: Course) {
    place(state, key, (0, RESUMING), course);
}

/// Wakes an endpoint that is scaled to zero, because it was called.
pub(crate) fn wake(state: &mut State, key: &str, injected: &InjectedFault) -> Result<(), ApiError> {
    let course = Course::of(injected)?;
    place(state, key, (0, WAKING), course);
    Ok(())
}

/// Whether its model takes minutes to load.
fn is_large(state: &State, key: &str) -> bool {
    let endpoint = state.endpoints.get(key);
    let model = endpoint.and_then(|one| hub::find(state, &one.config.model.repository));
    model.is_some_and(|model| model.is_large)
}

fn place(state: &mut State, key: &str, (wait, seconds): (i64, i64), course: Course) {
    let now = state.now;
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    release(&mut state.meter, endpoint, now);
    endpoint.error = None;
    endpoint.deployed = None;
    endpoint.is_mute |= course.is_mute;
    endpoint.turn(Stage::Pending);
    endpoint.note(now, "waiting for capacity");
    let supply = endpoint.hardware().map(Hardware::supply);
    if course.is_without_capacity || supply == Some(Supply::Hollow) {
        return;
    }
    let wait = match supply {
        Some(Supply::Low) => wait + SCARCE,
        _ => wait,
    };
    let what = What::Placed {
        lasts: seconds.saturating_mul(course.times),
        failure: course.failure,
        is_stuck: course.is_stuck,
    };
    if wait == 0 {
        let turn = endpoint.turn;
        let id = endpoint.id.clone();
        happen(state, EndpointEvent { id, turn, what });
    } else {
        after(state, key, wait.saturating_mul(course.times), what);
    }
}

/// Lets go of all replicas.
fn release(
    meter: &mut kubeproof_simkit::meter::Meter,
    endpoint: &mut Endpoint,
    now: jiff::Timestamp,
) {
    for replica in std::mem::take(&mut endpoint.replicas) {
        meter.stop(&usage::key(&endpoint.id, replica.number), now);
    }
}

/// Adds a replica, which is billed from now on.
pub(super) fn add_replica(state: &mut State, key: &str) -> Option<u32> {
    let now = state.now;
    let endpoint = state.endpoints.get_mut(key)?;
    let number = endpoint.next_replica;
    endpoint.next_replica += 1;
    endpoint.replicas.push(Replica {
        number,
        is_ready: false,
    });
    let usage = usage::of(endpoint)?;
    let meter_key = usage::key(&endpoint.id, number);
    state.meter.start(meter_key, usage, now);
    Some(number)
}

/// Takes the newest replica away.
pub(super) fn remove_replica(state: &mut State, key: &str) {
    let now = state.now;
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    if let Some(replica) = endpoint.replicas.pop() {
        let meter_key = usage::key(&endpoint.id, replica.number);
        state.meter.stop(&meter_key, now);
    }
}

/// Applies an event that is due, unless the endpoint has taken another turn.
pub(crate) fn happen(state: &mut State, event: EndpointEvent) {
    let of_turn = |one: &&Endpoint| one.id == event.id && one.turn == event.turn;
    let Some(key) = state.endpoints.all().find(of_turn).map(Endpoint::key) else {
        return;
    };
    match event.what {
        What::Placed {
            lasts,
            failure,
            is_stuck,
        } => placed(state, &key, lasts, failure, is_stuck),
        What::Initialized { failure } => initialized(state, &key, failure),
        What::Updated {
            failure,
            is_new_model,
        } => updated(state, &key, failure, is_new_model),
        What::Added { number } => scaling::added(state, &key, number),
        What::Idle => idle(state, &key),
        What::Load => scaling::look(state, &key),
    }
}

fn placed(state: &mut State, key: &str, lasts: i64, failure: Option<String>, is_stuck: bool) {
    let now = state.now;
    let broken = state.endpoints.get(key);
    let broken = broken.and_then(|one| one.config.broken_because(state));
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    endpoint.stage = Stage::Initializing;
    endpoint.note(now, "container is starting");
    for _ in 0..endpoint.config.compute.scaling.min_replica.max(1) {
        add_replica(state, key);
    }
    let failure = failure.or(broken);
    if !is_stuck {
        after(state, key, lasts, What::Initialized { failure });
    }
}

fn initialized(state: &mut State, key: &str, failure: Option<String>) {
    let now = state.now;
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    if let Some(why) = failure {
        release(&mut state.meter, endpoint, now);
        endpoint.turn(Stage::Failed);
        endpoint.note(now, why.as_str());
        endpoint.error = Some(why);
        return;
    }
    for replica in &mut endpoint.replicas {
        replica.is_ready = true;
    }
    endpoint.turn(Stage::Running);
    endpoint.deployed = Some(endpoint.config.model.clone());
    endpoint.last_used = Some(now);
    endpoint.note(now, "model is loaded");
    watch_idleness(state, key);
}

/// Begins a change of an endpoint that runs.
pub(super) fn update(state: &mut State, key: &str, is_new_model: bool, course: Course) {
    let now = state.now;
    let broken = state.endpoints.get(key);
    let broken = broken.and_then(|one| one.config.broken_because(state));
    let seconds = match (is_new_model, is_large(state, key)) {
        (true, true) => INITIALIZING_LARGE,
        (true, false) => INITIALIZING,
        (false, _) => RESCALING,
    };
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    endpoint.error = None;
    endpoint.turn(Stage::Updating);
    endpoint.note(now, "applying a new configuration");
    let mut failure = course.failure.or(broken);
    if course.is_without_capacity {
        failure = Some("no capacity for the new configuration".to_owned());
    }
    if !course.is_stuck {
        let seconds = seconds.saturating_mul(course.times);
        let what = What::Updated {
            failure,
            is_new_model,
        };
        after(state, key, seconds, what);
    }
}

/// Ends a change. One that failed leaves the replicas with what they ran before, and they go on answering; that they go
/// on being billed is a guess, and the expensive one.
fn updated(state: &mut State, key: &str, failure: Option<String>, is_new_model: bool) {
    let now = state.now;
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    if let Some(why) = failure {
        endpoint.turn(Stage::UpdateFailed);
        endpoint.note(now, why.as_str());
        endpoint.error = Some(why);
        watch_idleness(state, key);
        return;
    }
    endpoint.turn(Stage::Running);
    endpoint.deployed = Some(endpoint.config.model.clone());
    endpoint.note(now, "new configuration is applied");
    let scaling = &endpoint.config.compute.scaling;
    let (least, most) = (scaling.min_replica.max(1), scaling.max_replica);
    let count = u32::try_from(endpoint.replicas.len()).unwrap_or(u32::MAX);
    let wanted = count.clamp(least, most);
    if is_new_model {
        // The replicas are others now, perhaps on other machines.
        release(&mut state.meter, endpoint, now);
    }
    let mut there = u32::try_from(endpoint.replicas.len()).unwrap_or(u32::MAX);
    while there > wanted {
        remove_replica(state, key);
        there -= 1;
    }
    for _ in there..wanted {
        add_replica(state, key);
    }
    if let Some(endpoint) = state.endpoints.get_mut(key) {
        endpoint
            .replicas
            .iter_mut()
            .for_each(|one| one.is_ready = true);
    }
    watch_idleness(state, key);
}

/// Stops an endpoint at once.
pub(super) fn stop(state: &mut State, key: &str, stage: Stage) {
    let now = state.now;
    let Some(endpoint) = state.endpoints.get_mut(key) else {
        return;
    };
    release(&mut state.meter, endpoint, now);
    endpoint.turn(stage);
    endpoint.error = None;
    endpoint.note(now, stage.word());
}

/// Lets the endpoint be looked at when it could have been idle for its timeout.
pub(super) fn watch_idleness(state: &mut State, key: &str) {
    let Some(endpoint) = state.endpoints.get(key) else {
        return;
    };
    let Some(due) = idle_at(endpoint) else { return };
    let seconds = due.duration_since(state.now).as_secs().max(1);
    after(state, key, seconds, What::Idle);
}

/// When it will have been idle for its timeout; `None` if it never scales to zero.
fn idle_at(endpoint: &Endpoint) -> Option<jiff::Timestamp> {
    let scaling = &endpoint.config.compute.scaling;
    if scaling.min_replica > 0 {
        return None;
    }
    let minutes = scaling.scale_to_zero_timeout.unwrap_or(IDLE_MINUTES);
    let timeout = SignedDuration::from_mins(i64::from(minutes));
    let used = endpoint.last_used.unwrap_or(endpoint.updated);
    used.checked_add(timeout).ok()
}

fn idle(state: &mut State, key: &str) {
    let Some(endpoint) = state.endpoints.get(key) else {
        return;
    };
    match idle_at(endpoint) {
        Some(due) if due > state.now => watch_idleness(state, key),
        Some(_) => stop(state, key, Stage::ScaledToZero),
        None => {}
    }
}
