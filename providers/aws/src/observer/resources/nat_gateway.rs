//! NAT gateways: the most expensive resource that is easily forgotten.
//!
//! A `deleted` one stays visible for about an hour but is gone; those in other states still count.

use super::entry::{Entry, joined, month_of_hours};
use crate::observer::clients::{Clients, deleted, pages};
use aws_sdk_ec2::types::NatGatewayState;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::{Kind, ListResult};

/// All NAT gateways that are not deleted yet.
pub const KIND: Kind = Kind::regional("nat_gateway", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_nat_gateways().into_paginator().send();
    let pages = pages("ec2:DescribeNatGateways", stream).await?;
    let all = pages.iter().flat_map(
        aws_sdk_ec2::operation::describe_nat_gateways::DescribeNatGatewaysOutput::nat_gateways,
    );
    Ok(all
        .filter(|gateway| gateway.state() != Some(&NatGatewayState::Deleted))
        .map(|gateway| entry(clients, gateway))
        .collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    if resource.state == "deleting" {
        return Ok(());
    }
    let call = clients
        .ec2
        .delete_nat_gateway()
        .nat_gateway_id(&resource.id)
        .send();
    deleted("ec2:DeleteNatGateway", call.await)
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    month_of_hours(resource.scope.as_str(), "nat_gateway", "NAT gateway hour")
}

fn entry(clients: &Clients, gateway: &aws_sdk_ec2::types::NatGateway) -> Resource {
    Entry::new("nat_gateway", gateway.nat_gateway_id(), &clients.region)
        .ec2_tags(gateway.tags())
        .state(gateway.state().map(NatGatewayState::as_str))
        .created(gateway.create_time())
        .property("vpc_id", gateway.vpc_id())
        .property("subnet_id", gateway.subnet_id())
        .property(
            "allocation_ids",
            joined(
                gateway
                    .nat_gateway_addresses()
                    .iter()
                    .filter_map(|at| at.allocation_id()),
            ),
        )
        .done()
}
