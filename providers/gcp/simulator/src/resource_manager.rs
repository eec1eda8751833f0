//! Resource Manager: the project and its policy, in versions 1 and 3.

pub(crate) mod policy;

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Outcome, body, time};

/// Version 1: what gcloud calls.
pub(crate) const V1: Service = Service {
    name: "cloudresourcemanager",
    host: "cloudresourcemanager.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[V1_TABLE],
};

/// Version 3.
pub(crate) const V3: Service = Service {
    base: "/v3",
    tables: &[V3_TABLE],
    ..V1
};

#[rustfmt::skip]
const V1_TABLE: Table = table(&[
    on("GET", "/projects", "cloudresourcemanager.projects.list", list),
    on("GET", "/projects/{project}", "cloudresourcemanager.projects.get", get),
    on("POST", "/projects/{project}:getIamPolicy", "cloudresourcemanager.projects.getIamPolicy", policy::get),
    on("POST", "/projects/{project}:setIamPolicy", "cloudresourcemanager.projects.setIamPolicy", policy::set),
    on("POST", "/projects/{project}:testIamPermissions", "cloudresourcemanager.projects.testIamPermissions", test),
]);

#[rustfmt::skip]
const V3_TABLE: Table = table(&[
    on("GET", "/projects/{project}", "cloudresourcemanager.projects.get", get_v3),
    on("POST", "/projects/{project}:getIamPolicy", "cloudresourcemanager.projects.getIamPolicy", policy::get),
    on("POST", "/projects/{project}:setIamPolicy", "cloudresourcemanager.projects.setIamPolicy", policy::set),
    on("POST", "/projects/{project}:testIamPermissions", "cloudresourcemanager.projects.testIamPermissions", test),
]);

/// When the project was made: long before any run.
const MADE: &str = "2025-03-04T09:30:00Z";

fn shown(state: &State) -> Value {
    json!({
        "projectNumber": state.setup.project_number.to_string(),
        "projectId": state.setup.project,
        "lifecycleState": "ACTIVE",
        "name": state.setup.project,
        "createTime": MADE,
        "parent": {"type": "organization", "id": "433637338589"},
    })
}

fn get(state: &mut State, _call: &Call<'_>) -> Outcome {
    Ok(shown(state))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    match call.query("filter") {
        None => Ok(json!({"projects": [shown(state)]})),
        Some(other) => Err(ApiError::not_simulated(&format!("filter {other}"))),
    }
}

fn get_v3(state: &mut State, _call: &Call<'_>) -> Outcome {
    Ok(json!({
        "name": format!("projects/{}", state.setup.project_number),
        "parent": "organizations/433637338589",
        "projectId": state.setup.project,
        "state": "ACTIVE",
        "displayName": state.setup.project,
        "createTime": MADE,
        "updateTime": time(state.setup.now),
        "etag": "W/\"3f1c1d0c9a2b4e5d\"",
    }))
}

/// Which of these permissions the caller has.
fn test(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let asked = body.get("permissions").and_then(Value::as_array);
    let asked = asked.ok_or_else(|| ApiError::required("permissions"))?;
    let denied = &state.setup.denied_permissions;
    let has = |one: &&Value| {
        one.as_str()
            .is_some_and(|one| !denied.iter().any(|no| no == one))
    };
    let granted: Vec<&Value> = asked.iter().filter(has).collect();
    if granted.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ "permissions": granted }))
}
