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
        Value::Object(all) => {
            all.get("enabled") == Some(&Value::Bool(false)) || all.values().all(is_nothing)
        }
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(true) => false,
    }
}

/// What members may say that is so anyway: the member, one inside it, and its word.
const USUAL: &[(&str, &str, &str)] = &[("bootstrapProfile", "artifactSource", "Direct")];

/// Whether a member says what is so anyway.
fn is_usual(member: &str, value: &Value) -> bool {
    let inside = value.as_object();
    inside.is_some_and(|all| {
        all.iter().all(|(name, word)| {
            let is_known = |(outer, inner, usual): &(&str, &str, &str)| {
                *outer == member && *inner == name && word == usual
            };
            is_nothing(word) || USUAL.iter().any(is_known)
        })
    })
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
        } else if !READ_ONLY.contains(&member.as_str())
            && !is_nothing(&value)
            && !is_usual(&member, &value)
        {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_member_says_anyway_asks_for_nothing() {
        let check = |member: &str, value: Value, expected: bool| {
            let found = is_nothing(&value) || is_usual(member, &value);
            assert_eq!(found, expected, "{member}: {value}");
        };
        check(
            "addonProfiles",
            json!({"azurepolicy": {"enabled": false, "config": {"version": "v2"}}}),
            true,
        );
        check(
            "addonProfiles",
            json!({"azurepolicy": {"enabled": true}}),
            false,
        );
        check(
            "bootstrapProfile",
            json!({"artifactSource": "Direct"}),
            true,
        );
        check(
            "bootstrapProfile",
            json!({"artifactSource": "Cache"}),
            false,
        );
        check("other", json!({"artifactSource": "Direct"}), false);
    }
}
