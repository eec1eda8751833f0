//! The ground truth: all resources that exist now, in the form that an auditor sees.

use kubeproof_contract::resource::{Lifetime, Resource};

use crate::state::State;

/// States in which an instance is being terminated.
const ENDING: &[&str] = &["terminating"];

pub(crate) fn all(state: &State) -> Vec<Resource> {
    let instances = state.instances.all().map(|one| {
        Resource::new("instance", &one.id, &one.region)
            .named(one.name.clone())
            .tagged(one.tags.clone())
            .in_state(one.status, Lifetime::of_state(one.status, ENDING, &[]))
            .with("instance_type", one.of.name)
    });
    let filesystems = state.filesystems.entries().map(|(id, one)| {
        Resource::new("filesystem", id, &one.region)
            .named(one.name.clone())
            .created(one.created)
            .with("bytes_used", one.bytes_used)
    });
    let rulesets = state.rulesets.entries().map(|(id, one)| {
        Resource::new("firewall_ruleset", id, &one.region)
            .named(one.name.clone())
            .created(one.created)
    });
    let keys = state.keys.entries();
    let keys = keys.map(|(id, one)| Resource::new("ssh_key", id, "global").named(one.name.clone()));
    // Rules have no id: their content identifies them.
    let rules = state.global_rules.iter().map(|rule| {
        Resource::new("firewall_rule", rule.allowed().to_string(), "global")
            .with("description", &rule.description)
    });
    let regional = instances.chain(filesystems).chain(rulesets);
    regional.chain(keys).chain(rules).collect()
}
