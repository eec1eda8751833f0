//! The calls of Jobs.

use kubeproof_simkit::rest::ApiError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::spec::{self, Spec};
use super::{Initiator, Job, Stage, lifecycle, shown};
use crate::access;
use crate::route::{self, Call};
use crate::state::State;
use crate::wire::{self, Answer, Outcome, bad_request, refused};

/// Jobs on a page: a guess.
const PAGE: usize = 50;

fn absent(call: &Call<'_>) -> ApiError {
    refused(404, format!("Job {} not found", call.parameter(1)))
}

/// The job that a call names. One that is too new for a stale read is not found.
pub(super) fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Job, ApiError> {
    let found = state.jobs.get(call.parameter(1));
    let found = found.filter(|job| job.namespace == call.parameter(0));
    let found = found.filter(|job| !call.injected.hides(job.created, state.now));
    found.ok_or_else(|| absent(call))
}

fn answer(state: &State, id: &str) -> Outcome {
    let found = state.jobs.get(id);
    let document = found.map_or(Value::Null, |job| shown::job(state, job));
    Ok(Answer::json(&document))
}

/// Refuses to start what no one pays for.
pub(super) fn check_payment(state: &State, namespace: &str) -> Result<(), ApiError> {
    if access::can_pay(&state.setup, namespace) {
        return Ok(());
    }
    let message = format!("Payment required: namespace {namespace} has no credits");
    Err(refused(402, message))
}

pub(super) fn run(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = call.parameter(0);
    let spec: Spec = wire::body(call.request.body())?;
    spec.check()?;
    check_payment(state, namespace)?;
    let by = (lifecycle::by_user(), call.injected);
    let id = lifecycle::run(state, namespace, spec, by)?;
    answer(state, &id)
}

pub(super) fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let job = found(state, call)?;
    Ok(Answer::json(&shown::job(state, job)))
}

pub(super) fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = call.parameter(0);
    let stages: Vec<&str> = call.all_of_query("stage").collect();
    let labels: Vec<&str> = call.all_of_query("label").collect();
    let all = state.jobs.all().rev().filter(|job| {
        job.namespace == namespace
            && (stages.is_empty() || stages.contains(&job.stage.word()))
            && labels.iter().all(|label| job.spec.has_label(label))
            && !call.injected.hides(job.created, state.now)
    });
    let list = format!("jobs/{namespace}");
    route::linked_page(call, &list, all, PAGE, |job| shown::job(state, job))
}

/// What is already over cannot be cancelled: a guess.
pub(super) fn cancel(state: &mut State, call: &Call<'_>) -> Outcome {
    let job = found(state, call)?;
    if job.stage.is_final() {
        let word = job.stage.word();
        return Err(bad_request(format!(
            "Job is {word} and cannot be cancelled"
        )));
    }
    let id = job.id.clone();
    lifecycle::end(state, &id, Stage::Canceled, None);
    answer(state, &id)
}

pub(super) fn duplicate(state: &mut State, call: &Call<'_>) -> Outcome {
    let job = found(state, call)?;
    let (spec, by) = (job.spec.clone(), job.id.clone());
    let namespace = call.parameter(0);
    check_payment(state, namespace)?;
    let initiator = Initiator {
        kind: "duplicated-job",
        id: by,
        name: None,
    };
    let id = lifecycle::run(state, namespace, spec, (initiator, call.injected))?;
    answer(state, &id)
}

/// New labels instead of all old ones.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labels {
    pub(super) labels: std::collections::BTreeMap<String, String>,
}

pub(super) fn update_labels(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = found(state, call)?.id.clone();
    let new: Labels = wire::body(call.request.body())?;
    spec::check_labels(&new.labels)?;
    state.meter.retag(&id, &new.labels);
    if let Some(job) = state.jobs.get_mut(&id) {
        job.spec.labels = new.labels;
    }
    answer(state, &id)
}

/// Nothing to say.
pub(super) fn done() -> Outcome {
    Ok(Answer::json(&json!({})))
}
