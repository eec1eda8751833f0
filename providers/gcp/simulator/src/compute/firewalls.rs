//! Firewall rules of networks.

use serde_json::json;

use super::collection::{Collection, Draft};
use super::members::Member;
use super::place::{self, Level};
use super::rows::{resource_table, verb};
use super::write;
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const TABLE: Table = resource_table!(
    global "firewalls", "firewalls", FIREWALLS,
    verb!("PATCH", "global/firewalls/{name}", "firewalls.patch",
        |state, call| write::patch(state, call, &FIREWALLS)),
    verb!("PUT", "global/firewalls/{name}", "firewalls.update",
        |state, call| write::patch(state, call, &FIREWALLS)),
);

pub(crate) static FIREWALLS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("network", Member::Link("networks")),
        ("priority", Member::Number),
        ("direction", Member::Word(&["INGRESS", "EGRESS"])),
        ("sourceRanges", Member::Texts),
        ("destinationRanges", Member::Texts),
        ("sourceTags", Member::Texts),
        ("targetTags", Member::Texts),
        ("sourceServiceAccounts", Member::Texts),
        ("targetServiceAccounts", Member::Texts),
        ("allowed", Member::Objects),
        ("denied", Member::Objects),
        ("disabled", Member::Flag),
        ("logConfig", Member::Object),
    ],
    changeable: &[
        "description",
        "priority",
        "sourceRanges",
        "destinationRanges",
        "sourceTags",
        "targetTags",
        "sourceServiceAccounts",
        "targetServiceAccounts",
        "allowed",
        "denied",
        "disabled",
        "logConfig",
    ],
    properties: &["description", "network", "targetTags"],
    seconds: [8, 6, 8],
    prepare,
    ..Collection::plain(
        "firewalls",
        "compute#firewall",
        &[Level::Global],
        "firewall_rule",
    )
};

fn prepare(state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let default = place::link(state, "global/networks/default");
    draft.default("network", json!(default));
    let has = |draft: &Draft, member: &str| draft.document.contains_key(member);
    if has(draft, "allowed") == has(draft, "denied") {
        return Err(ApiError::invalid(
            "Invalid value for field 'resource': exactly one of allowed and denied must be specified.",
        ));
    }
    for member in ["allowed", "denied"] {
        let rules = draft.document.get(member).and_then(|one| one.as_array());
        let mut rules = rules.into_iter().flatten();
        if let Some(rule) = rules.find(|rule| !rule["IPProtocol"].is_string()) {
            let member = format!("{member}[0].IPProtocol");
            return Err(ApiError::bad_member(&member, rule, "Must be a protocol."));
        }
    }
    draft.default("direction", json!("INGRESS"));
    draft.default("priority", json!(1000));
    draft.default("disabled", json!(false));
    draft.default("logConfig", json!({"enable": false}));
    let is_inward = draft.text("direction") == "INGRESS";
    let sources = ["sourceRanges", "sourceTags", "sourceServiceAccounts"];
    if is_inward && !sources.iter().any(|one| has(draft, one)) {
        draft.default("sourceRanges", json!(["0.0.0.0/0"]));
    }
    if !is_inward {
        draft.default("destinationRanges", json!(["0.0.0.0/0"]));
    }
    Ok(())
}
