//! Target groups: free, but they outlive the load balancer that used them.
//!
//! The listing has no tags; they are read for those that are asked about.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use super::{Kind, ListResult, elbv2_tags};
use crate::observer::clients::{Clients, deleted, pages};

pub const KIND: Kind = Kind::regional("elbv2_target_group", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(elbv2_tags::complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .elbv2
        .describe_target_groups()
        .into_paginator()
        .send();
    let pages = pages("elasticloadbalancing:DescribeTargetGroups", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::DescribeTargetGroupsOutput::target_groups);
    let entry = |group: &aws_sdk_elasticloadbalancingv2::types::TargetGroup| {
        Entry::new(
            "elbv2_target_group",
            group.target_group_arn(),
            &clients.region,
        )
        .named(group.target_group_name())
        .property("vpc_id", group.vpc_id())
        .done()
    };
    Ok(all.map(entry).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .elbv2
        .delete_target_group()
        .target_group_arn(&resource.id)
        .send();
    deleted("elasticloadbalancing:DeleteTargetGroup", call.await)
}
