//! Forwarding rules, in a region or global: what a load balancer is reached by.

use serde_json::json;

use super::collection::{Collection, Draft};
use super::members::Member;
use super::place::Level;
use super::rows::{aggregated, resource_table, verb};
use super::{addresses, usage, write};
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const TABLE: Table = resource_table!(
    regional "forwardingRules", "forwardingRules", FORWARDING_RULES,
    aggregated!("forwardingRules", FORWARDING_RULES),
    verb!("POST", "regions/{region}/forwardingRules/{name}/setLabels", "forwardingRules.setLabels",
        |state, call| write::set_labels(state, call, &FORWARDING_RULES)),
);

pub(crate) const GLOBAL_TABLE: Table = resource_table!(
    global "forwardingRules", "globalForwardingRules", FORWARDING_RULES,
    verb!("POST", "global/forwardingRules/{name}/setLabels", "globalForwardingRules.setLabels",
        |state, call| write::set_labels(state, call, &FORWARDING_RULES)),
);

pub(crate) static FORWARDING_RULES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("labels", Member::Labels),
        ("IPAddress", Member::Text),
        (
            "IPProtocol",
            Member::Word(&["TCP", "UDP", "ESP", "AH", "SCTP", "ICMP", "L3_DEFAULT"]),
        ),
        ("portRange", Member::Text),
        ("ports", Member::Texts),
        ("allPorts", Member::Flag),
        ("target", Member::Path),
        ("backendService", Member::Link("backendServices")),
        (
            "loadBalancingScheme",
            Member::Word(&[
                "EXTERNAL",
                "EXTERNAL_MANAGED",
                "INTERNAL",
                "INTERNAL_MANAGED",
            ]),
        ),
        ("network", Member::Link("networks")),
        ("subnetwork", Member::Link("subnetworks")),
        ("networkTier", Member::Word(&["PREMIUM", "STANDARD"])),
        ("fingerprint", Member::Output),
        ("labelFingerprint", Member::Output),
    ],
    has_fingerprint: true,
    properties: &["description", "IPAddress", "target", "backendService"],
    seconds: [10, 6, 10],
    prepare,
    made: |state, _| usage::forwarding_rules(state),
    removed: |state, _| usage::forwarding_rules(state),
    ..Collection::plain(
        "forwardingRules",
        "compute#forwardingRule",
        &[Level::Global, Level::Region],
        "forwarding_rule",
    )
};

fn prepare(state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let has = |draft: &Draft, member: &str| draft.document.contains_key(member);
    if has(draft, "target") == has(draft, "backendService") {
        return Err(ApiError::invalid(
            "Exactly one of resource.target and resource.backendService must be specified.",
        ));
    }
    draft.default("loadBalancingScheme", json!("EXTERNAL"));
    draft.default("IPProtocol", json!("TCP"));
    draft.default("networkTier", json!("PREMIUM"));
    let given = draft.text("IPAddress").to_owned();
    // A reserved address may be named by its link.
    let reserved = state.compute.items.get(crate::links::below_project(&given));
    let address = match reserved {
        Some(reserved) => reserved.text("address").to_owned(),
        None if given.is_empty() => addresses::public(state),
        None => given,
    };
    draft
        .document
        .insert("IPAddress".to_owned(), json!(address));
    Ok(())
}
