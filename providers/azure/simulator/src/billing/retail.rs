//! The public price list: it needs no token. Filters are conditions joined by `and`, whose values have a case.

use jiff::civil::Date;
use kubeproof_contract::Decimal;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::prices::{self, Sku};
use crate::route::{Call, Service, Table, table};
use crate::setup::Currency;
use crate::state::State;
use crate::wire::{Answer, ApiError, ErrorShape, Outcome};

/// The service.
pub(crate) const SERVICE: Service = Service {
    host: "prices.azure.com",
    audience: None,
    errors: ErrorShape::Arm,
    tables: &[&[TABLE]],
};

const TABLE: Table = table(&[on("GET", "/api/retail/prices", "retail.prices.list", list)]);

/// Prices of one page.
const PAGE: usize = 100;
/// The versions of the API: the current one, and the one in which values have a case.
const VERSIONS: [&str; 2] = ["2023-01-01-preview", "2021-10-01-preview"];

/// A condition of a filter: a member and its value, or what the value contains.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Is(String, String),
    Contains(String, String),
}

/// The text between quotation marks, with doubled ones as one.
fn quoted(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    let is_whole = !inner.replace("''", "").contains('\'');
    is_whole.then(|| inner.replace("''", "'"))
}

fn condition(text: &str) -> Option<Condition> {
    let text = text.trim();
    if let Some(inside) = text.strip_prefix("contains(") {
        let (member, value) = inside.strip_suffix(')')?.split_once(',')?;
        return Some(Condition::Contains(
            member.trim().to_owned(),
            quoted(value)?,
        ));
    }
    let (member, value) = text.split_once(" eq ")?;
    Some(Condition::Is(member.trim().to_owned(), quoted(value)?))
}

/// The conditions of a filter; `None` for one that is not understood.
fn conditions(filter: &str) -> Option<Vec<Condition>> {
    let mut parts = vec![String::new()];
    for part in filter.split(" and ") {
        // Names of meters have the word, too: an open quotation mark goes on.
        let last = parts.last_mut()?;
        if last.matches('\'').count() % 2 == 1 {
            last.push_str(" and ");
            last.push_str(part);
        } else if last.is_empty() {
            part.clone_into(last);
        } else {
            parts.push(part.to_owned());
        }
    }
    parts.iter().map(|part| condition(part)).collect()
}

/// The members that a filter may name.
const MEMBERS: &[&str] = &[
    "armRegionName",
    "armSkuName",
    "location",
    "meterId",
    "meterName",
    "priceType",
    "productId",
    "productName",
    "serviceFamily",
    "serviceName",
    "skuId",
    "skuName",
];

fn fits(item: &Value, condition: &Condition) -> bool {
    // The type of a price has another name in answers.
    let member = |name: &str| if name == "priceType" { "type" } else { name }.to_owned();
    match condition {
        Condition::Is(name, value) => item[member(name)] == value.as_str(),
        Condition::Contains(name, part) => {
            let value = item[member(name)].as_str().unwrap_or_default();
            value.contains(part.as_str())
        }
    }
}

fn identifier(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join(" ").as_bytes());
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

fn number(value: Decimal) -> Value {
    serde_json::from_str(&value.normalize().to_string()).unwrap_or_default()
}

/// A price as the list shows it.
fn shown(sku: &Sku, currency: &Currency) -> Value {
    let price = number((sku.usd * currency.per_usd).round_dp(6));
    let place = if sku.region == "eastus" {
        "US East"
    } else {
        ""
    };
    let meter = identifier(&[&sku.meter, &sku.product, sku.region]);
    let product = identifier(&[&sku.product])[..12]
        .replace('-', "")
        .to_uppercase();
    // The day on which prices were read: those of the real list begin on days of their own.
    let since = Date::constant(2026, 10, 1);
    json!({
        "currencyCode": currency.code, "tierMinimumUnits": number(Decimal::ZERO), "retailPrice": price.clone(),
        "unitPrice": price, "armRegionName": sku.region, "location": place,
        "effectiveStartDate": format!("{since}T00:00:00Z"), "meterId": meter, "meterName": sku.meter,
        "productId": product, "skuId": format!("{product}/{}", sku.name), "productName": sku.product,
        "skuName": sku.name, "serviceName": sku.service, "serviceId": identifier(&[sku.service])[..12].to_uppercase(),
        "serviceFamily": sku.family, "unitOfMeasure": sku.unit, "type": "Consumption",
        "isPrimaryMeterRegion": true, "armSkuName": sku.arm_name,
    })
}

/// The currency that was asked for, in quotation marks or without.
fn currency(state: &State, call: &Call<'_>) -> Result<Currency, ApiError> {
    let code = call
        .query("currencyCode")
        .unwrap_or("USD")
        .trim_matches('\'');
    let of_account = &state.setup.currency;
    let known = [Currency::usd(), Currency::eur(), of_account.clone()];
    let found = known
        .into_iter()
        .find(|one| one.code.eq_ignore_ascii_case(code));
    found.ok_or_else(|| ApiError::not_simulated(format!("prices in {code}")))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let version = call.api_version();
    if !version.is_empty() && !VERSIONS.contains(&version) {
        return Err(ApiError::not_simulated(format!(
            "version {version} of the price list"
        )));
    }
    let known = [
        "api-version",
        "$filter",
        "$skip",
        "$top",
        "currencyCode",
        "meterRegion",
    ];
    if let Some(strange) = call
        .query
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(ApiError::not_simulated(format!(
            "{} with {strange}",
            call.name
        )));
    }
    let filter = call.query("$filter").unwrap_or_default();
    let wanted = if filter.is_empty() {
        Some(Vec::new())
    } else {
        conditions(filter)
    };
    let understood = wanted.filter(|all| {
        let mut names = all
            .iter()
            .map(|(Condition::Is(name, _) | Condition::Contains(name, _))| name);
        names.all(|name| MEMBERS.contains(&name.as_str()))
    });
    let wanted = understood.ok_or_else(|| {
        ApiError::new(
            400,
            "BadRequest",
            format!("Invalid OData parameters supplied: {filter}"),
        )
    })?;
    let currency = currency(state, call)?;
    let count = |name: &str, usual: usize| {
        let given = call
            .query(name)
            .map_or(Some(usual), |text| text.parse().ok());
        given.ok_or_else(|| ApiError::new(400, "BadRequest", format!("Invalid {name}.")))
    };
    let (skip, top) = (count("$skip", 0)?, count("$top", PAGE)?.min(PAGE));
    let all = prices::all();
    let all = all.iter().map(|sku| shown(sku, &currency));
    let mut rest = all
        .filter(|item| wanted.iter().all(|one| fits(item, one)))
        .skip(skip);
    let page: Vec<Value> = rest.by_ref().take(top).collect();
    let next = rest.next().map(|_| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = call.query.iter().filter(|(name, _)| *name != "$skip");
        query.extend_pairs(kept);
        query.append_pair("$skip", &(skip + page.len()).to_string());
        format!("{}/api/retail/prices?{}", call.base, query.finish())
    });
    Ok(Answer::ok(json!({
        "BillingCurrency": currency.code, "CustomerEntityId": "Default", "CustomerEntityType": "Retail",
        "Count": page.len(), "Items": page, "NextPageLink": next,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        let is = |name: &str, value: &str| Condition::Is(name.to_owned(), value.to_owned());
        let check = |text: &str, expected: Option<Vec<Condition>>| {
            assert_eq!(conditions(text), expected, "{text}");
        };
        check(
            "serviceName eq 'Virtual Machines' and armRegionName eq 'eastus'",
            Some(vec![
                is("serviceName", "Virtual Machines"),
                is("armRegionName", "eastus"),
            ]),
        );
        let spot = Condition::Contains("meterName".to_owned(), "Spot".to_owned());
        check("contains(meterName, 'Spot')", Some(vec![spot]));
        let rules = "Standard Included LB Rules and Outbound Rules";
        let both = vec![is("meterName", rules), is("skuName", "it's")];
        check(
            &format!("meterName eq '{rules}' and skuName eq 'it''s'"),
            Some(both),
        );
        check("serviceName ne 'x'", None);
        check("serviceName eq x", None);
        check("a eq 'b' or c eq 'd'", None);
    }
}
