//! Target groups: free, but they outlive the load balancer that used them.
//!
//! The listing has no tags; they are read for those that are asked about.

use async_trait::async_trait;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, regional};
use super::{ListResult, Placed, Type, elbv2_tags};
use crate::observer::clients::{Clients, deleted, pages};

pub struct TargetGroups;

#[async_trait]
impl Type for TargetGroups {
    fn placed(&self) -> Placed {
        regional("elbv2_target_group")
    }

    async fn list(&self, clients: &Clients) -> ListResult {
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

    async fn complete(
        &self,
        clients: &Clients,
        resources: &mut [Resource],
    ) -> Result<(), ObserverError> {
        elbv2_tags::complete(clients, resources).await
    }

    async fn delete(&self, clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
        let call = clients
            .elbv2
            .delete_target_group()
            .target_group_arn(&resource.id)
            .send();
        deleted("elasticloadbalancing:DeleteTargetGroup", call.await)
    }
}
