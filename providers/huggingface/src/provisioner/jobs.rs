//! The job: found by its label, or run once. A job has no unique name and its call no token, so one whose answer was lost
//! is looked for before anything is repeated, and one that a dead process has asked for before anything is run.

use std::time::Duration;

use kubeproof_cloudkit::create::{LookupWindows, find_or_create};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde::de::IgnoredAny;

use super::{Work, requests};
use crate::api::types::Job;
use crate::marks;
use crate::spec::JobSpec;

/// How long a job may wait for hardware and load its image.
const RUNS_WITHIN: Duration = Duration::from_mins(30);
/// How long it may take to end once it is cancelled.
const ENDS_WITHIN: Duration = Duration::from_mins(10);
const EVERY: PollSchedule = PollSchedule::every(5);

/// The job, running or completed.
pub(super) async fn ensure(work: &Work, spec: &JobSpec) -> Result<(), CallError> {
    let body = requests::job(work.run(), spec);
    let (body, parameters) = (&body, [work.namespace()]);
    let parameters = &parameters;
    let once = || async move {
        let call = RestCall::new("RunJob", parameters).with_body(body);
        work.note_asked().await?;
        work.api.hub.once::<Job>(call).await
    };
    let run = || async move { work.session().call(RetryPolicy::ONCE, once).await };
    let late = work.until_all_made().await;
    if !late.is_zero() && usable(work).await?.is_none() {
        // A process that died may have asked for one that is not there yet.
        work.session().sleep(late).await?;
    }
    let windows = LookupWindows::DEFAULT;
    let job = find_or_create(work.session(), windows, || usable(work), run).await?;
    let check = || async {
        let now = get(work, &job.id).await?;
        Ok(match now.status.stage.as_str() {
            "RUNNING" | "COMPLETED" => Poll::Ready(()),
            _ if now.is_alive() => Poll::Pending(now.stage()),
            _ => Poll::Failed(now.stage()),
        })
    };
    let what = format!("wait for job {}", job.id);
    poll_until(work.session(), EVERY, RUNS_WITHIN, &what, check).await?;
    work.session().record("job", &job.id);
    Ok(())
}

async fn get(work: &Work, id: &str) -> Result<Job, CallError> {
    work.api.hub.get("GetJob", &[work.namespace(), id]).await
}

/// All jobs of the run, also those that have ended.
async fn all(work: &Work) -> Result<Vec<Job>, CallError> {
    let parameters = [work.namespace()];
    let label = format!("{}={}", marks::RUN, work.run().id);
    let query = [("label", label.as_str())];
    let call = RestCall::new("ListJobs", &parameters).with_query(&query);
    let mut all: Vec<Job> = work.api.hub.all_linked_pages(call, "cursor").await?;
    all.retain(|job| marks::are_of(work.run(), &job.marks()));
    Ok(all)
}

/// The job of an earlier try that waits, runs or has completed. One that has failed does not count.
async fn usable(work: &Work) -> Result<Option<Job>, CallError> {
    let is_usable = |job: &Job| {
        let is_own = !job.marks().contains_key(marks::PROOF);
        is_own && (job.is_alive() || job.status.stage == "COMPLETED")
    };
    let mut all = all(work).await?;
    all.retain(is_usable);
    Ok(all.into_iter().min_by_key(|job| job.created_at))
}

/// The ids of the run's jobs that have not ended.
pub(super) async fn alive(work: &Work) -> Result<Vec<String>, CallError> {
    if work.spec.job.is_none() {
        // A token for endpoints need not reach jobs.
        return Ok(Vec::new());
    }
    let mut all = all(work).await?;
    all.retain(Job::is_alive);
    Ok(all.into_iter().map(|job| job.id).collect())
}

/// Cancels a job and waits for its end: it is billed until then.
pub(super) async fn cancel(work: &Work, id: &str, policy: RetryPolicy) -> Result<(), CallError> {
    let parameters = [work.namespace(), id];
    let call = RestCall::new("CancelJob", &parameters);
    let cancelled = work.api.hub.call::<IgnoredAny>(policy, call).await;
    let refused = ignore_not_found(cancelled).err();
    let check = || async {
        let now = match get(work, id).await {
            Err(error) if error.is_not_found() => return Ok(Poll::Ready(())),
            read => read?,
        };
        Ok(match (&refused, now.is_alive()) {
            (_, false) => Poll::Ready(()),
            (None, true) => Poll::Pending(now.stage()),
            (Some(error), true) => return Err(error.clone()),
        })
    };
    let what = format!("wait for the end of job {id}");
    poll_until(work.session(), EVERY, ENDS_WITHIN, &what, check).await
}
