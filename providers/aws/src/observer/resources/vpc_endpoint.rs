//! VPC endpoints: interface endpoints cost by the hour and zone, gateway endpoints nothing.

use super::entry::{Entry, joined, month_of_hours, properties, property};
use crate::observer::clients::{Clients, deleted, observer_error, pages};
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::{Kind, ListResult};

/// All VPC endpoints that are not deleted.
pub const KIND: Kind = Kind::regional("vpc_endpoint", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_vpc_endpoints().into_paginator().send();
    let pages = pages("ec2:DescribeVpcEndpoints", stream).await?;
    let all = pages.iter().flat_map(
        aws_sdk_ec2::operation::describe_vpc_endpoints::DescribeVpcEndpointsOutput::vpc_endpoints,
    );
    Ok(all
        .filter(|endpoint| !state(endpoint).eq_ignore_ascii_case("deleted"))
        .map(|endpoint| entry(clients, endpoint))
        .collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&resource.id)
        .send()
        .await;
    // This call succeeds and lists what it refused.
    let refused = call
        .as_ref()
        .ok()
        .and_then(|answer| answer.unsuccessful().first());
    match refused
        .and_then(|item| item.error())
        .and_then(|error| error.message())
    {
        Some(message) => Err(observer_error("ec2:DeleteVpcEndpoints", message)),
        None => deleted("ec2:DeleteVpcEndpoints", call),
    }
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    match property(resource, "endpoint_type") {
        "Gateway" => Some(Decimal::ZERO),
        "Interface" => month_of_hours(
            resource.scope.as_str(),
            "endpoint",
            "VPC interface endpoint",
        )
        .map(|usd| usd * Decimal::from(properties(resource, "subnet_ids").count())),
        _ => None,
    }
}

fn entry(clients: &Clients, endpoint: &aws_sdk_ec2::types::VpcEndpoint) -> Resource {
    Entry::new("vpc_endpoint", endpoint.vpc_endpoint_id(), &clients.region)
        .ec2_tags(endpoint.tags())
        .state(Some(state(endpoint)))
        .created(endpoint.creation_timestamp())
        .property("vpc_id", endpoint.vpc_id())
        .property(
            "endpoint_type",
            endpoint
                .vpc_endpoint_type()
                .map(aws_sdk_ec2::types::VpcEndpointType::as_str),
        )
        .property(
            "subnet_ids",
            joined(endpoint.subnet_ids().iter().map(String::as_str)),
        )
        .done()
}

fn state(endpoint: &aws_sdk_ec2::types::VpcEndpoint) -> &str {
    endpoint.state().map_or("", |state| state.as_str())
}
