//! The cluster: made once, found again by its name and labels, and removed until it is gone.
//!
//! Creation has no request id, so its name is what makes it unique. The operation tells why it failed; a cluster that
//! could not be made stays in `ERROR` for a while and then removes itself.

use std::time::Duration;

use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde::Deserialize;

use super::network::Placement;
use super::service_account::is_unknown_account;
use super::{READ, Work, apis, asked, requests};
use crate::api::errors;
use crate::api::types::{Cluster, ClusterOperation, ClusterOperations, Condition, last};
use crate::marks;

/// The API that clusters belong to.
const API: &str = "container.googleapis.com";
/// A cluster: hardly ever ready before 4 minutes.
const SCHEDULE: PollSchedule = PollSchedule::new(20, 200, 5);
/// terraform-provider-google waits 40 minutes for a cluster by default.
const LIMIT: Duration = Duration::from_mins(40);
/// Deletions, and operations of others that end first.
pub(super) const GONE: PollSchedule = PollSchedule::every(10);
/// How long another operation may run on the cluster before ours can begin.
pub(super) const BUSY: Duration = Duration::from_mins(30);
/// Creation names a service account that may not be known everywhere yet.
const CREATE: RetryPolicy = RetryPolicy::propagation(is_unknown_account);

/// The cluster, running.
pub(super) async fn ensure(
    work: &Work,
    placement: &Placement,
    account: &str,
) -> Result<Cluster, CallError> {
    if let Some(known) = find(work).await? {
        if known.status == "STOPPING" {
            gone(work).await?;
        } else if known.status == "ERROR" {
            // It never becomes usable, and its name is taken until it is gone.
            let policy = RetryPolicy::while_in_use(BUSY).while_not_propagated();
            delete(work, policy).await?;
        }
    }
    let body = requests::cluster(work, placement, account);
    let find = || async { find(work).await };
    let make = || async {
        let parameters = [work.project(), work.spec.location.0.as_str()];
        let call = RestCall::new("projects.locations.clusters.create", &parameters);
        let call = call.with_body(&body);
        asked::note(work).await?;
        let _: ClusterOperation = work.api.container.call(CREATE, call).await?;
        // It may not show yet.
        Ok(Cluster::default())
    };
    let is_taken = |error: &CallError| error.cause == Cause::AlreadyExists;
    create_or_adopt(work.session(), LookupWindows::DEFAULT, find, make, is_taken).await?;
    work.session().record("cluster", &work.run().name(""));
    running(work).await
}

/// The cluster of the run's name, no matter whose it is.
async fn get(work: &Work) -> Result<Option<Cluster>, CallError> {
    let name = work.run().name("");
    let parameters = [work.project(), work.spec.location.0.as_str(), &name];
    let call = RestCall::new("projects.locations.clusters.get", &parameters);
    let read = match work.api.container.call(READ, call).await {
        Err(error) if error.is_not_found() => Ok(None),
        result => result.map(Some),
    };
    apis::nothing_if_disabled(work, API, read).await
}

/// The run's cluster, if it exists.
pub(super) async fn find(work: &Work) -> Result<Option<Cluster>, CallError> {
    let found: Option<Cluster> = get(work).await?;
    Ok(found.filter(|found| marks::are_of(work.run(), &found.resource_labels)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Clusters {
    clusters: Vec<Cluster>,
    missing_zones: Vec<String>,
}

/// The names of the project's clusters, without the run's.
pub(super) async fn others(work: &Work) -> Result<Vec<String>, CallError> {
    let parameters = [work.project(), "-"];
    let call = RestCall::new("projects.locations.clusters.list", &parameters);
    let read = work.api.container.call(READ, call).await;
    let read: Clusters = apis::nothing_if_disabled(work, API, read).await?;
    if !read.missing_zones.is_empty() {
        let zones = read.missing_zones.join(", ");
        return Err(CallError::state(
            "list clusters",
            format!("{zones} did not answer"),
        ));
    }
    let own = work.run().name("");
    let names = read.clusters.into_iter().map(|cluster| cluster.name);
    Ok(names.filter(|name| *name != own).collect())
}

/// Waits until it runs. Where it will not, the error is that of its operation.
async fn running(work: &Work) -> Result<Cluster, CallError> {
    let what = "wait for the cluster";
    let began = work.session().elapsed();
    let check = || async {
        let Some(cluster) = find(work).await? else {
            // Operations show before their cluster.
            let waited = work.session().elapsed().saturating_sub(began);
            return Ok(if waited < LookupWindows::DEFAULT.shown_within {
                Poll::Pending("not shown yet".to_owned())
            } else {
                let why = "it is gone: a cluster that could not be made removes itself";
                Poll::Ready(Err(why.to_owned()))
            });
        };
        Ok(match cluster.status.as_str() {
            "RUNNING" | "RECONCILING" => Poll::Ready(Ok(cluster)),
            "ERROR" | "DEGRADED" | "STOPPING" => Poll::Ready(Err(why(
                &cluster.status,
                &cluster.status_message,
                &cluster.conditions,
            ))),
            _ => Poll::Pending(cluster.status),
        })
    };
    let seen = poll_until(work.session(), SCHEDULE, LIMIT, what, check).await?;
    let failure = creation_error(work).await?;
    match (seen, failure) {
        (Ok(cluster), None) => Ok(cluster),
        (Ok(_), Some(error)) => Err(error),
        (Err(why), Some(error)) => Err(CallError {
            message: format!("{why}: {}", error.message),
            ..error
        }),
        (Err(why), None) => Err(errors::of_operation(what, None, "", &why)),
    }
}

/// What a status and its conditions say.
pub(super) fn why(status: &str, message: &str, conditions: &[Condition]) -> String {
    let mut parts = vec![status.to_owned()];
    parts.extend(Some(message.to_owned()).filter(|message| !message.is_empty()));
    for condition in conditions {
        let code = [&condition.code, &condition.canonical_code];
        let code = code.into_iter().find(|code| !code.is_empty());
        let code = code.map_or("", String::as_str);
        parts.push(format!("{code} {}", condition.message).trim().to_owned());
    }
    parts.join(": ")
}

/// The error of the operation that made the cluster, if it has one: the last one, when a cluster of this name was made
/// before.
async fn creation_error(work: &Work) -> Result<Option<CallError>, CallError> {
    let operations = operations(work).await?;
    let mut made: Vec<ClusterOperation> = operations
        .into_iter()
        .filter(|one| one.operation_type == "CREATE_CLUSTER")
        .collect();
    made.sort_by(|a, b| a.start_time.cmp(&b.start_time));
    let failed = made.pop().and_then(|one| {
        let error = one.error?;
        let (code, message) = (error.code.to_string(), error.message);
        Some(errors::of_operation(
            "create the cluster",
            None,
            &code,
            &message,
        ))
    });
    Ok(failed)
}

/// The operations on the cluster.
async fn operations(work: &Work) -> Result<Vec<ClusterOperation>, CallError> {
    let parameters = [work.project(), work.spec.location.0.as_str()];
    let call = RestCall::new("projects.locations.operations.list", &parameters);
    let all: ClusterOperations = work.api.container.call(READ, call).await?;
    let name = work.run().name("");
    let of_cluster = |one: &ClusterOperation| {
        let link = one
            .target_link
            .split("/nodePools/")
            .next()
            .unwrap_or_default();
        last(link) == Some(name.as_str())
    };
    Ok(all.operations.into_iter().filter(of_cluster).collect())
}

/// Waits for the end of an operation on the cluster.
pub(super) async fn ended(
    work: &Work,
    begun: &ClusterOperation,
    what: &str,
) -> Result<(), CallError> {
    let check = || async {
        let parameters = [
            work.project(),
            work.spec.location.0.as_str(),
            begun.name.as_str(),
        ];
        let call = RestCall::new("projects.locations.operations.get", &parameters);
        let read = work
            .api
            .container
            .call::<ClusterOperation>(READ, call)
            .await;
        Ok(match read {
            // Its record is gone: the resource itself tells.
            Err(error) if error.is_not_found() => Poll::Ready(None),
            Err(error) => return Err(error),
            Ok(seen) if seen.status == "DONE" => Poll::Ready(Some(seen)),
            Ok(seen) => Poll::Pending(seen.status),
        })
    };
    let seen = poll_until(work.session(), GONE, LIMIT, what, check).await?;
    match seen.and_then(|seen| seen.error) {
        None => Ok(()),
        Some(error) => {
            let code = error.code.to_string();
            Err(errors::of_operation(what, None, &code, &error.message))
        }
    }
}

/// Deletes the run's cluster with its nodes, after what runs on it, and waits until it is gone.
pub(super) async fn delete(work: &Work, policy: RetryPolicy) -> Result<(), CallError> {
    let name = work.run().name("");
    let parameters = [work.project(), work.spec.location.0.as_str(), &name];
    let call = RestCall::new("projects.locations.clusters.delete", &parameters);
    ignore_not_found(
        work.api
            .container
            .call::<ClusterOperation>(policy, call)
            .await,
    )?;
    gone(work).await
}

/// Waits until the cluster is gone. A deletion that fails is repeated by Kubernetes Engine itself.
async fn gone(work: &Work) -> Result<(), CallError> {
    let check = || async {
        Ok(match find(work).await? {
            None => Poll::Ready(()),
            Some(cluster) => Poll::Pending(why(
                &cluster.status,
                &cluster.status_message,
                &cluster.conditions,
            )),
        })
    };
    poll_until(
        work.session(),
        GONE,
        LIMIT,
        "wait for the cluster's end",
        check,
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_all_that_is_known() {
        let condition = Condition {
            code: "GCE_STOCKOUT".to_owned(),
            message: "No machines.".to_owned(),
            ..Condition::default()
        };
        assert_eq!(
            why("ERROR", "", &[condition]),
            "ERROR: GCE_STOCKOUT No machines."
        );
        assert_eq!(why("ERROR", "Try again.", &[]), "ERROR: Try again.");
    }
}
