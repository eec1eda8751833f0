//! The deletion of keys: scheduled for a day in 7 to 30 days, and taken back until then.
//!
//! A key that waits for it is neither usable nor billed (KMS developer guide, "Deleting AWS KMS keys"; KMS pricing).

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use super::keys::{self, KeyState};
use super::{Event, invalid_state, validation};
use crate::billing::usage;
use crate::eks::input::epoch;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome};

/// The shortest and the longest waiting period, days. The longest is the usual one.
const WINDOW_DAYS: std::ops::RangeInclusive<i64> = 7..=30;

pub(super) fn schedule(state: &mut State, call: &Call) -> Outcome {
    let days = call.json["PendingWindowInDays"].as_i64();
    let days = days.unwrap_or(*WINDOW_DAYS.end());
    if !WINDOW_DAYS.contains(&days) {
        return Err(validation(format!(
            "1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: \
             Member must have a value between 7 and 30"
        )));
    }
    let now = state.now;
    let at = now + SignedDuration::from_hours(days * 24);
    let key = keys::changeable(state, call)?;
    key.state = KeyState::PendingDeletion(at);
    let (id, arn) = (key.id.clone(), key.arn.clone());
    usage::stop(state, &id);
    let wait = Duration::from_hours(u64::try_from(days).unwrap_or(30) * 24);
    state.after(wait, crate::state::Event::Kms(Event::Delete(id)));
    Ok(Answer::Json(json!({
        "KeyId": arn,
        "DeletionDate": epoch(at),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
    })))
}

/// Takes a deletion back: the key is disabled then.
pub(super) fn cancel(state: &mut State, call: &Call) -> Outcome {
    let key = keys::named(state, call)?;
    if key.deletion_at().is_none() {
        return Err(invalid_state(&key.arn, "is not pending deletion"));
    }
    let (id, arn, tags) = (key.id.clone(), key.arn.clone(), key.tags.clone());
    if let Some(key) = state.kms.keys.get_mut(&id) {
        key.state = KeyState::Disabled;
    }
    usage::kms_key(state, &id, &tags);
    Ok(Answer::Json(json!({ "KeyId": arn })))
}

/// Deletes a key whose waiting period is over, and its aliases with it. A deletion that was taken back, or scheduled
/// anew for a later day, is not meant.
pub(super) fn ends(state: &mut State, id: &str) {
    let key = state.kms.keys.get(id);
    let is_due = key
        .and_then(keys::Key::deletion_at)
        .is_some_and(|at| at <= state.now);
    if is_due {
        state.kms.keys.remove(id);
        state.kms.aliases.retain(|_, alias| alias.key_id != id);
    }
}
