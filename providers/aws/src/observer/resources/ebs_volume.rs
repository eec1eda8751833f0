//! EBS volumes: those of volume claims outlive a cluster that is deleted too early.

use super::entry::{Entry, joined, property};
use crate::observer::clients::{Clients, deleted, pages};
use crate::prices;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("ebs_volume", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_volumes().into_paginator().send();
    let pages = pages("ec2:DescribeVolumes", stream).await?;
    let all = pages
        .iter()
        .flat_map(aws_sdk_ec2::operation::describe_volumes::DescribeVolumesOutput::volumes);
    Ok(all.map(|volume| entry(clients, volume)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients.ec2.delete_volume().volume_id(&resource.id).send();
    deleted("ec2:DeleteVolume", call.await)
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    let sku = format!("EBS {} storage", property(resource, "volume_type"));
    let size_gb: Decimal = property(resource, "size_gb").parse().ok()?;
    prices::exact(resource.scope.as_str(), "disk", &sku).map(|price| price.usd * size_gb)
}

fn entry(clients: &Clients, volume: &aws_sdk_ec2::types::Volume) -> Resource {
    Entry::new("ebs_volume", volume.volume_id(), &clients.region)
        .ec2_tags(volume.tags())
        .state(volume.state().map(aws_sdk_ec2::types::VolumeState::as_str))
        .created(volume.create_time())
        .property("size_gb", volume.size())
        .property(
            "volume_type",
            volume
                .volume_type()
                .map(aws_sdk_ec2::types::VolumeType::as_str),
        )
        .property(
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
