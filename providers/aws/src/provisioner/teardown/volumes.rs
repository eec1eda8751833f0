//! Deletes volumes of workloads' claims, found by the cluster's tag, which the volume driver sets.

use aws_sdk_ec2::types::VolumeState;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{cluster, cluster_tag, filter, tag};

/// Ids of volumes of claims that outlive the cluster's nodes. Root disks go with their instances.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn list(session: &Session) -> Result<Vec<String>, CallError> {
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

/// Deletes a volume; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(super) async fn delete(
    session: &Session,
    id: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session.ec2.delete_volume().volume_id(id);
    ignore_not_found(send!(session, "ec2:DeleteVolume", policy, request))
}
