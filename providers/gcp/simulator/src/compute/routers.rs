//! Routers, and the NAT gateways in them.

use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::members::Member;
use super::place::Level;
use super::rows::{aggregated, resource_table, verb};
use super::{usage, write};
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const TABLE: Table = resource_table!(
    regional "routers", "routers", ROUTERS,
    aggregated!("routers", ROUTERS),
    verb!("PATCH", "regions/{region}/routers/{name}", "routers.patch",
        |state, call| write::patch(state, call, &ROUTERS)),
);

pub(crate) static ROUTERS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("network", Member::Link("networks")),
        ("nats", Member::Objects),
        ("bgp", Member::Object),
    ],
    changeable: &["description", "nats", "bgp"],
    properties: &["description", "network", "nats"],
    seconds: [10, 15, 15],
    prepare,
    made: |state, _| usage::gateways(state),
    changed: |state, path| {
        fill(state, path);
        usage::gateways(state);
    },
    removed: |state, item| {
        usage::stop(state, &item.path());
        usage::gateways(state);
    },
    ..Collection::plain("routers", "compute#router", &[Level::Region], "router")
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.required("network")?;
    let nats = draft.document.get_mut("nats").and_then(Value::as_array_mut);
    for nat in nats.into_iter().flatten() {
        let is_named = nat["name"].as_str().is_some_and(write::is_name);
        if !is_named {
            return Err(ApiError::bad_member(
                "nats[0].name",
                &nat["name"],
                "Must be a name.",
            ));
        }
        complete(nat);
    }
    Ok(())
}

/// Completes the NAT gateways that a patch brought.
fn fill(state: &mut State, path: &str) {
    let router = state.compute.items.get_mut(path);
    let nats = router.and_then(|router| router.document.get_mut("nats")?.as_array_mut());
    nats.into_iter().flatten().for_each(complete);
}

/// Sets what the caller left out of a NAT gateway.
fn complete(nat: &mut Value) {
    let Some(nat) = nat.as_object_mut() else {
        return;
    };
    let all = "ALL_SUBNETWORKS_ALL_IP_RANGES";
    for (member, value) in [
        ("natIpAllocateOption", json!("AUTO_ONLY")),
        ("sourceSubnetworkIpRangesToNat", json!(all)),
        ("enableEndpointIndependentMapping", json!(false)),
        ("endpointTypes", json!(["ENDPOINT_TYPE_VM"])),
        ("type", json!("PUBLIC")),
        ("autoNetworkTier", json!("PREMIUM")),
    ] {
        nat.entry(member).or_insert(value);
    }
}
