//! Internet gateways: free; attached ones must be detached before they can go.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, joined, properties};
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("internet_gateway", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_internet_gateways()
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeInternetGateways", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_ec2::operation::describe_internet_gateways::DescribeInternetGatewaysOutput::internet_gateways);
    Ok(all.map(|gateway| entry(clients, gateway)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let detach = clients
        .ec2
        .detach_internet_gateway()
        .internet_gateway_id(&resource.id);
    for vpc in properties(resource, "vpc_id") {
        let call = detach.clone().vpc_id(vpc).send();
        deleted("ec2:DetachInternetGateway", call.await)?;
    }
    let call = clients
        .ec2
        .delete_internet_gateway()
        .internet_gateway_id(&resource.id)
        .send();
    deleted("ec2:DeleteInternetGateway", call.await)
}

fn entry(clients: &Clients, gateway: &aws_sdk_ec2::types::InternetGateway) -> Resource {
    Entry::new(
        "internet_gateway",
        gateway.internet_gateway_id(),
        &clients.region,
    )
    .ec2_tags(gateway.tags())
    .property(
        "vpc_id",
        joined(gateway.attachments().iter().filter_map(|to| to.vpc_id())),
    )
    .done()
}
