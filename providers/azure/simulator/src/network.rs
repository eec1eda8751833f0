//! Networks: virtual networks with subnets, security groups, route tables, public addresses, NAT gateways, load
//! balancers, interfaces, and private DNS zones.

pub(crate) mod addresses;
pub(crate) mod balancers;
pub(crate) mod dns;
pub(crate) mod interfaces;
pub(crate) mod security;
pub(crate) mod vnets;

use serde_json::Value;

use crate::arm::Item;
use crate::route::{Table, table};
use crate::state::State;
use crate::wire::{Answer, ApiError};

/// The tables of this namespace.
pub(crate) const TABLES: &[Table] = &[
    addresses::TABLE,
    addresses::NAT_TABLE,
    balancers::TABLE,
    dns::TABLE,
    dns::LINK_TABLE,
    interfaces::TABLE,
    security::TABLE,
    security::ROUTE_TABLE,
    vnets::TABLE,
    vnets::SUBNET_TABLE,
    NONE,
];

/// Types of which there are none here: they can be listed.
#[rustfmt::skip]
const NONE: Table = table(&[
    kubeproof_simkit::router::on("GET", "/subscriptions/{subscription}/providers/Microsoft.Network/privateEndpoints", "network.privateEndpoints.listAll", |_, _| Ok(none())),
    kubeproof_simkit::router::on("GET", "/subscriptions/{subscription}/providers/Microsoft.Network/networkProfiles", "network.networkProfiles.listAll", |_, _| Ok(none())),
    kubeproof_simkit::router::on("GET", "/subscriptions/{subscription}/providers/Microsoft.Network/applicationGateways", "network.applicationGateways.listAll", |_, _| Ok(none())),
]);

/// An empty list.
pub(crate) fn none() -> Answer {
    Answer::ok(serde_json::json!({"value": []}))
}

/// The resource that a reference such as `{"id": …}` leads to.
pub(crate) fn referred<'s>(
    state: &'s State,
    reference: &Value,
) -> Result<Option<&'s Item>, ApiError> {
    let Some(id) = reference["id"].as_str() else {
        return Ok(None);
    };
    let found = state.arm.items.get(&id.to_ascii_lowercase());
    found.map(Some).ok_or_else(|| {
        let message = format!("Resource {id} referenced by the request was not found.");
        ApiError::new(400, "InvalidResourceReference", message)
    })
}
