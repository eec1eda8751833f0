//! Log groups: made, described, deleted; their retention and key.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{LogGroup, done, invalid, named, need, not_found, paged, streams, tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;

/// The days that a retention may have (`CloudWatch` Logs API reference, `PutRetentionPolicy`).
const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
const CLASSES: [&str; 3] = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];

/// Creates a log group for another service. An existing one is left as it is.
pub fn create_group_internal(state: &mut State, name: &str, tags: BTreeMap<String, String>) {
    let group = LogGroup {
        tags,
        created_at: state.now,
        retention_days: None,
        class: CLASSES[0].to_owned(),
        key_arn: None,
        streams: BTreeSet::new(),
    };
    state.logs.groups.entry(name.to_owned()).or_insert(group);
}

pub(super) fn create(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "logGroupName")?.to_owned();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_/.#-".contains(c);
    if name.len() > 512 || !name.chars().all(allowed) {
        return Err(invalid(&format!(
            "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        )));
    }
    let class = call.json["logGroupClass"].as_str().unwrap_or(CLASSES[0]);
    if !CLASSES.contains(&class) {
        return Err(invalid(&format!("Unknown log group class {class}")));
    }
    if state.logs.groups.contains_key(&name) {
        return Err(AwsError::new(
            400,
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ));
    }
    let key = key(state, call, "kmsKeyId")?;
    create_group_internal(state, &name, tags::of(&call.json["tags"]));
    if let Some(group) = state.logs.groups.get_mut(&name) {
        class.clone_into(&mut group.class);
        group.key_arn = key;
    }
    done()
}

/// The ARN of the key that a request names, which must be usable.
fn key(state: &State, call: &Call, member: &str) -> Result<Option<String>, AwsError> {
    let Some(arn) = call.json[member].as_str() else {
        return Ok(None);
    };
    let id = crate::kms::keys::resolve(state, arn).ok();
    let key = id.and_then(|id| state.kms.keys.get(&id));
    match key.map(|key| key.state) {
        Some(crate::kms::keys::KeyState::Enabled) => Ok(Some(arn.to_owned())),
        _ => Err(invalid(&format!(
            "The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
        ))),
    }
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    let name = need(call, "logGroupName")?.to_owned();
    state.logs.groups.remove(&name).ok_or_else(not_found)?;
    streams::deleted(state, &name);
    done()
}

pub(super) fn describe(state: &mut State, call: &Call) -> Outcome {
    let text = |member: &str| call.json[member].as_str().unwrap_or_default();
    let (prefix, pattern) = (text("logGroupNamePrefix"), text("logGroupNamePattern"));
    let all: Vec<Value> = state
        .logs
        .groups
        .iter()
        .filter(|(name, _)| name.starts_with(prefix) && name.contains(pattern))
        .map(|(name, group)| view(state, name, group))
        .collect();
    paged(state, call, "logGroups", all)
}

fn view(state: &State, name: &str, group: &LogGroup) -> Value {
    let arn = state.arn("logs", &format!("log-group:{name}"));
    let mut view = json!({
        "logGroupName": name,
        "creationTime": group.created_at.as_millisecond(),
        "metricFilterCount": 0,
        // One ARN ends in a wildcard for the streams, the other names only the group.
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "storedBytes": 0,
        "logGroupClass": group.class,
    });
    if let Some(days) = group.retention_days {
        view["retentionInDays"] = json!(days);
    }
    if let Some(key) = &group.key_arn {
        view["kmsKeyId"] = json!(key);
    }
    view
}

pub(super) fn set_retention(state: &mut State, call: &Call) -> Outcome {
    let days = call.json["retentionInDays"].as_i64();
    let days = days.filter(|days| RETENTIONS.contains(days));
    let days = days.ok_or_else(|| {
        invalid(&format!(
            "1 validation error detected: Value at 'retentionInDays' failed to satisfy constraint: Member must \
             satisfy enum value set: {RETENTIONS:?}"
        ))
    })?;
    named(state, call)?.retention_days = Some(days);
    done()
}

pub(super) fn forget_retention(state: &mut State, call: &Call) -> Outcome {
    named(state, call)?.retention_days = None;
    done()
}

pub(super) fn set_key(state: &mut State, call: &Call) -> Outcome {
    let arn = need(call, "kmsKeyId").and_then(|_| key(state, call, "kmsKeyId"))?;
    named(state, call)?.key_arn = arn;
    done()
}

pub(super) fn forget_key(state: &mut State, call: &Call) -> Outcome {
    named(state, call)?.key_arn = None;
    done()
}
