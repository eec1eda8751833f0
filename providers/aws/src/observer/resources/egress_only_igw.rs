//! Egress-only internet gateways, as IPv6 clusters have them: free.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, joined};
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("egress_only_igw", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_egress_only_internet_gateways()
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeEgressOnlyInternetGateways", stream).await?;
    let all = pages
        .iter()
        .flat_map(aws_sdk_ec2::operation::describe_egress_only_internet_gateways::DescribeEgressOnlyInternetGatewaysOutput::egress_only_internet_gateways);
    Ok(all.map(|gateway| entry(clients, gateway)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .delete_egress_only_internet_gateway()
        .egress_only_internet_gateway_id(&resource.id)
        .send();
    deleted("ec2:DeleteEgressOnlyInternetGateway", call.await)
}

fn entry(clients: &Clients, gateway: &aws_sdk_ec2::types::EgressOnlyInternetGateway) -> Resource {
    Entry::new(
        "egress_only_igw",
        gateway.egress_only_internet_gateway_id(),
        &clients.region,
    )
    .ec2_tags(gateway.tags())
    .property(
        "vpc_id",
        joined(gateway.attachments().iter().filter_map(|to| to.vpc_id())),
    )
    .done()
}
