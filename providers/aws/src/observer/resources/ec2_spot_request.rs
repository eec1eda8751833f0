//! Spot requests: one that stays open launches its instance again.
//!
//! Its instance is listed, and priced, as an instance of its own.

use aws_sdk_ec2::types::SpotInstanceState;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

/// All spot requests that can still launch.
pub const KIND: Kind = Kind::regional("ec2_spot_request", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_spot_instance_requests()
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeSpotInstanceRequests", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_ec2::operation::describe_spot_instance_requests::DescribeSpotInstanceRequestsOutput::spot_instance_requests);
    Ok(all
        .filter(|request| can_launch(request))
        .map(|request| entry(clients, request))
        .collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .cancel_spot_instance_requests()
        .spot_instance_request_ids(&resource.id)
        .send();
    deleted("ec2:CancelSpotInstanceRequests", call.await)
}

fn entry(clients: &Clients, request: &aws_sdk_ec2::types::SpotInstanceRequest) -> Resource {
    Entry::new(
        "ec2_spot_request",
        request.spot_instance_request_id(),
        &clients.region,
    )
    .ec2_tags(request.tags())
    .state(request.state().map(SpotInstanceState::as_str))
    .created(request.create_time())
    .property("instance_id", request.instance_id())
    .done()
}

fn can_launch(request: &aws_sdk_ec2::types::SpotInstanceRequest) -> bool {
    !matches!(
        request.state(),
        Some(SpotInstanceState::Cancelled | SpotInstanceState::Closed | SpotInstanceState::Failed)
    )
}
