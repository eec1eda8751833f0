//! Virtual networks and their subnets. A list of subnets in a network's PUT is whole: what it lacks goes.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::referred;
use crate::arm::rows::{kind_table, part_table};
use crate::arm::{self, Child, Draft, Item, Kind, users};
use crate::route::{Call, Table};
use crate::state::State;
use crate::wire::{ApiError, Object, insert};

pub(crate) const TABLE: Table =
    kind_table!("network", "Microsoft.Network", "virtualNetworks", VNETS);
pub(crate) const SUBNET_TABLE: Table = part_table!(
    "network",
    "Microsoft.Network",
    "virtualNetworks",
    "subnets",
    SUBNETS,
    VNETS
);

pub(crate) static VNETS: Kind = Kind {
    members: &[
        "addressSpace",
        "dhcpOptions",
        "flowTimeoutInMinutes",
        "privateEndpointVNetPolicies",
        "subnets",
    ],
    properties: &["addressSpace"],
    in_use: "InUseSubnetCannotBeDeleted",
    // Links of DNS zones stay when their network goes.
    is_kept_by: |user, _| user.kind.types.last() != Some(&"virtualNetworkLinks"),
    prepare,
    show: |state, item, properties| {
        let subnets = arm::children(state, &item.key());
        let subnets = subnets.iter().filter_map(|key| state.arm.items.get(key));
        let subnets: Vec<Value> = subnets.map(|subnet| subnet.shown(state)).collect();
        properties.insert("subnets".to_owned(), json!(subnets));
        properties.insert("resourceGuid".to_owned(), json!(item.unique));
    },
    ..Kind::plain("Microsoft.Network", &["virtualNetworks"], "vnet_subnet")
};

pub(crate) static SUBNETS: Kind = Kind {
    members: &[
        "addressPrefix",
        "addressPrefixes",
        "defaultOutboundAccess",
        "delegations",
        "natGateway",
        "networkSecurityGroup",
        "privateEndpointNetworkPolicies",
        "privateLinkServiceNetworkPolicies",
        "routeTable",
        "serviceEndpoints",
    ],
    has_location: false,
    seconds: [4, 4, 4],
    in_use: "InUseSubnetCannotBeDeleted",
    prepare: |state, _, draft| {
        let parent = draft.parent.clone().unwrap_or_default();
        let document = draft.document.clone();
        let space = spaces(&arm_property(state, &parent, "addressSpace"))?;
        check_subnet(state, &parent, &space, &draft.name, &document)
    },
    show: |state, item, properties| {
        let using = users(state, &item.key());
        let using: Vec<Value> = using.iter().map(|id| arm::reference(id)).collect();
        if !using.is_empty() {
            properties.insert("ipConfigurations".to_owned(), json!(using));
        }
        // A service that a subnet is delegated to holds it by a link that no one can remove.
        if let Some(Value::Array(delegations)) = properties.get_mut("delegations") {
            for delegation in delegations {
                if let Some(properties) = delegation.get_mut("properties") {
                    insert(properties, "provisioningState", json!("Succeeded"));
                }
            }
        }
    },
    ..Kind::plain("Microsoft.Network", &["virtualNetworks", "subnets"], "")
};

fn arm_property(state: &State, key: &str, member: &str) -> Value {
    let item = state.arm.items.get(key);
    item.map_or(Value::Null, |item| item.property(member).clone())
}

/// A range of addresses.
pub(crate) fn range(text: &str) -> Result<Ipv4Net, ApiError> {
    let found = text
        .parse::<Ipv4Net>()
        .ok()
        .filter(|net| net.trunc() == *net);
    found.ok_or_else(|| {
        let message = format!("The address prefix {text} is not a valid IPv4 range.");
        ApiError::new(400, "InvalidCIDRNotation", message)
    })
}

fn spaces(space: &Value) -> Result<Vec<Ipv4Net>, ApiError> {
    let prefixes = space["addressPrefixes"].as_array().into_iter().flatten();
    let ranges: Result<Vec<Ipv4Net>, ApiError> = prefixes
        .map(|one| range(one.as_str().unwrap_or_default()))
        .collect();
    let ranges = ranges?;
    if ranges.is_empty() {
        let message = "The virtual network has no address space.";
        return Err(ApiError::new(400, "InvalidRequestFormat", message));
    }
    Ok(ranges)
}

/// The ranges of a subnet.
pub(crate) fn ranges_of(properties: &Value) -> Result<Vec<Ipv4Net>, ApiError> {
    let many = properties["addressPrefixes"]
        .as_array()
        .into_iter()
        .flatten();
    let one = properties["addressPrefix"].as_str();
    let all = one.into_iter().chain(many.filter_map(Value::as_str));
    let mut ranges: Vec<Ipv4Net> = all.map(range).collect::<Result<_, _>>()?;
    ranges.sort();
    ranges.dedup();
    if ranges.is_empty() {
        let message = "The subnet has no address prefix.";
        return Err(ApiError::new(400, "InvalidRequestFormat", message));
    }
    Ok(ranges)
}

/// Checks a subnet against its network, and against those beside it.
fn check_subnet(
    state: &State,
    network: &str,
    space: &[Ipv4Net],
    name: &str,
    document: &Object,
) -> Result<(), ApiError> {
    let properties = document.get("properties").unwrap_or(&Value::Null);
    let ranges = ranges_of(properties)?;
    for range in &ranges {
        if !space.iter().any(|whole| whole.contains(range)) {
            let message = format!(
                "Subnet '{name}' is not valid because its IP address range {range} is outside the range of its virtual network."
            );
            return Err(ApiError::new(400, "NetcfgInvalidSubnet", message));
        }
    }
    for key in arm::children(state, network) {
        let Some(other) = state
            .arm
            .items
            .get(&key)
            .filter(|other| !other.name.eq_ignore_ascii_case(name))
        else {
            continue;
        };
        let theirs = other.document.get("properties").map(ranges_of);
        let theirs = theirs.and_then(Result::ok).unwrap_or_default();
        let overlap = |one: &Ipv4Net, two: &Ipv4Net| one.contains(two) || two.contains(one);
        if ranges
            .iter()
            .any(|one| theirs.iter().any(|two| overlap(one, two)))
        {
            let message = format!("Subnet '{name}' overlaps with subnet '{}'.", other.name);
            return Err(ApiError::new(400, "NetcfgSubnetRangesOverlap", message));
        }
    }
    for member in ["networkSecurityGroup", "routeTable", "natGateway"] {
        referred(state, &properties[member])?;
    }
    Ok(())
}

fn prepare(state: &mut State, _: &Call<'_>, draft: &mut Draft) -> Result<(), ApiError> {
    let space = spaces(draft.property("addressSpace"))?;
    let Some(given) = draft.take("subnets") else {
        return Ok(());
    };
    let key = draft.key();
    let mut meant = Vec::new();
    for subnet in given.as_array().into_iter().flatten() {
        let name = subnet["name"].as_str().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(ApiError::invalid("A subnet has no name."));
        }
        let properties = subnet["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let mut kept = Object::new();
        for (member, value) in properties {
            if SUBNETS.members.contains(&member.as_str()) && !value.is_null() {
                kept.insert(member, value);
            }
        }
        let mut document = Object::new();
        document.insert("properties".to_owned(), Value::Object(kept));
        // Those that stay are known already; those that are given together are not checked against each other.
        check_subnet(state, &key, &space, &name, &document)?;
        meant.push(name.to_ascii_lowercase());
        draft.children.push(Child {
            kind: &SUBNETS,
            name,
            document,
        });
    }
    for child in arm::children(state, &key) {
        let name = child.rsplit('/').next().unwrap_or_default();
        let using = users(state, &child);
        if let (false, Some(user)) = (meant.iter().any(|one| one == name), using.first()) {
            let message = format!("Subnet {name} is in use by {user} and cannot be deleted.");
            return Err(ApiError::new(400, "InUseSubnetCannotBeDeleted", message));
        }
    }
    draft.replaces_children = true;
    Ok(())
}

/// The subnet with this id, and the number of addresses that it has for nodes: Azure keeps five of each subnet.
pub(crate) fn subnet<'s>(state: &'s State, id: &str) -> Option<(&'s Item, u64)> {
    let item = state.arm.items.get(&id.to_ascii_lowercase())?;
    let ranges = ranges_of(item.document.get("properties")?).ok()?;
    let all = ranges
        .iter()
        .map(|range| 1_u64 << (32 - u32::from(range.prefix_len())));
    Some((item, all.sum::<u64>().saturating_sub(5)))
}
