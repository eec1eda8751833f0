//! The project's APIs: enabled where they are not, and disabled again by teardown if the scenario asks for that.
//!
//! Disabling an API deletes nothing: a cluster stays, is billed on, and cannot be seen. So what a disabled API refuses to
//! show is nothing only if this run has never used it: see `files`.

mod files;

use std::time::Duration;

use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::json;

use super::{READ, Work};
use crate::api::errors;
use crate::api::types::{EnabledApis, LongRunning};

/// An API, and what a run can leave in it.
struct Needed {
    api: &'static str,
    leaves: &'static str,
}

/// What a cluster needs. What depends on another stands before it: that is the order in which they are disabled.
const NEEDED: &[Needed] = &[
    Needed {
        api: "container.googleapis.com",
        leaves: "clusters with their nodes",
    },
    Needed {
        api: "compute.googleapis.com",
        leaves: "networks, machines, disks, addresses and load balancers",
    },
    Needed {
        api: "iam.googleapis.com",
        leaves: "service accounts",
    },
];
/// How long enabling may take, and how long until it is known everywhere.
const LIMIT: Duration = Duration::from_mins(10);
const SCHEDULE: PollSchedule = PollSchedule::every(5);

/// The cluster's own APIs, then those that the scenario names for its workload.
fn needed(work: &Work) -> Vec<&str> {
    let own = NEEDED.iter().map(|needed| needed.api);
    let named = work.spec.apis.iter().map(|api| api.0.as_str());
    own.chain(named).collect()
}

/// Enables what is needed, and waits until it answers.
pub(super) async fn enable(work: &Work) -> Result<(), CallError> {
    let needed = needed(work);
    let missing = disabled(work, &needed).await?;
    if !missing.is_empty() {
        files::note_disabled(work, &missing).await?;
        work.report(&format!("enabling {}", missing.join(", ")));
        let body = json!({ "serviceIds": missing });
        let project = [work.project()];
        let call = RestCall::new("services.batchEnable", &project).with_body(&body);
        let operation: LongRunning = work
            .api
            .services
            .call(RetryPolicy::IDEMPOTENT, call)
            .await?;
        done(work, operation, "enable APIs").await?;
        answering(work).await?;
    }
    // Nothing may be made before this is written.
    files::note_used(work, &needed).await
}

/// Those of these APIs that are not enabled.
async fn disabled(work: &Work, apis: &[&str]) -> Result<Vec<String>, CallError> {
    let names: Vec<String> = apis
        .iter()
        .map(|api| format!("projects/{}/services/{api}", work.project()))
        .collect();
    let query: Vec<(&str, &str)> = names.iter().map(|name| ("names", name.as_str())).collect();
    let project = [work.project()];
    let call = RestCall::new("services.batchGet", &project).with_query(&query);
    let seen: EnabledApis = work.api.services.call(READ, call).await?;
    let enabled = |api: &str| {
        let of_api = |name: &str| name.rsplit('/').next() == Some(api);
        let mut all = seen.services.iter();
        all.any(|one| one.state == "ENABLED" && of_api(&one.name))
    };
    let missing = apis.iter().filter(|api| !enabled(api));
    Ok(missing.map(|api| (*api).to_owned()).collect())
}

/// Whether an API is disabled.
async fn is_disabled(work: &Work, api: &str) -> Result<bool, CallError> {
    Ok(!disabled(work, &[api]).await?.is_empty())
}

/// Nothing, when the read was refused because the API is disabled and this run has never used it: then it has made
/// nothing there. An API that was enabled a moment ago refuses in the same way, so Service Usage is asked.
///
/// # Errors
/// When the API is disabled and the run may have something there: no one can see it until the API is enabled.
pub(super) async fn nothing_if_disabled<T: Default>(
    work: &Work,
    api: &str,
    read: Result<T, CallError>,
) -> Result<T, CallError> {
    let error = match read {
        Err(error) if error.cause == Cause::NotPropagated => error,
        read => return read,
    };
    if !is_disabled(work, api).await? {
        return Err(error);
    }
    if files::is_unused(work, api).await? {
        return Ok(T::default());
    }
    Err(CallError {
        message: hidden(work.project(), api),
        cause: Cause::Other,
        ..error
    })
}

/// What it means that an API of the run is disabled, and what to do.
fn hidden(project: &str, api: &str) -> String {
    let leaves = NEEDED.iter().find(|needed| needed.api == api);
    let leaves = leaves.map_or("resources", |needed| needed.leaves);
    format!(
        "{api} is disabled in project {project}, and that deletes nothing: {leaves} of the run may remain there, be \
         billed, and cannot be seen or removed. Run `gcloud services enable {api} --project {project}`, then tear down \
         again"
    )
}

async fn done(work: &Work, begun: LongRunning, what: &str) -> Result<(), CallError> {
    let id = begun.name.rsplit('/').next().unwrap_or_default().to_owned();
    let ended = if begun.done {
        begun
    } else {
        let check = || async {
            let parameters = [id.as_str()];
            let call = RestCall::new("operations.get", &parameters);
            let seen: LongRunning = work.api.services.call(READ, call).await?;
            Ok(if seen.done {
                Poll::Ready(seen)
            } else {
                Poll::Pending("not done".to_owned())
            })
        };
        poll_until(work.session(), SCHEDULE, LIMIT, what, check).await?
    };
    match ended.error {
        None => Ok(()),
        Some(error) => {
            let code = error.code.to_string();
            Err(errors::of_operation(what, None, &code, &error.message))
        }
    }
}

/// Waits until the services themselves know that they are enabled.
async fn answering(work: &Work) -> Result<(), CallError> {
    let check = || async {
        let (project, region) = (work.project(), work.region());
        let (compute, container) = ([project], [project, region]);
        let call = RestCall::new("projects.get", &compute);
        let first = work
            .api
            .compute
            .call::<IgnoredAny>(RetryPolicy::IDEMPOTENT, call);
        let call = RestCall::new("projects.locations.getServerConfig", &container);
        let second = work
            .api
            .container
            .call::<IgnoredAny>(RetryPolicy::IDEMPOTENT, call);
        let (first, second) = futures::join!(first, second);
        match first.and(second) {
            Ok(_) => Ok(Poll::Ready(())),
            Err(error) if error.cause == Cause::NotPropagated => Ok(Poll::Pending(error.code)),
            Err(error) => Err(error),
        }
    };
    let what = "wait for enabled APIs";
    poll_until(work.session(), SCHEDULE, LIMIT, what, check).await
}

/// What teardown has to disable again.
pub(super) async fn to_disable(work: &Work) -> Result<Vec<String>, CallError> {
    if !work.spec.restore_apis {
        return Ok(Vec::new());
    }
    let before = files::disabled_before(work).await?;
    if before.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = before.iter().map(String::as_str).collect();
    let off = disabled(work, &names).await?;
    Ok(before
        .into_iter()
        .filter(|api| !off.contains(api))
        .collect())
}

/// Disables APIs again, when nothing of the run is left in them. What depends on them is not disabled with them.
pub(super) async fn disable(work: &Work, mut apis: Vec<String>) -> Result<(), CallError> {
    // Those of the workload may depend on the cluster's own, never the other way round.
    let rank = |api: &String| {
        let own = NEEDED.iter().position(|needed| needed.api == api);
        own.map_or(0, |place| place + 1)
    };
    apis.sort_by_key(rank);
    files::forget_use(work, &apis).await?;
    let body = json!({"disableDependentServices": false, "checkIfServiceHasUsage": "SKIP"});
    for api in &apis {
        let parameters = [work.project(), api];
        let call = RestCall::new("services.disable", &parameters).with_body(&body);
        let begun = work.api.services.call(RetryPolicy::IDEMPOTENT, call).await;
        let operation: LongRunning = match begun {
            // A call whose answer was lost has disabled it, and its repetition is refused.
            Err(_) if is_disabled(work, api).await? => continue,
            begun => begun?,
        };
        done(work, operation, "disable APIs").await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_is_disabled_what_may_remain_and_how_to_enable_it() {
        let text = hidden("p", "container.googleapis.com");
        for part in [
            "container.googleapis.com is disabled in project p",
            "clusters with their nodes of the run may remain",
            "`gcloud services enable container.googleapis.com --project p`",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
