//! Networks.

use serde_json::json;

use super::collection::{Collection, Draft, InUse};
use super::item::Item;
use super::members::Member;
use super::place::{self, Level};
use super::rows::{resource_table, verb};
use super::{routes, write, zones};
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
    made,
    removed,
    is_kept_by,
    show,
    ..Collection::plain("networks", "compute#network", &[Level::Global], "network")
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let config = draft.document.get("routingConfig");
    let mode = config.and_then(|config| config.get("routingMode")).cloned();
    let mode = mode.unwrap_or_else(|| json!("REGIONAL"));
    if !matches!(mode.as_str(), Some("REGIONAL" | "GLOBAL")) {
        let why = "Must be one of [REGIONAL, GLOBAL].";
        return Err(ApiError::bad_member(
            "routingConfig.routingMode",
            &mode,
            why,
        ));
    }
    draft.default("autoCreateSubnetworks", json!(true));
    draft.default("routingConfig", json!({"routingMode": mode}));
    draft.default(
        "networkFirewallPolicyEnforcementOrder",
        json!("AFTER_CLASSIC_FIREWALL"),
    );
    Ok(())
}

/// A network has a route to the internet from the start, and one in auto mode a subnetwork in each region.
fn made(state: &mut State, path: &str) {
    routes::add_default(state, path);
    let Some(network) = state.compute.items.get(path) else {
        return;
    };
    if network.document.get("autoCreateSubnetworks") != Some(&json!(true)) {
        return;
    }
    let (name, link) = (network.name.clone(), place::link(state, path));
    for (index, region) in zones::regions().enumerate() {
        // The real ranges of auto mode lie in 10.128.0.0/9, one /20 for each region.
        let (second, third) = (128 + index / 8, (index % 8) * 32);
        let document = json!({
            "network": link, "ipCidrRange": format!("10.{second}.{third}.0/20"),
        });
        write::add(
            state,
            &format!("regions/{region}/subnetworks/{name}"),
            document,
        );
    }
}

/// The subnetworks of auto mode and the routes of the network itself go with it.
fn removed(state: &mut State, network: &Item) {
    let link = place::link(state, &network.path());
    for path in subnetworks_of(state, &link) {
        write::remove(state, &path);
    }
    routes::remove_default(state, &link);
}

fn subnetworks_of(state: &State, link: &str) -> Vec<String> {
    let items = state.compute.items.all();
    let of = items.filter(|item| item.of.plural == "subnetworks" && item.text("network") == link);
    of.map(Item::path).collect()
}

/// What belongs to the network itself does not keep it: its own routes, and the subnetworks of auto mode.
fn is_kept_by(network: &Item, other: &Item) -> bool {
    let is_auto = network.document.get("autoCreateSubnetworks") == Some(&json!(true));
    !(routes::is_default(other) || is_auto && other.of.plural == "subnetworks")
}

fn show(state: &State, item: &Item, shown: &mut Object) {
    let path = item.path();
    let subnetworks = subnetworks_of(state, &place::link(state, &path));
    if !subnetworks.is_empty() {
        let links = subnetworks.iter().map(|path| place::link(state, path));
        shown.insert("subnetworks".to_owned(), links.collect());
    }
    let by_id = format!("global/networks/{}", item.id);
    shown.insert(
        "selfLinkWithId".to_owned(),
        json!(place::link(state, &by_id)),
    );
}
