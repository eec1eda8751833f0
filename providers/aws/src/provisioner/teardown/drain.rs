//! Drains the cluster: deletes what workloads made in the cloud while Kubernetes still runs, because only its
//! controllers know all of it.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_eks::types::ClusterStatus;
use kubeproof_cloudkit::CallError;

use crate::kubeconfig;
use crate::provisioner::cluster;
use crate::provisioner::session::Session;

/// Longest wait for services and volume claims to be gone.
const DRAINED_WITHIN: Duration = Duration::from_mins(10);

/// Deletes balanced services and volume claims, if the cluster answers.
///
/// # Errors
/// When the cluster exists and does not delete them. What is left in the cloud is found by tag later.
pub(super) async fn workloads(session: &Session) -> Result<(), CallError> {
    let Some(known) = cluster::describe(session).await? else {
        return Ok(());
    };
    if !cluster::is_ours(session, &known) || known.status() != Some(&ClusterStatus::Active) {
        return Ok(());
    }
    let failed = |error: String| CallError::state("drain the cluster", error);
    let access = kubeconfig::access(&session.config, &session.connection, &known)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let transport = Arc::clone(&session.connection.transport);
    let client = kubeproof_kubernetes::client::client(&access, transport)
        .map_err(|error| failed(error.to_string()))?;
    let left = kubeproof_kubernetes::leftovers::drain(&client, DRAINED_WITHIN)
        .await
        .map_err(|error| failed(error.to_string()))?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(failed(format!(
            "{} services or volume claims did not go",
            left.len()
        )))
    }
}
