//! EBS volumes: those of volume claims outlive a cluster that is deleted too early.
//!
//! Apart because each resource type is one file: list, delete, monthly cost.

use super::entry::{Entry, fact, joined, regional};
use crate::account::clients::{Clients, deleted, pages};
use crate::prices;
use async_trait::async_trait;
use kubeproof_contract::Decimal;
use kubeproof_contract::account::ObserverError;
use kubeproof_contract::resource::{Resource, ResourceType};

use super::{Listing, Type};

/// All EBS volumes.
pub struct Volumes;

#[async_trait]
impl Type for Volumes {
    fn resource_type(&self) -> ResourceType {
        regional("ebs_volume")
    }

    async fn list(&self, clients: &Clients) -> Listing {
        let stream = clients.ec2.describe_volumes().into_paginator().send();
        let pages = pages("ec2:DescribeVolumes", stream).await?;
        let all = pages.iter().flat_map(|page| page.volumes());
        Ok(all.map(|volume| entry(clients, volume)).collect())
    }

    async fn delete(&self, clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
        let call = clients.ec2.delete_volume().volume_id(&resource.id).send();
        deleted("ec2:DeleteVolume", call.await)
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<Decimal> {
        let sku = format!("EBS {} storage", fact(resource, "volume_type"));
        let size_gb: Decimal = fact(resource, "size_gb").parse().ok()?;
        prices::exact(&resource.region, "disk", &sku).map(|price| price.usd * size_gb)
    }
}

fn entry(clients: &Clients, volume: &aws_sdk_ec2::types::Volume) -> Resource {
    Entry::new("ebs_volume", volume.volume_id(), &clients.region)
        .ec2_tags(volume.tags())
        .state(volume.state().map(|state| state.as_str()))
        .created(volume.create_time())
        .fact("size_gb", volume.size())
        .fact(
            "volume_type",
            volume.volume_type().map(|kind| kind.as_str()),
        )
        .fact(
            "instance_id",
            joined(
                volume
                    .attachments()
                    .iter()
                    .filter_map(|to| to.instance_id()),
            ),
        )
        .done()
}
