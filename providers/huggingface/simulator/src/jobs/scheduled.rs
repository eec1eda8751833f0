//! Scheduled jobs: each starts jobs, and so costs, until it is suspended or deleted.

use jiff::Timestamp;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::rest::ApiError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::schedule::Schedule;
use super::spec::{self, Spec};
use super::{Initiator, calls, lifecycle, shown};
use crate::route::Call;
use crate::state::{Event, State};
use crate::time::shown as time;
use crate::wire::{self, Answer, Outcome, bad_request, refused};

#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(super) id: String,
    pub(super) namespace: String,
    pub(super) spec: Spec,
    pub(super) schedule: String,
    pub(super) is_suspended: bool,
    /// Whether a job starts while the last one still runs.
    is_concurrent: bool,
    pub(super) created: Timestamp,
    /// The last job, and when it was started.
    last: Option<(String, Timestamp)>,
    next: Option<Timestamp>,
    /// Counts its changes: what was scheduled before the last one no longer happens.
    turn: u64,
}

/// A schedule is due.
#[derive(Clone, Debug)]
pub(crate) struct ScheduledEvent {
    id: String,
    turn: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct New {
    job_spec: Spec,
    schedule: String,
    #[serde(default)]
    suspend: bool,
    #[serde(default)]
    concurrency: bool,
}

fn absent(call: &Call<'_>) -> ApiError {
    refused(
        404,
        format!("Scheduled job {} not found", call.parameter(1)),
    )
}

fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Scheduled, ApiError> {
    let found = state.scheduled.get(call.parameter(1));
    let found = found.filter(|one| one.namespace == call.parameter(0));
    let found = found.filter(|one| !call.injected.hides(one.created, state.now));
    found.ok_or_else(|| absent(call))
}

fn read_schedule(text: &str) -> Result<Schedule, ApiError> {
    Schedule::read(text).ok_or_else(|| bad_request(format!("{text} is no schedule")))
}

fn document(one: &Scheduled) -> Value {
    let mut spec = shown::spec(&one.spec);
    spec.insert("timeout".to_owned(), json!(one.spec.timeout()));
    let last = one.last.as_ref();
    json!({
        "id": one.id, "createdAt": time(one.created), "jobSpec": spec,
        "schedule": one.schedule, "suspend": one.is_suspended, "concurrency": one.is_concurrent,
        "status": {
            "lastJob": last.map(|(id, at)| json!({"id": id, "at": time(*at)})),
            "nextJobRunAt": one.next.map(time),
        },
        "owner": shown::owner(&one.namespace),
    })
}

fn answer(state: &State, id: &str) -> Outcome {
    let found = state.scheduled.get(id);
    Ok(Answer::json(&found.map_or(Value::Null, document)))
}

/// Plans the next job of a schedule.
fn plan(state: &mut State, id: &str) {
    let now = state.now;
    let Some(one) = state.scheduled.get_mut(id) else {
        return;
    };
    one.turn += 1;
    let schedule = Schedule::read(&one.schedule).filter(|_| !one.is_suspended);
    one.next = schedule.and_then(|schedule| schedule.next(now));
    let (id, turn) = (one.id.clone(), one.turn);
    if let Some(next) = one.next {
        let event = Event::Scheduled(ScheduledEvent { id, turn });
        state.timers.at(next, event);
    }
}

/// Starts the job of a schedule that is due.
pub(crate) fn due(state: &mut State, event: &ScheduledEvent) {
    let found = state.scheduled.get(&event.id);
    if found.is_none_or(|one| one.turn != event.turn) {
        return;
    }
    // One that cannot be started now is not made up for.
    let _ = start(state, &event.id, &InjectedFault::default());
    plan(state, &event.id);
}

fn start(
    state: &mut State,
    id: &str,
    injected: &InjectedFault,
) -> Result<Option<String>, ApiError> {
    let Some(one) = state.scheduled.get(id) else {
        return Ok(None);
    };
    let last = one.last.as_ref().and_then(|(last, _)| state.jobs.get(last));
    let is_busy = last.is_some_and(|job| !job.stage.is_final());
    if is_busy && !one.is_concurrent {
        return Ok(None);
    }
    let (namespace, spec) = (one.namespace.clone(), one.spec.clone());
    calls::check_payment(state, &namespace)?;
    let initiator = Initiator {
        kind: "scheduled-job",
        id: id.to_owned(),
        name: None,
    };
    let job = lifecycle::run(state, &namespace, spec, (initiator, injected))?;
    let now = state.now;
    if let Some(one) = state.scheduled.get_mut(id) {
        one.last = Some((job.clone(), now));
    }
    Ok(Some(job))
}

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = call.parameter(0);
    let new: New = wire::body(call.request.body())?;
    new.job_spec.check()?;
    read_schedule(&new.schedule)?;
    calls::check_payment(state, namespace)?;
    let id = state.ids.hex(24);
    let one = Scheduled {
        id: id.clone(),
        namespace: namespace.to_owned(),
        spec: new.job_spec,
        schedule: new.schedule,
        is_suspended: new.suspend,
        is_concurrent: new.concurrency,
        created: state.now,
        last: None,
        next: None,
        turn: 0,
    };
    state.scheduled.insert(id.clone(), one);
    plan(state, &id);
    answer(state, &id)
}

/// Adds a schedule of somebody else, which is suspended.
pub(super) fn add_for_bystanders(state: &mut State, namespace: &str, spec: Spec) {
    let id = state.ids.hex(24);
    let one = Scheduled {
        id: id.clone(),
        namespace: namespace.to_owned(),
        spec,
        schedule: "@daily".to_owned(),
        is_suspended: true,
        is_concurrent: false,
        created: state.now,
        last: None,
        next: None,
        turn: 0,
    };
    state.scheduled.insert(id, one);
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    Ok(Answer::json(&document(found(state, call)?)))
}

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = call.parameter(0);
    let label = call.query("label");
    let all = state.scheduled.all().filter(|one| {
        one.namespace == namespace
            && label.is_none_or(|label| one.spec.has_label(label))
            && !call.injected.hides(one.created, state.now)
    });
    Ok(Answer::json(&all.map(document).collect()))
}

pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = found(state, call)?.id.clone();
    state.scheduled.remove(&id);
    calls::done()
}

fn set_suspended(state: &mut State, call: &Call<'_>, is_suspended: bool) -> Outcome {
    let id = found(state, call)?.id.clone();
    if let Some(one) = state.scheduled.get_mut(&id) {
        one.is_suspended = is_suspended;
    }
    plan(state, &id);
    answer(state, &id)
}

pub(super) fn suspend(state: &mut State, call: &Call<'_>) -> Outcome {
    set_suspended(state, call, true)
}

pub(super) fn resume(state: &mut State, call: &Call<'_>) -> Outcome {
    set_suspended(state, call, false)
}

pub(super) fn run_now(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = found(state, call)?.id.clone();
    let started = start(state, &id, call.injected)?;
    let job = started.as_ref().and_then(|id| state.jobs.get(id));
    let busy = || refused(409, "the last job of the schedule still runs");
    Ok(Answer::json(&shown::job(state, job.ok_or_else(busy)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSchedule {
    schedule: String,
}

pub(super) fn update_schedule(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = found(state, call)?.id.clone();
    let new: NewSchedule = wire::body(call.request.body())?;
    read_schedule(&new.schedule)?;
    if let Some(one) = state.scheduled.get_mut(&id) {
        one.schedule = new.schedule;
    }
    plan(state, &id);
    answer(state, &id)
}

pub(super) fn update_labels(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = found(state, call)?.id.clone();
    let new: calls::Labels = wire::body(call.request.body())?;
    spec::check_labels(&new.labels)?;
    if let Some(one) = state.scheduled.get_mut(&id) {
        one.spec.labels = new.labels;
    }
    answer(state, &id)
}
