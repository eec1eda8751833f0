//! The rows of the checklist that describe what was provisioned, evaluated by reading the account and by asking the
//! model.

mod kubernetes;

use std::time::Duration;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::checks::Rows;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::run::Run;

use super::endpoint;
use crate::api::types::{Endpoint, Job, state};
use crate::api::{Api, inference};
use crate::marks;
use crate::spec::{EndpointSpec, HuggingFaceSpec, JobSpec, Place};

/// The provider's rows, with titles.
pub const CHECKLIST: &[(&str, &str)] = &[
    (
        "credentials.load",
        "credentials found in the documented order, a .env file first",
    ),
    ("credentials.no_prompt", "nothing asks interactively"),
    (
        ENDPOINT,
        "inference endpoint created, vendor, region, instance type and size as asked",
    ),
    (
        MODEL,
        "the model of the scenario is deployed and answers a request",
    ),
    (
        KUBERNETES,
        "reachable from a Kubernetes cluster: Secret with the token, Service, and a Job that gets a prediction",
    ),
    (
        SCALING,
        "min/max replicas and scale-to-zero as asked; scaled and read back",
    ),
    (
        "huggingface.cost",
        "estimate against the meter within the tolerance: no API says what one endpoint was billed",
    ),
    (JOB, "the job runs on the hardware that was asked for"),
    ("huggingface.teardown", "every resource type empty again"),
    (
        "huggingface.partial_failure",
        "after each forced failure: unwound or cleaned by teardown, and a retry succeeds without duplicates",
    ),
];
const ENDPOINT: &str = "huggingface.endpoint";
const MODEL: &str = "huggingface.model";
const KUBERNETES: &str = "huggingface.kubernetes";
const SCALING: &str = "huggingface.scaling";
const JOB: &str = "huggingface.job";

pub(super) const ROWS: Rows = Rows(CHECKLIST);

/// How long a model may take to answer: a replica may have to start first.
const ANSWERS_WITHIN: Duration = Duration::from_mins(15);
/// What the model is asked.
const QUESTION: &str = "Which model answers?";
/// Why there is nothing to see.
const NO_ENDPOINT: &str = "the scenario asks for a job and no endpoint";
const NO_JOB: &str = "the scenario asks for an endpoint and no job";

/// All rows.
pub(super) async fn all(api: &Api, spec: &HuggingFaceSpec, run: &Run) -> Vec<Check> {
    let Some(asked) = &spec.endpoint else {
        let mut rows = [ENDPOINT, MODEL, SCALING]
            .map(|id| ROWS.skipped(id, NO_ENDPOINT))
            .to_vec();
        rows.push(ROWS.skipped(KUBERNETES, kubernetes::NO_INTEGRATION));
        rows.push(match &spec.job {
            Some(asked) => job(api, spec, asked, run).await,
            None => ROWS.skipped(JOB, "the scenario asks for nothing"),
        });
        return rows;
    };
    let seen = match endpoint(api, spec, run).await {
        Ok(seen) => seen,
        Err(error) => return absent(&error, spec),
    };
    vec![
        as_asked(asked, &seen),
        model(api, asked, &seen).await,
        scaling(asked, &seen),
        kubernetes::row(api, spec, &seen).await,
        ROWS.skipped(JOB, NO_JOB),
    ]
}

/// The row on the job of the run, found by its label.
async fn job(api: &Api, spec: &HuggingFaceSpec, asked: &JobSpec, run: &Run) -> Check {
    let mut jobs = match super::jobs(api, spec, run).await {
        Ok(jobs) => jobs,
        Err(error) => return ROWS.unknown(JOB, error),
    };
    jobs.retain(|job| !job.marks().contains_key(marks::PROOF));
    let is_good = |job: &&Job| job.is_alive() || job.status.stage == "COMPLETED";
    let good: Vec<&Job> = jobs.iter().filter(is_good).collect();
    let mut wrong = Vec::new();
    if good.len() != 1 {
        let all: Vec<String> = jobs
            .iter()
            .map(|job| format!("{} is {}", job.id, job.stage()))
            .collect();
        let (count, all) = (good.len(), all.join(", "));
        wrong.push(format!(
            "{count} jobs of the run run or have completed, asked for 1 ({all})"
        ));
    }
    for job in &good {
        if job.flavor != asked.flavor.0 {
            let (id, flavor) = (&job.id, &job.flavor);
            wrong.push(format!("{id} is on {flavor}, asked for {}", asked.flavor.0));
        }
        if !["RUNNING", "COMPLETED"].contains(&job.status.stage.as_str()) {
            wrong.push(format!("{} is {}", job.id, job.stage()));
        }
    }
    let seen: Vec<String> = good
        .iter()
        .map(|job| format!("{} on {}: {}", job.id, job.flavor, job.stage()))
        .collect();
    ROWS.judged(JOB, &wrong, seen.join(", "))
}

/// The rows without an endpoint: one that is not there, or is not the run's, is wrong; else nothing is known.
fn absent(error: &CallError, spec: &HuggingFaceSpec) -> Vec<Check> {
    let is_wrong = error.is_not_found() || error.cause == kubeproof_cloudkit::Cause::State;
    let verdict = if is_wrong {
        Verdict::Fail
    } else {
        Verdict::Unknown
    };
    let mut rows = [ENDPOINT, MODEL, SCALING]
        .map(|id| ROWS.check(id, verdict, error.to_string()))
        .to_vec();
    rows.push(match spec.kubernetes {
        Some(_) => ROWS.check(KUBERNETES, verdict, error.to_string()),
        None => ROWS.skipped(KUBERNETES, kubernetes::NO_INTEGRATION),
    });
    rows.push(ROWS.skipped(JOB, NO_JOB));
    rows
}

fn as_asked(asked: &EndpointSpec, seen: &Endpoint) -> Check {
    let place = format!(
        "{} in {} {}",
        seen.hardware(),
        seen.provider.vendor,
        seen.provider.region
    );
    let mut wrong = Vec::new();
    let places: Vec<String> = asked.places().iter().map(Place::text).collect();
    if !places.contains(&place) {
        wrong.push(format!("it is {place}, asked for {}", places.join(" or ")));
    }
    if seen.compute.accelerator != asked.accelerator.as_str() {
        let (seen, asked) = (&seen.compute.accelerator, asked.accelerator.as_str());
        wrong.push(format!("its accelerator is {seen}, asked for {asked}"));
    }
    if seen.visibility != asked.visibility.as_str() {
        let (seen, asked) = (&seen.visibility, asked.visibility.as_str());
        wrong.push(format!("its type is {seen}, asked for {asked}"));
    }
    if ![state::RUNNING, state::SCALED_TO_ZERO].contains(&seen.status.state.as_str()) {
        wrong.push(format!("it is {}", seen.state()));
    }
    let text = format!(
        "{}: {place}, {}, {}",
        seen.name,
        seen.visibility,
        seen.state()
    );
    ROWS.judged(ENDPOINT, &wrong, text)
}

/// The row on the model. What the API says is deployed is compared; that it is deployed only an answer shows.
async fn model(api: &Api, asked: &EndpointSpec, seen: &Endpoint) -> Check {
    let mut wrong = Vec::new();
    let model = &seen.model;
    if model.repository != asked.model.0 {
        wrong.push(format!(
            "the model is {}, asked for {}",
            model.repository, asked.model.0
        ));
    }
    let revision = model.revision.as_deref().unwrap_or("main");
    if let Some(asked) = asked.revision.as_ref().filter(|asked| asked.0 != revision) {
        wrong.push(format!("the revision is {revision}, asked for {}", asked.0));
    }
    if !wrong.is_empty() {
        return ROWS.judged(MODEL, &wrong, "");
    }
    match inference::answered(api, asked, seen, QUESTION, ANSWERS_WITHIN).await {
        Ok(answer) => {
            let text = format!(
                "{} at {revision} was asked and said: {answer}",
                model.repository
            );
            ROWS.check(MODEL, Verdict::Pass, text)
        }
        Err(error) if error.cause == kubeproof_cloudkit::Cause::NoAnswer => {
            ROWS.unknown(MODEL, error)
        }
        Err(error) => ROWS.failed(MODEL, error),
    }
}

/// The row on scaling, as the service says it.
fn scaling(asked: &EndpointSpec, seen: &Endpoint) -> Check {
    let scaling = &seen.compute.scaling;
    let timeout = scaling.scale_to_zero_timeout.filter(|minutes| *minutes > 0);
    let text = |minimum: u32, maximum: u32, timeout: Option<u32>, pending: Option<f64>| {
        let by = pending.map_or_else(String::new, |count| {
            format!(" by more than {count} pending requests each")
        });
        let end = timeout.map_or_else(
            || "never to zero".to_owned(),
            |minutes| format!("to zero after {minutes} minutes without a request"),
        );
        format!("{minimum} to {maximum} replicas{by}, {end}")
    };
    let pending = scaling.pending_requests();
    let seen_text = text(scaling.min_replica, scaling.max_replica, timeout, pending);
    let pending = asked.pending_requests().map(f64::from);
    let asked_text = text(asked.min(), asked.max(), asked.minutes_to_zero(), pending);
    let mut wrong = Vec::new();
    if seen_text != asked_text {
        wrong.push(format!("it is {seen_text}; asked for {asked_text}"));
    }
    let now = &seen.status;
    let text = format!(
        "{seen_text}; now {} of {} ready",
        now.ready_replica, now.target_replica
    );
    ROWS.judged(SCALING, &wrong, text)
}
