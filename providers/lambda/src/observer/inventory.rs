//! What the observer lists: five lists without pages show the whole account, all regions together.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::{Lifetime, Resource, ResourceType};
use kubeproof_contract::scope::{Cell, Listing, Scope};
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::api::types::{Filesystem, FirewallRule, Instance, Ruleset, SshKey};

/// States in which an instance is being terminated.
const ENDING: &[&str] = &["terminating"];
/// States in which an instance has ended; the API shows it for some minutes.
const DEAD: &[&str] = &["terminated"];

/// All resource types, in deletion order.
pub(super) const TYPES: &[ResourceType] = &[
    of("instance"),
    of("filesystem"),
    of("firewall_ruleset"),
    of("ssh_key"),
    of("firewall_rule"),
];

const fn of(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        retained_because: None,
    }
}

/// One listing for each type: each list covers the whole account, all regions together.
pub(super) fn listings() -> Vec<Listing> {
    let listing = |known: &ResourceType| Listing::of(Cell::new(known.name, Scope::global()));
    TYPES.iter().map(listing).collect()
}

/// Lists one type.
pub(super) async fn list(api: &Api, resource_type: &str) -> Result<Vec<Resource>, CallError> {
    let listed: BoxFuture<'_, _> = match resource_type {
        "instance" => listed(api, "ListInstances", instance).boxed(),
        "filesystem" => listed(api, "ListFileSystems", filesystem).boxed(),
        "firewall_ruleset" => listed(api, "ListFirewallRulesets", ruleset).boxed(),
        "ssh_key" => listed(api, "ListSshKeys", key).boxed(),
        "firewall_rule" => listed(api, "ListFirewallRules", rule).boxed(),
        other => return Err(unknown("list", other)),
    };
    let mut all = listed.await?;
    all.retain(|one| one.lifetime != Lifetime::Dead);
    Ok(all)
}

/// The error for a type that is not in the catalogue.
pub fn unknown(what: &str, resource_type: &str) -> CallError {
    CallError::state(what, format!("unknown resource type `{resource_type}`"))
}

async fn listed<T: DeserializeOwned + Send>(
    api: &Api,
    operation: &'static str,
    resource: fn(T) -> Resource,
) -> Result<Vec<Resource>, CallError> {
    let all: Vec<T> = api.get(operation, &[]).await?;
    Ok(all.into_iter().map(resource).collect())
}

fn instance(one: Instance) -> Resource {
    Resource {
        tags: one.tags(),
        name: one.name,
        lifetime: Lifetime::of_state(&one.status, ENDING, DEAD),
        state: one.status,
        properties: property("instance_type", one.instance_type.name),
        ..Resource::new("instance", one.id, &one.region.name)
    }
}

fn filesystem(one: Filesystem) -> Resource {
    let bytes = one.bytes_used;
    Resource {
        name: Some(one.name),
        created_at: Some(one.created),
        properties: bytes.map_or_else(BTreeMap::new, |bytes| {
            property("bytes_used", bytes.to_string())
        }),
        ..Resource::new("filesystem", one.id, &one.region.name)
    }
}

fn ruleset(one: Ruleset) -> Resource {
    Resource {
        name: Some(one.name),
        created_at: Some(one.created),
        ..Resource::new("firewall_ruleset", one.id, &one.region.name)
    }
}

fn key(one: SshKey) -> Resource {
    Resource {
        name: Some(one.name),
        ..Resource::new("ssh_key", one.id, "global")
    }
}

/// Rules of the account's own list have no id: what they allow identifies them.
fn rule(one: FirewallRule) -> Resource {
    Resource {
        properties: property("description", one.description.clone()),
        ..Resource::new("firewall_rule", one.key(), "global")
    }
}

fn property(name: &str, value: String) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), value)])
}
