//! EC2 instances: running ones cost by the second.
//!
//! `terminated` ones stay visible for an hour and are gone; `shutting-down` ones still count.

use super::entry::{Entry, month_of_hours, property};
use crate::observer::clients::{Clients, deleted, pages};
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::{Kind, ListResult};

/// All instances that are not terminated.
pub const KIND: Kind = Kind::regional("ec2_instance", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_instances().into_paginator().send();
    let pages = pages("ec2:DescribeInstances", stream).await?;
    let all = pages.iter().flat_map(
        aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput::reservations,
    );
    Ok(all
        .flat_map(aws_sdk_ec2::types::Reservation::instances)
        .filter(|instance| state(instance) != "terminated")
        .map(|instance| entry(clients, instance))
        .collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .terminate_instances()
        .instance_ids(&resource.id)
        .send();
    deleted("ec2:TerminateInstances", call.await)
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    match (
        resource.state.as_str(),
        resource.properties.get("lifecycle"),
    ) {
        ("stopped", _) => Some(Decimal::ZERO),
        // Spot prices move by the minute: none is known.
        (_, Some(_)) => None,
        _ => month_of_hours(
            resource.scope.as_str(),
            "instance",
            property(resource, "instance_type"),
        ),
    }
}

fn entry(clients: &Clients, instance: &aws_sdk_ec2::types::Instance) -> Resource {
    Entry::new("ec2_instance", instance.instance_id(), &clients.region)
        .ec2_tags(instance.tags())
        .state(Some(state(instance)))
        .created(instance.launch_time())
        .property("vpc_id", instance.vpc_id())
        .property("subnet_id", instance.subnet_id())
        .property(
            "instance_type",
            instance
                .instance_type()
                .map(aws_sdk_ec2::types::InstanceType::as_str),
        )
        .property(
            "lifecycle",
            instance
                .instance_lifecycle()
                .map(aws_sdk_ec2::types::InstanceLifecycleType::as_str),
        )
        .done()
}

fn state(instance: &aws_sdk_ec2::types::Instance) -> &str {
    instance
        .state()
        .and_then(|state| state.name())
        .map_or("", |name| name.as_str())
}
