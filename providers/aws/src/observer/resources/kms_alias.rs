//! Aliases of KMS keys: free, but a forgotten one keeps its name from being used again. Those of AWS are left out.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::Entry;
use super::kms_key::{SERVICE, of_marker};
use super::net::all_pages;
use super::{Kind, ListResult};
use crate::json_call::{JsonCall, timestamp};
use crate::observer::clients::{Clients, PAGES_MAX};

const LIST: JsonCall = SERVICE.call("ListAliases");
const DELETE: JsonCall = SERVICE.call("DeleteAlias");
/// How the names of AWS's own begin.
const OF_AWS: &str = "alias/aws/";

pub const KIND: Kind = Kind::regional("kms_alias", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    aliases: Vec<Alias>,
    next_marker: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alias {
    alias_name: String,
    target_key_id: Option<String>,
    creation_date: Option<f64>,
}

async fn list(clients: &Clients) -> ListResult {
    let page = |marker: Option<String>| async move {
        let page: Page = clients.json(&LIST, &of_marker(json!({}), marker)).await?;
        Ok((page.aliases, page.next_marker))
    };
    let all: Vec<Alias> = all_pages(&LIST.name(), PAGES_MAX, page).await?;
    let own = all
        .iter()
        .filter(|alias| !alias.alias_name.starts_with(OF_AWS));
    Ok(own.map(|alias| entry(clients, alias)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let asked = json!({ "AliasName": resource.id });
    ignore_not_found(clients.json::<Value>(&DELETE, &asked).await)?;
    Ok(())
}

fn entry(clients: &Clients, alias: &Alias) -> Resource {
    let name = Some(alias.alias_name.as_str());
    let created_at = alias.creation_date.and_then(timestamp);
    Entry::new("kms_alias", name, &clients.region)
        .named(name)
        .incarnation(created_at.map(jiff::Timestamp::as_second))
        .created_at(created_at)
        .property("key_id", alias.target_key_id.as_ref())
        .done()
}
