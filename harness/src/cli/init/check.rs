//! Holds the types that a configuration uses against what is simulated. Pure.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::provider::Provider;
use kubeproof_contract::terraform::Configuration;
use kubeproof_reports::word::counted;

use super::modules::Modules;

/// Terraform providers whose types call no cloud.
const LOCAL: &[&str] = &[
    "cloudinit",
    "external",
    "local",
    "null",
    "random",
    "template",
    "terraform",
    "time",
    "tls",
];
/// Terraform providers that call the cluster's own API server, which is simulated.
const OF_CLUSTERS: &[&str] = &["helm", "kubectl", "kubernetes"];

/// What a configuration uses, and what of it is simulated.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Types whose calls are all simulated.
    simulated: BTreeSet<String>,
    /// Types with calls that are not, a sentence each.
    missing: Vec<String>,
    /// Types of which nothing is known, a sentence each.
    unknown: Vec<String>,
    /// Modules that were not looked into, a sentence each.
    unread: Vec<String>,
    /// What is true of types that call no cloud, a sentence each.
    others: Vec<String>,
}

/// The names of the terraform providers that a configuration names, or whose types it uses.
pub fn terraform_providers(configuration: &Configuration) -> Vec<String> {
    let of_types = types(configuration)
        .into_iter()
        .map(|(name, _)| prefix(&name).to_owned());
    let of_blocks = configuration
        .of_kind("provider")
        .map(|block| block.label(0).to_owned());
    let required = configuration
        .of_kind("terraform")
        .filter_map(|block| block.block("required_providers"))
        .flat_map(|required| required.names.clone());
    let all: BTreeSet<String> = of_types.chain(of_blocks).chain(required).collect();
    all.into_iter().collect()
}

/// The types of a configuration, with the place of the first of each: `a_type`, and `data a_type`.
fn types(configuration: &Configuration) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for block in &configuration.blocks {
        let name = match block.kind.as_str() {
            "resource" => block.label(0).to_owned(),
            "data" => format!("data {}", block.label(0)),
            _ => continue,
        };
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, block.place.clone()));
        }
    }
    found
}

/// The name of the terraform provider of a type.
fn prefix(name: &str) -> &str {
    let name = name.trim_start_matches("data ");
    name.split('_').next().unwrap_or(name)
}

impl Checked {
    /// Holds the types of a configuration and its modules against the simulator.
    pub fn of(provider: &dyn Provider, configuration: &Configuration, modules: &Modules) -> Self {
        let mut checked = Self {
            unread: modules.unread.clone(),
            ..Self::default()
        };
        let mut others: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let own = types(configuration).into_iter();
        let of_modules = modules.read.iter().flat_map(|(key, inner)| {
            let types = types(inner).into_iter();
            types.map(move |(name, place)| (name, format!("module `{key}`, {place}")))
        });
        let mut seen = BTreeSet::new();
        for (name, place) in own.chain(of_modules) {
            if !seen.insert(name.clone()) {
                continue;
            }
            let of = prefix(&name).to_owned();
            if provider.terraform().is_some_and(|known| known.name == of) {
                checked.add(provider, name, &place);
            } else {
                others.entry(of).or_default().insert(name);
            }
        }
        for (of, names) in others {
            checked.add_other(&of, &names);
        }
        checked
    }

    fn add(&mut self, provider: &dyn Provider, name: String, place: &str) {
        let known = provider.terraform();
        let calls: Option<Vec<&str>> =
            known.and_then(|known| Some(known.calls_of(&name)?.collect()));
        let Some(calls) = calls else {
            let what = format!("{name} ({place}): kubeproof does not know which calls it makes");
            return self.unknown.push(what);
        };
        let operations = provider.operations();
        let missing: Vec<&str> = calls
            .into_iter()
            .filter(|call| {
                let (service, operation) = call.split_once(':').unwrap_or(("", call));
                !operations
                    .get(service)
                    .is_some_and(|known| known.contains(operation))
            })
            .collect();
        if missing.is_empty() {
            self.simulated.insert(name);
        } else {
            self.missing.push(format!(
                "{name} ({place}) calls {}, not simulated: such a call ends with 501",
                missing.join(", ")
            ));
        }
    }

    fn add_other(&mut self, of: &str, names: &BTreeSet<String>) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let names = names.join(", ");
        if LOCAL.contains(&of) {
            self.others.push(format!("{names}: they call no cloud"));
        } else if OF_CLUSTERS.contains(&of) {
            self.others.push(format!(
                "{names}: they call the cluster's API server, of which `kubeproof supported kubernetes` lists what is simulated"
            ));
        } else {
            self.unknown.push(format!(
                "{names}: kubeproof does not know the terraform provider `{of}`"
            ));
        }
    }

    /// Whether everything is known to be simulated.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty() && self.unread.is_empty()
    }

    /// What was found, a line each.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        if !self.simulated.is_empty() {
            let count = counted(self.simulated.len(), "type");
            lines.push((
                "checked",
                format!("{count} of resources and data sources: all of their calls are simulated"),
            ));
        }
        let lists = [
            ("missing", &self.missing),
            ("unknown", &self.unknown),
            ("modules", &self.unread),
            ("others", &self.others),
        ];
        for (head, list) in lists {
            lines.extend(list.iter().map(|each| (head, each.clone())));
        }
        lines
            .iter()
            .map(|(head, text)| format!("{head:<8} {text}\n"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::terraform::Block;

    use super::*;
    use crate::providers;

    fn block(kind: &str, label: &str, line: usize) -> Block {
        Block {
            kind: kind.to_owned(),
            labels: vec![label.to_owned(), "this".to_owned()],
            place: format!("main.tf:{line}"),
            ..Block::default()
        }
    }

    #[test]
    fn what_is_simulated_what_is_not_and_what_is_not_known_are_told_apart() {
        let configuration = Configuration {
            blocks: vec![
                block("resource", "aws_vpc", 1),
                block("data", "aws_partition", 2),
                block("resource", "aws_s3_bucket", 3),
                block("resource", "aws_s3_bucket", 4),
                block("resource", "aws_new_thing", 5),
                block("resource", "random_id", 6),
                block("resource", "helm_release", 7),
                block("resource", "datadog_monitor", 8),
            ],
        };
        let modules = Modules {
            read: vec![(
                "net".to_owned(),
                Configuration {
                    blocks: vec![
                        block("resource", "aws_vpc", 1),
                        block("resource", "aws_vpn_gateway", 2),
                    ],
                },
            )],
            unread: vec!["module `eks` was not looked into".to_owned()],
        };
        let provider = providers::find("aws").expect("a provider");
        let checked = Checked::of(&*provider, &configuration, &modules);
        insta::assert_snapshot!(checked.text());
        assert!(!checked.is_complete());
        let used = terraform_providers(&configuration);
        assert_eq!(used, ["aws", "datadog", "helm", "random"]);
    }

    #[test]
    fn a_configuration_of_which_everything_is_simulated_is_complete() {
        let configuration = Configuration {
            blocks: vec![block("resource", "aws_vpc", 1)],
        };
        let provider = providers::find("aws").expect("a provider");
        assert!(Checked::of(&*provider, &configuration, &Modules::default()).is_complete());
    }
}
