//! Parses terraform's JSON: what a plan will change, what a state has, and our own outputs.
//!
//! Pure. Only addresses, ids and our own outputs are taken from a document; the rest may be secret.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::output::Output;

/// Deepest nesting of modules.
const DEPTH_MAX: usize = 16;

/// How many resources a plan makes, changes and removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub create: usize,
    pub update: usize,
    pub delete: usize,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            create,
            update,
            delete,
        } = self;
        write!(
            f,
            "terraform plans {create} to make, {update} to change, {delete} to remove"
        )
    }
}

/// A document that is not terraform's: it has no `format_version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("terraform's {0} has no format_version")]
pub struct NoFormatVersion(&'static str);

/// What a plan (`terraform show -json FILE`) will change.
///
/// # Errors
/// When the document is not a plan.
pub fn changes(plan: &Value) -> Result<Changes, NoFormatVersion> {
    if plan.get("format_version").is_none() {
        return Err(NoFormatVersion("plan"));
    }
    let mut changes = Changes::default();
    let all = plan.get("resource_changes").and_then(Value::as_array);
    for change in all.into_iter().flatten() {
        let actions = change.pointer("/change/actions").and_then(Value::as_array);
        for action in actions.into_iter().flatten() {
            match action.as_str() {
                Some("create") => changes.create += 1,
                Some("update") => changes.update += 1,
                Some("delete") => changes.delete += 1,
                _ => {}
            }
        }
    }
    Ok(changes)
}

/// What a state (`terraform show -json`) has: ids by resource address, and the outputs `kubeconfig` and
/// `claimed_usd_per_hour`, if the configuration has them.
///
/// # Errors
/// When the document is not a state.
pub fn output(state: &Value) -> Result<Output, NoFormatVersion> {
    if state.get("format_version").is_none() {
        return Err(NoFormatVersion("state"));
    }
    let mut made = BTreeMap::new();
    if let Some(root) = state.pointer("/values/root_module") {
        collect(root, 0, &mut made);
    }
    let of = |name: &str| state.pointer(&format!("/values/outputs/{name}/value"));
    Ok(Output {
        kubeconfig: of("kubeconfig").and_then(Value::as_str).map(str::to_owned),
        claimed_usd_per_hour: of("claimed_usd_per_hour").cloned(),
        made,
        left_behind: None,
    })
}

fn collect(module: &Value, depth: usize, made: &mut BTreeMap<String, String>) {
    if depth > DEPTH_MAX {
        return;
    }
    let list = |key: &str| {
        module
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    for resource in list("resources") {
        let managed = resource.get("mode").and_then(Value::as_str) == Some("managed");
        let address = resource.get("address").and_then(Value::as_str);
        let id = resource.pointer("/values/id").and_then(Value::as_str);
        if let (true, Some(address), Some(id)) = (managed, address, id) {
            made.insert(address.to_owned(), id.to_owned());
        }
    }
    for child in list("child_modules") {
        collect(child, depth + 1, made);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_is_counted_and_a_replacement_is_both() {
        let plan = json!({"format_version": "1.2", "resource_changes": [
            {"change": {"actions": ["create"]}}, {"change": {"actions": ["delete", "create"]}},
            {"change": {"actions": ["no-op"]}}, {"change": {"actions": ["update"]}},
        ]});
        let expected = Changes {
            create: 2,
            update: 1,
            delete: 1,
        };
        assert_eq!(changes(&plan), Ok(expected));
        assert!(changes(&json!([])).is_err());
    }

    #[test]
    fn a_state_gives_ids_of_all_modules_and_no_data_sources() {
        let resource = |address: &str, mode: &str, id: &str| json!({"address": address, "mode": mode, "values": {"id": id, "password": "x"}});
        let state = json!({"format_version": "1.0", "values": {
        "outputs": {"claimed_usd_per_hour": {"value": 0.25, "sensitive": false}},
        "root_module": {
            "resources": [resource("aws_vpc.this", "managed", "vpc-1"),
                          resource("data.aws_ami.x", "data", "ami-1")],
            "child_modules": [{"resources": [resource("module.m.aws_eip.a[0]", "managed", "eipalloc-1")]}],
        }}});
        let output = output(&state).expect("a state");
        let made: Vec<_> = output
            .made
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(
            made,
            [
                ("aws_vpc.this", "vpc-1"),
                ("module.m.aws_eip.a[0]", "eipalloc-1")
            ]
        );
        assert_eq!(output.claimed_usd_per_hour, Some(json!(0.25)));
        assert_eq!(output.kubeconfig, None);
    }

    #[test]
    fn an_empty_state_made_nothing() {
        let output = output(&json!({"format_version": "1.0"})).expect("a state");
        assert!(output.made.is_empty());
    }
}
