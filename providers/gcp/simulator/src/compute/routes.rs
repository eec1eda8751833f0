//! Routes: those of callers, and those that networks and subnetworks have of themselves.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::collection::{Collection, Draft};
use super::item::Item;
use super::members::Member;
use super::place::{self, Level};
use super::rows::resource_table;
use super::write;
use crate::links;
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const TABLE: Table = resource_table!(global "routes", "routes", ROUTES);

/// How the names of a network's own routes begin.
const OWN: &str = "default-route-";

pub(crate) static ROUTES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("network", Member::Link("networks")),
        ("destRange", Member::Text),
        ("priority", Member::Number),
        ("tags", Member::Texts),
        ("nextHopGateway", Member::Path),
        ("nextHopInstance", Member::Path),
        ("nextHopIp", Member::Text),
    ],
    properties: &["description", "network", "destRange"],
    prepare,
    ..Collection::plain("routes", "compute#route", &[Level::Global], "route")
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.required("network")?;
    let range = draft.required("destRange")?;
    let is_range = range
        .as_str()
        .is_some_and(|text| text.parse::<ipnet::IpNet>().is_ok());
    if !is_range {
        let why = "Must be a CIDR address range.";
        return Err(ApiError::bad_member("destRange", range, why));
    }
    let hops = [
        "nextHopGateway",
        "nextHopInstance",
        "nextHopIp",
        "nextHopNetwork",
    ];
    let given = hops.iter().filter(|hop| draft.document.contains_key(**hop));
    if given.count() != 1 {
        return Err(ApiError::invalid("Exactly one next hop must be specified."));
    }
    draft.default("priority", json!(1000));
    Ok(())
}

/// Whether a resource is a route that a network or a subnetwork has of itself.
pub(crate) fn is_default(item: &Item) -> bool {
    std::ptr::eq(item.of, &raw const ROUTES) && item.name.starts_with(OWN)
}

/// The path of the route that a network or subnetwork has of itself.
fn own_path(state: &State, of: &str) -> String {
    let unique = state.compute.items.get(of).map_or(0, |item| item.id);
    let digest = Sha256::digest(format!("{of} {unique}").as_bytes());
    let digits: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("global/routes/{OWN}{digits}")
}

/// Adds the route to the internet of a new network.
pub(crate) fn add_default(state: &mut State, network: &str) {
    let document = json!({
        "description": "Default route to the Internet.",
        "network": place::link(state, network), "destRange": "0.0.0.0/0", "priority": 1000,
        "nextHopGateway": place::link(state, "global/gateways/default-internet-gateway"),
    });
    let path = own_path(state, network);
    write::add(state, &path, document);
}

/// Removes the routes that a network has of itself.
pub(crate) fn remove_default(state: &mut State, network: &str) {
    let items = state.compute.items.all();
    let own = items.filter(|item| is_default(item) && item.text("network") == network);
    let own: Vec<String> = own.map(Item::path).collect();
    for path in own {
        write::remove(state, &path);
    }
}

/// Adds the route to a new subnetwork.
pub(crate) fn add_of_subnetwork(state: &mut State, path: &str) {
    let Some(subnetwork) = state.compute.items.get(path) else {
        return;
    };
    let network = subnetwork.text("network").to_owned();
    let range = subnetwork.text("ipCidrRange").to_owned();
    let name = links::name(&network).to_owned();
    let document = json!({
        "description": format!("Default local route to the subnetwork {range}."),
        "network": network, "destRange": range, "priority": 0, "nextHopNetwork":
        place::link(state, &format!("global/networks/{name}")),
    });
    let own = own_path(state, path);
    write::add(state, &own, document);
}

/// Removes the route to a subnetwork that is gone.
pub(crate) fn remove_of_subnetwork(state: &mut State, subnetwork: &Item) {
    let (network, range) = (subnetwork.text("network"), subnetwork.text("ipCidrRange"));
    let items = state.compute.items.all();
    let own = items.filter(|item| {
        is_default(item) && item.text("network") == network && item.text("destRange") == range
    });
    let own: Vec<String> = own.map(Item::path).collect();
    for path in own {
        write::remove(state, &path);
    }
}
