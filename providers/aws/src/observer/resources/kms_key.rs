//! KMS keys: billed by the month until their deletion is scheduled, and there for days afterwards.
//!
//! The listing has ids only; whose key it is and what state it is in are read for those that are asked about. Keys that
//! AWS makes for its services are not to be deleted, and free.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::{Entry, property, set_state};
use super::net::all_pages;
use super::{Kind, ListResult};
use crate::json_call::{JsonCall, JsonService, timestamp};
use crate::observer::clients::{Clients, PAGES_MAX};
use crate::prices;

pub(super) const SERVICE: JsonService = JsonService("kms", "TrentService");
const LIST: JsonCall = SERVICE.call("ListKeys");
const DESCRIBE: JsonCall = SERVICE.call("DescribeKey");
const LIST_TAGS: JsonCall = SERVICE.call("ListResourceTags");
const DELETE: JsonCall = SERVICE.call("ScheduleKeyDeletion");

/// Why a key that waits for its deletion may remain.
const WAITS: &str = "its deletion is scheduled: KMS keeps a key for 7 to 30 days, and bills nothing for it meanwhile";
/// Why a key of AWS may remain.
const OF_AWS: &str =
    "a key of AWS itself, made for the account at the first use of a service: it is free and stays";

pub const KIND: Kind = Kind::regional("kms_key", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    keys: Vec<Listed>,
    next_marker: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    key_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    key_metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Metadata {
    key_state: Option<String>,
    key_manager: Option<String>,
    description: Option<String>,
    creation_date: Option<f64>,
    deletion_date: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tags {
    #[serde(default)]
    tags: Vec<Tag>,
    next_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    tag_key: String,
    #[serde(default)]
    tag_value: String,
}

async fn list(clients: &Clients) -> ListResult {
    let page = |marker: Option<String>| async move {
        let page: Page = clients.json(&LIST, &of_marker(json!({}), marker)).await?;
        Ok((page.keys, page.next_marker))
    };
    let keys: Vec<Listed> = all_pages(&LIST.name(), PAGES_MAX, page).await?;
    let entry = |key: &Listed| Entry::new("kms_key", Some(&key.key_id), &clients.region).done();
    Ok(keys.iter().map(entry).collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let asked = json!({ "KeyId": resource.id });
        match clients.json::<Described>(&DESCRIBE, &asked).await {
            Ok(described) => describe(resource, &described.key_metadata),
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        }
        if resource.properties.contains_key(RETAINED_PROPERTY) {
            continue;
        }
        for tag in tags(clients, &resource.id).await? {
            resource.tags.insert(tag.tag_key, tag.tag_value);
        }
    }
    Ok(())
}

/// Nothing deletes a key at once: this schedules it for the earliest day.
async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    if why_it_stays(resource).is_some() {
        return Ok(());
    }
    let asked = json!({ "KeyId": resource.id, "PendingWindowInDays": 7 });
    ignore_not_found(clients.json::<Value>(&DELETE, &asked).await)?;
    Ok(())
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    if why_it_stays(resource).is_some() {
        return Some(Decimal::ZERO);
    }
    prices::exact(resource.scope.as_str(), "kms", "KMS key").map(|price| price.usd)
}

/// Why a key may remain, if it may.
pub fn why_it_stays(resource: &Resource) -> Option<&'static str> {
    if !property(resource, "deletion_date").is_empty() {
        return Some(WAITS);
    }
    (property(resource, "manager") == "AWS").then_some(OF_AWS)
}

fn describe(resource: &mut Resource, metadata: &Metadata) {
    set_state(resource, metadata.key_state.as_deref());
    resource.created_at = metadata.creation_date.and_then(timestamp);
    let deleted_at = metadata.deletion_date.and_then(timestamp);
    let texts = [
        ("description", metadata.description.clone()),
        ("manager", metadata.key_manager.clone()),
        ("deletion_date", deleted_at.map(|at| at.to_string())),
    ];
    for (name, text) in texts {
        resource
            .properties
            .extend(text.map(|text| (name.to_owned(), text)));
    }
    if let Some(reason) = why_it_stays(resource) {
        let reason = (RETAINED_PROPERTY.to_owned(), reason.to_owned());
        resource.properties.extend([reason]);
    }
}

async fn tags(clients: &Clients, id: &str) -> Result<Vec<Tag>, ObserverError> {
    let page = |marker: Option<String>| async move {
        let asked = of_marker(json!({ "KeyId": id }), marker);
        match clients.json::<Tags>(&LIST_TAGS, &asked).await {
            Ok(page) => Ok((page.tags, page.next_marker)),
            Err(error) if error.is_not_found() => Ok((Vec::new(), None)),
            Err(error) => Err(error.into()),
        }
    };
    all_pages(&LIST_TAGS.name(), PAGES_MAX, page).await
}

/// A request for the page that begins at a marker.
pub(super) fn of_marker(mut asked: Value, marker: Option<String>) -> Value {
    if let Some(marker) = marker {
        asked["Marker"] = marker.into();
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_costs_a_dollar_a_month_unless_it_is_awss_or_waits_for_its_deletion() {
        let check = |name: &str, value: &str, cost: &str, stays: bool| {
            let mut key = Resource::new("kms_key", "k", "us-east-1");
            let pair = (name.to_owned(), value.to_owned());
            key.properties.extend([pair]);
            let usd = monthly_cost(&key).map(|usd| usd.to_string());
            assert_eq!(usd.as_deref(), Some(cost), "{name}");
            assert_eq!(why_it_stays(&key).is_some(), stays, "{name}");
        };
        check("manager", "CUSTOMER", "1", false);
        check("manager", "AWS", "0", true);
        check("deletion_date", "2026-12-07T00:00:00Z", "0", true);
    }
}
