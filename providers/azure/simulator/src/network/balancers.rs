//! Load balancers: the first five rules of one have one price together, each further one its own.

use serde_json::{Value, json};

use super::addresses::meter;
use super::referred;
use crate::arm::rows::kind_table;
use crate::arm::{Item, Kind};
use crate::prices;
use crate::route::Table;
use crate::state::State;
use crate::wire::insert;

pub(crate) const TABLE: Table =
    kind_table!("network", "Microsoft.Network", "loadBalancers", BALANCERS);

pub(crate) static BALANCERS: Kind = Kind {
    members: &[
        "backendAddressPools",
        "frontendIPConfigurations",
        "inboundNatRules",
        "loadBalancingRules",
        "outboundRules",
        "probes",
    ],
    further: &["sku"],
    seconds: [8, 6, 8],
    in_use: "LoadBalancerInUseByVirtualMachineScaleSet",
    prepare: |state, _, draft| {
        for frontend in draft.list("frontendIPConfigurations") {
            referred(state, &frontend["properties"]["publicIPAddress"])?;
            referred(state, &frontend["properties"]["subnet"])?;
        }
        draft
            .document
            .entry("sku")
            .or_insert_with(|| json!({"name": "Standard", "tier": "Regional"}));
        Ok(())
    },
    made: bill,
    changed: bill,
    show: |_, item, properties| {
        for (member, word) in PARTS {
            let parts = properties.get_mut(*member).and_then(Value::as_array_mut);
            for part in parts.into_iter().flatten() {
                let name = part["name"].as_str().unwrap_or_default().to_owned();
                insert(part, "id", json!(format!("{}/{word}/{name}", item.id)));
            }
        }
        properties.insert("resourceGuid".to_owned(), json!(item.unique));
    },
    ..Kind::plain("Microsoft.Network", &["loadBalancers"], "load_balancer")
};

/// The members that have ids of their own, and the word in those ids.
const PARTS: &[(&str, &str)] = &[
    ("backendAddressPools", "backendAddressPools"),
    ("frontendIPConfigurations", "frontendIPConfigurations"),
    ("loadBalancingRules", "loadBalancingRules"),
    ("outboundRules", "outboundRules"),
    ("probes", "probes"),
];

/// How many rules are billed.
fn rules(item: &Item) -> usize {
    let count = |member: &str| item.property(member).as_array().map_or(0, Vec::len);
    count("loadBalancingRules") + count("outboundRules")
}

/// Bills a balancer by its rules: one without rules costs nothing.
fn bill(state: &mut State, key: &str) {
    let Some(item) = state.arm.items.get(key).cloned() else {
        return;
    };
    let price = prices::balancer(rules(&item));
    let open = state.meter.open(key).map(|open| open.usage.usd_per_unit);
    if price.is_zero() {
        state.meter.stop(key, state.now);
    } else if open != Some(price) {
        let usage_type = "Standard Included LB Rules and Outbound Rules";
        meter(state, Some(item), "load_balancer", usage_type, price);
    }
}
