//! Role definitions: the built-in ones that clients ask for by name.

use serde_json::{Value, json};

use super::role_id;
use crate::route::Call;
use crate::state;
use crate::wire::{Answer, ApiError, Outcome};

/// Roles, each with its GUID and what it may do: as Microsoft documents its built-in roles.
pub(super) const ROLES: &[(&str, &str, &str)] = &[
    ("Owner", OWNER, "*"),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", "*"),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", "*/read"),
    (
        "User Access Administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "Microsoft.Authorization/*",
    ),
    (
        "Network Contributor",
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Microsoft.Network/*",
    ),
    (
        "Managed Identity Operator",
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
    ),
    (
        "AcrPull",
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "Microsoft.ContainerRegistry/registries/pull/read",
    ),
    (
        "Private DNS Zone Contributor",
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        "Microsoft.Network/privateDnsZones/*",
    ),
    (
        "Azure Kubernetes Service RBAC Cluster Admin",
        CLUSTER_ADMIN,
        "Microsoft.ContainerService/managedClusters/*",
    ),
];
/// Whether a role, by its GUID, permits to change networks.
pub(super) fn changes_networks(role: &str) -> bool {
    let found = ROLES.iter().find(|(_, guid, _)| *guid == role);
    found.is_some_and(|(_, _, actions)| matches!(*actions, "*" | "Microsoft.Network/*"))
}

/// The role of those who may do everything in a cluster: what it may do are actions on data.
pub(super) const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";
/// The role of the caller.
pub(super) const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

fn shown_role(state: &state::State, (name, guid, actions): &(&str, &str, &str)) -> Value {
    let denied = if *name == "Contributor" {
        json!([
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/*/Delete"
        ])
    } else {
        json!([])
    };
    let mut permissions = json!({
        "actions": [actions], "notActions": denied, "dataActions": [], "notDataActions": [],
    });
    if *guid == CLUSTER_ADMIN {
        permissions["dataActions"] = permissions["actions"].take();
        permissions["actions"] = json!([]);
    }
    json!({
        "id": role_id(state, guid), "name": guid, "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": name, "type": "BuiltInRole", "description": name, "assignableScopes": ["/"],
            "permissions": [permissions],
        },
    })
}

pub(super) fn definitions(state: &mut state::State, call: &Call<'_>) -> Outcome {
    let text = call.query("$filter").unwrap_or_default();
    // Only built-in roles exist here.
    if text == "type eq 'CustomRole'" {
        return Ok(Answer::ok(json!({"value": []})));
    }
    let name = text
        .strip_prefix("roleName eq '")
        .and_then(|rest| rest.strip_suffix('\''));
    if name.is_none() && !text.is_empty() {
        return Err(ApiError::not_simulated(format!(
            "{} with $filter {text}",
            call.name
        )));
    }
    let fitting = ROLES
        .iter()
        .filter(|(known, ..)| name.is_none_or(|name| name == *known));
    let all: Vec<Value> = fitting.map(|role| shown_role(state, role)).collect();
    Ok(Answer::ok(json!({ "value": all })))
}

pub(super) fn definition(state: &mut state::State, call: &Call<'_>) -> Outcome {
    let found = ROLES
        .iter()
        .find(|(_, guid, _)| guid.eq_ignore_ascii_case(call.parameter(1)));
    found
        .map(|role| Answer::ok(shown_role(state, role)))
        .ok_or_else(|| {
            let message = format!(
                "The specified role definition with ID '{}' does not exist.",
                call.parameter(1)
            );
            ApiError::new(404, "RoleDefinitionDoesNotExist", message)
        })
}

pub(super) fn permissions(state: &mut state::State, _: &Call<'_>) -> Outcome {
    let denied = if state.setup.may_assign_roles {
        json!([])
    } else {
        json!([
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/*/Delete"
        ])
    };
    Ok(Answer::ok(json!({"value": [{
        "actions": ["*"], "notActions": denied, "dataActions": [], "notDataActions": [],
    }]})))
}
