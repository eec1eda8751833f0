//! Teardown: everything of the run, found by tag and name, in dependency order.

use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::catalogue::IN_USE_LIMIT;
use kubeproof_cloudkit::machines::{MachineApi as _, terminated};
use kubeproof_cloudkit::teardown::{Rounds, Step, teardown};
use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_kubernetes::machines::cluster_ca;
use serde::Deserialize;

use super::Work;
use crate::api::types::is_name_of;

const ROUNDS: Rounds = Rounds {
    most: 3,
    settle: Duration::from_secs(10),
};

const STEPS: &[Step<Work>] = &[
    Step {
        name: "instance",
        after: &[],
        list: |work| instances(work).boxed(),
        delete: |work, ids| terminated(work, ids).boxed(),
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
    let all = work.machines().await?;
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

async fn delete(work: &Work, operation: &'static str, ids: Vec<String>) -> Result<(), CallError> {
    work.api.delete(operation, &ids, IN_USE_LIMIT).await
}
