//! Reading and writing JSON values by pointer, and time stamps as Kubernetes writes them.
//!
//! Objects are plain JSON here: every controller reads and writes them this way.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The text at a pointer; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The whole number at a pointer.
pub(crate) fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

/// The items of the list at a pointer; none when there is no list.
pub(crate) fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Writes a value at a pointer made of object keys, and creates the objects on the way.
pub(crate) fn set(value: &mut Value, pointer: &str, new: impl Into<Value>) {
    let mut at = value;
    for key in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[key.replace("~1", "/").replace("~0", "~")];
    }
    *at = new.into();
}

/// Writes a value at a pointer unless there is one already.
pub(crate) fn set_default(value: &mut Value, pointer: &str, new: impl Into<Value>) {
    if value.pointer(pointer).is_none_or(Value::is_null) {
        set(value, pointer, new);
    }
}

/// Removes the entry at a pointer.
pub(crate) fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(map) = value.pointer_mut(parent).and_then(Value::as_object_mut) {
        map.remove(key);
    }
}

/// Adds a text to the list at a pointer unless it is already there.
pub(crate) fn add_text(value: &mut Value, pointer: &str, new: &str) {
    let mut list = items(value, pointer).to_vec();
    if !list.iter().any(|item| item == new) {
        list.push(new.into());
        set(value, pointer, list);
    }
}

/// Removes a text from the list at a pointer, and the list if it is then empty.
pub(crate) fn remove_text(value: &mut Value, pointer: &str, old: &str) {
    let list: Vec<_> = items(value, pointer)
        .iter()
        .filter(|item| *item != old)
        .cloned()
        .collect();
    if list.is_empty() {
        remove(value, pointer);
    } else {
        set(value, pointer, list);
    }
}

/// Whether the list at a pointer has this text.
pub(crate) fn has_text(value: &Value, pointer: &str, wanted: &str) -> bool {
    items(value, pointer).iter().any(|item| item == wanted)
}

/// A time in whole seconds.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time with microseconds, as leases have it.
pub(crate) fn micro_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Merges a condition into a list of conditions: the transition time stays the same if the status does.
pub(crate) fn set_condition(value: &mut Value, pointer: &str, mut condition: Value, now: &str) {
    let mut list = items(value, pointer).to_vec();
    let wanted = text(&condition, "/type").to_owned();
    set(&mut condition, "/lastTransitionTime", now);
    match list.iter_mut().find(|item| text(item, "/type") == wanted) {
        Some(old) => {
            if old.get("status") == condition.get("status") {
                let since = text(old, "/lastTransitionTime").to_owned();
                set(&mut condition, "/lastTransitionTime", since);
            }
            *old = condition;
        }
        None => list.push(condition),
    }
    set(value, pointer, list);
}

/// Whether a condition of this type is `True`.
pub(crate) fn condition_is_true(value: &Value, wanted: &str) -> bool {
    items(value, "/status/conditions")
        .iter()
        .any(|item| text(item, "/type") == wanted && text(item, "/status") == "True")
}
