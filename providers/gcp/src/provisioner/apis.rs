//! The project's APIs: enabled where they are not, and disabled again by teardown if the scenario asks for that.
//!
//! Which ones were disabled before is written down before any is enabled. What the file does not say is left enabled:
//! another user of the project may need it.

use std::time::Duration;

use bytes::Bytes;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde::de::IgnoredAny;
use serde_json::json;

use super::{READ, Work};
use crate::api::errors;
use crate::api::types::{EnabledApis, LongRunning};

/// What a cluster needs. What depends on another stands before it: that is the order in which they are disabled.
const NEEDED: &[&str] = &[
    "container.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
];
/// The file that says which APIs were disabled before the run.
const FILE: &str = "gcp-apis.json";
/// How long enabling may take, and how long until it is known everywhere.
const LIMIT: Duration = Duration::from_mins(10);
const SCHEDULE: PollSchedule = PollSchedule::every(5);

/// Enables what is needed, and waits until it answers.
pub(super) async fn enable(work: &Work) -> Result<(), CallError> {
    let missing = disabled(work, NEEDED).await?;
    if missing.is_empty() {
        return Ok(());
    }
    if work.spec.restore_apis {
        remember(work, &missing).await?;
    }
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
    answering(work).await
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

/// Nothing, when the read was refused because the API is disabled: it then has no resources. An API that was enabled a
/// moment ago refuses in the same way, so Service Usage is asked.
pub(super) async fn nothing_if_disabled<T: Default>(
    work: &Work,
    api: &str,
    read: Result<T, CallError>,
) -> Result<T, CallError> {
    match read {
        Err(error) if error.cause == Cause::NotPropagated => {
            if is_disabled(work, api).await? {
                Ok(T::default())
            } else {
                Err(error)
            }
        }
        read => read,
    }
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

/// Writes down what is about to be enabled, with what was written down before.
async fn remember(work: &Work, missing: &[String]) -> Result<(), CallError> {
    let mut all = remembered(work).await?;
    all.extend(
        missing
            .iter()
            .filter(|api| !all.contains(api))
            .cloned()
            .collect::<Vec<_>>(),
    );
    let disk = &work.api.connection().disk;
    let written = disk.write(FILE, Bytes::from(json!(all).to_string())).await;
    written
        .map_err(|error| CallError::state("remember which APIs were disabled", error.to_string()))
}

async fn remembered(work: &Work) -> Result<Vec<String>, CallError> {
    let what = "read which APIs were disabled";
    let read = work.api.connection().disk.read(FILE).await;
    match read.map_err(|error| CallError::state(what, error.to_string()))? {
        None => Ok(Vec::new()),
        Some(content) => serde_json::from_slice(&content)
            .map_err(|_| CallError::state(what, format!("{FILE} is damaged: nothing is disabled"))),
    }
}

/// What teardown has to disable again.
pub(super) async fn to_disable(work: &Work) -> Result<Vec<String>, CallError> {
    if !work.spec.restore_apis {
        return Ok(Vec::new());
    }
    let remembered = remembered(work).await?;
    if remembered.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = remembered.iter().map(String::as_str).collect();
    let off = disabled(work, &names).await?;
    Ok(remembered
        .into_iter()
        .filter(|api| !off.contains(api))
        .collect())
}

/// Disables APIs again. What depends on them is not disabled with them.
pub(super) async fn disable(work: &Work, mut apis: Vec<String>) -> Result<(), CallError> {
    apis.sort_by_key(|api| NEEDED.iter().position(|needed| needed == api));
    let body = json!({"disableDependentServices": false, "checkIfServiceHasUsage": "SKIP"});
    for api in &apis {
        let parameters = [work.project(), api];
        let call = RestCall::new("services.disable", &parameters).with_body(&body);
        let operation: LongRunning = work
            .api
            .services
            .call(RetryPolicy::IDEMPOTENT, call)
            .await?;
        done(work, operation, "disable APIs").await?;
    }
    Ok(())
}
