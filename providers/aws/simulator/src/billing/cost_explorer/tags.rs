//! Cost allocation tags: which keys the bill shows.
//!
//! A key can be activated only after it has appeared on billed usage, and takes effect from then on.

use serde_json::{Value, json};

use super::{invalid, text};
use crate::billing::{CostTag, bill};
use crate::state::State;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};

/// The most tags on a page.
const LIST_MAX: usize = 1000;
/// The most tags in one update.
const UPDATE_MAX: usize = 20;

/// Lists all keys that are set or have appeared on published usage.
pub fn list(state: &State, json: &Value) -> Outcome {
    let seen = bill::tag_keys(state);
    let settings = &state.billing.cost_tags;
    let wanted: Vec<String> = json["TagKeys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect();
    let mut keys: Vec<&String> = settings.keys().chain(seen.keys()).collect();
    keys.sort();
    keys.dedup();
    let all: Vec<Value> = keys
        .into_iter()
        .filter(|key| wanted.is_empty() || wanted.contains(key))
        .map(|key| {
            let tag = settings.get(key);
            let mut value = json!({
                "TagKey": key,
                "Type": tag_type(key),
                "Status": if tag.is_some_and(|tag| tag.active) { "Active" } else { "Inactive" },
            });
            if let Some(at) = tag.and_then(|tag| tag.changed_at) {
                value["LastUpdatedDate"] = at.to_string().into();
            }
            if let Some(at) = seen.get(key) {
                value["LastUsedDate"] = at.to_string().into();
            }
            value
        })
        .filter(|tag| matches(&json["Status"], &tag["Status"]))
        .filter(|tag| matches(&json["Type"], &tag["Type"]))
        .collect();
    let asked = json["MaxResults"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let size = asked
        .unwrap_or(LIST_MAX)
        .min(LIST_MAX)
        .min(state.setup.page_size_max);
    let page = page(
        "ListCostAllocationTags",
        all,
        json["NextToken"].as_str(),
        size,
    )?;
    let mut body = json!({ "CostAllocationTags": page.items });
    if let Some(next) = page.next {
        body["NextToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

/// Activates or deactivates keys. Keys that no billed usage carries are reported as errors, one by one.
pub fn update(state: &mut State, json: &Value) -> Outcome {
    let entries = json["CostAllocationTagsStatus"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if entries.is_empty() || entries.len() > UPDATE_MAX {
        return Err(invalid(format!(
            "Between 1 and {UPDATE_MAX} tags can be updated at once"
        )));
    }
    let seen = bill::tag_keys(state);
    let mut errors = Vec::new();
    for entry in entries {
        let key = entry["TagKey"].as_str().unwrap_or_default();
        let active = match entry["Status"].as_str() {
            Some("Active") => true,
            Some("Inactive") => false,
            _ => return Err(invalid("Status should be either 'Active' or 'Inactive'")),
        };
        let set = state.billing.cost_tags.get(key);
        if set.is_none() && !seen.contains_key(key) {
            errors.push(json!({
                "TagKey": key,
                "Code": "TagKeysNotFound",
                "Message": "Tag keys not found",
            }));
        } else if set.is_none_or(|tag| tag.active != active) {
            let tag = CostTag {
                active,
                changed_at: Some(state.now),
            };
            state.billing.cost_tags.insert(key.to_owned(), tag);
        }
    }
    Ok(Answer::Json(json!({ "Errors": errors })))
}

fn matches(wanted: &Value, value: &Value) -> bool {
    wanted.is_null() || wanted == value
}

fn tag_type(key: &str) -> &'static str {
    if key.starts_with("aws:") {
        "AWSGenerated"
    } else {
        "UserDefined"
    }
}
