//! The Pricing API: products with attributes, found by filters, each returned as a JSON string.
//!
//! Prices come from the price table; as in AWS, a filter that is too loose finds too many products.

use serde_json::{Value, json};

use crate::ec2;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};

mod products;

use products::Product;

/// The most products on a page.
const PAGE_MAX: usize = 100;

/// The services that have products.
const SERVICES: [&str; 4] = ["AWSELB", "AmazonEC2", "AmazonEKS", "AmazonVPC"];

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    match call.action.as_str() {
        "GetProducts" => get_products(state, &call.json),
        "DescribeServices" => describe_services(state, &call.json),
        "GetAttributeValues" => attribute_values(state, &call.json),
        other => Err(AwsError::unknown_operation("pricing", other)),
    }
}

fn get_products(state: &State, json: &Value) -> Outcome {
    let service = service(json)?;
    let filters = filters(json)?;
    let all: Vec<String> = products::all()
        .iter()
        .filter(|product| product.service == service)
        .filter(|product| filters.iter().all(|filter| filter.admits(product)))
        .map(products::render)
        .collect();
    if all.is_empty() {
        refuse_unlisted(service, &filters)?;
    }
    let page = cut("GetProducts", all, state, json)?;
    let mut body = json!({ "FormatVersion": "aws_v1", "PriceList": page.0 });
    if let Some(next) = page.1 {
        body["NextToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

/// Refuses, by name, to find nothing where AWS would find a product whose price is not in the table: an empty list says
/// that there is no such product.
fn refuse_unlisted(service: &str, filters: &[Filter]) -> Result<(), AwsError> {
    let value = |field: &str| {
        let mut exact = filters
            .iter()
            .filter(|filter| matches!(filter.filter_type, FilterType::Equals));
        let found = exact.find(|filter| filter.field.eq_ignore_ascii_case(field));
        found.map(|filter| filter.value.as_str())
    };
    let type_exists = value("instanceType").is_none_or(ec2::instance_types::may_exist);
    let region_exists = value("regionCode").is_none_or(is_region)
        && value("location").is_none_or(|name| name.contains('(') && name.ends_with(')'));
    // Of everything else the table has every value that the filters can name.
    let known = |filter: &Filter| {
        let own = products::all()
            .iter()
            .filter(|product| product.service == service);
        ["instanceType", "regionCode", "location"].contains(&filter.field.as_str())
            || own.clone().any(|product| filter.admits(product))
    };
    let is_priced = value("instanceType").is_none_or(|name| {
        let wanted = value("regionCode");
        products::all().iter().any(|product| {
            product.attribute("instanceType") == Some(name)
                && wanted.is_none_or(|region| product.attribute("regionCode") == Some(region))
        })
    });
    let region_is_priced = ["regionCode", "location"].into_iter().all(|field| {
        value(field).is_none_or(|wanted| {
            let mut all = products::all().iter();
            all.any(|product| {
                product.service == service && product.attribute(field) == Some(wanted)
            })
        })
    });
    let exists = type_exists && region_exists && filters.iter().all(known);
    if !exists || (is_priced && region_is_priced) {
        return Ok(());
    }
    let asked: Vec<String> = filters
        .iter()
        .map(|filter| format!("{}={}", filter.field, filter.value))
        .collect();
    let what = format!(
        "GetProducts of {service} with {}: no such price is in the table",
        asked.join(", ")
    );
    Err(AwsError::unknown_operation("pricing", &what))
}

/// Whether a name is that of a region.
fn is_region(name: &str) -> bool {
    include_str!("../../../regions.csv")
        .lines()
        .skip(1)
        .any(|row| row.split(',').next() == Some(name))
}

fn describe_services(state: &State, json: &Value) -> Outcome {
    let wanted = json["ServiceCode"].as_str();
    if wanted.is_some() {
        service(json)?;
    }
    let all: Vec<Value> = SERVICES
        .iter()
        .filter(|service| wanted.is_none_or(|wanted| wanted == **service))
        .map(|service| {
            json!({ "ServiceCode": service, "AttributeNames": products::attribute_names(service) })
        })
        .collect();
    let page = cut("DescribeServices", all, state, json)?;
    let mut body = json!({ "FormatVersion": "aws_v1", "Services": page.0 });
    if let Some(next) = page.1 {
        body["NextToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

fn attribute_values(state: &State, json: &Value) -> Outcome {
    let service = service(json)?;
    let name = json["AttributeName"].as_str().unwrap_or_default();
    let mut values: Vec<&str> = products::all()
        .iter()
        .filter(|product| product.service == service)
        .filter_map(|product| product.attribute(name))
        .collect();
    values.sort_unstable();
    values.dedup();
    let values: Vec<Value> = values
        .into_iter()
        .map(|value| json!({ "Value": value }))
        .collect();
    let page = cut("GetAttributeValues", values, state, json)?;
    let mut body = json!({ "AttributeValues": page.0 });
    if let Some(next) = page.1 {
        body["NextToken"] = next.into();
    }
    Ok(Answer::Json(body))
}

fn cut<T>(
    list: &str,
    all: Vec<T>,
    state: &State,
    json: &Value,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let asked = json["MaxResults"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let size = asked
        .unwrap_or(PAGE_MAX)
        .min(PAGE_MAX)
        .min(state.setup.page_size_max);
    let page = page(list, all, json["NextToken"].as_str(), size)
        .map_err(|_| AwsError::new(400, "InvalidNextTokenException", "Invalid NextToken"))?;
    Ok((page.items, page.next))
}

fn service(json: &Value) -> Result<&str, AwsError> {
    let code = json["ServiceCode"].as_str().unwrap_or_default();
    if SERVICES.contains(&code) {
        Ok(code)
    } else {
        Err(AwsError::new(
            400,
            "NotFoundException",
            format!("Invalid ServiceCode: {code}"),
        ))
    }
}

struct Filter {
    filter_type: FilterType,
    field: String,
    value: String,
}

#[derive(Clone, Copy)]
enum FilterType {
    Equals,
    Contains,
    AnyOf,
    NoneOf,
}

impl Filter {
    fn admits(&self, product: &Product) -> bool {
        let value = product.attribute(&self.field);
        let mut listed = self.value.split(',').map(str::trim);
        match self.filter_type {
            FilterType::Equals => value == Some(self.value.as_str()),
            FilterType::Contains => value.is_some_and(|value| value.contains(&self.value)),
            FilterType::AnyOf => listed.any(|wanted| value == Some(wanted)),
            FilterType::NoneOf => listed.all(|unwanted| value != Some(unwanted)),
        }
    }
}

fn filters(json: &Value) -> Result<Vec<Filter>, AwsError> {
    json["Filters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|filter| {
            let text = |name: &str| filter[name].as_str().map(str::to_owned);
            let filter_type = match filter["Type"].as_str() {
                Some("TERM_MATCH" | "EQUALS") => Some(FilterType::Equals),
                Some("CONTAINS") => Some(FilterType::Contains),
                Some("ANY_OF") => Some(FilterType::AnyOf),
                Some("NONE_OF") => Some(FilterType::NoneOf),
                _ => None,
            };
            match (filter_type, text("Field"), text("Value")) {
                (Some(filter_type), Some(field), Some(value)) => Ok(Filter {
                    filter_type,
                    field,
                    value,
                }),
                _ => Err(AwsError::new(
                    400,
                    "InvalidParameterException",
                    "A filter needs a known Type, a Field and a Value.",
                )),
            }
        })
        .collect()
}
