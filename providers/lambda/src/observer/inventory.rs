//! What the observer lists and the deleter deletes: five lists without pages show the whole account, all regions together.

use futures::FutureExt as _;
use kubeproof_cloudkit::catalogue::{Catalogue, ResourceKind, delete_by_body, delete_by_path};
use kubeproof_cloudkit::{CallError, resource_types};
use kubeproof_contract::resource::{Lifetime, Resource, ResourceType};
use serde_json::json;

use crate::api::Api;
use crate::api::types::{Filesystem, FirewallRule, Instance, Ruleset, SshKey};
use crate::prices;

/// States in which an instance is being terminated.
const ENDING: &[&str] = &["terminating"];
/// States in which an instance has ended; the API shows it for some minutes.
const DEAD: &[&str] = &["terminated"];

type Kind = ResourceKind<Api>;

const KINDS: &[Kind] = &[
    Kind::global("instance", |api| instances(api).boxed())
        .deleted(|api, one| {
            delete_by_body(
                api,
                "TerminateInstances",
                json!({ "instance_ids": [one.id] }),
            )
        })
        .priced(prices::instance),
    Kind::global("filesystem", |api| {
        api.listed("ListFileSystems", filesystem).boxed()
    })
    .deleted(|api, one| delete_by_path(api, "DeleteFileSystem", &one.id))
    .priced(prices::filesystem),
    Kind::global("firewall_ruleset", |api| {
        api.listed("ListFirewallRulesets", ruleset).boxed()
    })
    .deleted(|api, one| delete_by_path(api, "DeleteFirewallRuleset", &one.id)),
    Kind::global("ssh_key", |api| api.listed("ListSshKeys", key).boxed())
        .deleted(|api, one| delete_by_path(api, "DeleteSshKey", &one.id)),
    Kind::global("firewall_rule", |api| {
        api.listed("ListFirewallRules", rule).boxed()
    }),
];

/// All resource types, in deletion order.
pub(crate) static CATALOGUE: Catalogue<Api> = Catalogue(KINDS);
pub(super) static TYPES: [ResourceType; KINDS.len()] = resource_types!(KINDS);

/// All instances that have not ended.
async fn instances(api: &Api) -> Result<Vec<Resource>, CallError> {
    let mut all: Vec<Resource> = api.listed("ListInstances", instance).await?;
    all.retain(|one| one.lifetime != Lifetime::Dead);
    Ok(all)
}

fn instance(one: Instance) -> Resource {
    let lifetime = Lifetime::of_state(&one.status, ENDING, DEAD);
    Resource::new("instance", &one.id, &one.region.name)
        .tagged(one.tags)
        .named(one.name)
        .in_state(one.status, lifetime)
        .with("instance_type", one.instance_type.name)
}

fn filesystem(one: Filesystem) -> Resource {
    let resource = Resource::new("filesystem", one.id, &one.region.name)
        .named(one.name)
        .created(one.created);
    match one.bytes_used {
        Some(bytes) => resource.with("bytes_used", bytes),
        None => resource,
    }
}

fn ruleset(one: Ruleset) -> Resource {
    Resource::new("firewall_ruleset", one.id, &one.region.name)
        .named(one.name)
        .created(one.created)
}

fn key(one: SshKey) -> Resource {
    Resource::new("ssh_key", one.id, "global").named(one.name)
}

/// Rules of the account's own list have no id: what they allow identifies them.
fn rule(one: FirewallRule) -> Resource {
    Resource::new("firewall_rule", one.key(), "global").with("description", one.description)
}
