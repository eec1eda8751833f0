//! What the observer lists and the deleter deletes: five lists without pages show the whole account, all regions together.

use futures::FutureExt as _;
use kubeproof_cloudkit::catalogue::{Catalogue, Deletion, ResourceKind, types};
use kubeproof_contract::resource::{Lifetime, Resource, ResourceType};
use serde_json::json;

use crate::api::LambdaApi;
use crate::api::types::{Filesystem, FirewallRule, Instance, Ruleset, SshKey};

/// States in which an instance is being terminated.
const ENDING: &[&str] = &["terminating"];
/// States in which an instance has ended; the API shows it for some minutes.
const DEAD: &[&str] = &["terminated"];

const KINDS: [ResourceKind<LambdaApi>; 5] = [
    ResourceKind::account_wide(
        "instance",
        |api| api.listed("ListInstances", instance).boxed(),
        Deletion::InBody("TerminateInstances", |id| json!({ "instance_ids": [id] })),
    ),
    ResourceKind::account_wide(
        "filesystem",
        |api| api.listed("ListFileSystems", filesystem).boxed(),
        Deletion::InPath("DeleteFileSystem"),
    ),
    ResourceKind::account_wide(
        "firewall_ruleset",
        |api| api.listed("ListFirewallRulesets", ruleset).boxed(),
        Deletion::InPath("DeleteFirewallRuleset"),
    ),
    ResourceKind::account_wide(
        "ssh_key",
        |api| api.listed("ListSshKeys", key).boxed(),
        Deletion::InPath("DeleteSshKey"),
    ),
    ResourceKind::account_wide(
        "firewall_rule",
        |api| api.listed("ListFirewallRules", rule).boxed(),
        Deletion::Never,
    ),
];

/// All resource types, in deletion order.
pub(crate) static CATALOGUE: Catalogue<LambdaApi> = Catalogue(&KINDS);
pub(super) static TYPES: [ResourceType; 5] = types(&KINDS);

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
