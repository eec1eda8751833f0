//! Listing: five calls without pages show the whole account, all regions together.

use std::collections::BTreeMap;

use kubeproof_contract::resource::{Resource, ResourceType};

use crate::api::Api;
use crate::api::error::CallError;
use crate::api::types::{Filesystem, FirewallRule, Instance, Ruleset, SshKey};

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
    Ok(match resource_type {
        "instance" => {
            let all: Vec<Instance> = api.get("ListInstances", "/instances").await?;
            let all = all.iter().filter(|one| one.status != "terminated");
            all.map(instance).collect()
        }
        "filesystem" => {
            let all: Vec<Filesystem> = api.get("ListFileSystems", "/file-systems").await?;
            all.iter().map(filesystem).collect()
        }
        "firewall_ruleset" => {
            let all: Vec<Ruleset> = api
                .get("ListFirewallRulesets", "/firewall-rulesets")
                .await?;
            all.iter().map(ruleset).collect()
        }
        "ssh_key" => {
            let all: Vec<SshKey> = api.get("ListSshKeys", "/ssh-keys").await?;
            all.iter().map(key).collect()
        }
        "firewall_rule" => {
            let all: Vec<FirewallRule> = api.get("ListFirewallRules", "/firewall-rules").await?;
            all.iter().map(rule).collect()
        }
        other => {
            return Err(CallError::internal(
                "list",
                format!("unknown resource type `{other}`"),
            ));
        }
    })
}

fn instance(one: &Instance) -> Resource {
    let mut resource = Resource::new("instance", &one.id, &one.region.name);
    resource.name.clone_from(&one.name);
    resource.tags = one.tags();
    resource.state.clone_from(&one.status);
    resource.properties = property("instance_type", &one.instance_type.name);
    resource
}

fn filesystem(one: &Filesystem) -> Resource {
    let mut resource = Resource::new("filesystem", &one.id, &one.region.name);
    resource.name = Some(one.name.clone());
    resource.created_at = Some(one.created);
    if let Some(bytes) = one.bytes_used {
        resource.properties = property("bytes_used", &bytes.to_string());
    }
    resource
}

fn ruleset(one: &Ruleset) -> Resource {
    let mut resource = Resource::new("firewall_ruleset", &one.id, &one.region.name);
    resource.name = Some(one.name.clone());
    resource.created_at = Some(one.created);
    resource
}

fn key(one: &SshKey) -> Resource {
    let mut resource = Resource::new("ssh_key", &one.id, "global");
    resource.name = Some(one.name.clone());
    resource
}

/// Rules of the account's own list have no id: what they allow identifies them.
fn rule(one: &FirewallRule) -> Resource {
    let mut resource = Resource::new("firewall_rule", one.key(), "global");
    resource.properties = property("description", &one.description);
    resource
}

fn property(name: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), value.to_owned())])
}
