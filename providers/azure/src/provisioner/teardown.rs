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
use super::{Work, application, cluster, identity, network, role, subscription};
use crate::api::types::Resource;

/// How long something may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_mins(5);
/// Longest wait for services and volume claims to be gone.
const DRAINED_WITHIN: Duration = Duration::from_mins(10);
const ROUNDS: Rounds = Rounds {
    most: 4,
    settle: Duration::from_secs(10),
    begin_within: Duration::from_hours(2),
};

/// The ids of what was found: one or none.
fn ids(found: Option<Resource>) -> Vec<String> {
    found.into_iter().map(|found| found.key()).collect()
}

/// A step for the objects of a list of the directory.
macro_rules! directory {
    ($name:literal after $after:expr, $list:literal, $delete:literal) => {
        Step {
            name: $name,
            of: None,
            after: &$after,
            in_use_for: Duration::ZERO,
            list: |work, _| application::ids(work, $list).boxed(),
            delete: Delete::Each(|work, id, policy| {
                async move { application::delete(work, $delete, &id, policy).await }.boxed()
            }),
        }
    };
    ($name:literal after $after:expr, $list:literal) => {
        Step {
            name: $name,
            of: None,
            after: &$after,
            in_use_for: Duration::ZERO,
            list: |work, _| application::ids(work, $list).boxed(),
            delete: Delete::Each(|work, id, policy| {
                async move { application::purge(work, &id, policy).await }.boxed()
            }),
        }
    };
}

/// Everything that a run can leave, in dependency order.
const STEPS: &[Step<Work>] = &[
    Step {
        name: "aks_managed_cluster",
        of: None,
        after: &[],
        in_use_for: BUSY,
        list: |work, _| async move { Ok(ids(cluster::find(work).await?)) }.boxed(),
        delete: Delete::Each(|work, _, policy| cluster::delete(work, policy).boxed()),
    },
    Step {
        name: "node_resource_group",
        of: None,
        after: &["aks_managed_cluster"],
        in_use_for: IN_USE_LIMIT,
        list: |work, _| cluster::node_groups(work).boxed(),
        delete: Delete::Each(|work, id, policy| {
            async move { cluster::delete_group(work, &id, policy).await }.boxed()
        }),
    },
    Step {
        // What the cluster made for itself goes with its group, and is named until then.
        name: "node_resource",
        of: Some("node_resource_group"),
        after: &["node_resource_group"],
        in_use_for: Duration::ZERO,
        list: |work, groups| cluster::in_groups(work, groups).boxed(),
        delete: Delete::Each(|_, _, _| async { Ok(()) }.boxed()),
    },
    Step {
        name: "role_assignment",
        // Its list reads identity and cluster again, so it waits until theirs were read: a call that was throttled is not
        // sent from beside.
        of: Some("user_assigned_identity"),
        // The cluster needs it to leave its subnet; afterwards, a principal that goes first leaves it behind.
        after: &["aks_managed_cluster"],
        in_use_for: Duration::ZERO,
        list: |work, _| role::list(work).boxed(),
        delete: Delete::Each(|work, id, policy| {
            async move { role::delete(work, &id, policy).await }.boxed()
        }),
    },
    Step {
        name: "vnet_subnet",
        of: None,
        after: &["node_resource_group", "role_assignment"],
        in_use_for: IN_USE_LIMIT,
        list: |work, _| network::networks(work).boxed(),
        delete: Delete::Each(|work, _, policy| network::delete_network(work, policy).boxed()),
    },
    Step {
        name: "nat_gateway",
        of: None,
        after: &["vnet_subnet"],
        in_use_for: IN_USE_LIMIT,
        list: |work, _| network::gateways(work).boxed(),
        delete: Delete::Each(|work, _, policy| network::delete_gateway(work, policy).boxed()),
    },
    Step {
        name: "public_ip",
        of: None,
        after: &["nat_gateway"],
        in_use_for: IN_USE_LIMIT,
        list: |work, _| network::addresses(work).boxed(),
        delete: Delete::Each(|work, _, policy| network::delete_address(work, policy).boxed()),
    },
    Step {
        name: "user_assigned_identity",
        of: None,
        after: &["role_assignment"],
        in_use_for: Duration::ZERO,
        list: |work, _| async move { Ok(ids(identity::find(work).await?)) }.boxed(),
        delete: Delete::Each(|work, _, policy| {
            async move {
                match work.spec.resource_group {
                    Some(_) => identity::delete(work, policy).await,
                    None => Ok(()),
                }
            }
            .boxed()
        }),
    },
    directory!(
        "service_principal" after ["role_assignment"],
        "servicePrincipals.list", "servicePrincipals.delete"
    ),
    directory!(
        "app_registration_sp" after ["service_principal"],
        "applications.list", "applications.delete"
    ),
    directory!(
        "deleted_service_principal" after ["app_registration_sp"], "deletedItems.listServicePrincipals"
    ),
    directory!("deleted_application" after ["app_registration_sp"], "deletedItems.listApplications"),
    Step {
        name: "resource_group",
        of: None,
        after: &["node_resource_group", "public_ip", "user_assigned_identity"],
        in_use_for: IN_USE_LIMIT,
        list: |work, _| async move { Ok(ids(subscription::find_group(work).await?)) }.boxed(),
        delete: Delete::Each(|work, id, policy| {
            async move { cluster::delete_group(work, &id, policy).await }.boxed()
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
