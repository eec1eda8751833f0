//! Bills that are wrong on their way: half as much again for the nodes, or for everything.

use bytes::Bytes;
use kubeproof_contract::Decimal;
use serde_json::Value;

/// Half as much again.
fn more(value: &mut Value) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    let amount: Decimal = text.parse().expect("an amount");
    let amount = amount * Decimal::new(15, 1);
    *value = match value {
        Value::String(_) => Value::from(amount.to_string()),
        _ => amount
            .to_string()
            .parse::<f64>()
            .map(Value::from)
            .expect("a number"),
    };
}

fn changed(body: Bytes, change: impl FnOnce(&mut Value)) -> Bytes {
    let Ok(mut answer) = serde_json::from_slice(&body) else {
        return body;
    };
    change(&mut answer);
    Bytes::from(answer.to_string())
}

fn each<'v>(value: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    value[key].as_array_mut().into_iter().flatten()
}

/// Cost Explorer: machines cost more.
pub fn aws(place: &str, _: &[u8], body: Bytes) -> Bytes {
    if !place.starts_with("ce.") {
        return body;
    }
    changed(body, |answer| {
        for time in each(answer, "ResultsByTime") {
            for group in each(time, "Groups") {
                if group["Keys"].to_string().contains("BoxUsage") {
                    more(&mut group["Metrics"]["UnblendedCost"]["Amount"]);
                }
            }
        }
    })
}

/// `BigQuery`: everything costs more.
pub fn gcp(place: &str, _: &[u8], body: Bytes) -> Bytes {
    if !place.starts_with("bigquery.") {
        return body;
    }
    changed(body, |answer| {
        let fields: Vec<String> = each(&mut answer["schema"], "fields")
            .map(|field| field["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        let Some(gross) = fields.iter().position(|name| name == "gross") else {
            return;
        };
        for row in each(answer, "rows") {
            more(&mut row["f"][gross]["v"]);
        }
    })
}

/// Cost Management: everything costs more, in every answer.
pub fn azure(place: &str, _: &[u8], body: Bytes) -> Bytes {
    if !place.contains("Microsoft.CostManagement/query") {
        return body;
    }
    changed(body, |answer| {
        let columns: Vec<usize> = each(&mut answer["properties"], "columns")
            .enumerate()
            .filter(|(_, column)| column["name"].to_string().contains("Cost"))
            .map(|(index, _)| index)
            .collect();
        for row in each(&mut answer["properties"], "rows") {
            for column in &columns {
                more(&mut row[*column]);
            }
        }
    })
}
