//! Network endpoint groups: the pods behind a load balancer.

use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::item::Item;
use super::members::Member;
use super::place::Level;
use super::rows::{aggregated, resource_table, verb};
use super::{read, write};
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

pub(crate) const TABLE: Table = resource_table!(
    zonal "networkEndpointGroups", "networkEndpointGroups", ENDPOINT_GROUPS,
    aggregated!("networkEndpointGroups", ENDPOINT_GROUPS),
    verb!("POST", "zones/{zone}/networkEndpointGroups/{name}/attachNetworkEndpoints",
        "networkEndpointGroups.attachNetworkEndpoints", |state, call| change_members(state, call, true)),
    verb!("POST", "zones/{zone}/networkEndpointGroups/{name}/detachNetworkEndpoints",
        "networkEndpointGroups.detachNetworkEndpoints", |state, call| change_members(state, call, false)),
    verb!("POST", "zones/{zone}/networkEndpointGroups/{name}/listNetworkEndpoints",
        "networkEndpointGroups.listNetworkEndpoints", list_endpoints),
);

/// The member that holds the endpoints, which the API shows by a call of its own.
const MEMBERS: &str = "#endpoints";

pub(crate) static ENDPOINT_GROUPS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        (
            "networkEndpointType",
            Member::Word(&["GCE_VM_IP_PORT", "GCE_VM_IP"]),
        ),
        ("network", Member::Link("networks")),
        ("subnetwork", Member::Link("subnetworks")),
        ("defaultPort", Member::Number),
        ("annotations", Member::Object),
    ],
    properties: &["description", "network"],
    seconds: [6, 5, 6],
    prepare,
    show,
    ..Collection::plain(
        "networkEndpointGroups",
        "compute#networkEndpointGroup",
        &[Level::Zone],
        "neg",
    )
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.required("networkEndpointType")?;
    draft.required("network")?;
    Ok(())
}

fn show(_state: &State, item: &Item, shown: &mut Object) {
    shown.insert("size".to_owned(), json!(item.list(MEMBERS).len()));
}

fn change_members(state: &mut State, call: &Call<'_>, is_added: bool) -> Outcome {
    let body = body(call.request)?;
    let given = body.get("networkEndpoints").and_then(Value::as_array);
    let given = given.cloned().unwrap_or_default();
    let group = read::found(state, call, &ENDPOINT_GROUPS)?;
    let mut all = group.list(MEMBERS).to_vec();
    all.retain(|one| !given.contains(one));
    if is_added {
        all.extend(given);
    }
    let changes = Object::from_iter([(MEMBERS.to_owned(), json!(all))]);
    let kind = if is_added {
        "attachNetworkEndpoints"
    } else {
        "detachNetworkEndpoints"
    };
    write::change(state, call, &ENDPOINT_GROUPS, kind, changes, None)
}

fn list_endpoints(state: &mut State, call: &Call<'_>) -> Outcome {
    let group = read::found(state, call, &ENDPOINT_GROUPS)?;
    let all = group.list(MEMBERS).iter();
    let all = all.map(|one| json!({"networkEndpoint": one}));
    let mut list = read::listed(
        state,
        call,
        "compute#networkEndpointGroupsListNetworkEndpoints",
        all.collect(),
    )?;
    // This list has no link of its own.
    if let Some(list) = list.as_object_mut() {
        list.remove("selfLink");
    }
    Ok(list)
}
