//! Resource Graph: one table of all resources, asked in a query language. What is made or removed shows some minutes
//! later; what a resource is like is as of now.

mod kql;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_simkit::page;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::arm::KINDS;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{Answer, ApiError, Object, Outcome, body, text};
use kql::{Query, Source};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("POST", "/providers/Microsoft.ResourceGraph/resources", "resourcegraph.resources", resources),
]);

/// How late a change shows: minutes, by general knowledge.
const LAG: SignedDuration = SignedDuration::from_secs(180);
/// The most records of an answer, and as many as one has when the caller does not say (Microsoft's page on large
/// data sets).
const RECORDS: usize = 1000;

fn refused(why: &str) -> ApiError {
    ApiError::new(400, "BadRequest", format!("Invalid request: {why}."))
}

fn resources(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    for (member, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        if !["query", "subscriptions", "options"].contains(&member.as_str()) {
            return Err(ApiError::not_simulated(format!(
                "{} with {member} {value}",
                call.name
            )));
        }
    }
    let asked = body.get("subscriptions").and_then(Value::as_array);
    let mut asked = asked.into_iter().flatten().filter_map(Value::as_str);
    if asked.any(|id| !id.eq_ignore_ascii_case(&state.setup.subscription)) {
        return Err(refused("one of the subscriptions is not accessible"));
    }
    let query = Query::read(text(&body, "query"))
        .map_err(|why| ApiError::new(400, "InvalidQuery", format!("Query is invalid: {why}.")))?;
    let options = Options::read(&body, state.setup.page_size)?;
    let found: Vec<Object> = match query.source {
        Source::Resources => of_resources(state),
        Source::Containers => of_groups(state),
    };
    let found = found.into_iter().filter(|row| query.takes(row));
    let all: Vec<Value> = found
        .take(query.most.unwrap_or(usize::MAX))
        .map(|row| query.shown(&row))
        .collect();
    let total = all.len();
    let rest = all.into_iter().skip(options.skip);
    let page = page::page(&query.text, rest, options.token.as_deref(), options.top)
        .map_err(|_| refused("the skip token is not one of this query"))?;
    let mut answer = json!({
        "totalRecords": total, "count": page.items.len(), "data": page.items, "facets": [],
        "resultTruncated": "false",
    });
    if let Some(next) = page.next {
        answer["$skipToken"] = json!(next);
    }
    Ok(Answer::ok(answer))
}

/// How a question is to be answered.
struct Options {
    top: usize,
    skip: usize,
    token: Option<String>,
}

impl Options {
    fn read(body: &Object, page_size: usize) -> Result<Self, ApiError> {
        let given = body.get("options").and_then(Value::as_object);
        let given = given.cloned().unwrap_or_default();
        let known = [
            "$top",
            "$skip",
            "$skipToken",
            "resultFormat",
            "allowPartialScopes",
        ];
        if let Some(strange) = given.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(refused(&format!("options has no member {strange}")));
        }
        let format = text(&given, "resultFormat");
        if !format.is_empty() && !format.eq_ignore_ascii_case("objectArray") {
            return Err(ApiError::not_simulated(format!(
                "answers in the format {format}"
            )));
        }
        let number = |name: &str, usual: usize| match given.get(name) {
            None | Some(Value::Null) => Ok(usual),
            Some(value) => {
                let number = value
                    .as_u64()
                    .and_then(|number| usize::try_from(number).ok());
                number.ok_or_else(|| refused(&format!("{name} is no number")))
            }
        };
        let token = text(&given, "$skipToken");
        Ok(Self {
            top: number("$top", RECORDS)?.clamp(1, RECORDS.min(page_size)),
            skip: number("$skip", 0)?,
            token: (!token.is_empty()).then(|| token.to_owned()),
        })
    }
}

/// Whether a resource shows: since some minutes after it was made, until some minutes after it went.
fn shows(life: &Lifespan, now: Timestamp) -> bool {
    let since = life.resource.created_at.unwrap_or(life.from).min(life.from);
    let later = |at: Timestamp| at.saturating_add(LAG).unwrap_or(Timestamp::MAX);
    later(since) <= now && life.to.is_none_or(|to| now < later(to))
}

/// The resources that show now: each once, the newest of the same name.
fn showing(state: &State) -> Vec<&Resource> {
    let lives = state.history.lifetimes().iter();
    let mut shown: Vec<&Resource> = Vec::new();
    for life in lives.filter(|life| shows(life, state.now)) {
        shown.retain(|other| other.id != life.resource.id);
        shown.push(&life.resource);
    }
    shown
}

/// The group of an id in lower case.
fn group_of(id: &str) -> &str {
    let (_, rest) = id.split_once("/resourcegroups/").unwrap_or_default();
    rest.split('/').next().unwrap_or_default()
}

/// `Microsoft.Network/virtualNetworks`, in lower case, of an id.
fn type_of(id: &str) -> String {
    let (_, below) = id.rsplit_once("/providers/").unwrap_or_default();
    let mut parts = below.split('/');
    let namespace = parts.next().unwrap_or_default();
    let types: Vec<&str> = parts.step_by(2).collect();
    format!("{namespace}/{}", types.join("/")).to_ascii_lowercase()
}

fn row(state: &State, resource: &Resource, kind: &str, group: &str) -> Object {
    let location = resource.properties.get("location").cloned();
    let shown = json!({
        "id": resource.id, "name": resource.name, "type": kind, "tenantId": state.setup.tenant, "kind": "",
        "location": location.unwrap_or_default(), "resourceGroup": group,
        "subscriptionId": state.setup.subscription, "managedBy": "", "sku": null, "plan": null,
        "properties": {}, "tags": resource.tags, "identity": null, "zones": null,
    });
    shown.as_object().cloned().unwrap_or_default()
}

fn of_resources(state: &State) -> Vec<Object> {
    let rows = showing(state).into_iter().filter_map(|resource| {
        let kind = type_of(&resource.id);
        let mut known = KINDS.iter().filter(|kind| kind.is_listed());
        known.find(|one| one.full_type().eq_ignore_ascii_case(&kind))?;
        let mut row = row(state, resource, &kind, group_of(&resource.id));
        if let Some(item) = state.arm.items.get(&resource.id) {
            let shown = item.shown(state);
            row.insert("id".to_owned(), json!(item.id));
            for member in ["managedBy", "sku", "properties", "identity", "zones"] {
                if !shown[member].is_null() {
                    row.insert(member.to_owned(), shown[member].clone());
                }
            }
        }
        Some(row)
    });
    rows.collect()
}

fn of_groups(state: &State) -> Vec<Object> {
    let is_group = |resource: &&Resource| {
        ["resource_group", "node_resource_group"].contains(&resource.resource_type.as_str())
    };
    let rows = showing(state).into_iter().filter(is_group).map(|resource| {
        let name = resource.name.clone().unwrap_or_default();
        let kind = "microsoft.resources/subscriptions/resourcegroups";
        let mut row = row(state, resource, kind, &name.to_ascii_lowercase());
        let owner = resource.properties.get("managed_by").cloned();
        row.insert("managedBy".to_owned(), json!(owner.unwrap_or_default()));
        row
    });
    rows.collect()
}
