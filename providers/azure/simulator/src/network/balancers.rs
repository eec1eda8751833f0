//! Load balancers: the first five rules of one have one price together, each further one its own.

use serde_json::{Value, json};

use super::referred;
use crate::arm::rows::kind_table;
use crate::arm::{Item, Kind};
use crate::prices::Sku;
use crate::route::Table;
use crate::state::State;
use crate::wire::insert;
use crate::{billing, prices};

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
    described: |_, item| {
        let count = |member: &str| {
            item.property(member)
                .as_array()
                .map_or(0, Vec::len)
                .to_string()
        };
        vec![
            ("rules", count("loadBalancingRules")),
            ("outbound_rules", count("outboundRules")),
        ]
    },
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
    removed: |state, item, _| stop_beyond(state, &item.key(), prices::INCLUDED_RULES),
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

/// The key under which a rule beyond the included ones is metered.
fn key_of_rule(key: &str, number: usize) -> String {
    format!("{key}#rule{number}")
}

/// Bills a balancer by its rules: one without rules costs nothing. Each rule beyond the included ones has hours of its
/// own, so that a rule that comes or goes begins no hour of the others anew.
fn bill(state: &mut State, key: &str) {
    let Some(item) = state.arm.items.get(key).cloned() else {
        return;
    };
    let rules = rules(&item);
    let mut meter = |key_of_part: &str, is_used: bool, sku: Sku| {
        let is_metered = state.meter.open(key_of_part).is_some();
        if is_used && !is_metered {
            billing::meter(state, key_of_part, &item, key, (Some(sku), "load_balancer"));
        } else if !is_used {
            state.meter.stop(key_of_part, state.now);
        }
    };
    meter(key, rules > 0, prices::balancer());
    for number in prices::INCLUDED_RULES + 1..=rules {
        meter(&key_of_rule(key, number), true, prices::further_rule());
    }
    stop_beyond(state, key, rules.max(prices::INCLUDED_RULES));
}

/// Stops the rules beyond so many. They are numbered without gaps.
fn stop_beyond(state: &mut State, key: &str, rules: usize) {
    let numbers = (rules + 1..).map(|number| key_of_rule(key, number));
    let gone: Vec<String> = numbers
        .take_while(|rule| state.meter.open(rule).is_some())
        .collect();
    for rule in gone {
        state.meter.stop(&rule, state.now);
    }
}
