//! Managed instance groups: as many equal machines as asked for, made from a template.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::item::{Item, Phase};
use super::members::Member;
use super::place::{self, Level};
use super::rows::{aggregated, resource_table, verb};
use super::{Event, operations, read, write};
use crate::links;
use crate::route::{Call, Table};
use crate::state::{self, State};
use crate::wire::{ApiError, Object, Outcome, body};

pub(crate) const TABLE: Table = resource_table!(
    zonal "instanceGroupManagers", "instanceGroupManagers", MANAGERS,
    aggregated!("instanceGroupManagers", MANAGERS),
    verb!("POST", "zones/{zone}/instanceGroupManagers/{name}/resize", "instanceGroupManagers.resize", resize),
    verb!("POST", "zones/{zone}/instanceGroupManagers/{name}/listManagedInstances",
        "instanceGroupManagers.listManagedInstances", list_managed),
    verb!("POST", "zones/{zone}/instanceGroupManagers/{name}/deleteInstances",
        "instanceGroupManagers.deleteInstances", delete_instances),
);

/// Most machines of a group.
const SIZE_MAX: i64 = 1000;

pub(crate) static MANAGERS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("baseInstanceName", Member::Text),
        ("instanceTemplate", Member::Link("instanceTemplates")),
        ("targetSize", Member::Number),
        ("namedPorts", Member::Objects),
        ("targetPools", Member::Texts),
        ("autoHealingPolicies", Member::Objects),
        ("updatePolicy", Member::Object),
    ],
    properties: &["description", "targetSize", "instanceTemplate"],
    seconds: [12, 20, 40],
    prepare,
    made,
    changed: |state, path| converge(state, path),
    removed,
    show,
    // Its own group refers to it.
    is_kept_by: |_, other| other.of.plural != "instanceGroups",
    ..Collection::plain(
        "instanceGroupManagers",
        "compute#instanceGroupManager",
        &[Level::Zone],
        "instance_group_manager",
    )
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.required("instanceTemplate")?;
    check_size(draft.required("targetSize")?)?;
    let base = draft.name.chars().take(54).collect::<String>();
    draft.default("baseInstanceName", json!(base));
    let base = draft.text("baseInstanceName");
    if base.len() > 58 || !write::is_name(base) {
        let why = "Must be a name of at most 58 characters.";
        return Err(ApiError::bad_member("baseInstanceName", &json!(base), why));
    }
    Ok(())
}

fn check_size(size: &Value) -> Result<i64, ApiError> {
    let count = size.as_i64().filter(|size| (0..=SIZE_MAX).contains(size));
    count.ok_or_else(|| ApiError::bad_member("targetSize", size, "Must be between 0 and 1000."))
}

/// A manager makes its group, and its machines.
fn made(state: &mut State, path: &str) {
    if let Some(item) = state.compute.items.get(path) {
        let group = format!("{}/instanceGroups/{}", item.scope, item.name);
        let why = "This instance group is controlled by an instance group manager.";
        write::add(state, &group, json!({"description": why}));
    }
    converge(state, path);
}

/// What a machine's metadata says of its manager.
fn mark(state: &State, path: &str) -> String {
    format!("projects/{}/{path}", state.setup.project_number)
}

/// The paths of a manager's machines.
pub(crate) fn instances_of(state: &State, path: &str) -> Vec<String> {
    let mark = mark(state, path);
    let items = state.compute.items.all();
    let own = items.filter(|item| {
        item.of.plural == "instances"
            && item.document.get("metadata").is_some_and(|metadata| {
                metadata["items"]
                    .as_array()
                    .is_some_and(|items| items.iter().any(|one| one["value"] == mark.as_str()))
            })
    });
    own.map(Item::path).collect()
}

/// Seconds until a manager replaces a machine that is gone.
const REPLACED: i64 = 45;

/// A machine is gone: its manager, if it has one, will replace it.
pub(super) fn lost(state: &mut State, instance: &Item) {
    let metadata = instance.document.get("metadata");
    let items = metadata.and_then(|metadata| metadata["items"].as_array());
    let created_by = items
        .into_iter()
        .flatten()
        .find(|item| item["key"] == "created-by");
    let manager = created_by.and_then(|item| item["value"].as_str());
    let path = manager.map(|manager| links::below_project(manager).to_owned());
    if let Some(path) = path.filter(|path| state.compute.items.has(path)) {
        let at = SignedDuration::from_secs(REPLACED);
        let at = state.now.saturating_add(at).unwrap_or(state.now);
        let event = state::Event::Compute(Event::Replaced(path));
        state.timers.at(at, event);
    }
}

/// Makes or removes machines, until there are as many as asked for: the youngest go first.
pub(super) fn converge(state: &mut State, path: &str) {
    let Some(manager) = state.compute.items.get(path) else {
        return;
    };
    let size = manager.document.get("targetSize").and_then(Value::as_u64);
    let size = usize::try_from(size.unwrap_or(0)).unwrap_or(0);
    let mut own = instances_of(state, path);
    while own.len() > size {
        if let Some(last) = own.pop() {
            write::remove(state, &last);
        }
    }
    for _ in own.len()..size {
        add_instance(state, path);
    }
}

fn add_instance(state: &mut State, path: &str) {
    let Some(manager) = state.compute.items.get(path) else {
        return;
    };
    let (scope, base) = (
        manager.scope.clone(),
        manager.text("baseInstanceName").to_owned(),
    );
    let template = links::below_project(manager.text("instanceTemplate"));
    let template = state.compute.items.get(template);
    let properties = template.and_then(|template| template.document.get("properties"));
    let Some(Value::Object(mut document)) = properties.cloned() else {
        return;
    };
    let kind = document.get("machineType").and_then(Value::as_str);
    let kind = format!(
        "{scope}/machineTypes/{}",
        links::name(kind.unwrap_or_default())
    );
    document.insert("machineType".to_owned(), json!(place::link(state, &kind)));
    let created_by = json!({"key": "created-by", "value": mark(state, path)});
    let mut metadata = document
        .get("metadata")
        .cloned()
        .unwrap_or_else(|| json!({}));
    match metadata["items"].as_array_mut() {
        Some(items) => items.push(created_by),
        None => metadata = json!({"items": [created_by]}),
    }
    document.insert("metadata".to_owned(), metadata);
    let name = format!("{base}-{}", state.ids.hex(4));
    write::add(
        state,
        &format!("{scope}/instances/{name}"),
        Value::Object(document),
    );
}

/// A manager's group and machines go with it.
fn removed(state: &mut State, item: &Item) {
    for path in instances_of(state, &item.path()) {
        write::remove(state, &path);
    }
    write::remove(
        state,
        &format!("{}/instanceGroups/{}", item.scope, item.name),
    );
}

fn show(state: &State, item: &Item, shown: &mut Object) {
    let group = format!("{}/instanceGroups/{}", item.scope, item.name);
    shown.insert(
        "instanceGroup".to_owned(),
        json!(place::link(state, &group)),
    );
    shown.insert(
        "fingerprint".to_owned(),
        json!(operations::fingerprint(&item.document)),
    );
    let count = instances_of(state, &item.path()).len();
    let is_stable = item.phase == Phase::Ready;
    shown.insert("status".to_owned(), json!({"isStable": is_stable}));
    shown.insert(
        "currentActions".to_owned(),
        json!({"none": count, "creating": 0, "creatingWithoutRetries": 0, "recreating": 0, "deleting": 0,
               "abandoning": 0, "restarting": 0, "refreshing": 0, "verifying": 0}),
    );
}

fn resize(state: &mut State, call: &Call<'_>) -> Outcome {
    let size = call.query("size").unwrap_or_default();
    let size = size
        .parse()
        .map_or_else(|_| json!(size), |size: i64| json!(size));
    let size = check_size(&size)?;
    let changes = Object::from_iter([("targetSize".to_owned(), json!(size))]);
    write::change(state, call, &MANAGERS, "resize", changes, None)
}

fn list_managed(state: &mut State, call: &Call<'_>) -> Outcome {
    let manager = read::found(state, call, &MANAGERS)?;
    let own = instances_of(state, &manager.path()).into_iter();
    let own = own.filter_map(|path| {
        let item = state.compute.items.get(&path)?;
        Some(json!({
            "instance": place::link(state, &path), "id": item.id.to_string(), "name": item.name,
            "instanceStatus": item.text("status"), "currentAction": "NONE",
        }))
    });
    Ok(json!({"managedInstances": own.collect::<Vec<_>>()}))
}

/// Deletes machines and makes the group smaller by as many.
fn delete_instances(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let named = body.get("instances").and_then(Value::as_array);
    let named = named.into_iter().flatten().filter_map(Value::as_str);
    let named: Vec<String> = named
        .map(|link| links::below_project(link).to_owned())
        .collect();
    let manager = read::found(state, call, &MANAGERS)?;
    let path = manager.path();
    let own = instances_of(state, &path);
    if let Some(other) = named.iter().find(|one| !own.contains(one)) {
        let why = "The instance is not a member of the group.";
        return Err(ApiError::bad_member("instances", &json!(other), why));
    }
    let left = own.len() - named.len().min(own.len());
    for instance in &named {
        write::remove(state, instance);
    }
    let changes = Object::from_iter([("targetSize".to_owned(), json!(left))]);
    write::change(state, call, &MANAGERS, "deleteInstances", changes, None)
}
