//! The cluster with its node pools: made once, found again by its name and tags, and removed with its group of nodes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubeproof_cloudkit::poll::PollSchedule;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::provisioner::KubernetesAccess;
use serde_json::Value;

use super::identity::ControlPlane;
use super::resource::{self, Wanted};
use super::{Work, application, requests};
use crate::api::types::{Credentials, Resource};

/// A cluster: hardly ever ready before 3 minutes.
const SCHEDULE: PollSchedule = PollSchedule::new(20, 160, 5);

/// How often a cluster is asked for whose identity may not join the subnet yet: a role takes minutes to be in force.
const ROLE_ATTEMPTS: usize = 4;
const ROLE_PAUSE: Duration = Duration::from_secs(30);

/// The cluster, running, with all pools that are asked for.
pub(super) async fn ensure(work: &Work, identity: &ControlPlane) -> Result<Resource, CallError> {
    let mut made = attempt(work, identity).await;
    for _ in 1..ROLE_ATTEMPTS {
        match &made {
            Err(error) if error.is("LinkedAuthorizationFailed") => {}
            _ => break,
        }
        work.session().sleep(ROLE_PAUSE).await?;
        made = attempt(work, identity).await;
    }
    let cluster = made?;
    pools(work).await?;
    Ok(cluster)
}

async fn attempt(work: &Work, identity: &ControlPlane) -> Result<Resource, CallError> {
    // The principal or its secret may not be known everywhere yet.
    let policy = RetryPolicy::propagation(|error| {
        error.is("ServicePrincipalNotFound") || error.is("ServicePrincipalValidationClientError")
    });
    let wanted = Wanted::new(
        work,
        "managedClusters.get",
        "managedClusters.createOrUpdate",
        "",
        Value::Null,
    );
    let mut wanted = wanted.on(SCHEDULE).by(policy);
    let is_missing = resource::is_missing(work, &wanted).await?;
    if is_missing {
        let profile = match identity {
            ControlPlane::Managed { id, .. } => requests::managed(id),
            ControlPlane::Application(application) => {
                let secret = application::secret(work, application).await?;
                requests::service_principal(&application.client, &secret)
            }
        };
        wanted = wanted.with(requests::cluster(work, profile));
    }
    resource::make(work, &wanted, is_missing).await
}

/// The node pools that are asked for and not there.
async fn pools(work: &Work) -> Result<(), CallError> {
    let (group, name) = (work.group(), work.name());
    let parameters = [work.subscription(), group.as_str(), name.as_str()];
    let pools: Vec<Resource> = work.api.list("agentPools.list", &parameters, None).await?;
    for (index, pool) in work.spec.node_pools.0.iter().enumerate() {
        let is_there = pools
            .iter()
            .any(|one| one.name == pool.name.0 && one.state() == "Succeeded");
        if is_there {
            continue;
        }
        let profile = requests::node_pool(work, pool, index == 0);
        let body = serde_json::json!({ "properties": profile });
        let wanted = Wanted::new(
            work,
            "agentPools.get",
            "agentPools.createOrUpdate",
            "",
            body,
        );
        resource::ensure(work, &wanted.part(&pool.name.0)).await?;
    }
    Ok(())
}

/// The run's cluster, if it exists.
pub(super) async fn find(work: &Work) -> Result<Option<Resource>, CallError> {
    resource::find_tagged(work, "managedClusters.get", &work.name()).await
}

/// Access by the credentials that the cluster gives its users.
pub(super) async fn access(work: &Work) -> Result<KubernetesAccess, CallError> {
    let what = "make a kubeconfig";
    let (group, name) = (work.group(), work.name());
    let parameters = [work.subscription(), group.as_str(), name.as_str()];
    let operation = "managedClusters.listClusterUserCredentials";
    let given: Credentials = work
        .api
        .call(RetryPolicy::LAGGING, operation, &parameters, None)
        .await?;
    let encoded = given
        .kubeconfigs
        .first()
        .map(|one| one.value.as_str())
        .unwrap_or_default();
    let text = STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| {
        CallError::state(
            what,
            "the cluster's credentials are no base64 of a kubeconfig",
        )
    })?;
    kubeproof_kubernetes::kubeconfig::access(&text).map_err(|error| CallError::unmade(what, error))
}

/// Deletes the run's cluster with its nodes, and waits until it is gone.
pub(super) async fn delete(work: &Work, policy: RetryPolicy) -> Result<(), CallError> {
    let (group, name) = (work.group(), work.name());
    let parameters = [work.subscription(), group.as_str(), name.as_str()];
    resource::remove(
        work,
        ("managedClusters.get", "managedClusters.delete"),
        &parameters,
        policy,
    )
    .await
}

/// The ids of groups that were made for the run's cluster.
pub(super) async fn node_groups(work: &Work) -> Result<Vec<String>, CallError> {
    let cluster = work.id(&format!(
        "Microsoft.ContainerService/managedClusters/{}",
        work.name()
    ));
    let all: Vec<Resource> = work
        .api
        .list("resourceGroups.list", &[work.subscription()], None)
        .await?;
    let theirs = all.into_iter().filter(|group| {
        let owner = group.managed_by.as_deref().unwrap_or_default();
        owner.eq_ignore_ascii_case(&cluster) && work.run().owns(&group.tags())
    });
    Ok(theirs.map(|group| group.key()).collect())
}

/// The ids of what is in these groups.
pub(super) async fn in_groups(work: &Work, groups: Vec<String>) -> Result<Vec<String>, CallError> {
    let mut all = Vec::new();
    for id in groups {
        let name = id.rsplit('/').next().unwrap_or(&id);
        let parameters = [work.subscription(), name];
        let operation = "resources.listByResourceGroup";
        match work
            .api
            .list::<Resource>(operation, &parameters, None)
            .await
        {
            // The group is gone since it was listed.
            Err(error) if error.is_not_found() => {}
            found => all.extend(found?.iter().map(Resource::key)),
        }
    }
    Ok(all)
}

/// Deletes a group by its id, and waits until it is gone.
pub(super) async fn delete_group(
    work: &Work,
    id: &str,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let name = id.rsplit('/').next().unwrap_or(id);
    let parameters = [work.subscription(), name];
    resource::remove(
        work,
        ("resourceGroups.get", "resourceGroups.delete"),
        &parameters,
        policy,
    )
    .await
}
