//! Instance groups: those that callers fill, and those of a manager.

use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::item::Item;
use super::managers;
use super::members::{self, Member};
use super::place::{self, Level};
use super::rows::{aggregated, resource_table, verb};
use super::{read, write};
use crate::links;
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

pub(crate) const TABLE: Table = resource_table!(
    zonal "instanceGroups", "instanceGroups", GROUPS,
    aggregated!("instanceGroups", GROUPS),
    verb!("POST", "zones/{zone}/instanceGroups/{name}/addInstances", "instanceGroups.addInstances",
        |state, call| change_members(state, call, true)),
    verb!("POST", "zones/{zone}/instanceGroups/{name}/removeInstances", "instanceGroups.removeInstances",
        |state, call| change_members(state, call, false)),
    verb!("POST", "zones/{zone}/instanceGroups/{name}/listInstances", "instanceGroups.listInstances",
        list_instances),
    verb!("POST", "zones/{zone}/instanceGroups/{name}/setNamedPorts", "instanceGroups.setNamedPorts",
        set_named_ports),
);

/// The member that holds the instances of a group, which the API shows by a call of its own.
const MEMBERS: &str = "#instances";

pub(crate) static GROUPS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("namedPorts", Member::Objects),
        ("network", Member::Link("networks")),
        ("subnetwork", Member::Link("subnetworks")),
    ],
    properties: &["description", "network"],
    seconds: [5, 5, 6],
    prepare,
    show,
    ..Collection::plain(
        "instanceGroups",
        "compute#instanceGroup",
        &[Level::Zone],
        "instance_group",
    )
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.default("namedPorts", json!([]));
    Ok(())
}

/// The links of a group's instances.
fn instances_of(state: &State, group: &Item) -> Vec<String> {
    let manager = managers::MANAGERS.path(&group.scope, &group.name);
    if state.compute.items.has(&manager) {
        let own = managers::instances_of(state, &manager);
        return own.iter().map(|path| place::link(state, path)).collect();
    }
    let links = group.list(MEMBERS).iter().filter_map(Value::as_str);
    // An instance that is gone is in no group.
    let there = links.filter(|link| state.compute.items.has(links::below_project(link)));
    there.map(str::to_owned).collect()
}

fn show(state: &State, item: &Item, shown: &mut Object) {
    shown.insert("size".to_owned(), json!(instances_of(state, item).len()));
}

/// The instances that a body names, as links to instances that exist.
fn named(state: &State, body: &Object) -> Result<Vec<String>, ApiError> {
    let given = body.get("instances").and_then(Value::as_array);
    let given = given.into_iter().flatten();
    let links = given.map(|one| {
        let link = one.get("instance").and_then(Value::as_str);
        members::resolved(state, "instances", link.unwrap_or_default(), "instances")
    });
    links.collect()
}

fn change_members(state: &mut State, call: &Call<'_>, is_added: bool) -> Outcome {
    let body = body(call.request)?;
    let named = named(state, &body)?;
    let group = read::found(state, call, &GROUPS)?;
    if state
        .compute
        .items
        .has(&managers::MANAGERS.path(&group.scope, &group.name))
    {
        return Err(ApiError::invalid(
            "Instances of a managed instance group are changed by its manager.",
        ));
    }
    let mut all = instances_of(state, group);
    if let Some(twice) = named.iter().find(|link| all.contains(link) == is_added) {
        let word = if is_added { "already" } else { "not" };
        let why = format!("The instance is {word} a member of the group.");
        return Err(ApiError::new(
            400,
            "INVALID_ARGUMENT",
            if is_added {
                "memberAlreadyExists"
            } else {
                "memberNotFound"
            },
            format!("Invalid value for field 'instances': '{twice}'. {why}"),
        ));
    }
    all.retain(|link| !named.contains(link));
    if is_added {
        all.extend(named);
    }
    let changes = Object::from_iter([(MEMBERS.to_owned(), json!(all))]);
    let kind = if is_added {
        "addInstances"
    } else {
        "removeInstances"
    };
    write::change(state, call, &GROUPS, kind, changes, None)
}

fn list_instances(state: &mut State, call: &Call<'_>) -> Outcome {
    let group = read::found(state, call, &GROUPS)?;
    let instances = instances_of(state, group).into_iter().map(|link| {
        let item = state.compute.items.get(links::below_project(&link));
        let status = item.map_or("", |item| item.text("status"));
        json!({"instance": link, "status": status, "namedPorts": []})
    });
    read::listed(
        state,
        call,
        "compute#instanceGroupsListInstances",
        instances.collect(),
    )
}

fn set_named_ports(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut body = body(call.request)?;
    let ports = body.remove("namedPorts").unwrap_or_else(|| json!([]));
    let changes = Object::from_iter([("namedPorts".to_owned(), ports)]);
    write::change(state, call, &GROUPS, "setNamedPorts", changes, None)
}
