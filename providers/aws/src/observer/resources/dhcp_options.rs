//! DHCP option sets: free; every account has one that all VPCs share.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("dhcp_options", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_dhcp_options().into_paginator().send();
    let pages = pages("ec2:DescribeDhcpOptions", stream).await?;
    let all = pages.iter().flat_map(
        aws_sdk_ec2::operation::describe_dhcp_options::DescribeDhcpOptionsOutput::dhcp_options,
    );
    Ok(all.map(|set| entry(clients, set)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .delete_dhcp_options()
        .dhcp_options_id(&resource.id)
        .send();
    deleted("ec2:DeleteDhcpOptions", call.await)
}

fn entry(clients: &Clients, set: &aws_sdk_ec2::types::DhcpOptions) -> Resource {
    Entry::new("dhcp_options", set.dhcp_options_id(), &clients.region)
        .ec2_tags(set.tags())
        .done()
}
