//! VPC peering connections: free.
//!
//! `deleted`, `rejected`, `expired` and `failed` ones stay visible for hours and are gone.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

/// All VPC peering connections that are not over.
pub const KIND: Kind = Kind::regional("vpc_peering", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_vpc_peering_connections()
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeVpcPeeringConnections", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_ec2::operation::describe_vpc_peering_connections::DescribeVpcPeeringConnectionsOutput::vpc_peering_connections);
    Ok(all
        .filter(|peering| {
            !matches!(
                state(peering),
                "deleted" | "rejected" | "expired" | "failed"
            )
        })
        .map(|peering| entry(clients, peering))
        .collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .delete_vpc_peering_connection()
        .vpc_peering_connection_id(&resource.id)
        .send();
    deleted("ec2:DeleteVpcPeeringConnection", call.await)
}

fn entry(clients: &Clients, peering: &aws_sdk_ec2::types::VpcPeeringConnection) -> Resource {
    Entry::new(
        "vpc_peering",
        peering.vpc_peering_connection_id(),
        &clients.region,
    )
    .ec2_tags(peering.tags())
    .state(Some(state(peering)))
    .property(
        "vpc_id",
        peering.requester_vpc_info().and_then(|side| side.vpc_id()),
    )
    .done()
}

fn state(peering: &aws_sdk_ec2::types::VpcPeeringConnection) -> &str {
    peering
        .status()
        .and_then(|status| status.code())
        .map_or("", |code| code.as_str())
}
