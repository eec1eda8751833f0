//! The client of the public list of prices, which asks for no token.

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::rest::{BoxError, RestApi, RestCall, RestClient, RestError};
use kubeproof_cloudkit::{Applied, CallError, Cause, Classify};
use kubeproof_contract::Decimal;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::route::Route;
use serde::Deserialize;
use serde_json::Number;

use super::errors;
use crate::routes;

/// The version in which values of filters have a case.
const VERSION: (&str, &str) = ("api-version", "2023-01-01-preview");
const OPERATION: &str = "prices.list";

/// The public list of prices.
#[derive(Debug)]
pub struct Retail;

impl Classify for Retail {
    fn classify(&self, status: u16, code: &str, message: &str) -> (Cause, Applied) {
        errors::classify(status, code, message)
    }
}

impl RestApi for Retail {
    const SERVICE: &'static str = routes::RETAIL;
    const BASE: &'static str = routes::RETAIL_URL;
    const ROUTES: &'static [Route] = routes::RETAIL_ROUTES;

    async fn authorization(&self, _: &Connection) -> Result<String, BoxError> {
        Ok(String::new())
    }

    async fn turn(&self, _: &str) {}

    fn read_error(answer: &Response<Bytes>) -> RestError {
        errors::read(answer)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    items: Vec<Item>,
    next_page_link: Option<String>,
}

/// One price.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    currency_code: String,
    retail_price: Number,
    tier_minimum_units: Option<Number>,
    arm_region_name: String,
    arm_sku_name: Option<String>,
    meter_name: String,
    product_name: String,
    unit_of_measure: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Item {
    /// Whether it is what an hour of a spot machine with Linux costs.
    fn is_spot(&self, location: &str, size: &str) -> bool {
        self.arm_region_name == location
            && self.arm_sku_name.as_deref() == Some(size)
            && self.meter_name.ends_with(" Spot")
            && self.kind == "Consumption"
            && !self.product_name.ends_with(" Windows")
            && self.product_name.starts_with("Virtual Machines ")
    }

    /// US dollars for an hour.
    fn hourly(&self) -> Option<Decimal> {
        let is_first = self
            .tier_minimum_units
            .as_ref()
            .is_none_or(|least| least.as_f64() == Some(0.0));
        let is_hourly = self.unit_of_measure == "1 Hour" && self.currency_code == "USD";
        (is_first && is_hourly).then(|| self.retail_price.to_string().parse().ok())?
    }
}

/// What an hour of a spot machine of this size costs now, US dollars.
///
/// # Errors
/// When the list cannot be read, or does not tell exactly one price.
pub async fn of_spot(
    prices: &RestClient<Retail>,
    location: &str,
    size: &str,
) -> Result<Decimal, CallError> {
    let filter = format!(
        "serviceName eq 'Virtual Machines' and armRegionName eq '{location}' and armSkuName eq '{size}' and priceType eq \
         'Consumption'"
    );
    let query = [VERSION, ("$filter", filter.as_str())];
    let call = RestCall::new(OPERATION, &[]).with_query(&query);
    let take = |page: Page| Ok((page.items, next_page(page.next_page_link)?));
    let all: Vec<Item> = prices.all_pages(call, "$skip", take).await?;
    one(&all, location, size)
}

fn one(all: &[Item], location: &str, size: &str) -> Result<Decimal, CallError> {
    let unclear = |why: String| CallError::state("retail:prices.list", why);
    let found: Vec<&Item> = all
        .iter()
        .filter(|item| item.is_spot(location, size))
        .collect();
    match found.as_slice() {
        [item] => item.hourly().ok_or_else(|| {
            unclear(format!(
                "the price of spot machines {size} in {location} is not one in US dollars for an hour"
            ))
        }),
        others => Err(unclear(format!(
            "the list has {} prices of spot machines {size} in {location}, not one",
            others.len()
        ))),
    }
}

/// Where the next page begins, by its address.
fn next_page(link: Option<String>) -> Result<Option<String>, CallError> {
    let Some(link) = link.filter(|link| !link.is_empty()) else {
        return Ok(None);
    };
    let query = link.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(key, _)| key == "$skip");
    let found = found.map(|(_, skip)| skip.into_owned());
    found.map(Some).ok_or_else(|| {
        let message = format!("the next page is at an unknown kind of address: {link}");
        CallError::state("retail:prices.list", message)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn item(change: &Value) -> Item {
        let mut item = json!({
            "currencyCode": "USD", "retailPrice": 0.018_816, "tierMinimumUnits": 0.0, "armRegionName": "eastus",
            "armSkuName": "Standard_D2s_v3", "meterName": "D2s v3 Spot",
            "productName": "Virtual Machines DSv3 Series", "unitOfMeasure": "1 Hour", "type": "Consumption",
        });
        for (member, value) in change.as_object().into_iter().flatten() {
            item[member] = value.clone();
        }
        serde_json::from_value(item).unwrap()
    }

    #[test]
    fn exactly_one_price_of_spot_machines_with_linux_is_taken() {
        let check = |all: &[Item], expected: Result<&str, &str>| {
            let seen = one(all, "eastus", "Standard_D2s_v3");
            match (seen, expected) {
                (Ok(usd), Ok(expected)) => assert_eq!(usd.to_string(), expected),
                (Err(error), Err(expected)) => {
                    let error = error.to_string();
                    assert!(error.contains(expected), "{error}");
                }
                (seen, _) => panic!("{seen:?}"),
            }
        };
        let ours = item(&json!({}));
        check(std::slice::from_ref(&ours), Ok("0.018816"));
        for other in [
            json!({"meterName": "D2s v3"}),
            json!({"meterName": "D2s v3 Low Priority"}),
            json!({"productName": "Virtual Machines DSv3 Series Windows"}),
            json!({"productName": "DSv3 Series Cloud Services"}),
            json!({"armSkuName": "Standard_D2s_v4"}),
            json!({"armRegionName": "westus"}),
            json!({"type": "DevTestConsumption"}),
        ] {
            check(&[item(&other)], Err("has 0 prices"));
            check(&[ours.clone(), item(&other)], Ok("0.018816"));
        }
        check(&[ours.clone(), ours], Err("has 2 prices"));
        for other in [
            json!({"currencyCode": "EUR"}),
            json!({"unitOfMeasure": "100 Hours"}),
            json!({"tierMinimumUnits": 100.0}),
        ] {
            check(&[item(&other)], Err("not one in US dollars"));
        }
    }

    #[test]
    fn the_next_page_begins_where_its_address_says() {
        let check = |link: Option<&str>, expected: Option<Option<&str>>| {
            let seen = next_page(link.map(str::to_owned)).ok();
            assert_eq!(seen, expected.map(|skip| skip.map(str::to_owned)));
        };
        check(None, Some(None));
        check(Some(""), Some(None));
        let link = "https://prices.azure.com:443/api/retail/prices?$filter=a&$skip=100";
        check(Some(link), Some(Some("100")));
        check(Some("https://prices.azure.com/api?page=2"), None);
    }
}
