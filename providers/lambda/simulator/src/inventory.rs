//! The ground truth: all resources that exist now, in the form that an auditor sees.

use std::collections::BTreeMap;

use kubeproof_contract::resource::{Lifetime, Resource};

use crate::state::{FirewallRule, State};

/// States in which an instance is being terminated.
const ENDING: &[&str] = &["terminating"];
/// States in which an instance has ended.
const DEAD: &[&str] = &["terminated"];

/// All resources.
pub(crate) fn all(state: &State) -> Vec<Resource> {
    let mut all = Vec::new();
    for instance in state.instances.all() {
        let mut resource = Resource::new("instance", &instance.id, &instance.region);
        resource.name.clone_from(&instance.name);
        resource.tags = instance.tags.clone();
        instance.status.clone_into(&mut resource.state);
        resource.lifetime = Lifetime::of_state(&resource.state, ENDING, DEAD);
        resource.properties = properties(&[("instance_type", instance.of.name)]);
        all.push(resource);
    }
    for (id, filesystem) in state.filesystems.entries() {
        let mut resource = Resource::new("filesystem", id, &filesystem.region);
        resource.name = Some(filesystem.name.clone());
        resource.created_at = Some(filesystem.created);
        resource.properties = properties(&[("bytes_used", &filesystem.bytes_used.to_string())]);
        all.push(resource);
    }
    for (id, ruleset) in state.rulesets.entries() {
        let mut resource = Resource::new("firewall_ruleset", id, &ruleset.region);
        resource.name = Some(ruleset.name.clone());
        resource.created_at = Some(ruleset.created);
        all.push(resource);
    }
    for (id, key) in state.keys.entries() {
        let mut resource = Resource::new("ssh_key", id, "global");
        resource.name = Some(key.name.clone());
        all.push(resource);
    }
    for rule in &state.global_rules {
        let mut resource = Resource::new("firewall_rule", rule_id(rule), "global");
        resource.properties = properties(&[("description", &rule.description)]);
        all.push(resource);
    }
    all
}

/// Rules have no id: their content identifies them.
fn rule_id(rule: &FirewallRule) -> String {
    let ports = rule
        .port_range
        .map_or_else(|| "all".to_owned(), |(from, to)| format!("{from}-{to}"));
    format!("{}:{ports}:{}", rule.protocol, rule.source_network)
}

fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
