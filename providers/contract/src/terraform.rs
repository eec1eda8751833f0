//! Terraform configurations as far as their files can be read without terraform, and what a provider knows of its
//! terraform provider.

use std::collections::BTreeMap;

use serde_json::Value;

/// What the files of a configuration say.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The blocks at the top of its files, in order of file and line.
    pub blocks: Vec<Block>,
}

/// A block: `resource "a_type" "name" { … }`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// `resource`, `data`, `module`, `provider`, `variable`, …
    pub kind: String,
    /// What follows the kind.
    pub labels: Vec<String>,
    /// The attributes whose values can be told without terraform; lists and objects may have `null` where a part cannot.
    pub attributes: BTreeMap<String, Value>,
    /// The names of all attributes.
    pub names: Vec<String>,
    /// The blocks in it.
    pub blocks: Vec<Block>,
    /// Where it is: `main.tf:12`.
    pub place: String,
}

impl Block {
    /// A label: 0 is the type of a resource, and the name of a module or variable.
    pub fn label(&self, number: usize) -> &str {
        self.labels.get(number).map_or("", String::as_str)
    }

    /// A text attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        whole(self.attributes.get(name)?)
    }

    /// The block of this kind in it.
    pub fn block(&self, kind: &str) -> Option<&Self> {
        self.blocks.iter().find(|block| block.kind == kind)
    }
}

/// A whole number, also one that is written as a text.
pub fn whole(value: &Value) -> Option<u64> {
    let of_text = || value.as_str()?.parse().ok();
    value.as_u64().or_else(of_text)
}

impl Configuration {
    /// The blocks of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.kind == kind)
    }

    /// The resources of a type.
    pub fn resources<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a Block> {
        self.of_kind("resource")
            .filter(move |block| block.label(0) == of)
    }

    /// The modules whose source contains this text.
    pub fn modules<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a Block> {
        self.of_kind("module").filter(move |block| {
            block
                .text("source")
                .is_some_and(|text| text.contains(source))
        })
    }
}

/// What a provider knows of its terraform provider.
#[derive(Debug)]
pub struct TerraformProvider {
    /// Its name in configurations, with which the names of its types begin.
    pub name: &'static str,
    /// What must be installed for it, as `KUBEPROOF_CLIENTS` names it, where `terraform` is not enough.
    pub client: Option<&'static str>,
    /// Types of resources, and of data sources (`data a_type`), each with the calls that terraform makes for them, as
    /// `service:Operation` and separated by spaces. Without calls: it makes none.
    pub calls: &'static [(&'static str, &'static str)],
}

impl TerraformProvider {
    /// The calls of a type; `None` when the type is not known.
    pub fn calls_of(&self, of: &str) -> Option<impl Iterator<Item = &'static str>> {
        let found = self.calls.iter().find(|(known, _)| *known == of)?;
        Some(found.1.split_whitespace())
    }
}

/// The `cluster` block of a new scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterBlock {
    /// Its lines, without indentation.
    pub lines: Vec<String>,
    /// What could not be told from the configuration and was assumed, a sentence each.
    pub assumed: Vec<String>,
    /// The GPUs of a node, if it has any: the job must count them.
    pub gpus: Option<u32>,
}

impl ClusterBlock {
    /// The block of the usual cluster, which is told from nothing.
    pub fn usual(text: &str) -> Self {
        Self {
            lines: text.lines().map(str::to_owned).collect(),
            assumed: vec!["the cluster is the usual one: write what yours is".to_owned()],
            gpus: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_without_calls_is_known_and_one_that_is_not_there_is_not() {
        let provider = TerraformProvider {
            name: "sky",
            client: None,
            calls: &[
                ("sky_box", "sky:CreateBox sky:DeleteBox"),
                ("data sky_text", ""),
            ],
        };
        let count = |of: &str| provider.calls_of(of).map(Iterator::count);
        assert_eq!(count("sky_box"), Some(2));
        assert_eq!(count("data sky_text"), Some(0));
        assert_eq!(count("sky_lid"), None);
    }
}
