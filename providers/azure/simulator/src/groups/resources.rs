//! The list of all resources: of a group, or of the subscription.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::found;
use crate::arm::{Item, read};
use crate::route::Call;
use crate::state::State;
use crate::wire::{ApiError, Outcome, time};

/// All that is in a group or in the subscription, without parts of other resources.
pub(super) fn resources(state: &mut State, call: &Call<'_>) -> Outcome {
    let group = call.parameters.get(1).cloned();
    if let Some(name) = &group {
        found(state, name)?;
    }
    let filter = match call.query("$filter") {
        None => None,
        Some(text) => Some(read::filter(text).ok_or_else(|| {
            ApiError::not_simulated(format!("{} with $filter {text}", call.name))
        })?),
    };
    let now = state.now;
    let items = state.arm.items.all().filter(|item| {
        let is_here = group
            .as_ref()
            .is_none_or(|name| item.group.eq_ignore_ascii_case(name));
        let fits = filter.as_ref().is_none_or(|filter| filter.takes(item));
        is_here && fits && item.kind.is_listed() && !call.injected.hides(item.created, now)
    });
    let expand = call.query("$expand").unwrap_or_default().to_owned();
    let all: Vec<Value> = items.map(|item| generic(item, &expand)).collect();
    read::page(state, call, all)
}

/// A resource as the list of all resources shows it.
fn generic(item: &Item, expand: &str) -> Value {
    let mut shown = json!({
        "id": item.id, "name": item.name, "type": item.kind.full_type(), "location": item.location,
        "tags": item.tags,
    });
    for member in ["sku", "identity", "zones", "kind"] {
        if let Some(value) = item.document.get(member) {
            shown[member] = value.clone();
        }
    }
    let times = BTreeMap::from([("createdTime", item.created), ("changedTime", item.changed)]);
    for (member, at) in times {
        if expand.contains(member) {
            shown[member] = json!(time(at));
        }
    }
    if expand.contains("provisioningState") {
        shown["provisioningState"] = json!(item.phase.word());
    }
    shown
}
