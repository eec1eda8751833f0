//! `EventBridge` rules of the default bus: free for events of AWS itself. A rule goes after its targets.
//!
//! Rules that AWS services manage are theirs and stay.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use super::entry::Entry;
use super::net::json_items;
use super::{Kind, ListResult};
use crate::json_call::{JsonCall, JsonService};
use crate::observer::clients::Clients;

const SERVICE: JsonService = JsonService("events", "AWSEvents");
const LIST: JsonCall = SERVICE.call("ListRules");
const LIST_TAGS: JsonCall = SERVICE.call("ListTagsForResource");
const LIST_TARGETS: JsonCall = SERVICE.call("ListTargetsByRule");
const REMOVE_TARGETS: JsonCall = SERVICE.call("RemoveTargets");
const DELETE: JsonCall = SERVICE.call("DeleteRule");

pub const KIND: Kind = Kind::regional("eventbridge_rule", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

/// All items of a list, under a member of its answers.
async fn all(
    clients: &Clients,
    call: &JsonCall,
    member: &str,
    asked: Value,
) -> Result<Vec<Value>, ObserverError> {
    json_items(clients, call, &asked, |answer| {
        answer[member].as_array().cloned()
    })
    .await
}

async fn list(clients: &Clients) -> ListResult {
    let rules = all(clients, &LIST, "Rules", json!({ "Limit": 100 })).await?;
    let own = rules.iter().filter(|rule| rule["ManagedBy"].is_null());
    let entry = |rule: &Value| {
        Entry::new("eventbridge_rule", rule["Arn"].as_str(), &clients.region)
            .named(rule["Name"].as_str())
            .state(rule["State"].as_str())
            .done()
    };
    Ok(own.map(entry).collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for resource in resources {
        let asked = json!({ "ResourceARN": resource.id });
        match clients.json::<Value>(&LIST_TAGS, &asked).await {
            Ok(answer) => {
                let tags = answer["Tags"].as_array().into_iter().flatten();
                let text = |tag: &Value| {
                    let value = tag["Value"].as_str().unwrap_or_default();
                    Some((tag["Key"].as_str()?.to_owned(), value.to_owned()))
                };
                resource.tags.extend(tags.filter_map(text));
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let name = resource.name.as_deref().unwrap_or_default();
    let targets = all(clients, &LIST_TARGETS, "Targets", json!({ "Rule": name })).await;
    let targets = match targets {
        Ok(targets) => targets,
        Err(error) if error.message.contains("does not exist") => return Ok(()),
        Err(error) => return Err(error),
    };
    let ids: Vec<&str> = targets.iter().filter_map(|it| it["Id"].as_str()).collect();
    if !ids.is_empty() {
        let asked = json!({ "Rule": name, "Ids": ids });
        ignore_not_found(clients.json::<Value>(&REMOVE_TARGETS, &asked).await)?;
    }
    let asked = json!({ "Name": name });
    ignore_not_found(clients.json::<Value>(&DELETE, &asked).await)?;
    Ok(())
}
