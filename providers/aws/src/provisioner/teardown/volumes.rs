//! Deletes volumes of workloads' claims, found by the cluster's tag, which the volume driver sets.

use std::time::Duration;

use aws_sdk_ec2::types::VolumeState;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{cluster, cluster_tag, filter, tag};

/// Longest wait for a volume to be detached.
const FREE_WITHIN: Duration = Duration::from_secs(600);

/// Ids of volumes of claims that outlive the cluster's nodes. Root disks go with their instances.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn list(session: &Session) -> Result<Vec<String>, CallError> {
    let by_cluster = filter("tag-key", &cluster_tag(session.run()));
    let by_name = filter("tag:KubernetesCluster", &cluster(session.run()));
    let mut ids = Vec::new();
    for by in [by_cluster, by_name] {
        let request = session.ec2.describe_volumes().filters(by);
        let volumes = pages!(session, "ec2:DescribeVolumes", request, volumes)?;
        ids.extend(
            volumes
                .iter()
                .filter(|volume| volume.state() != Some(&VolumeState::Deleting))
                .filter(|volume| tag(volume.tags(), "eks:nodegroup-name").is_none())
                .filter_map(|volume| volume.volume_id().map(str::to_owned)),
        );
    }
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Deletes the volumes of claims.
pub(crate) async fn delete(session: &Session) -> CallErrors {
    let mut errors = CallErrors::default();
    if let Some(ids) = errors.keep(list(session).await) {
        errors.for_each(&ids, |id| one(session, id)).await;
    }
    errors
}

async fn one(session: &Session, id: &str) -> Result<(), CallError> {
    let request = session.ec2.delete_volume().volume_id(id);
    let policy = RetryPolicy::while_in_use(FREE_WITHIN);
    ignore_not_found(send!(session, "ec2:DeleteVolume", policy, request))
}
