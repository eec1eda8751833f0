//! The calls of Microsoft Graph, version 1.0.

use kubeproof_simkit::page;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::known_from;
use super::objects::{Application, Principal, Secret};
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{Answer, ApiError, Object, Outcome, body, text, time};

#[rustfmt::skip]
pub(super) const TABLE: Table = table(&[
    on("GET", "/v1.0/applications", "graph.applications.list", applications),
    on("POST", "/v1.0/applications", "graph.applications.create", create_application),
    on("GET", "/v1.0/applications/{id}", "graph.applications.get", application),
    on("DELETE", "/v1.0/applications/{id}", "graph.applications.delete", delete_application),
    on("POST", "/v1.0/applications/{id}/addPassword", "graph.applications.addPassword", add_password),
    on("POST", "/v1.0/applications/{id}/removePassword", "graph.applications.removePassword", remove_password),
    on("GET", "/v1.0/servicePrincipals", "graph.servicePrincipals.list", principals),
    on("POST", "/v1.0/servicePrincipals", "graph.servicePrincipals.create", create_principal),
    on("GET", "/v1.0/servicePrincipals/{id}", "graph.servicePrincipals.get", principal),
    on("DELETE", "/v1.0/servicePrincipals/{id}", "graph.servicePrincipals.delete", delete_principal),
    on("GET", "/v1.0/directory/deletedItems/microsoft.graph.application", "graph.deletedItems.listApplications", deleted_applications),
    on("GET", "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal", "graph.deletedItems.listServicePrincipals", deleted_principals),
    on("DELETE", "/v1.0/directory/deletedItems/{id}", "graph.deletedItems.delete", purge),
    on("POST", "/v1.0/directory/deletedItems/{id}/restore", "graph.deletedItems.restore", restore),
]);

/// Seconds that a secret is valid when the request does not say: two years.
const SECRET_VALID: i64 = 2 * 365 * 24 * 3600;

fn missing(id: &str) -> ApiError {
    let message = format!(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    );
    ApiError::new(404, "Request_ResourceNotFound", message)
}

/// Whether an object fits a filter; `None` for one that is not understood.
fn fits(filter: &str, shown: &Value) -> Option<bool> {
    if filter.is_empty() {
        return Some(true);
    }
    if let Some(rest) = filter.strip_prefix("startswith(") {
        let (member, value) = rest.strip_suffix(')')?.split_once(',')?;
        let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        return Some(shown[member.trim()].as_str()?.starts_with(value));
    }
    if let Some(rest) = filter.strip_prefix("tags/any(") {
        let (_, value) = rest.strip_suffix(')')?.split_once(" eq ")?;
        let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        let mut tags = shown["tags"].as_array()?.iter();
        return Some(tags.any(|tag| tag == value));
    }
    let (member, value) = filter.split_once(" eq ")?;
    let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    Some(shown.get(member.trim())? == value)
}

/// One page of those objects that fit the filter.
fn listed(state: &State, call: &Call<'_>, all: Vec<Value>) -> Outcome {
    let filter = call.query("$filter").unwrap_or_default();
    let mut fitting = Vec::new();
    for shown in all {
        let fits = fits(filter, &shown).ok_or_else(|| {
            ApiError::not_simulated(format!("{} with $filter {filter}", call.name))
        })?;
        if fits {
            fitting.push(shown);
        }
    }
    let top = call.query("$top").and_then(|text| text.parse().ok());
    let size = top
        .unwrap_or(state.setup.page_size)
        .min(state.setup.page_size);
    let page = page::page(&call.path, fitting, call.query("$skiptoken"), size).map_err(|_| {
        ApiError::new(
            400,
            "Directory_ExpiredPageToken",
            "The page token is invalid.",
        )
    })?;
    let mut list =
        json!({"@odata.context": format!("{}/v1.0/$metadata", call.base), "value": page.items});
    if let Some(next) = page.next {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in call.query.iter().filter(|(key, _)| *key != "$skiptoken") {
            query.append_pair(key, value);
        }
        query.append_pair("$skiptoken", &next);
        list["@odata.nextLink"] = json!(format!("{}{}?{}", call.base, call.path, query.finish()));
    }
    Ok(Answer::ok(list))
}

fn applications(state: &mut State, call: &Call<'_>) -> Outcome {
    let now = state.now;
    let all = state
        .graph
        .applications
        .all()
        .filter(|one| !call.injected.hides(one.created, now));
    let all = all.map(Application::shown).collect();
    listed(state, call, all)
}

fn principals(state: &mut State, call: &Call<'_>) -> Outcome {
    let now = state.now;
    let all = state.graph.principals.all();
    let all = all.filter(|one| one.kind != "User" && !call.injected.hides(one.created, now));
    let all = all.map(Principal::shown).collect();
    listed(state, call, all)
}

fn deleted_applications(state: &mut State, call: &Call<'_>) -> Outcome {
    let all = state
        .graph
        .deleted_applications
        .all()
        .map(Application::shown)
        .collect();
    listed(state, call, all)
}

fn deleted_principals(state: &mut State, call: &Call<'_>) -> Outcome {
    let all = state
        .graph
        .deleted_principals
        .all()
        .map(Principal::shown)
        .collect();
    listed(state, call, all)
}

fn tags(body: &Object) -> Vec<String> {
    let tags = body
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    tags.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn create_application(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let name = text(&body, "displayName");
    if name.is_empty() {
        let message = "A value is required for property 'displayName' of resource 'Application'.";
        return Err(ApiError::new(400, "Request_BadRequest", message));
    }
    let application = Application {
        id: state.ids.uuid(),
        app_id: state.ids.uuid(),
        name: name.to_owned(),
        tags: tags(&body),
        created: state.now,
        secrets: Vec::new(),
    };
    let shown = application.shown();
    state
        .graph
        .applications
        .insert(application.id.clone(), application);
    Ok(Answer::new(201, shown))
}

fn application(state: &mut State, call: &Call<'_>) -> Outcome {
    let found = state.graph.applications.get(call.last());
    let found = found.filter(|one| !call.injected.hides(one.created, state.now));
    found
        .map(|one| Answer::ok(one.shown()))
        .ok_or_else(|| missing(call.last()))
}

fn principal(state: &mut State, call: &Call<'_>) -> Outcome {
    let found = state.graph.principals.get(call.last());
    let found = found.filter(|one| !call.injected.hides(one.created, state.now));
    found
        .map(|one| Answer::ok(one.shown()))
        .ok_or_else(|| missing(call.last()))
}

/// An application goes to the deleted items, and its principals with it.
fn delete_application(state: &mut State, call: &Call<'_>) -> Outcome {
    let graph = &mut state.graph;
    let application = graph.applications.remove(call.last());
    let application = application.ok_or_else(|| missing(call.last()))?;
    let theirs = graph
        .principals
        .all()
        .filter(|one| one.app_id == application.app_id);
    for id in theirs.map(|one| one.id.clone()).collect::<Vec<_>>() {
        if let Some(principal) = graph.principals.remove(&id) {
            graph.deleted_principals.insert(id, principal);
        }
    }
    graph
        .deleted_applications
        .insert(application.id.clone(), application);
    Ok(Answer::empty(204))
}

fn delete_principal(state: &mut State, call: &Call<'_>) -> Outcome {
    let graph = &mut state.graph;
    let id = call.last();
    if graph
        .principals
        .get(id)
        .is_none_or(|one| one.kind != "Application")
    {
        return Err(missing(id));
    }
    if let Some(principal) = graph.principals.remove(id) {
        graph.deleted_principals.insert(id, principal);
    }
    Ok(Answer::empty(204))
}

fn create_principal(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let app_id = text(&body, "appId").to_owned();
    let application = state
        .graph
        .applications
        .all()
        .find(|one| one.app_id == app_id);
    let Some(name) = application.map(|one| one.name.clone()) else {
        let message = format!(
            "The appId '{app_id}' of the service principal does not reference a valid application object."
        );
        return Err(ApiError::new(400, "Request_BadRequest", message));
    };
    if super::has_principal(state, &app_id) {
        let message = "The service principal cannot be created, updated, or restored because the service principal name is already in use.";
        return Err(ApiError::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            message,
        ));
    }
    let principal = Principal {
        id: state.ids.uuid(),
        app_id,
        name,
        kind: "Application",
        tags: tags(&body),
        created: state.now,
        known_from: known_from(state),
    };
    let shown = principal.shown();
    state
        .graph
        .principals
        .insert(principal.id.clone(), principal);
    Ok(Answer::new(201, shown))
}

fn add_password(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let asked = body.get("passwordCredential").cloned().unwrap_or_default();
    let ends = asked["endDateTime"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let secret = Secret {
        key: state.ids.uuid(),
        name: asked["displayName"].as_str().unwrap_or_default().to_owned(),
        text: format!("{}~{}", state.ids.hex(4), state.ids.letters(35)),
        begins: state.now,
        ends: ends.unwrap_or_else(|| state.after(SECRET_VALID)),
    };
    let application = state.graph.applications.get_mut(call.last());
    let application = application.ok_or_else(|| missing(call.last()))?;
    let shown = json!({
        "keyId": secret.key, "displayName": secret.name, "secretText": secret.text,
        "hint": secret.text.get(..3), "startDateTime": time(secret.begins), "endDateTime": time(secret.ends),
    });
    application.secrets.push(secret);
    Ok(Answer::ok(shown))
}

fn remove_password(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let application = state.graph.applications.get_mut(call.last());
    let application = application.ok_or_else(|| missing(call.last()))?;
    let key = text(&body, "keyId");
    let before = application.secrets.len();
    application.secrets.retain(|one| one.key != key);
    if application.secrets.len() == before {
        let message = "No password credential found with keyId.";
        return Err(ApiError::new(400, "Request_BadRequest", message));
    }
    Ok(Answer::empty(204))
}

/// Removes a deleted object for good.
fn purge(state: &mut State, call: &Call<'_>) -> Outcome {
    let (graph, id) = (&mut state.graph, call.last());
    let is_there = graph.deleted_applications.remove(id).is_some()
        || graph.deleted_principals.remove(id).is_some();
    if is_there {
        Ok(Answer::empty(204))
    } else {
        Err(missing(id))
    }
}

fn restore(state: &mut State, call: &Call<'_>) -> Outcome {
    let (graph, id) = (&mut state.graph, call.last());
    if let Some(application) = graph.deleted_applications.remove(id) {
        let shown = application.shown();
        graph.applications.insert(id, application);
        return Ok(Answer::ok(shown));
    }
    let principal = graph
        .deleted_principals
        .remove(id)
        .ok_or_else(|| missing(id))?;
    let shown = principal.shown();
    graph.principals.insert(id, principal);
    Ok(Answer::ok(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_carried_out_or_refused() {
        let shown = json!({"displayName": "kp-r1", "appId": "a", "tags": ["kubeproof:run=r1"]});
        let check = |filter: &str, expected: Option<bool>| {
            assert_eq!(fits(filter, &shown), expected, "{filter}");
        };
        check("", Some(true));
        check("startswith(displayName,'kp')", Some(true));
        check("displayName eq 'kp'", Some(false));
        check("appId eq 'a'", Some(true));
        check("tags/any(t:t eq 'kubeproof:run=r1')", Some(true));
        check("moon eq 'a'", None);
        check("displayName ne 'kp'", None);
    }
}
