//! Teardown: everything of the run, found by tag and name, in dependency order.

use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::poll::{Poll, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::teardown::{Delete, Rounds, Step, Teardown};
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::provisioner::ProvisionerError;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Work;
use super::ready::SCHEDULE;
use crate::api::types::is_name_of;
use crate::cluster_ca;

/// How long terminating may take: one to three minutes is typical.
const GONE_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long something may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How a run is torn down.
const TEARDOWN: Teardown<Work> = Teardown {
    steps: &[
        Step {
            name: "instance",
            of: None,
            after: &[],
            in_use_for: Duration::ZERO,
            list: |work, _| instances(work).boxed(),
            delete: Delete::Together(|work, ids, _| terminate(work, ids).map(Into::into).boxed()),
        },
        Step {
            name: "firewall_ruleset",
            of: None,
            after: &["instance"],
            in_use_for: IN_USE_LIMIT,
            list: |work, _| named(work, "ListFirewallRulesets").boxed(),
            delete: Delete::Each(|work, id, policy| {
                delete(work, "DeleteFirewallRuleset", id, policy).boxed()
            }),
        },
        Step {
            name: "filesystem",
            of: None,
            after: &["instance"],
            in_use_for: IN_USE_LIMIT,
            list: |work, _| named(work, "ListFileSystems").boxed(),
            delete: Delete::Each(|work, id, policy| {
                delete(work, "DeleteFileSystem", id, policy).boxed()
            }),
        },
        Step {
            name: "ssh_key",
            of: None,
            after: &["instance"],
            in_use_for: IN_USE_LIMIT,
            list: |work, _| named(work, "ListSshKeys").boxed(),
            delete: Delete::Each(|work, id, policy| {
                delete(work, "DeleteSshKey", id, policy).boxed()
            }),
        },
    ],
    prepare: None,
    marker: None,
    rounds: Rounds {
        most: 3,
        settle: Duration::from_secs(10),
        begin_within: Duration::from_secs(60 * 60),
    },
};

/// Removes everything of the run. A second call finds nothing and changes nothing.
pub(super) async fn everything(work: &Work) -> Result<(), ProvisionerError> {
    TEARDOWN.run(work).await?;
    cluster_ca::forget(work.api.connection()).map_err(ProvisionerError::new)
}

async fn instances(work: &Work) -> Result<Vec<String>, CallError> {
    let all = work.instances().await?;
    Ok(all.into_iter().map(|one| one.id).collect())
}

#[derive(Deserialize)]
struct Named {
    id: String,
    name: String,
}

/// The ids of those in a list that have a name of the run.
async fn named(work: &Work, list: &'static str) -> Result<Vec<String>, CallError> {
    let all: Vec<Named> = work.api.get(list, &[]).await?;
    let mine = all
        .into_iter()
        .filter(|one| is_name_of(work.run(), &one.name));
    Ok(mine.map(|one| one.id).collect())
}

/// Terminates instances and waits until they are gone. One that is not terminating by then is terminated again.
pub(super) async fn terminate(work: &Work, ids: Vec<String>) -> Result<(), CallError> {
    if ids.is_empty() {
        return Ok(());
    }
    let check = || async {
        let mut left = work.instances().await?;
        left.retain(|one| ids.contains(&one.id));
        let standing = left.iter().filter(|one| one.status != "terminating");
        let standing: Vec<&str> = standing.map(|one| one.id.as_str()).collect();
        if !standing.is_empty() {
            let body = json!({ "instance_ids": standing });
            let call = RestCall::new("TerminateInstances", &[]).with_body(&body);
            // One of them may be gone already: the next check terminates the rest.
            ignore_not_found(
                work.api
                    .call::<IgnoredAny>(RetryPolicy::IDEMPOTENT, call)
                    .await,
            )?;
        }
        Ok(if left.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending(format!("terminating: {}", ids.join(", ")))
        })
    };
    let what = "wait for termination";
    poll_until(work.session(), SCHEDULE, GONE_LIMIT, what, check).await
}

/// Deletes by id, again while the resource is in use.
async fn delete(
    work: &Work,
    operation: &'static str,
    id: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let id = [id.as_str()];
    let call = RestCall::new(operation, &id);
    ignore_not_found(work.api.call::<IgnoredAny>(policy, call).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_begin() {
        assert_eq!(TEARDOWN.out_of_order(), None);
    }
}
