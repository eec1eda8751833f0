//! VPCs: free, but a leaked one counts against the quota of five per region.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

/// All VPCs, the default one too.
pub const KIND: Kind = Kind::regional("vpc", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_vpcs().into_paginator().send();
    let pages = pages("ec2:DescribeVpcs", stream).await?;
    let all = pages
        .iter()
        .flat_map(aws_sdk_ec2::operation::describe_vpcs::DescribeVpcsOutput::vpcs);
    Ok(all.map(|vpc| entry(clients, vpc)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients.ec2.delete_vpc().vpc_id(&resource.id).send();
    deleted("ec2:DeleteVpc", call.await)
}

fn entry(clients: &Clients, vpc: &aws_sdk_ec2::types::Vpc) -> Resource {
    Entry::new("vpc", vpc.vpc_id(), &clients.region)
        .ec2_tags(vpc.tags())
        .state(vpc.state().map(aws_sdk_ec2::types::VpcState::as_str))
        .property("cidr", vpc.cidr_block())
        .property("default", vpc.is_default().filter(|is| *is))
        .done()
}
