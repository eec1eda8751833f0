//! What can be set on a key: whether it is enabled, its rotation, its description and its tags.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::keys::{self, KeyState};
use super::{done, need, paged, validation};
use crate::eks::input::{epoch, texts};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// How many days lie between rotations, if a request does not say so.
const ROTATION_DAYS: u32 = 365;
/// How few and how many may be asked for.
const ROTATION_DAYS_RANGE: std::ops::RangeInclusive<u32> = 90..=2560;
/// Most tags of a key.
const TAGS_MAX: usize = 50;

pub(super) fn enable(state: &mut State, call: &Call) -> Outcome {
    keys::changeable(state, call)?.state = KeyState::Enabled;
    done()
}

pub(super) fn disable(state: &mut State, call: &Call) -> Outcome {
    keys::changeable(state, call)?.state = KeyState::Disabled;
    done()
}

pub(super) fn rotate(state: &mut State, call: &Call) -> Outcome {
    let asked = call.json["RotationPeriodInDays"].as_u64();
    let days = asked.map_or(Some(ROTATION_DAYS), |days| u32::try_from(days).ok());
    let days = days.filter(|days| ROTATION_DAYS_RANGE.contains(days));
    let Some(days) = days else {
        return Err(validation(
            "1 validation error detected: Value at 'rotationPeriodInDays' failed to satisfy constraint: Member must \
             have a value between 90 and 2560",
        ));
    };
    let key = keys::changeable(state, call)?;
    admit_rotation(key)?;
    key.rotation_days = Some(days);
    done()
}

pub(super) fn stop_rotation(state: &mut State, call: &Call) -> Outcome {
    let key = keys::changeable(state, call)?;
    admit_rotation(key)?;
    key.rotation_days = None;
    done()
}

fn admit_rotation(key: &keys::Key) -> Result<(), AwsError> {
    if key.state == KeyState::Disabled {
        let message = format!("{} is disabled.", key.arn);
        return Err(AwsError::new(400, "DisabledException", message));
    }
    Ok(())
}

pub(super) fn rotation(state: &mut State, call: &Call) -> Outcome {
    let key = keys::named(state, call)?;
    let mut view = json!({ "KeyId": key.arn, "KeyRotationEnabled": key.rotation_days.is_some() });
    if let Some(days) = key.rotation_days {
        view["RotationPeriodInDays"] = json!(days);
        let period = i64::from(days) * 24;
        let age = state.now.duration_since(key.created_at).as_hours();
        let next = key.created_at + SignedDuration::from_hours((age / period + 1) * period);
        view["NextRotationDate"] = epoch(next);
    }
    Ok(Answer::Json(view))
}

pub(super) fn set_description(state: &mut State, call: &Call) -> Outcome {
    let text = need(call, "Description")?.to_owned();
    keys::changeable(state, call)?.description = text;
    done()
}

/// Tags as KMS writes them: `TagKey` and `TagValue`.
///
/// # Errors
/// `TagException`.
pub(super) fn tags_of(value: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let refused = |message: &str| AwsError::new(400, "TagException", message);
    let mut tags = BTreeMap::new();
    for tag in value.as_array().into_iter().flatten() {
        let key = tag["TagKey"].as_str().filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| refused("A tag needs a key."))?;
        if key.to_lowercase().starts_with("aws:") {
            return Err(refused(
                "Tags beginning with aws: are reserved for system use",
            ));
        }
        let text = tag["TagValue"].as_str().unwrap_or_default();
        if tags.insert(key.to_owned(), text.to_owned()).is_some() {
            return Err(refused("Duplicate tag keys"));
        }
    }
    if tags.len() > TAGS_MAX {
        return Err(refused("Too many tags"));
    }
    Ok(tags)
}

pub(super) fn list_tags(state: &mut State, call: &Call) -> Outcome {
    let key = keys::named(state, call)?;
    let view = |(key, value): (&String, &String)| json!({ "TagKey": key, "TagValue": value });
    paged(state, call, "Tags", key.tags.iter().map(view).collect())
}

pub(super) fn tag(state: &mut State, call: &Call) -> Outcome {
    let tags = tags_of(&call.json["Tags"])?;
    change_tags(state, call, |held| held.extend(tags))
}

pub(super) fn untag(state: &mut State, call: &Call) -> Outcome {
    let keys = texts(&call.json, "TagKeys");
    change_tags(state, call, |held| {
        held.retain(|key, _| !keys.contains(key));
    })
}

fn change_tags(
    state: &mut State,
    call: &Call,
    change: impl FnOnce(&mut BTreeMap<String, String>),
) -> Outcome {
    let key = keys::changeable(state, call)?;
    change(&mut key.tags);
    let (id, tags) = (key.id.clone(), key.tags.clone());
    state.meter.retag(&id, &tags);
    done()
}
