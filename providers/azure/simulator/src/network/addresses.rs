//! Public addresses, and the NAT gateways that use them.

use serde_json::{Value, json};

use super::referred;
use crate::arm::rows::kind_table;
use crate::arm::{self, Kind, users};
use crate::route::Table;
use crate::state::State;
use crate::wire::{ApiError, insert};
use crate::{billing, prices};

pub(crate) const TABLE: Table = kind_table!(
    "network",
    "Microsoft.Network",
    "publicIPAddresses",
    ADDRESSES
);
pub(crate) const NAT_TABLE: Table =
    kind_table!("network", "Microsoft.Network", "natGateways", NAT_GATEWAYS);

pub(crate) static ADDRESSES: Kind = Kind {
    members: &[
        "dnsSettings",
        "idleTimeoutInMinutes",
        "ipTags",
        "publicIPAddressVersion",
        "publicIPAllocationMethod",
    ],
    further: &["sku", "zones"],
    properties: &["ipAddress", "publicIPAllocationMethod"],
    seconds: [4, 3, 4],
    in_use: "PublicIPAddressCannotBeDeleted",
    prepare: |_, _, draft| {
        let sku = draft
            .document
            .entry("sku")
            .or_insert_with(|| json!({"name": "Standard"}));
        if sku["name"] != "Standard" {
            let message = "Public addresses of the Basic SKU can no longer be created.";
            return Err(ApiError::new(400, "BasicSkuPublicIpRetired", message));
        }
        insert(sku, "tier", json!("Regional"));
        draft.default("publicIPAddressVersion", json!("IPv4"));
        draft.default("idleTimeoutInMinutes", json!(4));
        draft.default("publicIPAllocationMethod", json!("Static"));
        if draft.text("publicIPAllocationMethod") != "Static" {
            let message = "Standard sku publicIp must have AllocationMethod set to Static.";
            return Err(ApiError::new(400, "PublicIPAndSkuNotCompatible", message));
        }
        Ok(())
    },
    made: |state, key| {
        let address = free(state);
        give(state, key, "ipAddress", json!(address));
        if let Some(item) = state.arm.items.get(key).cloned() {
            let sold = (Some(prices::address()), "public_ipv4");
            billing::meter(state, key, &item, key, sold);
        }
    },
    show: |state, item, properties| {
        properties.insert("resourceGuid".to_owned(), json!(item.unique));
        if let Some(user) = users(state, &item.key()).first() {
            properties.insert("ipConfiguration".to_owned(), arm::reference(user));
        }
    },
    ..Kind::plain("Microsoft.Network", &["publicIPAddresses"], "public_ip")
};

pub(crate) static NAT_GATEWAYS: Kind = Kind {
    members: &[
        "idleTimeoutInMinutes",
        "publicIpAddresses",
        "publicIpPrefixes",
    ],
    further: &["sku", "zones"],
    seconds: [10, 5, 10],
    in_use: "InUseNatGatewayCannotBeDeleted",
    prepare: |state, _, draft| {
        for reference in draft.list("publicIpAddresses") {
            referred(state, &reference)?;
        }
        draft.default("idleTimeoutInMinutes", json!(4));
        Ok(())
    },
    made: |state, key| {
        if let Some(item) = state.arm.items.get(key).cloned() {
            let sold = (Some(prices::nat_gateway()), "nat_gateway");
            billing::meter(state, key, &item, key, sold);
        }
    },
    show: |state, item, properties| {
        properties.insert("resourceGuid".to_owned(), json!(item.unique));
        let subnets = users(state, &item.key());
        let subnets: Vec<Value> = subnets.iter().map(|id| arm::reference(id)).collect();
        if !subnets.is_empty() {
            properties.insert("subnets".to_owned(), json!(subnets));
        }
    },
    ..Kind::plain("Microsoft.Network", &["natGateways"], "nat_gateway")
};

/// A public address that no one has had: the test networks of RFC 5737 are too few, so those of 20.0.0.0/8 are taken.
fn free(state: &mut State) -> String {
    state.arm.addresses += 1;
    let [_, second, third, fourth] = state.arm.addresses.to_be_bytes();
    format!("20.{}.{third}.{fourth}", second.wrapping_add(40))
}

/// Gives a resource a property of the cloud's own.
pub(crate) fn give(state: &mut State, key: &str, member: &str, value: Value) {
    if let Some(item) = state.arm.items.get_mut(key) {
        item.given.insert(member.to_owned(), value);
    }
}
