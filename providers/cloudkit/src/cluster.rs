//! Waiting for a cluster on machines: its API server answers, its nodes are Ready and offer their GPUs.

use std::time::Duration;

use kubeproof_contract::provisioner::KubernetesAccess;
use kubeproof_kubernetes::{KubernetesError, client, gpu, ready};

use crate::error::CallError;
use crate::poll::{Poll, PollSchedule, poll_until};
use crate::session::Session;

/// What a cluster must become, and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterWait<'a> {
    /// The number of nodes.
    pub nodes: usize,
    /// The NVIDIA GPUs that each node must offer.
    pub gpus: u32,
    /// How long the nodes may take.
    pub nodes_limit: Duration,
    /// How long the device plugin may take after that.
    pub gpus_limit: Duration,
    /// Between two checks, seconds.
    pub pause_seconds: u64,
    /// Where a person finds out why nodes are missing.
    pub hint: &'a str,
}

fn failed(error: KubernetesError) -> CallError {
    CallError::unmade("wait for Kubernetes", error)
}

/// Waits until the API server answers, all nodes are Ready and offer their GPUs.
///
/// # Errors
/// When a limit has passed, with what the last check showed; when the server keeps denying access.
pub async fn cluster_ready(
    session: &Session,
    access: &KubernetesAccess,
    wait: ClusterWait<'_>,
) -> Result<(), CallError> {
    let transport = session.connection.transport.clone();
    let client = client(access, transport).map_err(failed)?;
    let pause = Duration::from_secs(wait.pause_seconds);
    let nodes = ready::wait_ready(&client, wait.nodes, wait.nodes_limit, pause).await;
    nodes.map_err(|error| CallError {
        message: format!("{error} ({})", wait.hint),
        ..failed(error)
    })?;
    if wait.gpus == 0 {
        return Ok(());
    }
    let check = || async {
        let offered = gpu::offered(&client).await.map_err(failed)?;
        let lacking = offered.iter().filter(|(_, count)| **count != wait.gpus);
        let lacking: Vec<String> = lacking
            .map(|(node, count)| format!("{node} offers {count}"))
            .collect();
        Ok(match lacking.join(", ") {
            none if none.is_empty() => Poll::Ready(()),
            lacking => Poll::Pending(format!(
                "{lacking} of {} nvidia.com/gpu: the driver or the device plugin does not work",
                wait.gpus
            )),
        })
    };
    let schedule = PollSchedule::every(wait.pause_seconds);
    poll_until(session, schedule, wait.gpus_limit, "wait for GPUs", check).await
}
