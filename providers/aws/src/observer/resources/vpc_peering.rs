//! VPC peering connections: free.
//!
//! `deleted`, `rejected`, `expired` and `failed` ones stay visible for hours and are gone.

use async_trait::async_trait;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, regional};
use crate::observer::clients::{Clients, deleted, pages};

use super::{ListResult, Placed, Type};

/// All VPC peering connections that are not over.
pub struct VpcPeerings;

#[async_trait]
impl Type for VpcPeerings {
    fn placed(&self) -> Placed {
        regional("vpc_peering")
    }

    async fn list(&self, clients: &Clients) -> ListResult {
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

    async fn delete(&self, clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
        let call = clients
            .ec2
            .delete_vpc_peering_connection()
            .vpc_peering_connection_id(&resource.id)
            .send();
        deleted("ec2:DeleteVpcPeeringConnection", call.await)
    }
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
