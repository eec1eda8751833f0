//! The text of a new scenario. Pure.

use kubeproof_contract::provider::Provider;
use kubeproof_contract::terraform::{ClusterBlock, Configuration};

/// Variables of configurations that are taken for the cluster's name, the surest first.
const NAMES: &[&str] = &[
    "cluster_name",
    "name",
    "name_prefix",
    "prefix",
    "project_name",
];
/// The variable that is filled in without being named in a scenario.
const OWN_NAME: &str = "kubeproof_name";

/// What makes the cluster.
#[derive(Clone, Debug)]
pub enum By {
    /// A terraform configuration.
    Terraform {
        /// Its folder, as the scenario names it.
        folder: String,
        /// The folder's own name.
        named: String,
    },
    /// Two commands.
    Programs {
        provision: Vec<String>,
        teardown: Vec<String>,
    },
}

/// A scenario to be written.
#[derive(Debug)]
pub struct NewScenario {
    provider: &'static str,
    client: Option<&'static str>,
    by: By,
    cluster: ClusterBlock,
    /// The variable for the name.
    name: Option<String>,
    /// Other variables that must be set, with their places.
    required: Vec<(String, String)>,
    assumed: Vec<String>,
}

impl NewScenario {
    /// The scenario for what makes the cluster.
    ///
    /// # Errors
    /// When the provider cannot begin one.
    pub fn of(
        provider: &dyn Provider,
        by: By,
        configuration: Option<&Configuration>,
    ) -> Result<Self, String> {
        let name = provider.name();
        let cluster = provider.cluster_block(configuration).ok_or_else(|| {
            format!("no scenario can be begun for {name}: write it by hand (`kubeproof schema --provider {name}`)")
        })?;
        let variables = configuration.map(variables).unwrap_or_default();
        let named = NAMES
            .iter()
            .chain([&OWN_NAME])
            .find(|name| variables.iter().any(|(known, _, _)| known == *name));
        let required = variables.iter().filter(|(name, _, must)| {
            *must && named.is_none_or(|named| named != name) && !name.starts_with("kubeproof_")
        });
        let required: Vec<(String, String)> = required
            .map(|(name, place, _)| (name.clone(), place.clone()))
            .collect();
        let mut assumed = cluster.assumed.clone();
        if configuration.is_some() && named.is_none() {
            assumed.push(format!(
                "no variable for the cluster's name was found: declare `variable \"{OWN_NAME}\" {{}}` and use it, or \
                 runs of the same time meet each other's resources"
            ));
        }
        assumed.extend(required.iter().map(|(name, place)| {
            format!("the variable `{name}` ({place}) has no default: set it in the scenario")
        }));
        Ok(Self {
            provider: name,
            client: configuration.and_then(|_| provider.terraform()?.client),
            by,
            cluster,
            name: named.map(|name| (*name).to_owned()),
            required,
            assumed,
        })
    }

    /// What could not be told and must be looked at, a sentence each.
    pub fn assumed(&self) -> &[String] {
        &self.assumed
    }

    /// The file.
    pub fn text(&self) -> String {
        let provider = self.provider;
        let name = self.scenario_name();
        let mut lines = vec![
            format!(
                "# Written by `kubeproof init`. All fields: `kubeproof schema --provider {provider}`."
            ),
            format!("scenario: {name}"),
            format!("description: {}", self.description()),
            format!("provider: {provider}"),
            String::new(),
            "provisioner:".to_owned(),
            "  # Simulated seconds in a real one while a program runs.".to_owned(),
            "  time_scale: 120".to_owned(),
        ];
        match &self.by {
            By::Terraform { folder, .. } => lines.extend(self.terraform(folder)),
            By::Programs {
                provision,
                teardown,
            } => lines.extend([
                "  command:".to_owned(),
                format!("    provision: {}", list(provision)),
                format!("    teardown: {}", list(teardown)),
            ]),
        }
        lines.push(String::new());
        lines.push(
            "# What the cluster must be: it is checked, priced and audited by this block."
                .to_owned(),
        );
        lines.push("cluster:".to_owned());
        lines.extend(
            self.cluster
                .assumed
                .iter()
                .map(|each| format!("  # Assumed: {each}.")),
        );
        lines.extend(self.cluster.lines.iter().map(|line| format!("  {line}")));
        if let Some(gpus) = self.cluster.gpus {
            lines.extend([String::new(), "job:".to_owned(), format!("  gpus: {gpus}")]);
        }
        lines.extend(
            [
                "",
                "cost:",
                "  duration_minutes: 45",
                "  budget_usd: 8.00",
                "",
            ]
            .map(str::to_owned),
        );
        lines.join("\n")
    }

    fn terraform(&self, folder: &str) -> Vec<String> {
        let mut lines = vec![
            "  terraform:".to_owned(),
            format!("    dir: {}", quoted(folder)),
        ];
        lines.extend(self.client.map(|client| format!("    client: {client}")));
        let name = self.name.as_deref().filter(|name| *name != OWN_NAME);
        if let Some(name) = name {
            lines.push("    vars:".to_owned());
            lines.push(format!(
                "      {name}: \"{{name}}\" # the natural name of the run's cluster"
            ));
        } else if !self.required.is_empty() {
            lines.push("    # vars:".to_owned());
        }
        let required = self.required.iter();
        lines.extend(
            required
                .map(|(name, place)| format!("      # {name}: … # it has no default ({place})")),
        );
        lines
    }

    fn scenario_name(&self) -> String {
        let from = match &self.by {
            By::Terraform { named, .. } => named.to_lowercase(),
            By::Programs { .. } => "my-cluster".to_owned(),
        };
        let dashes = |c: char| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                '-'
            }
        };
        let name: String = from.chars().map(dashes).collect();
        let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
        let name: String = name.chars().take(40).collect();
        match name.trim_end_matches('-') {
            "" => "my-cluster".to_owned(),
            name => name.to_owned(),
        }
    }

    fn description(&self) -> String {
        match &self.by {
            By::Terraform { named, .. } => quoted(&format!("The terraform configuration {named}")),
            By::Programs { provision, .. } => {
                quoted(&format!("The cluster that `{}` makes", provision.join(" ")))
            }
        }
    }
}

/// The variables of a configuration: name, place, and whether they must be set.
fn variables(configuration: &Configuration) -> Vec<(String, String, bool)> {
    let blocks = configuration.of_kind("variable");
    blocks
        .map(|block| {
            let has_default = block.names.iter().any(|name| name == "default");
            (block.label(0).to_owned(), block.place.clone(), !has_default)
        })
        .collect()
}

/// A text as a YAML scalar: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !text.is_empty()
        && text.chars().all(is_plain)
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.')
    {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

fn list(words: &[String]) -> String {
    serde_json::Value::from(words).to_string()
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::terraform::Block;

    use super::*;
    use crate::{providers, scenario};

    fn variable(name: &str, line: usize, names: &[&str]) -> Block {
        Block {
            kind: "variable".to_owned(),
            labels: vec![name.to_owned()],
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            place: format!("variables.tf:{line}"),
            ..Block::default()
        }
    }

    #[track_caller]
    fn text_of(provider: &str, by: By, configuration: Option<&Configuration>) -> String {
        let provider = providers::find(provider).expect("a provider");
        let scenario = NewScenario::of(&*provider, by, configuration).expect("a scenario");
        let text = scenario.text();
        let read = scenario::read::parse("s.yaml", &text, &providers::shared());
        assert!(read.is_ok(), "{:?}\n{text}", read.err());
        text
    }

    #[test]
    fn a_scenario_for_terraform_names_its_variable_and_what_was_assumed() {
        let configuration = Configuration {
            blocks: vec![
                variable("name", 1, &["default"]),
                variable("cluster_name", 4, &["type"]),
                variable("owner", 7, &["type"]),
            ],
        };
        let by = By::Terraform {
            folder: ".".to_owned(),
            named: "42 My_Cluster: prod".to_owned(),
        };
        insta::assert_snapshot!(text_of("aws", by, Some(&configuration)));
    }

    #[test]
    fn a_scenario_for_programs_is_valid_for_every_provider_that_can_begin_one() {
        for provider in providers::all() {
            let by = By::Programs {
                provision: vec!["python3".to_owned(), "my \"script\".py".to_owned()],
                teardown: vec!["sh".to_owned(), "-c".to_owned(), "down: #1".to_owned()],
            };
            if provider.cluster_block(None).is_some() {
                text_of(provider.name(), by, None);
            } else {
                assert!(NewScenario::of(&*provider, by, None).is_err());
            }
        }
    }

    #[test]
    fn a_folder_becomes_the_name_of_a_scenario() {
        let check = |named: &str, expected: &str| {
            let provider = providers::find("aws").expect("a provider");
            let by = By::Terraform {
                folder: ".".to_owned(),
                named: named.to_owned(),
            };
            let scenario =
                NewScenario::of(&*provider, by, Some(&Configuration::default())).expect("one");
            assert_eq!(scenario.scenario_name(), expected, "{named}");
        };
        check("terraform-eks", "terraform-eks");
        check("01_Prod.EU", "prod-eu");
        check("42", "my-cluster");
    }
}
