//! Evaluation of a policy document: explicit deny beats allow, and silence denies.
//!
//! Calls and `SimulatePrincipalPolicy` use the same evaluation.

use std::collections::BTreeMap;

use serde_json::Value;

/// The decision of a policy on a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement mentions it.
    ImplicitDeny,
    /// A statement denies it.
    ExplicitDeny,
}

/// What is asked of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Such as `ec2:CreateVpc`.
    pub action: &'a str,
    /// An ARN, or `*` if it is not known: then statements about any resource allow.
    pub resource: &'a str,
    /// Condition keys and their values, such as `aws:RequestedRegion`.
    pub context: &'a BTreeMap<String, String>,
}

/// Whether a policy allows an action on a resource, without any condition keys.
pub fn allows(policy: &Value, action: &str, resource: &str) -> Decision {
    decide(
        policy,
        &Question {
            action,
            resource,
            context: &BTreeMap::new(),
        },
    )
}

/// The decision of a policy on a question.
pub fn decide(policy: &Value, question: &Question<'_>) -> Decision {
    let says = |effect: &str| {
        items(&policy["Statement"])
            .filter(|statement| statement["Effect"].as_str() == Some(effect))
            .any(|statement| applies(statement, question, effect == "Allow"))
    };
    if says("Deny") {
        Decision::ExplicitDeny
    } else if says("Allow") {
        Decision::Allowed
    } else {
        Decision::ImplicitDeny
    }
}

fn applies(statement: &Value, question: &Question<'_>, allow: bool) -> bool {
    let action = question.action.to_lowercase();
    let one_of = |name: &str, text: &str, fold: bool| {
        items(&statement[name])
            .filter_map(Value::as_str)
            .any(|pattern| {
                if fold {
                    matches(&pattern.to_lowercase(), text)
                } else {
                    matches(pattern, text)
                }
            })
    };
    let action_applies = if statement["NotAction"].is_null() {
        one_of("Action", &action, true)
    } else {
        !one_of("NotAction", &action, true)
    };
    let resource_applies = if question.resource == "*" {
        allow || one_of("Resource", "*", false)
    } else if statement["NotResource"].is_null() {
        one_of("Resource", question.resource, false)
    } else {
        !one_of("NotResource", question.resource, false)
    };
    action_applies && resource_applies && conditions_hold(&statement["Condition"], question)
}

/// Whether all conditions hold. An unsupported condition does not hold: it allows nothing, so that a
/// rehearsal errs on the strict side.
fn conditions_hold(conditions: &Value, question: &Question<'_>) -> bool {
    conditions
        .as_object()
        .into_iter()
        .flatten()
        .all(|(operator, keys)| {
            keys.as_object().into_iter().flatten().all(|(key, wanted)| {
                let value = question.context.get(key).map(String::as_str);
                let (operator, if_exists) = match operator.strip_suffix("IfExists") {
                    Some(operator) => (operator, true),
                    None => (operator.as_str(), false),
                };
                let Some(value) = value else { return if_exists };
                let mut wanted = items(wanted).filter_map(Value::as_str);
                match operator {
                    "StringEquals" | "ArnEquals" => wanted.any(|wanted| wanted == value),
                    "StringLike" | "ArnLike" => wanted.any(|wanted| matches(wanted, value)),
                    "StringNotEquals" => wanted.all(|wanted| wanted != value),
                    "StringNotLike" => wanted.all(|wanted| !matches(wanted, value)),
                    _ => false,
                }
            })
        })
}

/// The items of a list, or a single item without a list.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let (many, one) = match value {
        Value::Array(items) => (items.as_slice(), None),
        Value::Null => (&[][..], None),
        other => (&[][..], Some(other)),
    };
    many.iter().chain(one)
}

/// Whether a text matches a pattern in which `*` is any text and `?` any one character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // Greedy, with one step back to the last star: linear in practice, and it always ends, because
    // each step back starts later in the text.
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}
