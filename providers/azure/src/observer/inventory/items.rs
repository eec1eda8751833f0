//! A resource of Resource Manager as an inventory shows it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_cloudkit::CallError;
use kubeproof_contract::resource::{Lifetime, Resource};
use serde_json::Value;

/// What is being deleted. What has failed exists, and may be billed.
const ENDING: &[&str] = &["Deleting"];

/// How the value of a member is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A text or a number.
    Text,
    /// An object, as it is.
    Json,
    /// How many there are.
    Count,
}

/// A property: its name, where it is read from, and how.
pub(crate) type Property = (&'static str, &'static str, Read);

/// A member that is text and not empty.
pub(super) fn text<'v>(item: &'v Value, member: &str) -> Option<&'v str> {
    item[member].as_str().filter(|text| !text.is_empty())
}

/// The id of a resource in the one form that is used: ids ignore case.
///
/// # Errors
/// When it has none: then the list is not what we take it for.
pub(super) fn id(what: &str, item: &Value) -> Result<String, CallError> {
    let id = text(item, "id").map(str::to_ascii_lowercase);
    id.ok_or_else(|| CallError::state("list", format!("a {what} is shown without an id")))
}

/// The group in an id in lower case.
pub(crate) fn group_of(id: &str) -> Option<&str> {
    let (_, rest) = id.split_once("/resourcegroups/")?;
    rest.split('/').next().filter(|name| !name.is_empty())
}

/// The last part of an id as it is written.
fn name(item: &Value) -> Option<String> {
    let last = text(item, "id")?.rsplit('/').next()?;
    Some(last.to_owned())
}

/// The tags of a resource.
pub(super) fn tags(item: &Value) -> BTreeMap<String, String> {
    let all = item["tags"].as_object().into_iter().flatten();
    all.map(|(key, value)| (key.clone(), shown(value, Read::Text)))
        .collect()
}

/// The same resource with the time of its creation, which tells it from others of its name.
pub(super) fn made_at(mut resource: Resource, at: Option<&str>) -> Resource {
    // One form of the same moment: answers differ in their fractions.
    let at: Option<Timestamp> = at.and_then(|at| at.parse().ok());
    resource.created_at = at;
    resource.incarnation = at.map(|at| at.to_string());
    resource
}

/// A resource as its type's own list shows it, or the list of all resources.
pub(super) fn resource(
    name_of_type: &'static str,
    item: &Value,
    properties: &[Property],
) -> Result<Resource, CallError> {
    let id = id(name_of_type, item)?;
    let group = group_of(&id).unwrap_or("global").to_owned();
    let mut resource = Resource::new(name_of_type, id, group)
        .named(name(item))
        .tagged(tags(item));
    let of_type = item.pointer("/properties/provisioningState");
    let state = text(item, "provisioningState").or(of_type.and_then(Value::as_str));
    resource = in_state(resource, state.unwrap_or_default());
    if let Some(location) = text(item, "location") {
        resource = resource.with("location", location);
    }
    resource = made_at(resource, text(item, "createdTime"));
    for (property, member, read) in properties {
        let value = item.pointer(member).map(|value| shown(value, *read));
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            resource = resource.with(property, value);
        }
    }
    Ok(resource)
}

/// The same resource in this state.
pub(super) fn in_state(resource: Resource, state: &str) -> Resource {
    let lifetime = Lifetime::of_state(state, ENDING, &[]);
    resource.in_state(state, lifetime)
}

fn shown(value: &Value, read: Read) -> String {
    match (value, read) {
        (Value::Null, _) => String::new(),
        (Value::Array(all), Read::Count) => all.len().to_string(),
        (Value::String(text), Read::Text) => text.clone(),
        (other, _) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resource_is_identified_by_its_id_in_lower_case_and_its_time() {
        let item = json!({
            "id": "/subscriptions/S/resourceGroups/MC_A/providers/Microsoft.Compute/disks/PVC-1",
            "name": "PVC-1", "location": "eastus", "tags": {"a": "b"},
            "createdTime": "2026-11-27T01:02:03.0000000Z", "provisioningState": "Deleting",
            "sku": {"name": "Premium_LRS"}, "properties": {"diskSizeGB": 30, "rules": [1, 2]},
        });
        let properties = [
            ("size", "/properties/diskSizeGB", Read::Text),
            ("rules", "/properties/rules", Read::Count),
            ("sku", "/sku", Read::Json),
            ("absent", "/absent", Read::Text),
        ];
        let disk = resource("managed_disk", &item, &properties).unwrap();
        let id = "/subscriptions/s/resourcegroups/mc_a/providers/microsoft.compute/disks/pvc-1";
        assert_eq!((&*disk.id, disk.scope.as_str()), (id, "mc_a"));
        assert_eq!(disk.name.as_deref(), Some("PVC-1"));
        assert_eq!(disk.incarnation.as_deref(), Some("2026-11-27T01:02:03Z"));
        assert_eq!(
            (&*disk.state, disk.lifetime),
            ("Deleting", Lifetime::Ending)
        );
        let expected = [
            ("location", "eastus"),
            ("rules", "2"),
            ("size", "30"),
            ("sku", "{\"name\":\"Premium_LRS\"}"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(disk.properties, expected.into());
    }

    #[test]
    fn what_has_failed_is_alive_and_what_has_no_id_is_an_error() {
        let of = |state: &str| {
            let item = json!({"id": "/subscriptions/s/resourceGroups/g/providers/A/b/c",
                "properties": {"provisioningState": state}});
            resource("x", &item, &[]).unwrap().lifetime
        };
        assert_eq!(of("Failed"), Lifetime::Alive);
        assert_eq!(of("Creating"), Lifetime::Alive);
        assert!(resource("x", &json!({"name": "a"}), &[]).is_err());
        assert!(resource("x", &json!({"id": ""}), &[]).is_err());
    }
}
