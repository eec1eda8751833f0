//! Management locks: they keep what is at their scope or below from being deleted, or changed at all.

use kubeproof_contract::resource::Resource;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{Answer, ApiError, Outcome, body, text};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("PUT", "/{scope}/providers/Microsoft.Authorization/locks/{lock}", "authorization.locks.createOrUpdate", put),
    on("GET", "/{scope}/providers/Microsoft.Authorization/locks/{lock}", "authorization.locks.get", get),
    on("DELETE", "/{scope}/providers/Microsoft.Authorization/locks/{lock}", "authorization.locks.delete", delete),
    on("GET", "/{scope}/providers/Microsoft.Authorization/locks", "authorization.locks.list", list),
]);

/// A lock.
#[derive(Clone, Debug)]
pub(crate) struct Lock {
    name: String,
    /// The path that it is for.
    scope: String,
    is_read_only: bool,
    notes: Value,
}

impl Lock {
    fn id(&self) -> String {
        format!(
            "{}/providers/Microsoft.Authorization/locks/{}",
            self.scope, self.name
        )
    }

    fn level(&self) -> &'static str {
        if self.is_read_only {
            "ReadOnly"
        } else {
            "CanNotDelete"
        }
    }

    fn shown(&self) -> Value {
        json!({
            "id": self.id(), "name": self.name, "type": "Microsoft.Authorization/locks",
            "properties": {"level": self.level(), "notes": self.notes},
        })
    }
}

/// Whether a path is a scope, or below it, whatever their case.
pub(crate) fn is_within(path: &str, scope: &str) -> bool {
    let (path, scope) = (path.to_ascii_lowercase(), scope.to_ascii_lowercase());
    path.strip_prefix(&scope)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Refuses the deletion of what is at this path, or a change of it. A deletion is refused for a lock below, too.
pub(crate) fn check(state: &State, path: &str, deletes: bool) -> Result<(), ApiError> {
    let mut locks = state.locks.all();
    let holding = locks.find(|lock| {
        let covers = is_within(path, &lock.scope);
        let is_below = deletes && is_within(&lock.scope, path);
        (covers || is_below) && (deletes || lock.is_read_only)
    });
    let Some(lock) = holding else {
        return Ok(());
    };
    let what = if deletes { "delete" } else { "write" };
    let message = format!(
        "The scope '{path}' cannot perform {what} operation because following scope(s) are locked: '{}'. Please \
         remove the lock and try again.",
        lock.scope
    );
    Err(ApiError::conflict("ScopeLocked", message))
}

/// Removes the locks of a scope that is gone.
pub(crate) fn scope_gone(state: &mut State, scope: &str) {
    state.locks.retain(|lock| !is_within(&lock.scope, scope));
}

fn key(call: &Call<'_>) -> String {
    format!("{} {}", call.scope(), call.parameter(1)).to_ascii_lowercase()
}

fn put(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let properties = body.get("properties").and_then(Value::as_object);
    let level = properties.map_or("", |properties| text(properties, "level"));
    let is_read_only = match level {
        "CanNotDelete" => false,
        "ReadOnly" => true,
        other => {
            let message = format!("The lock level '{other}' is invalid.");
            return Err(ApiError::new(400, "LockLevelNotSpecified", message));
        }
    };
    let lock = Lock {
        name: call.parameter(1).to_owned(),
        scope: call.scope(),
        is_read_only,
        notes: properties
            .and_then(|properties| properties.get("notes"))
            .cloned()
            .unwrap_or_default(),
    };
    let status = if state.locks.has(&key(call)) {
        200
    } else {
        201
    };
    let shown = lock.shown();
    state.locks.insert(key(call), lock);
    Ok(Answer::new(status, shown))
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let found = state.locks.get(&key(call)).map(Lock::shown);
    found.map(Answer::ok).ok_or_else(|| {
        let message = format!("The lock '{}' could not be found.", call.parameter(1));
        ApiError::new(404, "LockNotFound", message)
    })
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let status = if state.locks.remove(&key(call)).is_some() {
        200
    } else {
        204
    };
    Ok(Answer::empty(status))
}

/// The locks of a scope and of what is below.
fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let scope = call.scope();
    let locks = state
        .locks
        .all()
        .filter(|lock| is_within(&lock.scope, &scope));
    let shown: Vec<Value> = locks.map(Lock::shown).collect();
    Ok(Answer::ok(json!({ "value": shown })))
}

/// All locks as an auditor sees them.
pub(crate) fn inventory(state: &State) -> Vec<Resource> {
    let all = state.locks.all().map(|lock| {
        let one = Resource::new("management_lock", lock.id().to_ascii_lowercase(), "global");
        let mut one = one.named(lock.name.clone()).with("level", lock.level());
        one.properties
            .insert("scope".to_owned(), lock.scope.clone());
        one
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_within_its_scope_whatever_its_case() {
        assert!(is_within(
            "/subscriptions/S/resourceGroups/A",
            "/subscriptions/s/resourcegroups/a"
        ));
        assert!(is_within(
            "/subscriptions/s/resourceGroups/a/x",
            "/subscriptions/s"
        ));
        assert!(!is_within(
            "/subscriptions/s/resourceGroups/ab",
            "/subscriptions/s/resourceGroups/a"
        ));
    }
}
