//! The zones of Cloud DNS, and their records without those that every zone has.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::resource::Resource;
use serde::Deserialize;
use serde_json::Value;

use super::items::{labels, text};
use crate::api::Api;
use crate::api::types::last;

/// The records that Cloud DNS makes with a zone and deletes with it.
const OF_APEX: &[&str] = &["NS", "SOA"];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    managed_zones: Vec<Value>,
    rrsets: Vec<Value>,
    next_page_token: Option<String>,
}

async fn shown(api: &Api, project: &str) -> Result<Vec<Value>, CallError> {
    let parameters = [project];
    let call = RestCall::new("managedZones.list", &parameters);
    let take = |page: Page| Ok((page.managed_zones, page.next_page_token));
    api.dns.all_pages(call, "pageToken", take).await
}

/// All zones of the project.
pub(super) async fn zones(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    shown(api, project).await?.iter().map(zone).collect()
}

fn name(shown: &Value) -> Result<&str, CallError> {
    let none = || CallError::state("list", "a DNS zone or record is shown without a name");
    text(shown, "name").ok_or_else(none)
}

fn zone(shown: &Value) -> Result<Resource, CallError> {
    let name = name(shown)?;
    let mut resource = Resource::new("dns_zone", name, "global")
        .named(name.to_owned())
        .tagged(labels(&shown["labels"]));
    for (property, member) in [("dns_name", "dnsName"), ("description", "description")] {
        resource = resource.with(property, text(shown, member).unwrap_or_default());
    }
    let networks = shown["privateVisibilityConfig"]["networks"].as_array();
    let links = networks.into_iter().flatten();
    let names = links.filter_map(|one| last(one["networkUrl"].as_str()?));
    let names = names.collect::<Vec<_>>().join(" ");
    if !names.is_empty() {
        resource = resource.with("network", names);
    }
    resource.incarnation = text(shown, "id").map(str::to_owned);
    resource.created_at = text(shown, "creationTime").and_then(|at| at.parse().ok());
    Ok(resource)
}

/// The records of all zones.
pub(super) async fn records(api: &Api, project: &str) -> Result<Vec<Resource>, CallError> {
    let mut all = Vec::new();
    for zone in shown(api, project).await? {
        let zone_name = name(&zone)?;
        let parameters = [project, zone_name];
        let call = RestCall::new("resourceRecordSets.list", &parameters);
        let take = |page: Page| Ok((page.rrsets, page.next_page_token));
        let sets: Vec<Value> = match api.dns.all_pages(call, "pageToken", take).await {
            // It was deleted in the meantime, with its records.
            Err(error) if error.is_not_found() => continue,
            sets => sets?,
        };
        for set in sets.iter().filter(|set| !is_of_apex(&zone, set)) {
            all.push(record(zone_name, set)?);
        }
    }
    Ok(all)
}

fn is_of_apex(zone: &Value, set: &Value) -> bool {
    set["name"] == zone["dnsName"] && text(set, "type").is_some_and(|kind| OF_APEX.contains(&kind))
}

fn record(zone: &str, set: &Value) -> Result<Resource, CallError> {
    let name = name(set)?;
    let kind = text(set, "type").unwrap_or_default();
    Ok(
        Resource::new("dns_record", format!("{zone}/{name}/{kind}"), "global")
            .named(name.to_owned())
            .with("dns_zone", zone),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_that_every_zone_has_are_left_out_and_a_delegation_is_not() {
        let zone = json!({"name": "z", "dnsName": "a.example."});
        let check = |name: &str, kind: &str, expected: bool| {
            let set = json!({"name": name, "type": kind});
            assert_eq!(is_of_apex(&zone, &set), expected, "{name} {kind}");
        };
        check("a.example.", "NS", true);
        check("a.example.", "SOA", true);
        check("a.example.", "A", false);
        check("b.a.example.", "NS", false);
    }

    #[test]
    fn a_private_zone_names_its_networks() {
        let networks = json!([{"networkUrl": "https://c/projects/p/global/networks/n"},
            {"networkUrl": "https://c/projects/p/global/networks/m"}]);
        let shown =
            json!({"name": "z", "id": "7", "privateVisibilityConfig": {"networks": networks}});
        let seen = zone(&shown).expect("a zone");
        assert_eq!(seen.properties["network"], "n m");
        assert_eq!(seen.incarnation.as_deref(), Some("7"));
        assert!(zone(&json!({})).is_err());
    }
}
