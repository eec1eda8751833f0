//! Teardown: everything of the run, found by tag and name, in dependency order.

use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::catalogue::IN_USE_LIMIT;
use kubeproof_cloudkit::poll::{Poll, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::teardown::{Rounds, Step, teardown};
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_kubernetes::machines::cluster_ca;
use serde::Deserialize;
use serde_json::json;

use super::Work;
use super::ready::SCHEDULE;
use crate::api::types::is_name_of;

/// How long terminating may take: one to three minutes is typical.
const GONE_LIMIT: Duration = Duration::from_secs(15 * 60);
const ROUNDS: Rounds = Rounds {
    most: 3,
    settle: Duration::from_secs(10),
};

const STEPS: &[Step<Work>] = &[
    Step {
        name: "instance",
        after: &[],
        list: |work| instances(work).boxed(),
        delete: |work, ids| terminate(work, ids).boxed(),
    },
    Step {
        name: "firewall_ruleset",
        after: &["instance"],
        list: |work| named(work, "ListFirewallRulesets").boxed(),
        delete: |work, ids| delete(work, "DeleteFirewallRuleset", ids).boxed(),
    },
    Step {
        name: "filesystem",
        after: &["instance"],
        list: |work| named(work, "ListFileSystems").boxed(),
        delete: |work, ids| delete(work, "DeleteFileSystem", ids).boxed(),
    },
    Step {
        name: "ssh_key",
        after: &["instance"],
        list: |work| named(work, "ListSshKeys").boxed(),
        delete: |work, ids| delete(work, "DeleteSshKey", ids).boxed(),
    },
];

/// Removes everything of the run. A second call finds nothing and changes nothing.
pub(super) async fn everything(work: &Work) -> Result<(), ProvisionerError> {
    teardown(work, STEPS, ROUNDS).await?;
    let forgotten = cluster_ca::forget(work.api.connection());
    forgotten.map_err(|error| ProvisionerError::new(error.to_string()))
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
            work.api.end(RetryPolicy::IDEMPOTENT, call).await?;
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

async fn delete(work: &Work, operation: &'static str, ids: Vec<String>) -> Result<(), CallError> {
    work.api.delete(operation, &ids, IN_USE_LIMIT).await
}
