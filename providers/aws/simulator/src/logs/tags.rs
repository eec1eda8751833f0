//! Tags of log groups, by their ARN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{LogGroup, done, invalid, need, not_found};
use crate::eks::input::texts;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};

/// Tags as a map of texts.
pub(super) fn of(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

pub(super) fn list(state: &mut State, call: &Call) -> Outcome {
    let group = by_arn(state, call)?;
    Ok(Answer::Json(json!({ "tags": group.tags })))
}

pub(super) fn tag(state: &mut State, call: &Call) -> Outcome {
    let tags = of(&call.json["tags"]);
    by_arn(state, call)?.tags.extend(tags);
    done()
}

pub(super) fn untag(state: &mut State, call: &Call) -> Outcome {
    let keys = texts(&call.json, "tagKeys");
    let group = by_arn(state, call)?;
    group.tags.retain(|key, _| !keys.contains(key));
    done()
}

fn by_arn<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut LogGroup, AwsError> {
    let arn = need(call, "resourceArn")?;
    let (_, name) = arn
        .split_once(":log-group:")
        .ok_or_else(|| invalid("The specified resourceArn is not a log group's."))?;
    state
        .logs
        .groups
        .get_mut(name.trim_end_matches(":*"))
        .ok_or_else(not_found)
}
