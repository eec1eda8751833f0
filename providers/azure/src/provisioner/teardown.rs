//! Teardown: everything of the run, found by name and tag, in dependency order.
//!
//! A group deletes everything in it; what no group holds, or another one does, is looked for by itself. A lock is
//! somebody's decision: it is reported, and never removed.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::teardown::{Delete, Rounds, Step, Teardown};
use kubeproof_contract::provisioner::ProvisionerError;

use super::resource::BUSY;
use super::{Work, cluster, role, subscription};

/// How long something may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_mins(5);
/// Longest wait for services and volume claims to be gone.
const DRAINED_WITHIN: Duration = Duration::from_mins(10);
const ROUNDS: Rounds = Rounds {
    most: 4,
    settle: Duration::from_secs(10),
    begin_within: Duration::from_hours(2),
};

/// Everything that a run can leave, in dependency order.
const STEPS: &[Step<Work>] = &[
    Step {
        name: "aks_managed_cluster",
        of: None,
        after: &[],
        in_use_for: BUSY,
        list: |work, _| {
            async move {
                Ok(cluster::find(work)
                    .await?
                    .map(|found| found.id)
                    .into_iter()
                    .collect())
            }
            .boxed()
        },
        delete: Delete::Each(|work, _, policy| cluster::delete(work, policy).boxed()),
    },
    Step {
        name: "node_resource_group",
        of: None,
        after: &["aks_managed_cluster"],
        in_use_for: IN_USE_LIMIT,
        list: |work, _| cluster::node_groups(work).boxed(),
        delete: Delete::Each(|work, name, policy| {
            async move { cluster::delete_group(work, &name, policy).await }.boxed()
        }),
    },
    Step {
        name: "role_assignment",
        of: None,
        after: &["aks_managed_cluster"],
        in_use_for: Duration::ZERO,
        list: |work, _| role::list(work).boxed(),
        delete: Delete::Each(|work, name, policy| role::delete(work, name, policy).boxed()),
    },
    Step {
        name: "resource_group",
        of: None,
        after: &[
            "aks_managed_cluster",
            "node_resource_group",
            "role_assignment",
        ],
        in_use_for: IN_USE_LIMIT,
        list: |work, _| {
            async move {
                Ok(subscription::find_group(work)
                    .await?
                    .map(|found| found.name)
                    .into_iter()
                    .collect())
            }
            .boxed()
        },
        delete: Delete::Each(|work, name, policy| {
            async move { cluster::delete_group(work, &name, policy).await }.boxed()
        }),
    },
];

/// The teardown of a run. What runs on the cluster goes first: only Kubernetes knows all of it.
pub(super) const TEARDOWN: Teardown<Work> = Teardown {
    steps: STEPS,
    prepare: Some(|work| drain(work).boxed()),
    marker: None,
    rounds: ROUNDS,
};

/// Removes everything of the run. A second call finds nothing and changes nothing.
pub(super) async fn everything(work: &Work) -> Result<(), ProvisionerError> {
    TEARDOWN.run(work).await
}

/// Deletes balanced services and volume claims, if the cluster answers: a claim's disk may be in another group.
async fn drain(work: &Work) -> Result<(), CallError> {
    let known = cluster::find(work).await?;
    if known.is_none_or(|known| known.state() != "Succeeded") {
        return Ok(());
    }
    let failed = |error: String| CallError::state("drain the cluster", error);
    let access = cluster::access(work).await?;
    let transport = Arc::clone(&work.api.connection().transport);
    let client = kubeproof_kubernetes::client(&access, transport);
    let client = client.map_err(|error| failed(error.to_string()))?;
    let left = kubeproof_kubernetes::leftovers::drain(&client, DRAINED_WITHIN).await;
    let left = left.map_err(|error| failed(error.to_string()))?;
    if left.is_empty() {
        return Ok(());
    }
    Err(failed(format!(
        "{} services or volume claims did not go",
        left.len()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_stands_after_those_that_must_be_gone_before() {
        assert_eq!(TEARDOWN.out_of_order(), None);
    }
}
