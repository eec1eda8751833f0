//! Waiting: for addresses, for health, for Kubernetes, for GPUs. Each wait has a limit and reports what
//! the last check showed.

use std::time::Duration;

use kubeproof_kubernetes::client::client;
use kubeproof_kubernetes::{gpu, ready};
use tokio::time::Instant;

use super::Session;
use crate::api::error::CallError;
use crate::api::types::Instance;
use crate::cluster_ca::ClusterCa;

/// Between two checks.
const PAUSE: Duration = Duration::from_secs(10);
/// How long addresses may take.
const ADDRESS_LIMIT: Duration = Duration::from_secs(600);
/// How long booting may take: eight GPUs take up to a quarter of an hour.
const ACTIVE_LIMIT: Duration = Duration::from_secs(25 * 60);
/// How long k3s and the nodes may take after that.
const NODES_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long the device plugin may take after that.
const GPU_LIMIT: Duration = Duration::from_secs(8 * 60);

/// The instance, once it has its addresses.
pub(crate) async fn addressed(session: &Session, id: &str) -> Result<Instance, CallError> {
    let begun = Instant::now();
    loop {
        let one: Instance = session
            .api
            .get("GetInstance", &format!("/instances/{id}"))
            .await?;
        if one.ip.is_some() && one.private_ip.is_some() {
            return Ok(one);
        }
        let name = one.name.unwrap_or_default();
        if !matches!(one.status.as_str(), "booting" | "active") {
            return Err(CallError::internal(
                "wait",
                format!("instance {id} ({name}) is {}", one.status),
            ));
        }
        if begun.elapsed() > ADDRESS_LIMIT {
            let message = format!("instance {id} ({name}) has no address after 10 minutes");
            return Err(CallError::internal("wait", message));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until all nodes are active.
pub(crate) async fn active(session: &Session, nodes: &[Instance]) -> Result<(), CallError> {
    let begun = Instant::now();
    loop {
        let all = session.instances().await?;
        let mut waiting = Vec::new();
        for node in nodes {
            let name = node.name.as_deref().unwrap_or_default();
            let status = all
                .iter()
                .find(|one| one.id == node.id)
                .map_or("gone", |one| one.status.as_str());
            match status {
                "active" => {}
                "booting" => waiting.push(format!("{} ({name})", node.id)),
                other => {
                    let message = format!("instance {} ({name}) is {other}", node.id);
                    return Err(CallError::internal("wait", message));
                }
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > ACTIVE_LIMIT {
            let message = format!("still booting after 25 minutes: {}", waiting.join(", "));
            return Err(CallError::internal("wait", message));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until the API server answers, all nodes are Ready and offer their GPUs.
pub(crate) async fn kubernetes(
    session: &Session,
    cluster_ca: &ClusterCa,
    nodes: &[Instance],
) -> Result<(), CallError> {
    let connection = session.api.connection();
    let what = "wait for Kubernetes";
    let ip = nodes
        .first()
        .and_then(|server| server.ip.clone())
        .unwrap_or_default();
    let access = cluster_ca
        .access(connection, &ip, "kubeproof-provisioner")
        .map_err(|message| CallError::internal(what, message))?;
    let client = client(&access, connection.transport.clone())
        .map_err(|error| CallError::internal(what, error.to_string()))?;
    ready::wait_ready(&client, nodes.len(), NODES_LIMIT, PAUSE)
        .await
        .map_err(|error| {
            let message = format!(
                "{error} (the instance is active, its log is in /var/log/cloud-init-output.log)"
            );
            CallError::internal(what, message)
        })?;
    let gpus = session.spec.gpus();
    if gpus == 0 {
        return Ok(());
    }
    let begun = Instant::now();
    loop {
        let offered = gpu::offered(&client)
            .await
            .map_err(|error| CallError::internal(what, error.to_string()))?;
        let lacking: Vec<String> = offered
            .iter()
            .filter(|(_, count)| **count != gpus)
            .map(|(node, count)| format!("{node} offers {count}"))
            .collect();
        if lacking.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > GPU_LIMIT {
            let message = format!(
                "nodes do not offer {gpus} nvidia.com/gpu after 8 minutes: {}; the driver or the device plugin does not work",
                lacking.join(", ")
            );
            return Err(CallError::internal("wait for GPUs", message));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
