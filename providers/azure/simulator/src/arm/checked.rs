//! What a request may hold: all that it asks for has an effect here, or it is refused by name.

use serde_json::{Value, json};

use super::kind::Kind;
use crate::route::Call;
use crate::wire::{ApiError, Object};

/// What any request may hold: what it says besides is in the path, or ignored by the real cloud too.
const ALWAYS: &[&str] = &[
    "etag",
    "id",
    "location",
    "name",
    "properties",
    "systemData",
    "tags",
    "type",
];

/// Whether a value asks for nothing: clients write members out that they leave as they are.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.values().all(is_nothing),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(true) => false,
    }
}

/// The document of a request, if all that it asks for has an effect here.
pub(super) fn checked(call: &Call<'_>, kind: &Kind, body: Object) -> Result<Object, ApiError> {
    let mut document = Object::new();
    for (member, value) in body {
        if kind.further.contains(&member.as_str()) && !value.is_null() {
            document.insert(member, value);
        } else if member == "properties" {
            let Value::Object(given) = value else {
                return Err(ApiError::new(
                    400,
                    "InvalidRequestContent",
                    "The properties are no object.",
                ));
            };
            document.insert(member, Value::Object(of_properties(call, kind, given)?));
        } else if !ALWAYS.contains(&member.as_str()) && !is_nothing(&value) {
            return Err(ApiError::not_simulated(format!(
                "{} with {member}",
                call.name
            )));
        }
    }
    document.entry("properties").or_insert_with(|| json!({}));
    Ok(document)
}

fn of_properties(call: &Call<'_>, kind: &Kind, given: Object) -> Result<Object, ApiError> {
    let mut properties = Object::new();
    for (member, value) in given {
        if kind.members.contains(&member.as_str()) {
            if !value.is_null() {
                properties.insert(member, value);
            }
        } else if !READ_ONLY.contains(&member.as_str()) && !is_nothing(&value) {
            let what = format!("{} with properties.{member}", call.name);
            return Err(ApiError::not_simulated(what));
        }
    }
    Ok(properties)
}

/// What answers show and requests may repeat: it has no effect.
const READ_ONLY: &[&str] = &[
    "azurePortalFQDN",
    "clientId",
    "currentKubernetesVersion",
    "currentOrchestratorVersion",
    "eTag",
    "fqdn",
    "identityProfile",
    "ipAddress",
    "ipConfigurations",
    "maxAgentPools",
    "nodeImageVersion",
    "powerState",
    "principalId",
    "privateFQDN",
    "provisioningState",
    "resourceGuid",
    "resourceUID",
    "tenantId",
    "uniqueId",
];
