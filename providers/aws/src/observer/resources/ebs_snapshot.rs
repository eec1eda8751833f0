//! EBS snapshots: a retained `VolumeSnapshot` leaves one behind.
//!
//! They are billed for changed blocks, which the API does not tell: no monthly cost is known.

use super::entry::{Entry, regional};
use crate::observer::clients::{Clients, deleted, pages};
use async_trait::async_trait;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::{ListResult, Placed, Type};

/// All EBS snapshots that the account owns.
pub struct Snapshots;

#[async_trait]
impl Type for Snapshots {
    fn placed(&self) -> Placed {
        regional("ebs_snapshot")
    }

    async fn list(&self, clients: &Clients) -> ListResult {
        let stream = clients
            .ec2
            .describe_snapshots()
            .owner_ids("self")
            .into_paginator()
            .send();
        let pages = pages("ec2:DescribeSnapshots", stream).await?;
        let all = pages.iter().flat_map(
            aws_sdk_ec2::operation::describe_snapshots::DescribeSnapshotsOutput::snapshots,
        );
        Ok(all.map(|snapshot| entry(clients, snapshot)).collect())
    }

    async fn delete(&self, clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
        let call = clients
            .ec2
            .delete_snapshot()
            .snapshot_id(&resource.id)
            .send();
        deleted("ec2:DeleteSnapshot", call.await)
    }

    fn monthly_cost(&self, _resource: &Resource) -> Option<Decimal> {
        None
    }
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
