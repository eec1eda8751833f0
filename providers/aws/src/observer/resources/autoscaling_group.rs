//! Auto Scaling groups: free in themselves; one that stays launches its instances again.

use aws_smithy_types::DateTime;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, joined};
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, pages};

pub const KIND: Kind = Kind::regional("autoscaling_group", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .autoscaling
        .describe_auto_scaling_groups()
        .into_paginator()
        .send();
    let pages = pages("autoscaling:DescribeAutoScalingGroups", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput::auto_scaling_groups);
    Ok(all.map(|group| entry(clients, group)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients.autoscaling.delete_auto_scaling_group();
    let call = call
        .auto_scaling_group_name(&resource.id)
        .force_delete(true);
    deleted("autoscaling:DeleteAutoScalingGroup", call.send().await)
}

fn entry(clients: &Clients, group: &aws_sdk_autoscaling::types::AutoScalingGroup) -> Resource {
    Entry::new(
        "autoscaling_group",
        group.auto_scaling_group_name(),
        &clients.region,
    )
    .tags(group.tags().iter().map(|tag| (tag.key(), tag.value())))
    .named(group.auto_scaling_group_name())
    .state(group.status())
    .incarnation(group.created_time().map(DateTime::secs))
    .created(group.created_time())
    .property(
        "instance_ids",
        joined(group.instances().iter().filter_map(|one| one.instance_id())),
    )
    .done()
}
