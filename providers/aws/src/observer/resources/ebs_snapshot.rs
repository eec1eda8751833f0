//! EBS snapshots: a retained `VolumeSnapshot` leaves one behind.
//!
//! They are billed for changed blocks, which the API does not tell: no monthly cost is known.

use super::entry::Entry;
use crate::observer::clients::{Clients, deleted, pages};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::{Kind, ListResult};

/// All EBS snapshots that the account owns.
pub const KIND: Kind = Kind::regional("ebs_snapshot", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(|_| None);

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_snapshots()
        .owner_ids("self")
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeSnapshots", stream).await?;
    let all = pages
        .iter()
        .flat_map(aws_sdk_ec2::operation::describe_snapshots::DescribeSnapshotsOutput::snapshots);
    Ok(all.map(|snapshot| entry(clients, snapshot)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .delete_snapshot()
        .snapshot_id(&resource.id)
        .send();
    deleted("ec2:DeleteSnapshot", call.await)
}

fn entry(clients: &Clients, snapshot: &aws_sdk_ec2::types::Snapshot) -> Resource {
    Entry::new("ebs_snapshot", snapshot.snapshot_id(), &clients.region)
        .ec2_tags(snapshot.tags())
        .state(
            snapshot
                .state()
                .map(aws_sdk_ec2::types::SnapshotState::as_str),
        )
        .created(snapshot.start_time())
        .property("size_gb", snapshot.volume_size())
        .property("volume_id", snapshot.volume_id())
        .done()
}
