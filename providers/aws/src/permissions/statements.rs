//! Grants as the statements of a policy: few of them, and none that grants more than its rows.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::run::RUN_TAG;
use serde_json::{Map, Value, json};

use super::rules::Condition;

/// An action on a resource under a condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub(super) action: String,
    /// An ARN, or `*`.
    pub(super) resource: String,
    pub(super) condition: Condition,
}

/// Actions on resources, all under one condition.
#[derive(Clone, Debug)]
struct Group {
    actions: BTreeSet<String>,
    resources: BTreeSet<String>,
}

impl Grant {
    fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or_default()
    }
}

/// The statements that grant this in a region.
pub(super) fn statements(mut grants: Vec<Grant>, region: &str) -> Vec<Value> {
    join_creations(&mut grants);
    grants.sort();
    grants.dedup();
    let mut conditions: BTreeMap<(String, Condition), Vec<&Grant>> = BTreeMap::new();
    for grant in &grants {
        let key = (grant.service().to_owned(), grant.condition.clone());
        conditions.entry(key).or_default().push(grant);
    }
    let mut statements = Vec::new();
    for ((service, condition), some) in &conditions {
        let groups = merged(groups(some), condition, &grants);
        let several = groups.len() > 1;
        for (index, group) in groups.iter().enumerate() {
            let number = if several {
                (index + 1).to_string()
            } else {
                String::new()
            };
            let sid = format!("{}{}{number}", title(service), word(condition));
            statements.push(statement(sid, group, condition, region));
        }
    }
    statements
}

/// Tags that several operations give at creation are granted for all of these together.
fn join_creations(grants: &mut [Grant]) {
    let mut all = BTreeSet::new();
    for grant in grants.iter() {
        if let Condition::CreatedBy(by) = &grant.condition {
            all.extend(by.iter().cloned());
        }
    }
    for grant in grants {
        if let Condition::CreatedBy(by) = &mut grant.condition {
            by.clone_from(&all);
        }
    }
}

/// One group for all actions that have the same resources.
fn groups(grants: &[&Grant]) -> Vec<Group> {
    let mut resources: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for grant in grants {
        let of_action = resources.entry(&grant.action).or_default();
        of_action.insert(grant.resource.clone());
    }
    let mut groups: BTreeMap<BTreeSet<String>, BTreeSet<String>> = BTreeMap::new();
    for (action, resources) in resources {
        groups
            .entry(resources)
            .or_default()
            .insert(action.to_owned());
    }
    let groups = groups.into_iter();
    groups
        .map(|(resources, actions)| Group { actions, resources })
        .collect()
}

/// Fewer groups, as long as none grants an action on a resource that it has under another condition, or by another name.
fn merged(groups: Vec<Group>, condition: &Condition, all: &[Grant]) -> Vec<Group> {
    let mut merged: Vec<Group> = Vec::new();
    for group in groups {
        let into = merged
            .iter_mut()
            .find(|other| may_merge(other, &group, condition, all));
        match into {
            Some(other) => {
                other.actions.extend(group.actions);
                other.resources.extend(group.resources);
            }
            None => merged.push(group),
        }
    }
    merged
}

fn may_merge(one: &Group, other: &Group, condition: &Condition, all: &[Grant]) -> bool {
    let resources: BTreeSet<&String> = one.resources.union(&other.resources).collect();
    let actions = one.actions.union(&other.actions);
    let any = |group: &Group| group.resources.contains("*");
    any(one) == any(other)
        && actions.into_iter().all(|action| {
            let of_action = || all.iter().filter(|grant| grant.action == *action);
            resources.iter().all(|resource| {
                let same_type = |grant: &&Grant| type_of(&grant.resource) == type_of(resource);
                let mut of_type = of_action().filter(same_type).peekable();
                // An action that does not apply to a type of resource grants nothing there.
                of_type.peek().is_none()
                    || of_type
                        .any(|grant| grant.resource == **resource && grant.condition == *condition)
            })
        })
}

/// The type of a resource: all of its ARN before its name.
fn type_of(resource: &str) -> &str {
    let last = resource.rfind(':').map_or(0, |at| at + 1);
    let end = resource[last..].find(['/', ':']);
    end.map_or(resource, |end| &resource[..last + end])
}

fn statement(sid: String, group: &Group, condition: &Condition, region: &str) -> Value {
    let mut statement = Map::new();
    statement.insert("Sid".to_owned(), Value::String(sid));
    statement.insert("Effect".to_owned(), json!("Allow"));
    statement.insert("Action".to_owned(), json!(group.actions));
    statement.insert("Resource".to_owned(), json!(group.resources));
    let mut conditions = conditions(condition);
    if group.resources.contains("*") {
        // What has no ARN to name a region is bound to it here.
        let equals = conditions.entry("StringEquals".to_owned());
        equals.or_insert_with(|| json!({}))["aws:RequestedRegion"] = json!(region);
    }
    if !conditions.is_empty() {
        statement.insert("Condition".to_owned(), Value::Object(conditions));
    }
    Value::Object(statement)
}

fn conditions(condition: &Condition) -> Map<String, Value> {
    let one = |operator: &str, key: &str, value: Value| {
        Map::from_iter([(operator.to_owned(), json!({key: value}))])
    };
    match condition {
        Condition::Named | Condition::Unmarked => Map::new(),
        Condition::New => one(
            "StringLike",
            &format!("aws:RequestTag/{RUN_TAG}"),
            json!("?*"),
        ),
        Condition::Marked => one(
            "StringLike",
            &format!("aws:ResourceTag/{RUN_TAG}"),
            json!("?*"),
        ),
        Condition::CreatedBy(by) => one("StringEquals", "ec2:CreateAction", json!(by)),
        Condition::PassedTo(service) => one("StringEquals", "iam:PassedToService", json!(service)),
        Condition::LinkedTo(service) => one("StringEquals", "iam:AWSServiceName", json!(service)),
        Condition::Policies(all) => one("ArnEquals", "iam:PolicyARN", json!(all)),
    }
}

fn word(condition: &Condition) -> String {
    match condition {
        Condition::Named => "Named".to_owned(),
        Condition::Unmarked => "Unmarked".to_owned(),
        Condition::New => "New".to_owned(),
        Condition::Marked => "Marked".to_owned(),
        Condition::CreatedBy(_) => "TaggedAtCreation".to_owned(),
        Condition::PassedTo(service) => format!("PassedTo{}", of_service(service)),
        Condition::LinkedTo(service) => format!("LinkedTo{}", of_service(service)),
        Condition::Policies(_) => "Policies".to_owned(),
    }
}

/// `EksNodegroup` for `eks-nodegroup.amazonaws.com`.
fn of_service(principal: &str) -> String {
    let name = principal.split('.').next().unwrap_or_default();
    name.split('-').map(title).collect()
}

/// `Ec2` for `ec2`.
fn title(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
