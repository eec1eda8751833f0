//! Drains the cluster: deletes what workloads made in the cloud while Kubernetes still runs, because only its
//! controllers know all of it.

use std::sync::Arc;
use std::time::Duration;

use kubeproof_cloudkit::CallError;

use super::super::{Work, cluster};
use crate::kubeconfig;

/// Longest wait for services and volume claims to be gone.
const DRAINED_WITHIN: Duration = Duration::from_mins(10);

/// Deletes Ingresses, balanced services and volume claims, if the cluster answers.
///
/// # Errors
/// When the cluster exists and does not delete them.
pub(super) async fn workloads(work: &Work) -> Result<(), CallError> {
    let known = cluster::find(work).await?;
    let Some(known) = known.filter(|known| known.status == "RUNNING") else {
        return Ok(());
    };
    let failed = |error: String| CallError::state("drain the cluster", error);
    let access = kubeconfig::access(&work.api, &known).await;
    let access = access.map_err(|error| failed(error.to_string()))?;
    let transport = Arc::clone(&work.api.connection().transport);
    let client = kubeproof_kubernetes::client(&access, transport);
    let client = client.map_err(|error| failed(error.to_string()))?;
    let left = kubeproof_kubernetes::ingresses::drain(&client, DRAINED_WITHIN).await;
    let left = left.map_err(|error| failed(error.to_string()))?;
    if !left.is_empty() {
        let names = left.join(", ");
        return Err(failed(format!("Ingresses did not go: {names}")));
    }
    let left = kubeproof_kubernetes::leftovers::drain(&client, DRAINED_WITHIN).await;
    let left = left.map_err(|error| failed(error.to_string()))?;
    if left.is_empty() {
        return Ok(());
    }
    let count = left.len();
    Err(failed(format!(
        "{count} services or volume claims did not go"
    )))
}
