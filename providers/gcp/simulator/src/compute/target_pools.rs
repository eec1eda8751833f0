//! Target pools: the machines behind a network load balancer.

use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::item::Item;
use super::members::{self, Member};
use super::place::Level;
use super::rows::{aggregated, resource_table, verb};
use super::{read, write};
use crate::links;
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

pub(crate) const TABLE: Table = resource_table!(
    regional "targetPools", "targetPools", TARGET_POOLS,
    aggregated!("targetPools", TARGET_POOLS),
    verb!("POST", "regions/{region}/targetPools/{name}/addInstance", "targetPools.addInstance",
        |state, call| change_members(state, call, true)),
    verb!("POST", "regions/{region}/targetPools/{name}/removeInstance", "targetPools.removeInstance",
        |state, call| change_members(state, call, false)),
);

pub(crate) static TARGET_POOLS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("instances", Member::Links("instances")),
        ("healthChecks", Member::Links("httpHealthChecks")),
        (
            "sessionAffinity",
            Member::Word(&["NONE", "CLIENT_IP", "CLIENT_IP_PROTO"]),
        ),
    ],
    properties: &["description"],
    seconds: [6, 5, 6],
    prepare,
    show,
    ..Collection::plain(
        "targetPools",
        "compute#targetPool",
        &[Level::Region],
        "target_pool",
    )
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.default("sessionAffinity", json!("NONE"));
    Ok(())
}

/// A machine that is gone is in no pool.
fn show(state: &State, item: &Item, shown: &mut Object) {
    let links = item.list("instances").iter().filter_map(Value::as_str);
    let there = links.filter(|link| state.compute.items.has(links::below_project(link)));
    let there: Vec<&str> = there.collect();
    if there.is_empty() {
        shown.remove("instances");
    } else {
        shown.insert("instances".to_owned(), json!(there));
    }
}

fn change_members(state: &mut State, call: &Call<'_>, is_added: bool) -> Outcome {
    let body = body(call.request)?;
    let given = body.get("instances").and_then(Value::as_array);
    let given = given.into_iter().flatten().map(|one| {
        let link = one.get("instance").and_then(Value::as_str);
        members::resolved(state, "instances", link.unwrap_or_default(), "instances")
    });
    let given = given.collect::<Result<Vec<_>, _>>()?;
    let pool = read::found(state, call, &TARGET_POOLS)?;
    let current = pool.list("instances").iter().filter_map(Value::as_str);
    let mut all: Vec<String> = current.map(str::to_owned).collect();
    all.retain(|link| !given.contains(link));
    if is_added {
        all.extend(given);
    }
    let changes = Object::from_iter([("instances".to_owned(), json!(all))]);
    let kind = if is_added {
        "addInstance"
    } else {
        "removeInstance"
    };
    write::change(state, call, &TARGET_POOLS, kind, changes, None)
}
