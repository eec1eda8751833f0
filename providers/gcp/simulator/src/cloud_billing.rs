//! Cloud Billing, version 1: whether the project is billed and by which account, and the price list.

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::month_of;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::prices::REGION;
use crate::route::{Call, Service, Table, table};
use crate::skus::{self, Sku};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Outcome, listed, time};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "cloudbilling",
    host: "cloudbilling.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[TABLE],
};

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/billingInfo", "cloudbilling.projects.getBillingInfo", get),
    on("GET", "/services", "cloudbilling.services.list", services),
    on("GET", "/services/{service}/skus", "cloudbilling.services.skus.list", list),
]);

/// The billing account.
pub(crate) const ACCOUNT: &str = "01A2B3-C4D5E6-F70819";
/// Most entries of a page, and as many as one has when the caller does not say.
const PAGE: usize = 5000;
/// When the prices took effect: made up.
const SINCE: &str = "2026-11-01T00:00:00Z";

fn get(state: &mut State, _call: &Call<'_>) -> Outcome {
    let project = &state.setup.project;
    let mut info = json!({
        "name": format!("projects/{project}/billingInfo"),
        "projectId": project,
        "billingAccountName": "",
        "billingEnabled": state.setup.is_billed,
    });
    if state.setup.is_billed {
        info["billingAccountName"] = json!(format!("billingAccounts/{ACCOUNT}"));
    }
    Ok(info)
}

/// The two services whose prices matter here.
fn services(_state: &mut State, call: &Call<'_>) -> Outcome {
    let all = skus::SERVICES.map(|(name, id)| {
        json!({
            "name": format!("services/{id}"), "serviceId": id, "displayName": name,
            "businessEntityName": "businessEntities/GCP",
        })
    });
    listed("services", all, call.query("pageToken"), page_size(call)?)
}

fn page_size(call: &Call<'_>) -> Result<usize, ApiError> {
    let Some(text) = call.query("pageSize") else {
        return Ok(PAGE);
    };
    let size = text.parse().ok().filter(|size| (1..=PAGE).contains(size));
    size.ok_or_else(|| ApiError::invalid(format!("The page size {text} is not from 1 to {PAGE}.")))
}

/// The price list of a service, as of now and in US dollars.
fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    for past in ["startTime", "endTime"] {
        if call.query(past).is_some() {
            let what = format!("{past} of cloudbilling.services.skus.list");
            return Err(ApiError::not_simulated(&what));
        }
    }
    if let Some(other) = call.query("currencyCode").filter(|code| *code != "USD") {
        return Err(ApiError::not_simulated(&format!("currencyCode {other}")));
    }
    let service = call.parameter(0);
    if !skus::SERVICES.iter().any(|(_, id)| *id == service) {
        return Err(ApiError::not_found(format!(
            "Service services/{service} was not found."
        )));
    }
    let all = skus::all().into_iter();
    let of_service = all.filter(|sku| sku.service_id() == service);
    let shown = of_service.map(|sku| shown(&sku, state.now));
    listed("skus", shown, call.query("pageToken"), page_size(call)?)
}

fn shown(sku: &Sku, now: Timestamp) -> Value {
    let (id, service) = (sku.id(), sku.service_id());
    let (family, group) = sku.family;
    let (base, one, _) = sku.unit.base();
    let (begin, end) = month_of(now);
    let month = end.as_second() - begin.as_second();
    // A factor of a month has more digits than the JSON number can hold exactly.
    let factor: f64 = sku.unit.factor(month).try_into().unwrap_or_default();
    json!({
        "name": format!("services/{service}/skus/{id}"),
        "skuId": id,
        "description": sku.description,
        "category": {
            "serviceDisplayName": sku.service, "resourceFamily": family, "resourceGroup": group,
            "usageType": usage_type(sku),
        },
        "serviceRegions": [REGION],
        "pricingInfo": [{
            "summary": "",
            "effectiveTime": SINCE.parse().map_or_else(|_| time(now), time),
            "currencyConversionRate": 1,
            "pricingExpression": {
                "usageUnit": sku.unit.symbol(), "usageUnitDescription": sku.unit.words(),
                "baseUnit": base, "baseUnitDescription": one, "baseUnitConversionFactor": factor,
                "displayQuantity": 1,
                "tieredRates": [{"startUsageAmount": 0, "unitPrice": money(sku.usd)}],
            },
        }],
        "serviceProviderName": "Google",
        "geoTaxonomy": {"type": "REGIONAL", "regions": [REGION]},
    })
}

fn usage_type(sku: &Sku) -> &'static str {
    if sku.description.contains("Preemptible") {
        "Preemptible"
    } else {
        "OnDemand"
    }
}

/// An amount as the API writes it: whole units, and the rest in billionths.
fn money(usd: Decimal) -> Value {
    let whole = usd.trunc();
    let billionths = (usd - whole) * Decimal::from(1_000_000_000);
    let billionths: i64 = billionths.trunc().try_into().unwrap_or_default();
    json!({"currencyCode": "USD", "units": whole.to_string(), "nanos": billionths})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_units_and_billionths() {
        let check = |usd: &str, units: &str, nanos: i64| {
            let seen = money(usd.parse().expect("a number"));
            let expected = json!({"currencyCode": "USD", "units": units, "nanos": nanos});
            assert_eq!(seen, expected, "{usd}");
        };
        check("0.02181159", "0", 21_811_590);
        check("0.1", "0", 100_000_000);
        check("88.4899999", "88", 489_999_900);
        check("3", "3", 0);
    }
}
