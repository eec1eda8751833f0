//! What the observer lists and deletes: five lists without pages show the whole account, all regions together.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::resource::{Resource, ResourceType};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;

use crate::api::Api;
use crate::api::types::{Filesystem, FirewallRule, Instance, Ruleset, SshKey};

/// How long a resource may stay in use after its users are gone.
const IN_USE_LIMIT: Duration = Duration::from_secs(5 * 60);

/// All resource types, in deletion order. Every list covers all regions, so each is listed once.
pub(super) const TYPES: &[ResourceType] = &[
    global("instance"),
    global("filesystem"),
    global("firewall_ruleset"),
    global("ssh_key"),
    global("firewall_rule"),
];

const fn global(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        global: true,
        retained_because: None,
    }
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
    all.retain(|one| one.state != "terminated");
    Ok(all)
}

/// Deletes one resource. What is gone already is as it should be.
pub(super) async fn delete(api: &Api, resource: &Resource) -> Result<(), CallError> {
    let id = [resource.id.as_str()];
    let body = json!({ "instance_ids": id });
    let call = match resource.resource_type.as_str() {
        "instance" => RestCall::new("TerminateInstances", &[]).with_body(&body),
        "filesystem" => RestCall::new("DeleteFileSystem", &id),
        "firewall_ruleset" => RestCall::new("DeleteFirewallRuleset", &id),
        "ssh_key" => RestCall::new("DeleteSshKey", &id),
        other => return Err(unknown("delete", other)),
    };
    let policy = RetryPolicy::while_in_use(IN_USE_LIMIT);
    ignore_not_found(api.call::<IgnoredAny>(policy, call).await)
}

fn unknown(what: &str, resource_type: &str) -> CallError {
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
