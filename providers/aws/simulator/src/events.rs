//! `EventBridge`: rules of the default bus with their targets and tags, as Karpenter's module makes them. No event is sent.
//!
//! Facts: the `EventBridge` API reference. A rule with targets is not deleted: getmoto/moto#5056 and others quote the answer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};
use crate::wire::table::Table;

mod rules;
mod targets;

/// The only bus.
const BUS: &str = "default";

/// The store of rules.
#[derive(Clone, Debug, Default)]
pub struct Events {
    /// Rules by name.
    pub rules: BTreeMap<String, Rule>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it matches; a schedule has none.
    pub pattern: Option<String>,
    pub schedule: Option<String>,
    pub description: Option<String>,
    pub role_arn: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    pub tags: BTreeMap<String, String>,
    /// Targets by id, as given.
    pub targets: BTreeMap<String, Value>,
    pub created_at: Timestamp,
}

/// The operations.
pub const TABLE: Table = Table {
    service: "events",
    operations: &[
        ("DeleteRule", rules::delete),
        ("DescribeRule", rules::describe),
        ("DisableRule", rules::disable),
        ("EnableRule", rules::enable),
        ("ListRuleNamesByTarget", targets::rules_of),
        ("ListRules", rules::list),
        ("ListTagsForResource", rules::list_tags),
        ("ListTargetsByRule", targets::list),
        ("PutRule", rules::put),
        ("PutTargets", targets::put),
        ("RemoveTargets", targets::remove),
        ("TagResource", rules::tag),
        ("UntagResource", rules::untag),
    ],
};

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    let handler = TABLE.handler(call)?;
    check_bus(call)?;
    handler(state, call)
}

/// Adds all rules that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    let region = &state.setup.region;
    all.extend(state.events.rules.iter().map(|(name, rule)| {
        let mut resource = Resource::new("eventbridge_rule", arn(state, name), region);
        resource.name = Some(name.clone());
        resource.tags.clone_from(&rule.tags);
        resource.state = rules::state_name(rule).to_owned();
        resource
    }));
}

/// The ARN of a rule of the default bus.
fn arn(state: &State, name: &str) -> String {
    state.arn("events", &format!("rule/{name}"))
}

/// Other buses are not simulated: there is none.
fn check_bus(call: &Call) -> Result<(), AwsError> {
    let bus = call.json["EventBusName"].as_str().unwrap_or(BUS);
    if bus == BUS || bus.ends_with(":event-bus/default") {
        return Ok(());
    }
    let message = format!("Event bus {bus} does not exist.");
    Err(AwsError::new(400, "ResourceNotFoundException", message))
}

fn no_rule(name: &str) -> AwsError {
    let message = format!("Rule {name} does not exist on EventBus {BUS}.");
    AwsError::new(400, "ResourceNotFoundException", message)
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ValidationException", message)
}

fn text(call: &Call, member: &str) -> Option<String> {
    let text = call.json[member].as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}

/// A text that a request must have.
fn need(call: &Call, member: &str) -> Result<String, AwsError> {
    text(call, member).ok_or_else(|| {
        let member = format!("{}{}", member[..1].to_lowercase(), &member[1..]);
        validation(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be \
             null"
        ))
    })
}

/// The rule that a member names.
///
/// # Errors
/// `ResourceNotFoundException`.
fn named<'a>(state: &'a mut State, call: &Call, member: &str) -> Result<&'a mut Rule, AwsError> {
    let name = need(call, member)?;
    let rule = state.events.rules.get_mut(&name);
    rule.ok_or_else(|| no_rule(&name))
}

/// One page of a list.
fn paged(state: &State, call: &Call, member: &str, all: Vec<Value>) -> Outcome {
    let asked = call.json["Limit"].as_u64().unwrap_or(100).clamp(1, 100);
    let size = usize::try_from(asked).unwrap_or(100);
    let size = size.min(state.setup.page_size_max);
    let token = call.json["NextToken"].as_str();
    let page = page(&call.action, all, token, size)
        .map_err(|_| validation("The next token is not valid."))?;
    let mut body = json!({ member: page.items });
    if let Some(next) = page.next {
        body["NextToken"] = json!(next);
    }
    Ok(Answer::Json(body))
}

/// An answer without a body.
fn done() -> Outcome {
    Ok(Answer::Json(json!({})))
}
