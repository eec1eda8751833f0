//! Networks.

use serde_json::{Value, json};

use super::collection::{Collection, Draft, InUse};
use super::item::Item;
use super::members::Member;
use super::place::Level;
use super::rows::{resource_table, verb};
use super::{read, write};
use crate::route::Table;
use crate::state::State;
use crate::wire::{ApiError, Object};

pub(crate) const TABLE: Table = resource_table!(
    global "networks", "networks", NETWORKS,
    verb!("PATCH", "global/networks/{network}", "networks.patch",
        |state, call| write::patch(state, call, &NETWORKS)),
);

pub(crate) static NETWORKS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("autoCreateSubnetworks", Member::Flag),
        ("routingConfig", Member::Object),
        ("mtu", Member::Number),
        ("enableUlaInternalIpv6", Member::Flag),
        ("networkFirewallPolicyEnforcementOrder", Member::Text),
    ],
    changeable: &["routingConfig", "mtu"],
    properties: &["description", "autoCreateSubnetworks"],
    seconds: [18, 10, 20],
    // What GKE or a load balancer left in the network shows only in the operation.
    in_use: InUse::Fails,
    prepare,
    show,
    ..Collection::plain("networks", "compute#network", &[Level::Global], "network")
};

fn prepare(state: &State, draft: &mut Draft) -> Result<(), ApiError> {
    let networks = state.compute.items.all();
    let count = networks
        .filter(|item| std::ptr::eq(item.of, &NETWORKS))
        .count();
    let limit = state.setup.networks_max;
    if u32::try_from(count).is_ok_and(|count| count >= limit) {
        let message = format!("Quota 'NETWORKS' exceeded. Limit: {limit}.0 globally.");
        let status = "RESOURCE_EXHAUSTED";
        return Err(ApiError::new(403, status, "quotaExceeded", message));
    }
    let document = &mut draft.document;
    let mode = document
        .get("routingConfig")
        .and_then(|one| one.get("routingMode"));
    let mode = mode.cloned().unwrap_or_else(|| json!("REGIONAL"));
    if !matches!(mode.as_str(), Some("REGIONAL" | "GLOBAL")) {
        let why = "Must be one of [REGIONAL, GLOBAL].";
        return Err(ApiError::bad_member(
            "routingConfig.routingMode",
            &mode,
            why,
        ));
    }
    let mut default = |member: &str, value: Value| {
        document.entry(member).or_insert(value);
    };
    default("autoCreateSubnetworks", json!(true));
    default("routingConfig", json!({"routingMode": mode}));
    default(
        "networkFirewallPolicyEnforcementOrder",
        json!("AFTER_CLASSIC_FIREWALL"),
    );
    Ok(())
}

fn show(_state: &State, _item: &Item, _shown: &mut Object) {}
