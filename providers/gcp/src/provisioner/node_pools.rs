//! Node pools: the cluster's creation makes them; here they are waited for, and what a failed attempt left is made
//! again.

use std::time::Duration;

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, Cause, RetryPolicy};
use serde_json::json;

use super::cluster::{BUSY, ended, why};
use super::{READ, Work, requests};
use crate::api::errors;
use crate::api::types::{Cluster, ClusterOperation, NodePool};
use crate::spec::NodePool as Wanted;

const SCHEDULE: PollSchedule = PollSchedule::new(15, 60, 5);
/// terraform-provider-google waits 30 minutes for a node pool by default.
const LIMIT: Duration = Duration::from_mins(30);

/// All node pools, running, in order: a cluster takes one operation at a time. They are parts of the cluster, and told
/// with it.
pub(super) async fn ensure(work: &Work, cluster: &Cluster, account: &str) -> Result<(), CallError> {
    for wanted in &work.spec.node_pools.0 {
        let name = wanted.name.as_str();
        let known = cluster.node_pools.iter().find(|pool| pool.name == name);
        let is_broken = known.is_some_and(|pool| is_failed(pool) && !is_new(work, cluster));
        if is_broken {
            // An earlier attempt left it; it does not mend itself.
            delete(work, name).await?;
        }
        if known.is_none() || is_broken {
            create(work, wanted, account).await?;
        }
        running(work, name).await?;
    }
    Ok(())
}

/// Whether this process has seen the cluster being made, so that no attempt came before.
fn is_new(work: &Work, cluster: &Cluster) -> bool {
    let made: Option<jiff::Timestamp> = cluster.create_time.parse().ok();
    made.is_some_and(|made| made >= work.began())
}

fn is_failed(pool: &NodePool) -> bool {
    matches!(pool.status.as_str(), "ERROR" | "RUNNING_WITH_ERROR")
}

fn parameters<'a>(work: &'a Work, cluster: &'a str, pool: &'a str) -> [&'a str; 4] {
    [work.project(), &work.spec.location.0, cluster, pool]
}

async fn create(work: &Work, wanted: &Wanted, account: &str) -> Result<(), CallError> {
    let body = json!({"nodePool": requests::node_pool(work, wanted, account)});
    let cluster = work.run().name("");
    let parameters = parameters(work, &cluster, "");
    let call = RestCall::new(
        "projects.locations.clusters.nodePools.create",
        &parameters[..3],
    );
    let policy = RetryPolicy::while_in_use(BUSY).while_not_propagated();
    let made = work.api.container.call(policy, call.with_body(&body)).await;
    match made {
        Ok(operation) => ended(work, &operation, "create the node pool").await,
        // An earlier request has made it: its name is unique in the run's own cluster.
        Err(error) if error.cause == Cause::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

async fn delete(work: &Work, name: &str) -> Result<(), CallError> {
    let cluster = work.run().name("");
    let parameters = parameters(work, &cluster, name);
    let call = RestCall::new("projects.locations.clusters.nodePools.delete", &parameters);
    let policy = RetryPolicy::while_in_use(BUSY);
    match work
        .api
        .container
        .call::<ClusterOperation>(policy, call)
        .await
    {
        Ok(operation) => ended(work, &operation, "delete the node pool").await,
        failed => ignore_not_found(failed),
    }
}

async fn running(work: &Work, name: &str) -> Result<(), CallError> {
    let what = "wait for the node pool";
    let cluster = work.run().name("");
    let parameters = parameters(work, &cluster, name);
    let check = || async {
        let call = RestCall::new("projects.locations.clusters.nodePools.get", &parameters);
        let pool: NodePool = work.api.container.call(READ, call).await?;
        Ok(match pool.status.as_str() {
            "RUNNING" | "RECONCILING" => Poll::Ready(None),
            _ if is_failed(&pool) => Poll::Ready(Some(why(
                &pool.status,
                &pool.status_message,
                &pool.conditions,
            ))),
            _ => Poll::Pending(pool.status),
        })
    };
    let failed = poll_until(work.session(), SCHEDULE, LIMIT, what, check).await?;
    failed.map_or(Ok(()), |why| {
        Err(errors::of_operation(what, None, "", &why))
    })
}
