//! `CloudWatch` log groups: EKS makes one for control-plane logs and never deletes it.
//!
//! The listing has no tags; `ListTagsForResource` gives them one group a call.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use super::entry::{Entry, property};
use super::net::all_pages;
use super::{Kind, ListResult};
use crate::log_groups::{DELETE, DESCRIBE, LIST_TAGS, LogGroup, Page, Tags, page_of};
use crate::observer::clients::{Clients, PAGES_MAX};
use crate::prices;

/// Bytes of a gigabyte, as `CloudWatch` bills storage.
const BYTES_PER_GB: u64 = 1 << 30;

pub const KIND: Kind = Kind::regional("cloudwatch_log_group", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let page = |token| async move {
        let page: Page = clients.json(&DESCRIBE, &page_of(None, token)).await?;
        Ok((page.log_groups, page.next_token))
    };
    let groups: Vec<LogGroup> = all_pages(&DESCRIBE.name(), PAGES_MAX, page).await?;
    Ok(groups.iter().map(|group| entry(clients, group)).collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        // This call wants the ARN without the trailing `:*` that listings show.
        let arn = property(resource, "arn").trim_end_matches(":*");
        let asked = json!({ "resourceArn": arn });
        match clients.json::<Tags>(&LIST_TAGS, &asked).await {
            Ok(answer) => resource.tags.extend(answer.tags),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let asked = json!({ "logGroupName": resource.id });
    ignore_not_found(clients.json::<Value>(&DELETE, &asked).await)?;
    Ok(())
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    let bytes: Decimal = property(resource, "stored_bytes").parse().ok()?;
    let price = prices::exact(resource.scope.as_str(), "logs", "CloudWatch Logs storage")?;
    Some(price.usd * bytes / Decimal::from(BYTES_PER_GB))
}

fn entry(clients: &Clients, group: &LogGroup) -> Resource {
    let name = group.name.as_deref();
    let arn = group.log_group_arn.as_ref().or(group.arn.as_ref());
    Entry::new("cloudwatch_log_group", name, &clients.region)
        .named(name)
        .incarnation(group.creation_time)
        .property("arn", arn)
        .property("stored_bytes", group.stored_bytes)
        .done()
}
