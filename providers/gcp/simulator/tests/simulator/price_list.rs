//! The price list of Cloud Billing: what the bill is made of.

use serde_json::{Value, json};

use crate::bench::Bench;

#[test]
fn the_price_list_has_pages_and_the_prices_of_the_bill() {
    let mut bench = Bench::new();
    let list = |bench: &mut Bench, query: &str| {
        bench.fine(
            &format!("GET cloudbilling /services/6F81-5844-456A/skus{query}"),
            Value::Null,
        )
    };
    let all = list(&mut bench, "?currencyCode=USD");
    let all = all["skus"].as_array().unwrap().clone();
    let mut seen = Vec::new();
    let mut query = "?pageSize=4".to_owned();
    for _ in 0..all.len() {
        let page = list(&mut bench, &query);
        seen.extend(page["skus"].as_array().unwrap().clone());
        let Some(token) = page["nextPageToken"].as_str() else {
            break;
        };
        query = format!("?pageSize=4&pageToken={token}");
    }
    assert_eq!(seen, all);
    let core = all
        .iter()
        .find(|sku| sku["description"] == "E2 Instance Core running in Americas");
    let expression = &core.unwrap()["pricingInfo"][0]["pricingExpression"];
    // 0.02181159 an hour.
    let price = json!({"currencyCode": "USD", "units": "0", "nanos": 21_811_590});
    assert_eq!(expression["tieredRates"][0]["unitPrice"], price);
    assert_eq!(
        (&expression["usageUnit"], &expression["baseUnit"]),
        (&json!("h"), &json!("s"))
    );
    let fees = bench.fine(
        "GET cloudbilling /services/CCD8-9BF1-090E/skus",
        Value::Null,
    );
    // Three fees, and the vCPUs and the memory of Autopilot's pods.
    assert_eq!(fees["skus"].as_array().unwrap().len(), 5);
    let (status, _) = bench.call(
        "GET cloudbilling /services/0000-0000-0000/skus",
        &Value::Null,
    );
    assert_eq!(status, 404);
    let (status, _) = bench.call(
        "GET cloudbilling /services/CCD8-9BF1-090E/skus?currencyCode=EUR",
        &Value::Null,
    );
    assert_eq!(status, 501);
}
