//! Jobs: one run of a container, billed by the minute while it runs, and schedules that start them.

mod calls;
mod lifecycle;
mod logs;
mod program;
mod schedule;
mod scheduled;
mod shown;
mod spec;

use jiff::Timestamp;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::router::{Operation, Router, on};

pub(crate) use self::lifecycle::{JobEvent, happen};
pub(crate) use self::scheduled::{Scheduled, ScheduledEvent, due};

use self::program::Course;
use self::spec::Spec;
use crate::flavors;
use crate::route::{Handler, Table};
use crate::state::State;
use crate::wire::Answer;

/// The operations below `/api` that name a namespace.
pub(crate) const TABLE: Table = Router::new(&[
    on(
        "GET",
        "/jobs/{namespace}",
        "ListJobs",
        calls::list as Handler,
    ),
    on("POST", "/jobs/{namespace}", "RunJob", calls::run),
    on("GET", "/jobs/{namespace}/{id}", "GetJob", calls::get),
    on(
        "POST",
        "/jobs/{namespace}/{id}/cancel",
        "CancelJob",
        calls::cancel,
    ),
    on(
        "POST",
        "/jobs/{namespace}/{id}/duplicate",
        "DuplicateJob",
        calls::duplicate,
    ),
    on(
        "PUT",
        "/jobs/{namespace}/{id}/labels",
        "UpdateJobLabels",
        calls::update_labels,
    ),
    on(
        "GET",
        "/jobs/{namespace}/{id}/logs",
        "GetJobLogs",
        logs::get,
    ),
    Operation::not_simulated("GET", "/jobs/{namespace}/{id}/events", "GetJobEvents"),
    Operation::not_simulated("GET", "/jobs/{namespace}/{id}/metrics", "GetJobMetrics"),
    Operation::not_simulated("PUT", "/jobs/{namespace}/{id}/expose", "UpdateJobPorts"),
    on(
        "GET",
        "/scheduled-jobs/{namespace}",
        "ListScheduledJobs",
        scheduled::list,
    ),
    on(
        "POST",
        "/scheduled-jobs/{namespace}",
        "CreateScheduledJob",
        scheduled::create,
    ),
    on(
        "GET",
        "/scheduled-jobs/{namespace}/{id}",
        "GetScheduledJob",
        scheduled::get,
    ),
    on(
        "DELETE",
        "/scheduled-jobs/{namespace}/{id}",
        "DeleteScheduledJob",
        scheduled::delete,
    ),
    on(
        "POST",
        "/scheduled-jobs/{namespace}/{id}/suspend",
        "SuspendScheduledJob",
        scheduled::suspend,
    ),
    on(
        "POST",
        "/scheduled-jobs/{namespace}/{id}/resume",
        "ResumeScheduledJob",
        scheduled::resume,
    ),
    on(
        "POST",
        "/scheduled-jobs/{namespace}/{id}/run",
        "RunScheduledJob",
        scheduled::run_now,
    ),
    on(
        "POST",
        "/scheduled-jobs/{namespace}/{id}/schedule",
        "UpdateSchedule",
        scheduled::update_schedule,
    ),
    on(
        "PUT",
        "/scheduled-jobs/{namespace}/{id}/labels",
        "UpdateScheduledJobLabels",
        scheduled::update_labels,
    ),
]);

/// The machines of Jobs.
pub(crate) const HARDWARE: Table = Router::new(&[on(
    "GET",
    "/jobs/hardware",
    "ListJobHardware",
    (|_, _| Ok(Answer::json(&flavors::jobs()))) as Handler,
)]);

/// The resource types.
pub(crate) const TYPE: &str = "job";
pub(crate) const SCHEDULED_TYPE: &str = "scheduled_job";

/// Where a job is (`JobStage` of `huggingface_hub` 2.4.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Scheduling,
    Running,
    Completed,
    Error,
    Canceled,
}

impl Stage {
    const fn word(self) -> &'static str {
        match self {
            Self::Scheduling => "SCHEDULING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Error => "ERROR",
            Self::Canceled => "CANCELED",
        }
    }

    /// Whether it has ended.
    const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Error | Self::Canceled)
    }
}

/// What started a job.
#[derive(Clone, Debug)]
pub(crate) struct Initiator {
    kind: &'static str,
    id: String,
    name: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    id: String,
    namespace: String,
    spec: Spec,
    created: Timestamp,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    stage: Stage,
    message: Option<String>,
    initiator: Initiator,
    /// What its program says, and when it ends.
    course: Course,
}

/// Everything that exists: jobs that have not ended, and schedules. What has ended is a record, and costs nothing.
pub(crate) fn inventory(state: &State) -> impl Iterator<Item = Resource> {
    let jobs = state.jobs.all().filter(|job| !job.stage.is_final());
    let jobs = jobs.map(|job| {
        Resource::new(TYPE, &job.id, &job.namespace)
            .named(job.spec.labels.get("name").cloned())
            .tagged(job.spec.labels.clone())
            .in_state(job.stage.word(), Lifetime::Alive)
            .created(job.created)
            .with("flavor", &job.spec.flavor)
    });
    let scheduled = state.scheduled.all().map(|one| {
        let word = if one.is_suspended {
            "suspended"
        } else {
            "active"
        };
        Resource::new(SCHEDULED_TYPE, &one.id, &one.namespace)
            .named(one.spec.labels.get("name").cloned())
            .tagged(one.spec.labels.clone())
            .in_state(word, Lifetime::Alive)
            .created(one.created)
            .with("flavor", &one.spec.flavor)
            .with("schedule", &one.schedule)
    });
    jobs.chain(scheduled)
}

/// The state of a job or a schedule as text: what only calls change.
pub(crate) fn canonical(state: &State, resource: &Resource) -> String {
    let id = resource.id.as_str();
    if resource.resource_type == SCHEDULED_TYPE {
        let found = state.scheduled.get(id);
        let told = found.map(|one| (&one.spec, &one.schedule, one.is_suspended));
        return format!("{told:?}");
    }
    format!("{:?}", state.jobs.get(id).map(|job| &job.spec))
}

/// Adds a job of others that runs on and on.
pub(crate) fn add_bystanders(state: &mut State, namespace: &str) {
    lifecycle::add_for_bystanders(
        state,
        namespace,
        Spec::of_others("training"),
        Stage::Running,
    );
}

/// Adds a job that has ended, and a suspended schedule.
pub(crate) fn add_own_bystanders(state: &mut State, namespace: &str) {
    let spec = Spec::of_others("nightly-report");
    lifecycle::add_for_bystanders(state, namespace, spec.clone(), Stage::Completed);
    scheduled::add_for_bystanders(state, namespace, spec);
}
