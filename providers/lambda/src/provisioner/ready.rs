//! Waiting: for addresses, for health, for Kubernetes, for GPUs. Each wait has a limit and reports what
//! the last check showed.

use std::time::Duration;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::cluster::{ClusterWait, cluster_ready};
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_contract::provisioner::KubernetesAccess;
use kubeproof_kubernetes::machines::ClusterCa;

use super::{Work, of_ca};
use crate::api::types::Instance;

/// Between two checks.
const PAUSE: Duration = Duration::from_secs(10);
pub(super) const SCHEDULE: PollSchedule = PollSchedule::every(PAUSE.as_secs());
/// How long addresses may take.
const ADDRESS_LIMIT: Duration = Duration::from_secs(600);
/// How long booting may take: eight GPUs take up to a quarter of an hour.
const ACTIVE_LIMIT: Duration = Duration::from_secs(25 * 60);
/// How long k3s and the nodes may take after that.
const NODES_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long the device plugin may take after that.
const GPU_LIMIT: Duration = Duration::from_secs(8 * 60);

/// The instance, once it has its addresses.
pub(super) async fn addressed(work: &Work, id: &str) -> Result<Instance, CallError> {
    let check = || async {
        let one: Instance = work.api.get("GetInstance", &[id]).await?;
        let name = one.name.as_deref().unwrap_or_default();
        Ok(if one.ip.is_some() && one.private_ip.is_some() {
            Poll::Ready(one)
        } else if one.is_live() {
            Poll::Pending(format!("instance {id} ({name}) without an address"))
        } else {
            Poll::Failed(format!("instance {id} ({name}) is {}", one.status))
        })
    };
    let what = "wait for an address";
    poll_until(work.session(), SCHEDULE, ADDRESS_LIMIT, what, check).await
}

/// Waits until all nodes are active.
pub(super) async fn active(work: &Work, nodes: &[Instance]) -> Result<(), CallError> {
    let check = || async {
        let all = work.instances().await?;
        let mut waiting = Vec::new();
        for node in nodes {
            let (id, name) = (&node.id, node.name.as_deref().unwrap_or_default());
            let found = all.iter().find(|one| one.id == *id);
            match found.map_or("gone", |one| one.status.as_str()) {
                "active" => {}
                "booting" => waiting.push(format!("{id} ({name})")),
                other => return Ok(Poll::Failed(format!("instance {id} ({name}) is {other}"))),
            }
        }
        Ok(match waiting.join(", ") {
            none if none.is_empty() => Poll::Ready(()),
            waiting => Poll::Pending(format!("booting: {waiting}")),
        })
    };
    let what = "wait for instances";
    poll_until(work.session(), SCHEDULE, ACTIVE_LIMIT, what, check).await
}

/// The provisioner's access to the cluster of these nodes.
pub(super) fn access(
    work: &Work,
    cluster_ca: &ClusterCa,
    nodes: &[Instance],
) -> Result<KubernetesAccess, CallError> {
    let server = nodes.first().and_then(|server| server.ip.as_deref());
    let ip = server.unwrap_or_default();
    let access = cluster_ca.access(work.api.connection(), ip, "kubeproof-provisioner");
    access.map_err(of_ca)
}

/// Waits until the API server answers, all nodes are Ready and offer their GPUs.
pub(super) async fn kubernetes(
    work: &Work,
    cluster_ca: &ClusterCa,
    nodes: &[Instance],
) -> Result<(), CallError> {
    let wait = ClusterWait {
        nodes: nodes.len(),
        gpus: work.spec.gpus(),
        nodes_limit: NODES_LIMIT,
        gpus_limit: GPU_LIMIT,
        pause_seconds: PAUSE.as_secs(),
        hint: "the instance is active, its log is in /var/log/cloud-init-output.log",
    };
    cluster_ready(work.session(), &access(work, cluster_ca, nodes)?, wait).await
}
