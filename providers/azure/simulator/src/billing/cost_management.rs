//! Cost Management: questions about the costs of the subscription or of a group.

use kubeproof_simkit::page;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use super::query::Query;
use super::{costs, quota};
use crate::groups;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{Answer, ApiError, Outcome, body};

/// The name of the operation.
pub(crate) const QUERY: &str = "costmanagement.query.usage";

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("POST", "/{scope}/providers/Microsoft.CostManagement/query", QUERY, usage),
]);

/// The group of a scope; `None` for the whole subscription. A group that is gone is answered for by its subscription
/// alone.
pub(super) fn group_of_scope(state: &State, scope: &str) -> Result<Option<String>, ApiError> {
    let parts: Vec<&str> = scope.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["subscriptions", _] => Ok(None),
        ["subscriptions", _, "resourceGroups", name] => {
            let group = groups::found(state, name)?;
            Ok(Some(group.name.clone()))
        }
        _ => Err(ApiError::not_simulated(format!(
            "cost data of the scope {scope}"
        ))),
    }
}

fn usage(state: &mut State, call: &Call<'_>) -> Outcome {
    let left = state.billing.queries.admit(call.request, state.now)?;
    let group = group_of_scope(state, call.parameter(0))?;
    let query = Query::read(&body(call.request)?, state.now)?;
    let rows = costs::rows(state, group.as_deref(), query.days);
    let answer = costs::answer(state, &query, &rows);
    // The time may have no data at all, or none that fits.
    if rows.is_empty() {
        return Ok(Answer::empty(204).header(quota::REMAINING, left.to_string()));
    }
    let token = call
        .query("$skiptoken")
        .or_else(|| call.query("$skipToken"));
    let page = page::page(&call.path, answer, token, state.setup.cost_page_rows)
        .map_err(|_| ApiError::new(400, "BadRequest", "The skip token is invalid."))?;
    let next = page.next.map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("api-version", call.api_version());
        query.append_pair("$skiptoken", &next);
        format!("{}{}?{}", call.base, call.path, query.finish())
    });
    let name = state.ids.uuid();
    let scope = call.parameter(0).trim_matches('/');
    let shown: Value = json!({
        "id": format!("{scope}/providers/Microsoft.CostManagement/query/{name}"), "name": name,
        "type": "Microsoft.CostManagement/query", "location": null, "sku": null, "eTag": null,
        "properties": {"nextLink": next, "columns": costs::columns(&query), "rows": page.items},
    });
    Ok(Answer::ok(shown).header(quota::REMAINING, left.to_string()))
}
