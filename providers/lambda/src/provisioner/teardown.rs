//! Teardown: everything of the run, found by tag and name, in dependency order.

use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::catalogue::IN_USE_LIMIT;
use kubeproof_cloudkit::machines::{MachineApi as _, terminated};
use kubeproof_cloudkit::teardown::{Delete, Rounds, Step, Teardown};
use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_kubernetes::machines::cluster_ca;
use serde::Deserialize;

use super::LambdaProvisioner;
use crate::api::types::is_name_of;

/// A step for what instances use, and what only its name shows to be the run's.
macro_rules! named {
    ($name:literal, $list:literal, $delete:literal) => {
        Step {
            name: $name,
            of: None,
            after: &["instance"],
            in_use_for: IN_USE_LIMIT,
            list: |work, _| named(work, $list).boxed(),
            delete: Delete::Each(|work, id, policy| {
                async move { work.api.delete(policy, $delete, &id).await }.boxed()
            }),
        }
    };
}

/// How a run is torn down.
const TEARDOWN: Teardown<LambdaProvisioner> = Teardown {
    steps: &[
        Step {
            name: "instance",
            of: None,
            after: &[],
            in_use_for: Duration::ZERO,
            list: |work, _| instances(work).boxed(),
            delete: Delete::Together(|work, ids, _| terminated(work, ids).map(Into::into).boxed()),
        },
        named!(
            "firewall_ruleset",
            "ListFirewallRulesets",
            "DeleteFirewallRuleset"
        ),
        named!("filesystem", "ListFileSystems", "DeleteFileSystem"),
        named!("ssh_key", "ListSshKeys", "DeleteSshKey"),
    ],
    prepare: None,
    marker: None,
    rounds: Rounds {
        most: 3,
        settle: Duration::from_secs(10),
        begin_within: Duration::from_hours(1),
    },
};

/// Removes everything of the run. A second call finds nothing and changes nothing.
pub(super) async fn everything(work: &LambdaProvisioner) -> Result<(), ProvisionerError> {
    TEARDOWN.run(work).await?;
    let forgotten = cluster_ca::forget(work.api.connection());
    forgotten.map_err(|error| ProvisionerError::new(error.to_string()))
}

async fn instances(work: &LambdaProvisioner) -> Result<Vec<String>, CallError> {
    let all = work.machines().await?;
    Ok(all.into_iter().map(|one| one.id).collect())
}

#[derive(Deserialize)]
struct Named {
    id: String,
    name: String,
}

/// The ids of those in a list that have a name of the run.
async fn named(work: &LambdaProvisioner, list: &'static str) -> Result<Vec<String>, CallError> {
    let all: Vec<Named> = work.api.get(list, &[]).await?;
    let mine = all
        .into_iter()
        .filter(|one| is_name_of(work.run(), &one.name));
    Ok(mine.map(|one| one.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_begin() {
        assert_eq!(TEARDOWN.out_of_order(), None);
    }
}
