//! The life of a job: scheduling → running → completed, failed or cancelled; and what it costs.
//!
//! Billed "by the minute … only … when the Job is Starting or Running" (docs/hub/jobs-pricing), though a note of ours says by
//! the second. Scheduling takes the 6 s of the client's documentation; on accelerators 30 s, a guess.

use kubeproof_contract::Decimal;
use kubeproof_simkit::injected::{AsyncFault, InjectedFault};
use kubeproof_simkit::meter::{Rounding, Usage};
use kubeproof_simkit::rest::ApiError;

use super::program::{self, Course};
use super::spec::Spec;
use super::{Initiator, Job, Stage};
use crate::flavors::Flavor;
use crate::setup::USER;
use crate::state::{Event, State};
use crate::{tags, whoami};

const SCHEDULING: i64 = 6;
const SCHEDULING_ACCELERATOR: i64 = 30;
/// The codes of failures that can be injected: the program fails, its image cannot be had, it never ends by itself.
const FAILURES: &[&str] = &["error", "image-pull", "hangs"];
/// The price of exposed ports, US cents an hour a job.
const PORTS_CENTS: i64 = 1;

/// What happens later to a job.
#[derive(Clone, Debug)]
pub(crate) struct JobEvent {
    id: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// Its container starts.
    Starts,
    /// It cannot be started.
    CannotStart,
    /// Its program has ended, or its time is over.
    Ends {
        stage: Stage,
        message: Option<String>,
    },
}

/// Runs a job, and returns its id.
pub(super) fn run(
    state: &mut State,
    namespace: &str,
    spec: Spec,
    (initiator, injected): (Initiator, &InjectedFault),
) -> Result<String, ApiError> {
    let words: Vec<String> = spec
        .command
        .iter()
        .chain(&spec.arguments)
        .cloned()
        .collect();
    let mut course = attempts(&program::read(&words, &spec.variables())?, spec.attempts());
    let fault = injected.take_async_if(|code| FAILURES.contains(&code))?;
    let is_stuck = fault == Some(AsyncFault::Stuck);
    let mut first = What::Starts;
    match fault {
        Some(AsyncFault::Fail(code)) => match code.as_deref() {
            Some("image-pull") => first = What::CannotStart,
            // Until its time is over.
            Some("hangs") => course.lasts = i64::MAX,
            _ => course.code = 1,
        },
        Some(AsyncFault::Late(times)) => {
            course.lasts = course.lasts.saturating_mul(i64::from(times));
        }
        Some(AsyncFault::Stuck) | None => {}
    }
    let has_accelerator = spec.flavor().is_some_and(Flavor::has_accelerator);
    let seconds = if has_accelerator {
        SCHEDULING_ACCELERATOR
    } else {
        SCHEDULING
    };
    let id = state.ids.hex(24);
    let job = Job {
        id: id.clone(),
        namespace: namespace.to_owned(),
        spec,
        created: state.now,
        started: None,
        finished: None,
        stage: Stage::Scheduling,
        message: None,
        initiator,
        course,
    };
    state.jobs.insert(id.clone(), job);
    if !is_stuck {
        after(state, &id, seconds, first);
    }
    Ok(id)
}

/// A program that is started again until it succeeds, at most so many times.
fn attempts(once: &Course, most: u32) -> Course {
    if once.code == 0 {
        return once.clone();
    }
    let mut all = Course {
        code: once.code,
        ..Course::default()
    };
    for _ in 0..most {
        let lines = once.lines.iter();
        let shifted = lines.map(|(at, text)| (all.lasts + at, text.clone()));
        all.lines.extend(shifted);
        all.lasts += once.lasts;
    }
    all
}

fn after(state: &mut State, id: &str, seconds: i64, what: What) {
    let id = id.to_owned();
    state.after(seconds, Event::Job(JobEvent { id, what }));
}

/// Applies an event that is due.
pub(crate) fn happen(state: &mut State, event: JobEvent) {
    let JobEvent { id, what } = event;
    match what {
        What::Starts => start(state, &id),
        What::CannotStart => {
            let message = "the image could not be pulled".to_owned();
            end(state, &id, Stage::Error, Some(message));
        }
        What::Ends { stage, message } => end(state, &id, stage, message),
    }
}

fn start(state: &mut State, id: &str) {
    let now = state.now;
    let Some(job) = state.jobs.get_mut(id) else {
        return;
    };
    if job.stage != Stage::Scheduling {
        return;
    }
    job.stage = Stage::Running;
    job.started = Some(now);
    let (timeout, course) = (job.spec.timeout(), &job.course);
    let (stage, message) = if course.lasts > timeout {
        let message = format!("the job was stopped after {timeout} s");
        (Stage::Error, Some(message))
    } else if course.code != 0 {
        let message = format!("the job failed with exit code {}", course.code);
        (Stage::Error, Some(message))
    } else {
        (Stage::Completed, None)
    };
    let seconds = course.lasts.min(timeout);
    let usages = usages(job);
    for (key, usage) in usages {
        state.meter.start(key, usage, now);
    }
    after(state, id, seconds, What::Ends { stage, message });
}

/// What a job uses: its machine, and its ports.
fn usages(job: &Job) -> Vec<(String, Usage)> {
    let Some(flavor) = job.spec.flavor() else {
        return Vec::new();
    };
    let usage = |names: [&str; 3], price: Decimal| Usage {
        rounding: Rounding::Minutes,
        tags: job.spec.labels.clone(),
        run_id: tags::run_id(&job.spec.labels),
        ..Usage::of(&job.id, names, price)
    };
    let machine = usage(["job", "Jobs", flavor.name], flavor.usd_per_hour());
    let mut all = vec![(machine_key(&job.id), machine)];
    let ports = job.spec.expose.iter().any(|it| !it.ports.is_empty());
    if ports {
        let usage = usage(
            ["job_ports", "Jobs", "exposed-ports"],
            Decimal::new(PORTS_CENTS, 2),
        );
        all.push((ports_key(&job.id), usage));
    }
    all
}

fn machine_key(id: &str) -> String {
    format!("job/{id}")
}

fn ports_key(id: &str) -> String {
    format!("job/{id}/ports")
}

/// Ends a job that has not ended.
pub(super) fn end(state: &mut State, id: &str, stage: Stage, message: Option<String>) {
    let now = state.now;
    let Some(job) = state.jobs.get_mut(id) else {
        return;
    };
    if job.stage.is_final() {
        return;
    }
    job.stage = stage;
    job.message = message;
    job.finished = Some(now);
    state.meter.stop(&machine_key(id), now);
    state.meter.stop(&ports_key(id), now);
}

/// Who calls started it.
pub(super) fn by_user() -> Initiator {
    Initiator {
        kind: "user",
        id: whoami::id_of(USER),
        name: Some(USER.to_owned()),
    }
}

/// Adds a job of somebody else, in this stage, which it keeps.
pub(super) fn add_for_bystanders(state: &mut State, namespace: &str, spec: Spec, stage: Stage) {
    let id = state.ids.hex(24);
    let now = state.now;
    let job = Job {
        id: id.clone(),
        namespace: namespace.to_owned(),
        spec,
        created: now,
        started: Some(now),
        finished: stage.is_final().then_some(now),
        stage,
        message: None,
        initiator: by_user(),
        course: Course::default(),
    };
    if stage == Stage::Running {
        for (key, usage) in usages(&job) {
            state.meter.start(key, usage, now);
        }
    }
    state.jobs.insert(id, job);
}
