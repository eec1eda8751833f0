//! Subnets: free; interfaces that stay in one keep it, and the VPC, alive.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("subnet", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_subnets().into_paginator().send();
    let pages = pages("ec2:DescribeSubnets", stream).await?;
    let all = pages
        .iter()
        .flat_map(aws_sdk_ec2::operation::describe_subnets::DescribeSubnetsOutput::subnets);
    Ok(all.map(|subnet| entry(clients, subnet)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients.ec2.delete_subnet().subnet_id(&resource.id).send();
    deleted("ec2:DeleteSubnet", call.await)
}

fn entry(clients: &Clients, subnet: &aws_sdk_ec2::types::Subnet) -> Resource {
    Entry::new("subnet", subnet.subnet_id(), &clients.region)
        .ec2_tags(subnet.tags())
        .state(subnet.state().map(aws_sdk_ec2::types::SubnetState::as_str))
        .property("vpc_id", subnet.vpc_id())
        .property("zone", subnet.availability_zone())
        .property("cidr", subnet.cidr_block())
        .done()
}
