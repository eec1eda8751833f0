//! CloudWatch log groups: EKS makes one for control-plane logs and never deletes it.
//!
//! The listing has no tags; ListTagsForResource gives them one group a call.

use async_trait::async_trait;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{Resource, ResourceType};

use super::entry::{Entry, property, regional};
use super::{Listing, Type};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages};
use crate::prices;

/// Bytes of a gigabyte, as CloudWatch bills storage.
const BYTES_PER_GB: u64 = 1 << 30;

pub struct LogGroups;

#[async_trait]
impl Type for LogGroups {
    fn resource_type(&self) -> ResourceType {
        regional("cloudwatch_log_group")
    }

    async fn list(&self, clients: &Clients) -> Listing {
        let stream = clients.logs.describe_log_groups().into_paginator().send();
        let pages = pages("logs:DescribeLogGroups", stream).await?;
        let all = pages.iter().flat_map(|page| page.log_groups());
        Ok(all.map(|group| entry(clients, group)).collect())
    }

    async fn complete(
        &self,
        clients: &Clients,
        resources: &mut [Resource],
    ) -> Result<(), ObserverError> {
        for resource in resources {
            // This call wants the ARN without the trailing `:*` that listings show.
            let arn = property(resource, "arn").trim_end_matches(":*");
            let answer = match clients
                .logs
                .list_tags_for_resource()
                .resource_arn(arn)
                .send()
                .await
            {
                Ok(answer) => answer,
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(failed("logs:ListTagsForResource", &error)),
            };
            let tags = answer.tags().into_iter().flatten();
            resource
                .tags
                .extend(tags.map(|(key, value)| (key.clone(), value.clone())));
        }
        Ok(())
    }

    async fn delete(&self, clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
        let call = clients
            .logs
            .delete_log_group()
            .log_group_name(&resource.id)
            .send();
        deleted("logs:DeleteLogGroup", call.await)
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<Decimal> {
        let bytes: Decimal = property(resource, "stored_bytes").parse().ok()?;
        let price = prices::exact(&resource.region, "logs", "CloudWatch Logs storage")?;
        Some(price.usd * bytes / Decimal::from(BYTES_PER_GB))
    }
}

fn entry(clients: &Clients, group: &aws_sdk_cloudwatchlogs::types::LogGroup) -> Resource {
    let arn = group.log_group_arn().or(group.arn());
    Entry::new(
        "cloudwatch_log_group",
        group.log_group_name(),
        &clients.region,
    )
    .named(group.log_group_name())
    .property("arn", arn)
    .property("stored_bytes", group.stored_bytes())
    .done()
}
