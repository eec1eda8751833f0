//! Targets of rules: at most five each. Whether what they name exists is not checked, as in AWS.

use serde_json::{Value, json};

use super::{named, need, paged, validation};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// Most targets of a rule (`EventBridge` user guide, quotas).
const TARGETS_MAX: usize = 5;

fn none_failed() -> Outcome {
    let body = json!({"FailedEntryCount": 0, "FailedEntries": []});
    Ok(Answer::Json(body))
}

pub(super) fn put(state: &mut State, call: &Call) -> Outcome {
    let rule = named(state, call, "Rule")?;
    let given = call.json["Targets"].as_array().cloned().unwrap_or_default();
    let mut after = rule.targets.clone();
    for target in given {
        let (Some(id), Some(_)) = (target["Id"].as_str(), target["Arn"].as_str()) else {
            return Err(validation("Each target must have an Id and an Arn."));
        };
        after.insert(id.to_owned(), target.clone());
    }
    if after.len() > TARGETS_MAX {
        let message = "The requested resource exceeds the maximum number allowed.";
        return Err(AwsError::new(400, "LimitExceededException", message));
    }
    rule.targets = after;
    none_failed()
}

pub(super) fn remove(state: &mut State, call: &Call) -> Outcome {
    let rule = named(state, call, "Rule")?;
    let ids = call.json["Ids"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
    rule.targets.retain(|id, _| !ids.contains(&id.as_str()));
    none_failed()
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    let targets = named(state, call, "Rule")?.targets.values();
    let targets = targets.cloned().collect();
    paged(state, call, "Targets", targets)
}

pub(super) fn rules_of(state: &mut State, call: &Call) -> Outcome {
    let arn = need(call, "TargetArn")?;
    let rules = state.events.rules.iter();
    let has = |target: &Value| target["Arn"].as_str() == Some(arn.as_str());
    let names = rules
        .filter(|(_, rule)| rule.targets.values().any(has))
        .map(|(name, _)| json!(name));
    let names = names.collect();
    paged(state, call, "RuleNames", names)
}
