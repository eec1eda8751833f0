//! Rules: put, described, switched on and off, tagged; and deleted once they have no targets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{BUS, Rule, arn, done, named, need, paged, text, validation};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// Most rules of a bus (`EventBridge` user guide, quotas).
const RULES_MAX: usize = 300;

pub(super) fn put(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "Name")?;
    let (pattern, schedule) = (text(call, "EventPattern"), text(call, "ScheduleExpression"));
    if pattern.is_none() && schedule.is_none() {
        let message = "Parameter(s) EventPattern or ScheduleExpression must be specified.";
        return Err(validation(message));
    }
    if let Some(pattern) = &pattern {
        check_pattern(pattern)?;
    }
    if !state.events.rules.contains_key(&name) && state.events.rules.len() >= RULES_MAX {
        let message =
            format!("The requested resource exceeds the maximum number allowed: {RULES_MAX}.");
        return Err(AwsError::new(400, "LimitExceededException", message));
    }
    let enabled = match call.json["State"].as_str() {
        None | Some("ENABLED") => true,
        Some("DISABLED") => false,
        Some(other) => {
            let operation = format!("PutRule of state {other}");
            return Err(AwsError::unknown_operation("events", &operation));
        }
    };
    let now = state.now;
    let before = state.events.rules.get(&name);
    let rule = Rule {
        pattern,
        schedule,
        description: text(call, "Description"),
        role_arn: text(call, "RoleArn"),
        enabled,
        // The tags of an update are ignored.
        tags: before.map_or_else(|| tags_of(call), |before| before.tags.clone()),
        targets: before.map_or_else(BTreeMap::new, |before| before.targets.clone()),
        created_at: before.map_or(now, |before| before.created_at),
    };
    let arn = arn(state, &name);
    state.events.rules.insert(name, rule);
    Ok(Answer::Json(json!({"RuleArn": arn})))
}

/// A pattern is an object whose leaves are lists.
fn check_pattern(pattern: &str) -> Result<(), AwsError> {
    let wrong = |why: &str| {
        let message = format!("Event pattern is not valid. Reason: {why}");
        Err(AwsError::new(400, "InvalidEventPatternException", message))
    };
    match serde_json::from_str::<Value>(pattern) {
        Ok(Value::Object(members)) if !members.is_empty() => {
            if members
                .values()
                .all(|one| one.is_array() || one.is_object())
            {
                Ok(())
            } else {
                wrong("Match value must be a list")
            }
        }
        Ok(_) => wrong("Filter is not an object"),
        Err(_) => wrong("Filter is not valid JSON"),
    }
}

fn tags_of(call: &Call) -> BTreeMap<String, String> {
    let tags = call.json["Tags"].as_array().into_iter().flatten();
    tags.filter_map(|tag| {
        let value = tag["Value"].as_str().unwrap_or_default();
        Some((tag["Key"].as_str()?.to_owned(), value.to_owned()))
    })
    .collect()
}

/// `ENABLED` or `DISABLED`.
pub(super) fn state_name(rule: &Rule) -> &'static str {
    if rule.enabled { "ENABLED" } else { "DISABLED" }
}

fn view(state: &State, name: &str, rule: &Rule) -> Value {
    let mut view = json!({
        "Name": name, "Arn": arn(state, name), "State": state_name(rule), "EventBusName": BUS,
    });
    let texts = [
        ("EventPattern", &rule.pattern),
        ("ScheduleExpression", &rule.schedule),
        ("Description", &rule.description),
        ("RoleArn", &rule.role_arn),
    ];
    for (member, text) in texts {
        if let Some(text) = text {
            view[member] = json!(text);
        }
    }
    view
}

pub(super) fn describe(state: &mut State, call: &Call) -> Outcome {
    let rule = named(state, call, "Name")?.clone();
    Ok(Answer::Json(view(state, &need(call, "Name")?, &rule)))
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    let prefix = text(call, "NamePrefix").unwrap_or_default();
    let rules = state.events.rules.iter();
    let rules = rules
        .filter(|(name, rule)| name.starts_with(&prefix) && !state.hides(call, rule.created_at));
    let views = rules.map(|(name, rule)| view(state, name, rule)).collect();
    paged(state, call, "Rules", views)
}

pub(super) fn enable(state: &mut State, call: &Call) -> Outcome {
    named(state, call, "Name")?.enabled = true;
    done()
}

pub(super) fn disable(state: &mut State, call: &Call) -> Outcome {
    named(state, call, "Name")?.enabled = false;
    done()
}

/// One that is not there is as it should be.
pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "Name")?;
    let rule = state.events.rules.get(&name);
    if rule.is_some_and(|rule| !rule.targets.is_empty()) {
        return Err(validation("Rule can't be deleted since it has targets."));
    }
    state.events.rules.remove(&name);
    done()
}

/// The tags of the rule that an ARN names.
fn tags<'a>(
    state: &'a mut State,
    call: &Call,
) -> Result<&'a mut BTreeMap<String, String>, AwsError> {
    let given = need(call, "ResourceARN")?;
    let name = given.rsplit(":rule/").next().unwrap_or_default().to_owned();
    let missing = || super::no_rule(&name);
    let rule = state.events.rules.get_mut(&name).ok_or_else(missing)?;
    Ok(&mut rule.tags)
}

pub(super) fn list_tags(state: &mut State, call: &Call) -> Outcome {
    let tags = tags(state, call)?.iter();
    let tags: Vec<Value> = tags
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Ok(Answer::Json(json!({"Tags": tags})))
}

pub(super) fn tag(state: &mut State, call: &Call) -> Outcome {
    let given = tags_of(call);
    tags(state, call)?.extend(given);
    done()
}

pub(super) fn untag(state: &mut State, call: &Call) -> Outcome {
    let keys = call.json["TagKeys"].as_array().cloned().unwrap_or_default();
    let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
    tags(state, call)?.retain(|key, _| !keys.contains(&key.as_str()));
    done()
}
