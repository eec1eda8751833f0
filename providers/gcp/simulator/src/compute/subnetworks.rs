//! Subnetworks: a range of addresses in a region, with further ranges for pods and services.

use ipnet::Ipv4Net;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use super::collection::{Collection, Draft};
use super::item::Item;
use super::members::Member;
use super::place::{self, Level};
use super::rows::{aggregated, resource_table, verb};
use super::{read, routes, write};
use crate::links;
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

pub(crate) const TABLE: Table = resource_table!(
    regional "subnetworks", "subnetworks", SUBNETWORKS,
    aggregated!("subnetworks", SUBNETWORKS),
    verb!("PATCH", "regions/{region}/subnetworks/{name}", "subnetworks.patch",
        |state, call| write::patch(state, call, &SUBNETWORKS)),
    verb!("POST", "regions/{region}/subnetworks/{name}/setPrivateIpGoogleAccess",
        "subnetworks.setPrivateIpGoogleAccess", set_google_access),
    verb!("POST", "regions/{region}/subnetworks/{name}/expandIpCidrRange",
        "subnetworks.expandIpCidrRange", expand),
);

pub(crate) static SUBNETWORKS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("network", Member::Link("networks")),
        ("ipCidrRange", Member::Text),
        ("secondaryIpRanges", Member::Objects),
        ("privateIpGoogleAccess", Member::Flag),
        ("enableFlowLogs", Member::Flag),
        ("logConfig", Member::Object),
        ("purpose", Member::Word(&["PRIVATE"])),
        ("stackType", Member::Word(&["IPV4_ONLY"])),
        ("fingerprint", Member::Output),
        ("gatewayAddress", Member::Output),
        ("privateIpv6GoogleAccess", Member::Text),
    ],
    has_fingerprint: true,
    changeable: &[
        "description",
        "secondaryIpRanges",
        "logConfig",
        "enableFlowLogs",
    ],
    properties: &["description", "network", "ipCidrRange"],
    seconds: [15, 10, 15],
    prepare,
    made,
    removed: |state, item| routes::remove_of_subnetwork(state, item),
    show,
    ..Collection::plain(
        "subnetworks",
        "compute#subnetwork",
        &[Level::Region],
        "subnetwork",
    )
};

/// The ranges of a subnetwork: its own, and the further ones.
fn ranges(document: &Object) -> Vec<Ipv4Net> {
    let own = document.get("ipCidrRange");
    let further = document.get("secondaryIpRanges").and_then(Value::as_array);
    let further = further.into_iter().flatten();
    let further = further.filter_map(|one| one.get("ipCidrRange"));
    let all = own.into_iter().chain(further).filter_map(Value::as_str);
    all.filter_map(|text| text.parse().ok()).collect()
}

/// A range that is well formed: its address is the first of it.
fn checked(member: &str, text: &Value) -> Result<Ipv4Net, ApiError> {
    let range: Option<Ipv4Net> = text.as_str().and_then(|text| text.parse().ok());
    let range = range.filter(|range| range.trunc() == *range && range.prefix_len() <= 29);
    range.ok_or_else(|| ApiError::bad_member(member, text, "Must be a CIDR address range."))
}

fn prepare(state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let network = draft.required("network")?.clone();
    checked("ipCidrRange", draft.required("ipCidrRange")?)?;
    check_further(&draft.document)?;
    check_free(
        state,
        network.as_str().unwrap_or_default(),
        &draft.name,
        &draft.document,
    )?;
    draft.default("privateIpGoogleAccess", json!(false));
    draft.default("purpose", json!("PRIVATE"));
    draft.default("stackType", json!("IPV4_ONLY"));
    draft.default("privateIpv6GoogleAccess", json!("DISABLE_GOOGLE_ACCESS"));
    Ok(())
}

fn check_further(document: &Object) -> Result<(), ApiError> {
    let further = document.get("secondaryIpRanges").and_then(Value::as_array);
    for (index, range) in further.into_iter().flatten().enumerate() {
        let member = format!("secondaryIpRanges[{index}].ipCidrRange");
        checked(&member, range.get("ipCidrRange").unwrap_or(&Value::Null))?;
        let name = range.get("rangeName").and_then(Value::as_str);
        if !name.is_some_and(write::is_name) {
            let member = format!("secondaryIpRanges[{index}].rangeName");
            let given = range.get("rangeName").unwrap_or(&Value::Null);
            return Err(ApiError::bad_member(&member, given, "Must be a name."));
        }
    }
    Ok(())
}

/// Refuses ranges that another subnetwork of the network has.
fn check_free(state: &State, network: &str, name: &str, document: &Object) -> Result<(), ApiError> {
    let wanted = ranges(document);
    let items = state.compute.items.all();
    let others = items.filter(|item| {
        std::ptr::eq(item.of, &raw const SUBNETWORKS)
            && item.text("network") == network
            && item.name != name
    });
    for other in others {
        let taken = ranges(&other.document);
        let clash = wanted.iter().find(|range| {
            taken
                .iter()
                .any(|taken| taken.contains(*range) || range.contains(taken))
        });
        if let Some(range) = clash {
            return Err(ApiError::invalid(format!(
                "Invalid IPCidrRange: {range} conflicts with existing subnetwork '{}' in region '{}'.",
                other.name,
                other.scope.name()
            )));
        }
    }
    Ok(())
}

/// The type of the ranges that Kubernetes Engine adds for a cluster.
pub(crate) const ADDED_RANGE: &str = "secondary_range";

/// The ranges that Kubernetes Engine has added to a subnetwork, as an auditor sees them.
pub(crate) fn added_ranges(item: &Item) -> Vec<Resource> {
    if !std::ptr::eq(item.of, &raw const SUBNETWORKS) {
        return Vec::new();
    }
    let text = |range: &Value, member: &str| range[member].as_str().unwrap_or_default().to_owned();
    let added = item.list("secondaryIpRanges").iter().filter_map(|range| {
        let name = text(range, "rangeName");
        name.starts_with("gke-").then(|| {
            let id = format!("{}/{name}", item.name);
            Resource::new(ADDED_RANGE, id, item.scope.of_inventory())
                .named(name)
                .with("subnetwork", item.name.clone())
                .with("ip_cidr_range", text(range, "ipCidrRange"))
        })
    });
    added.collect()
}

fn made(state: &mut State, path: &str) {
    routes::add_of_subnetwork(state, path);
}

fn show(_state: &State, item: &Item, shown: &mut Object) {
    let range: Option<Ipv4Net> = item.text("ipCidrRange").parse().ok();
    // The first address of the range is the gateway's.
    let gateway = range.and_then(|range| range.hosts().next());
    if let Some(gateway) = gateway {
        shown.insert("gatewayAddress".to_owned(), json!(gateway.to_string()));
    }
}

fn set_google_access(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut body = body(call.request)?;
    let value = body.remove("privateIpGoogleAccess").unwrap_or(json!(false));
    let changes = Object::from_iter([("privateIpGoogleAccess".to_owned(), value)]);
    let kind = "setPrivateIpGoogleAccess";
    write::change(state, call, &SUBNETWORKS, kind, changes, None)
}

fn expand(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let wanted = body.get("ipCidrRange").unwrap_or(&Value::Null);
    let range = checked("ipCidrRange", wanted)?;
    let item = read::found(state, call, &SUBNETWORKS)?;
    let current: Option<Ipv4Net> = item.text("ipCidrRange").parse().ok();
    if !current.is_some_and(|current| range.contains(&current)) {
        let why = "New IP range must contain the current one.";
        return Err(ApiError::bad_member("ipCidrRange", wanted, why));
    }
    let mut document = item.document.clone();
    document.insert("ipCidrRange".to_owned(), wanted.clone());
    check_free(state, item.text("network"), &item.name, &document)?;
    let changes = Object::from_iter([("ipCidrRange".to_owned(), wanted.clone())]);
    write::change(
        state,
        call,
        &SUBNETWORKS,
        "expandIpCidrRange",
        changes,
        None,
    )
}

/// The lowest address of a subnetwork that no instance has.
pub(crate) fn free_address(state: &State, link: &str) -> Option<String> {
    let subnetwork = state.compute.items.get(links::below_project(link))?;
    let range: Ipv4Net = subnetwork.text("ipCidrRange").parse().ok()?;
    let instances = state.compute.items.all();
    let taken: std::collections::BTreeSet<&str> = instances
        .flat_map(|item| item.list("networkInterfaces"))
        .filter(|interface| interface.get("subnetwork").and_then(Value::as_str) == Some(link))
        .filter_map(|interface| interface.get("networkIP")?.as_str())
        .collect();
    // The first address is the gateway's.
    let mut free = range.hosts().skip(1).map(|address| address.to_string());
    free.find(|address| !taken.contains(address.as_str()))
}

/// The subnetwork of a network in a region; in a network of the caller's own there may be none.
pub(crate) fn in_region(state: &State, network: &str, region: &str) -> Option<String> {
    let mut items = state.compute.items.all();
    let found = items.find(|item| {
        std::ptr::eq(item.of, &raw const SUBNETWORKS)
            && item.text("network") == network
            && item.scope.name() == region
    });
    found.map(|item| place::link(state, &item.path()))
}
