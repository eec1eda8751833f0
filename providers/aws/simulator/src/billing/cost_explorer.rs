//! Cost Explorer: the billing data API, with its lag, its credits and its price per request.
//!
//! Every successful request is billed; rows come from [`crate::billing::bill`].

use serde_json::{Value, json};

use crate::billing::bill::{self, Row};
use crate::billing::usage;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};

mod filter;
mod group;
mod period;
mod tags;

use filter::Filter;
use group::Grouping;
use period::RequestedPeriod;

/// The most groups on a page.
const PAGE_MAX: usize = 5000;

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    let outcome = match call.action.as_str() {
        "GetCostAndUsage" => cost_and_usage(state, &call.json),
        "GetDimensionValues" => dimension_values(state, &call.json),
        "GetTags" => tag_values(state, &call.json),
        // These two concern account settings and cost nothing.
        "ListCostAllocationTags" => return tags::list(state, &call.json),
        "UpdateCostAllocationTagsStatus" => return tags::update(state, &call.json),
        other => Err(AwsError::unknown_operation("ce", other)),
    };
    if outcome.is_ok() {
        usage::cost_explorer_request(state);
    }
    outcome
}

fn cost_and_usage(state: &State, json: &Value) -> Outcome {
    let asked = RequestedPeriod::read(json, state.now)?;
    let metrics = metrics(json)?;
    let grouping = Grouping::read(&json["GroupBy"])?;
    let filter = Filter::read(&json["Filter"])?;
    let rows = published(state, &asked)?;
    let rows: Vec<&Row> = rows.iter().filter(|row| filter.admits(row)).collect();
    let buckets = asked.buckets();
    let mut cells = Vec::new();
    for (number, bucket) in buckets.iter().enumerate() {
        let inside: Vec<&Row> = rows
            .iter()
            .copied()
            .filter(|row| bucket.contains(row.day))
            .collect();
        let groups = grouping.split(&inside);
        if groups.is_empty() {
            cells.push((number, None));
        }
        cells.extend(groups.into_iter().map(|group| (number, Some(group))));
    }
    let size = PAGE_MAX.min(state.setup.page_size_max);
    let page = page(
        "GetCostAndUsage",
        cells,
        json["NextPageToken"].as_str(),
        size,
    )?;
    let mut results: Vec<(usize, Value)> = Vec::new();
    for (number, group) in page.items {
        if results.last().is_none_or(|(last, _)| *last != number) {
            let bucket = &buckets[number];
            results.push((number, json!({
                "TimePeriod": { "Start": bucket.start.to_string(), "End": bucket.end.to_string() },
                "Total": {},
                "Groups": [],
                "Estimated": bucket.is_estimated(state.now),
            })));
        }
        let Some((_, result)) = results.last_mut() else {
            continue;
        };
        match group {
            Some((keys, rows)) if grouping.is_any() => {
                if let Some(groups) = result["Groups"].as_array_mut() {
                    groups.push(json!({ "Keys": keys, "Metrics": sums(&rows, &metrics) }));
                }
            }
            Some((_, rows)) => result["Total"] = sums(&rows, &metrics),
            None if !grouping.is_any() => result["Total"] = sums(&[], &metrics),
            None => {}
        }
    }
    let results: Vec<Value> = results.into_iter().map(|(_, result)| result).collect();
    let mut body = json!({ "ResultsByTime": results, "DimensionValueAttributes": [] });
    if grouping.is_any() {
        body["GroupDefinitions"] = json["GroupBy"].clone();
    }
    if let Some(next) = page.next {
        body["NextPageToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

/// The published rows of a period; no rows at all is an error, as in AWS when data are not available yet.
fn published(state: &State, asked: &RequestedPeriod) -> Result<Vec<Row>, AwsError> {
    let mut rows = bill::rows(state);
    rows.retain(|row| asked.contains(row.day));
    if rows.is_empty() {
        return Err(AwsError::new(
            400,
            "DataUnavailableException",
            "The requested data is unavailable: no usage of this period is published yet.",
        ));
    }
    Ok(rows)
}

fn metrics(json: &Value) -> Result<Vec<String>, AwsError> {
    const KNOWN: [&str; 7] = [
        "AmortizedCost",
        "BlendedCost",
        "NetAmortizedCost",
        "NetUnblendedCost",
        "NormalizedUsageAmount",
        "UnblendedCost",
        "UsageQuantity",
    ];
    let asked: Vec<String> = json["Metrics"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect();
    if asked.is_empty() {
        return Err(invalid("Metrics should not be empty"));
    }
    match asked
        .iter()
        .find(|metric| !KNOWN.contains(&metric.as_str()))
    {
        Some(unknown) => Err(invalid(format!("Metric {unknown} is not valid"))),
        None => Ok(asked),
    }
}

fn sums(rows: &[&Row], metrics: &[String]) -> Value {
    let mut sums = json!({});
    for metric in metrics {
        let (amount, unit) = match metric.as_str() {
            "UsageQuantity" => (rows.iter().map(|row| row.quantity).sum(), unit(rows)),
            "NormalizedUsageAmount" => (kubeproof_contract::Decimal::ZERO, "N/A"),
            _ => (rows.iter().map(|row| row.usd).sum(), "USD"),
        };
        sums[metric] = json!({ "Amount": decimals(amount), "Unit": unit });
    }
    sums
}

/// The common unit of rows, or `N/A` when they have several.
fn unit<'a>(rows: &[&'a Row]) -> &'a str {
    let first = rows.first().map_or("N/A", |row| row.unit.as_str());
    if rows.iter().all(|row| row.unit == first) {
        first
    } else {
        "N/A"
    }
}

/// Ten decimals, as measured; zero is `0`.
fn decimals(amount: kubeproof_contract::Decimal) -> String {
    amount.round_dp(10).normalize().to_string()
}

fn dimension_values(state: &State, json: &Value) -> Outcome {
    let asked = RequestedPeriod::read(json, state.now)?;
    let filter = Filter::read(&json["Filter"])?;
    let dimension = filter::Dimension::read(json["Dimension"].as_str().unwrap_or_default())?;
    let search = json["SearchString"].as_str().unwrap_or_default();
    let rows = published(state, &asked)?;
    let values: std::collections::BTreeSet<String> = rows
        .iter()
        .filter(|row| filter.admits(row))
        .map(|row| dimension.of(row).to_owned())
        .filter(|value| value.contains(search))
        .collect();
    let values: Vec<Value> = values
        .into_iter()
        .map(|value| json!({ "Value": value, "Attributes": {} }))
        .collect();
    listed(state, json, "DimensionValues", values)
}

fn tag_values(state: &State, json: &Value) -> Outcome {
    let asked = RequestedPeriod::read(json, state.now)?;
    let rows = published(state, &asked)?;
    let key = json["TagKey"].as_str();
    let values: std::collections::BTreeSet<String> = rows
        .iter()
        .flat_map(|row| match key {
            Some(key) => vec![row.tags.get(key).cloned().unwrap_or_default()],
            None => row.tags.keys().cloned().collect(),
        })
        .collect();
    listed(
        state,
        json,
        "Tags",
        values.into_iter().map(Value::from).collect(),
    )
}

fn listed(state: &State, json: &Value, name: &str, values: Vec<Value>) -> Outcome {
    let total = values.len();
    let size = state.setup.page_size_max;
    let page = page(name, values, json["NextPageToken"].as_str(), size)?;
    let mut body = json!({ name: page.items, "ReturnSize": page.items.len(), "TotalSize": total });
    if let Some(next) = page.next {
        body["NextPageToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ValidationException", message)
}
