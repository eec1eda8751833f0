//! The public price list.

use bytes::Bytes;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::bench::Bench;

fn list(bench: &mut Bench, query: &[(&str, &str)]) -> (u16, Value) {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    let address = format!(
        "https://prices.azure.com/api/retail/prices?{}",
        pairs.join("&")
    );
    follow(bench, &address)
}

fn follow(bench: &mut Bench, address: &str) -> (u16, Value) {
    // No token is needed.
    let request = Request::get(address).body(Bytes::new()).unwrap();
    let answer = bench.raw(&request);
    let body = serde_json::from_slice(answer.body()).unwrap_or_default();
    (answer.status().as_u16(), body)
}

#[track_caller]
fn check(query: &[(&str, &str)], expected: &[(&str, &str)]) {
    let (status, body) = list(&mut Bench::new(), query);
    assert_eq!(status, 200, "{body}");
    let items = body["Items"].as_array().unwrap();
    let seen: Vec<(String, String)> = items
        .iter()
        .map(|item| {
            let name = item["productName"].as_str().unwrap().to_owned();
            (name, item["retailPrice"].to_string())
        })
        .collect();
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(name, price)| ((*name).to_owned(), (*price).to_owned()))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_price_is_found_by_its_members_whose_values_have_a_case() {
    let filter = "serviceName eq 'Virtual Machines' and armSkuName eq 'Standard_D2s_v3' and armRegionName eq 'eastus' \
                  and priceType eq 'Consumption' and meterName eq 'D2s v3'";
    check(
        &[("$filter", filter)],
        &[("Virtual Machines Dsv3 Series", "0.096")],
    );
    check(&[("$filter", "serviceName eq 'virtual machines'")], &[]);
    // Balancers are sold everywhere at once.
    let rules = "meterName eq 'Standard Included LB Rules and Outbound Rules' and armRegionName eq 'Global'";
    check(&[("$filter", rules)], &[("Load Balancer", "0.025")]);
    // 0.096 × 0.8785.
    check(
        &[("$filter", filter), ("currencyCode", "'EUR'")],
        &[("Virtual Machines Dsv3 Series", "0.084336")],
    );
}

#[test]
fn a_spot_machine_has_a_meter_of_its_own_and_a_lower_price() {
    let filter = "armSkuName eq 'Standard_D2s_v3' and contains(meterName, 'Spot')";
    // 0.096 × 0.196.
    check(
        &[("$filter", filter)],
        &[("Virtual Machines Dsv3 Series", "0.018816")],
    );
}

#[test]
fn the_same_machine_with_windows_is_another_price() {
    let filter = "armSkuName eq 'Standard_D2as_v5' and meterName eq 'D2as v5'";
    check(
        &[("$filter", filter)],
        &[
            ("Virtual Machines Dasv5 Series", "0.086"),
            ("Virtual Machines Dasv5 Series Windows", "0.178"),
        ],
    );
    let windows = "contains(productName, 'Windows')";
    check(
        &[("$filter", windows)],
        &[("Virtual Machines Dasv5 Series Windows", "0.178")],
    );
}

#[test]
fn the_list_has_pages() {
    let mut bench = Bench::new();
    let (_, whole) = list(&mut bench, &[]);
    let count = whole["Items"].as_array().unwrap().len();
    assert_eq!(whole["NextPageLink"], Value::Null);
    let mut seen = 0;
    let (_, mut page) = list(&mut bench, &[("$top", "10")]);
    for _ in 0..count {
        seen += page["Items"].as_array().unwrap().len();
        let Some(next) = page["NextPageLink"].as_str().map(str::to_owned) else {
            break;
        };
        (_, page) = follow(&mut bench, &next);
    }
    assert!(count > 30);
    assert_eq!(seen, count);
}

#[test]
fn what_is_not_understood_is_refused() {
    let check = |query: &[(&str, &str)], expected: u16| {
        let (status, body) = list(&mut Bench::new(), query);
        assert_eq!(status, expected, "{body}");
    };
    check(&[("$filter", "mood eq 'x'")], 400);
    check(&[("$filter", "serviceName ne 'x'")], 400);
    check(&[("currencyCode", "XAF")], 501);
    check(&[("$orderby", "x")], 501);
    check(&[("api-version", "2019-01-01")], 501);
    check(&[("api-version", "2023-01-01-preview")], 200);
}
