//! Quotas as Microsoft.Quota tells them: the same as in usages, at the scope of a location of Compute or Network. They cannot be
//! changed here.

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::route::{Call, Table, table};
use crate::state::State;
use crate::subscription;
use crate::usages::{self, Quota};
use crate::wire::{Answer, ApiError, Outcome};

macro_rules! path {
    ($end:literal) => {
        concat!("/subscriptions/{subscription}/providers/{namespace}/locations/{location}/providers/Microsoft.Quota", $end)
    };
}

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", path!("/quotas"), "quota.quota.list", |state, call| list(state, call, limit)),
    on("GET", path!("/quotas/{name}"), "quota.quota.get", |state, call| get(state, call, limit)),
    on("GET", path!("/usages"), "quota.usages.list", |state, call| list(state, call, usage)),
    on("GET", path!("/usages/{name}"), "quota.usages.get", |state, call| get(state, call, usage)),
]);

/// What is said of a quota.
type Shown = fn(&str, &Quota) -> Value;

/// Those of the scope, which is told as the request names it.
fn quotas(state: &State, call: &Call<'_>) -> Result<(String, Vec<Quota>), ApiError> {
    let (namespace, location) = (
        call.parameter(1),
        subscription::location(call.parameter(2))?,
    );
    let all = match namespace.to_ascii_lowercase().as_str() {
        "microsoft.compute" => usages::of_compute(state, &location),
        "microsoft.network" => usages::of_network(state, &location),
        _ => return Err(ApiError::not_simulated(format!("quotas of {namespace}"))),
    };
    let scope = format!(
        "{}/providers/{namespace}/locations/{location}",
        state.subscription_path()
    );
    Ok((scope, all))
}

fn list(state: &mut State, call: &Call<'_>, shown: Shown) -> Outcome {
    let (scope, all) = quotas(state, call)?;
    let all: Vec<Value> = all.iter().map(|quota| shown(&scope, quota)).collect();
    Ok(Answer::ok(json!({ "value": all })))
}

fn get(state: &mut State, call: &Call<'_>, shown: Shown) -> Outcome {
    let (scope, all) = quotas(state, call)?;
    let name = call.last();
    let found = all.iter().find(|(one, ..)| one.eq_ignore_ascii_case(name));
    let found = found.ok_or_else(|| {
        ApiError::new(
            404,
            "InvalidResourceName",
            format!("There is no quota {name}."),
        )
    })?;
    // It changes with what is used, and with the limit.
    let (name, used, limit) = found;
    let etag = format!("\"{name}-{used}-{limit}\"");
    Ok(Answer::ok(shown(&scope, found)).header("ETag", etag))
}

fn limit(scope: &str, (name, _, limit): &Quota) -> Value {
    json!({
        "id": format!("{scope}/providers/Microsoft.Quota/quotas/{name}"), "name": name,
        "type": "Microsoft.Quota/Quotas",
        "properties": {
            "limit": {"limitObjectType": "LimitValue", "limitType": "Independent", "value": limit},
            "unit": "Count", "name": {"value": name, "localizedValue": name}, "properties": {},
            "isQuotaApplicable": true,
        },
    })
}

fn usage(scope: &str, (name, used, _): &Quota) -> Value {
    json!({
        "id": format!("{scope}/providers/Microsoft.Quota/usages/{name}"), "name": name,
        "type": "Microsoft.Quota/Usages",
        "properties": {
            "usages": {"value": used}, "unit": "Count", "name": {"value": name, "localizedValue": name},
            "properties": {}, "isQuotaApplicable": true,
        },
    })
}
