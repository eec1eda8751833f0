//! Exports of cost data: they can be made, listed, run and removed. Storage accounts are not simulated, so that a run
//! says where its file would be, and there is none.

use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::router::on;
use kubeproof_simkit::store::Store;
use serde_json::{Value, json};

use super::cost_management::group_of_scope;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{Answer, ApiError, Object, Outcome, body, text, time};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/{scope}/providers/Microsoft.CostManagement/exports", "costmanagement.exports.list", list),
    on("GET", "/{scope}/providers/Microsoft.CostManagement/exports/{name}", "costmanagement.exports.get", get),
    on("PUT", "/{scope}/providers/Microsoft.CostManagement/exports/{name}", "costmanagement.exports.createOrUpdate", put),
    on("DELETE", "/{scope}/providers/Microsoft.CostManagement/exports/{name}", "costmanagement.exports.delete", delete),
    on("POST", "/{scope}/providers/Microsoft.CostManagement/exports/{name}/run", "costmanagement.exports.execute", run),
    on("GET", "/{scope}/providers/Microsoft.CostManagement/exports/{name}/runHistory", "costmanagement.exports.getExecutionHistory", history),
]);

/// Seconds that a run lasts: made up.
const RUN: i64 = 120;
/// The members of an export, of which these must be there.
const REQUIRED: [&str; 2] = ["deliveryInfo", "definition"];
const FURTHER: &[&str] = &[
    "compressionMode",
    "dataOverwriteBehavior",
    "exportDescription",
    "format",
    "partitionData",
    "schedule",
];

/// An export.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    id: String,
    name: String,
    scope: String,
    properties: Object,
    etag: String,
    runs: Vec<Run>,
}

/// One run of an export.
#[derive(Clone, Debug)]
struct Run {
    id: String,
    caller: String,
    at: Timestamp,
}

/// All exports, by their ids in lower case.
pub(crate) type Exports = Store<Export>;

fn id(call: &Call<'_>) -> String {
    let (scope, name) = (call.parameter(0).trim_matches('/'), call.parameter(1));
    format!("/{scope}/providers/Microsoft.CostManagement/exports/{name}")
}

fn key(call: &Call<'_>) -> String {
    id(call).to_ascii_lowercase()
}

fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Export, ApiError> {
    state.billing.exports.get(&key(call)).ok_or_else(|| {
        let message = format!("Export '{}' not found.", call.parameter(1));
        ApiError::new(404, "404", message)
    })
}

fn shown(export: &Export) -> Value {
    json!({
        "id": export.id, "name": export.name, "type": "Microsoft.CostManagement/exports", "eTag": export.etag,
        "properties": export.properties,
    })
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    found(state, call).map(|export| Answer::ok(shown(export)))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    group_of_scope(state, call.parameter(0))?;
    let scope = call.parameter(0);
    let here = state.billing.exports.all();
    let here = here.filter(|export| export.scope.eq_ignore_ascii_case(scope));
    let all: Vec<Value> = here.map(shown).collect();
    Ok(Answer::ok(json!({ "value": all })))
}

/// Refuses what an export cannot be made of.
fn checked(call: &Call<'_>, body: &Object) -> Result<Object, ApiError> {
    let refused = |why: String| ApiError::new(400, "400", why);
    let properties = body.get("properties").and_then(Value::as_object);
    let properties = properties.ok_or_else(|| refused("properties is missing.".to_owned()))?;
    for member in REQUIRED {
        if !properties.get(member).is_some_and(Value::is_object) {
            return Err(refused(format!("{member} is missing.")));
        }
    }
    let strange = properties.iter().find(|(member, value)| {
        let known = REQUIRED.contains(&member.as_str()) || FURTHER.contains(&member.as_str());
        !known && !value.is_null()
    });
    if let Some((member, _)) = strange {
        return Err(ApiError::not_simulated(format!(
            "{} with {member}",
            call.name
        )));
    }
    let destination = &properties["deliveryInfo"]["destination"];
    if destination["container"].as_str().is_none_or(str::is_empty) {
        return Err(refused(
            "deliveryInfo.destination.container is missing.".to_owned(),
        ));
    }
    // The real service hides such a secret in its answers; here it is not even kept.
    if !destination["sasToken"].is_null() {
        return Err(ApiError::not_simulated(format!(
            "{} with sasToken",
            call.name
        )));
    }
    let known = ["ActualCost", "AmortizedCost", "Usage"];
    let kind = properties["definition"]["type"]
        .as_str()
        .unwrap_or_default();
    if !known.contains(&kind) {
        return Err(ApiError::not_simulated(format!("an export of {kind}")));
    }
    Ok(properties.clone())
}

fn put(state: &mut State, call: &Call<'_>) -> Outcome {
    group_of_scope(state, call.parameter(0))?;
    let body = body(call.request)?;
    let properties = checked(call, &body)?;
    let before = state.billing.exports.get(&key(call)).cloned();
    let given = text(&body, "eTag");
    // A change must name the version that it changes.
    if before.as_ref().is_some_and(|before| given != before.etag) {
        let message = "The eTag of the export is missing or not the current one.";
        return Err(ApiError::new(412, "412", message));
    }
    let status = if before.is_some() { 200 } else { 201 };
    let export = Export {
        id: id(call),
        name: call.parameter(1).to_owned(),
        scope: call.parameter(0).to_owned(),
        properties,
        etag: state.ids.uuid(),
        runs: before.map(|before| before.runs).unwrap_or_default(),
    };
    let answer = Answer::new(status, shown(&export));
    state.billing.exports.insert(key(call), export);
    Ok(answer)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    found(state, call)?;
    state.billing.exports.remove(&key(call));
    Ok(Answer::empty(200))
}

fn run(state: &mut State, call: &Call<'_>) -> Outcome {
    found(state, call)?;
    let begun = Run {
        id: state.ids.uuid(),
        caller: call.caller.clone(),
        at: state.now,
    };
    if let Some(export) = state.billing.exports.get_mut(&key(call)) {
        export.runs.push(begun);
    }
    Ok(Answer::empty(200))
}

fn history(state: &mut State, call: &Call<'_>) -> Outcome {
    let export = found(state, call)?;
    let all: Vec<Value> = export
        .runs
        .iter()
        .rev()
        .map(|run| of_run(export, run, state.now))
        .collect();
    Ok(Answer::ok(json!({ "value": all })))
}

fn of_run(export: &Export, run: &Run, now: Timestamp) -> Value {
    let end = run.at.saturating_add(SignedDuration::from_secs(RUN));
    let ended = end.ok().filter(|end| *end <= now);
    let destination = &export.properties["deliveryInfo"]["destination"];
    let folder = destination["rootFolderPath"].as_str().unwrap_or_default();
    let mut properties = json!({
        "executionType": "OnDemand", "status": if ended.is_some() { "Completed" } else { "InProgress" },
        "submittedBy": run.caller, "submittedTime": time(run.at), "processingStartTime": time(run.at),
        "fileName": format!("{folder}/{}/{}.csv", export.name, run.id), "runSettings": export.properties,
    });
    if let Some(end) = ended {
        properties["processingEndTime"] = json!(time(end));
    }
    json!({
        "id": format!("{}/runHistory/{}", export.id, run.id), "name": run.id,
        "type": "Microsoft.CostManagement/exports/runHistory", "properties": properties,
    })
}
