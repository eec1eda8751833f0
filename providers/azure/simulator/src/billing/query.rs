//! A question about costs, as it is asked: checked, and refused by name where it is not understood.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use kubeproof_simkit::meter::utc_date;
use serde_json::Value;

use crate::wire::{ApiError, Object, text};

/// The most aggregations and the most groupings.
const MOST: usize = 2;
/// The most days of a question with a row a day.
const DAYS_MAX: i32 = 31;

/// What rows are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granularity {
    /// The whole time.
    None,
    Daily,
}

/// What is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// In the currency of bills.
    Cost,
    /// In US dollars.
    Usd,
    Quantity,
}

/// What rows are told apart or chosen by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Dimension(&'static str),
    Tag(String),
}

/// A condition on usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    /// The column has one of these values, whatever their case.
    In(Column, Vec<String>),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// The first and the last day.
    pub(super) days: (Date, Date),
    pub(super) granularity: Granularity,
    /// What is added up, each with its name in the answer.
    pub(super) amounts: Vec<(String, Amount)>,
    pub(super) grouping: Vec<Column>,
    pub(super) filter: Option<Filter>,
}

/// The dimensions that are simulated.
const DIMENSIONS: &[&str] = &[
    "ChargeType",
    "Meter",
    "MeterCategory",
    "MeterSubCategory",
    "ResourceGroup",
    "ResourceGroupName",
    "ResourceId",
    "ResourceType",
    "SubscriptionId",
    "UnitOfMeasure",
];

/// Dimensions of the real service that are not simulated.
const ELSEWHERE: &[&str] = &[
    "BenefitName",
    "BillingPeriod",
    "ChargeType",
    "Frequency",
    "InvoiceId",
    "MeterId",
    "PartNumber",
    "PricingModel",
    "Product",
    "PublisherType",
    "ReservationId",
    "ResourceLocation",
    "ServiceFamily",
    "ServiceName",
    "ServiceTier",
    "SubscriptionName",
];

fn refused(why: impl std::fmt::Display) -> ApiError {
    let message = format!("Invalid query definition: {why}.");
    ApiError::new(400, "BadRequest", message)
}

/// Refuses members that a question may not have, and by name those that are not simulated.
fn only(object: &Object, of: &str, known: &[&str], not_simulated: &[&str]) -> Result<(), ApiError> {
    for (member, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        if not_simulated.contains(&member.as_str()) {
            return Err(ApiError::not_simulated(format!(
                "{of} with {member} {value}"
            )));
        }
        if !known.contains(&member.as_str()) {
            return Err(refused(format!("{of} has no member {member}")));
        }
    }
    Ok(())
}

fn object<'v>(value: &'v Value, what: &str) -> Result<&'v Object, ApiError> {
    let found = value.as_object();
    found.ok_or_else(|| refused(format!("{what} is no object")))
}

fn list<'o>(object: &'o Object, member: &str) -> Result<&'o [Value], ApiError> {
    match object.get(member) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(all)) => Ok(all),
        Some(_) => Err(refused(format!("{member} is no list"))),
    }
}

impl Query {
    /// Reads a question that is asked at this time.
    pub(super) fn read(body: &Object, now: Timestamp) -> Result<Self, ApiError> {
        only(
            body,
            "the query",
            &["type", "timeframe", "timePeriod", "dataset"],
            &[],
        )?;
        let kind = text(body, "type");
        // Nothing here is bought in advance, so that there is nothing to amortize.
        let known = ["ActualCost", "AmortizedCost", "Usage"];
        if !known.iter().any(|one| one.eq_ignore_ascii_case(kind)) {
            return Err(refused(format!("type '{kind}' is not supported")));
        }
        let Some(dataset) = body.get("dataset") else {
            return Err(refused("dataset is missing"));
        };
        let dataset = object(dataset, "dataset")?;
        only(
            dataset,
            "dataset",
            &["granularity", "aggregation", "grouping", "filter"],
            &["configuration", "sorting"],
        )?;
        let granularity = granularity(text(dataset, "granularity"))?;
        let days = days(body, granularity, now)?;
        let filter = dataset.get("filter").filter(|filter| !filter.is_null());
        Ok(Self {
            days,
            granularity,
            amounts: amounts(dataset)?,
            grouping: grouping(dataset)?,
            filter: filter.map(self::filter).transpose()?,
        })
    }
}

fn granularity(word: &str) -> Result<Granularity, ApiError> {
    match word.to_ascii_lowercase().as_str() {
        "" | "none" => Ok(Granularity::None),
        "daily" => Ok(Granularity::Daily),
        "monthly" => Err(ApiError::not_simulated("a query by months")),
        _ => Err(refused(format!("granularity '{word}' is not supported"))),
    }
}

/// The days that are asked for: both ends belong to them.
fn days(body: &Object, granularity: Granularity, now: Timestamp) -> Result<(Date, Date), ApiError> {
    let today = utc_date(now);
    let frame = text(body, "timeframe");
    let days = match frame.to_ascii_lowercase().as_str() {
        "custom" => {
            let period = body.get("timePeriod").unwrap_or(&Value::Null);
            let period = object(period, "timePeriod")?;
            (day(period, "from")?, day(period, "to")?)
        }
        "monthtodate" => (today.first_of_month(), today),
        "billingmonthtodate" | "thelastbillingmonth" | "thelastmonth" | "weektodate" => {
            return Err(ApiError::not_simulated(format!(
                "a query of the time {frame}"
            )));
        }
        _ => return Err(refused(format!("timeframe '{frame}' is not supported"))),
    };
    let (from, to) = days;
    let count = to.since(from).map_or(i32::MAX, |span| span.get_days()) + 1;
    if count < 1 {
        return Err(refused("the time ends before it begins"));
    }
    let longest = match granularity {
        Granularity::Daily => from.saturating_add(Span::new().days(DAYS_MAX - 1)),
        Granularity::None => from.saturating_add(Span::new().years(1)),
    };
    if to > longest {
        return Err(refused(format!("the time from {from} to {to} is too long")));
    }
    Ok(days)
}

fn day(period: &Object, member: &str) -> Result<Date, ApiError> {
    let text = text(period, member);
    let at = text.parse::<Timestamp>().map(utc_date);
    let day = at.or_else(|_| text.parse::<Date>());
    day.map_err(|_| refused(format!("timePeriod.{member} '{text}' is no time")))
}

fn amounts(dataset: &Object) -> Result<Vec<(String, Amount)>, ApiError> {
    let Some(given) = dataset.get("aggregation").filter(|given| !given.is_null()) else {
        return Err(ApiError::not_simulated("a query without an aggregation"));
    };
    let given = object(given, "aggregation")?;
    if given.is_empty() || given.len() > MOST {
        return Err(refused(format!(
            "there are {} aggregations, of at most {MOST}",
            given.len()
        )));
    }
    let read = |one: &Value| {
        let one = object(one, "an aggregation")?;
        only(one, "an aggregation", &["name", "function"], &[])?;
        let (name, function) = (text(one, "name"), text(one, "function"));
        if !function.eq_ignore_ascii_case("Sum") {
            return Err(refused(format!("function '{function}' is not supported")));
        }
        let (name, amount) = match name.to_ascii_lowercase().as_str() {
            "cost" => ("Cost", Amount::Cost),
            "pretaxcost" => ("PreTaxCost", Amount::Cost),
            "costusd" => ("CostUSD", Amount::Usd),
            "pretaxcostusd" => ("PreTaxCostUSD", Amount::Usd),
            "usagequantity" => ("UsageQuantity", Amount::Quantity),
            _ => return Err(refused(format!("there is no column '{name}' to add up"))),
        };
        Ok((name.to_owned(), amount))
    };
    given.values().map(read).collect()
}

fn grouping(dataset: &Object) -> Result<Vec<Column>, ApiError> {
    let given = list(dataset, "grouping")?;
    if given.len() > MOST {
        return Err(refused(format!(
            "there are {} groupings, of at most {MOST}",
            given.len()
        )));
    }
    let read = |one: &Value| {
        let one = object(one, "a grouping")?;
        only(one, "a grouping", &["type", "name"], &[])?;
        let (kind, name) = (text(one, "type"), text(one, "name"));
        match kind.to_ascii_lowercase().as_str() {
            "dimension" => dimension(name),
            "tagkey" | "tag" => Ok(Column::Tag(name.to_owned())),
            _ => Err(refused(format!("a grouping by '{kind}' is not supported"))),
        }
    };
    given.iter().map(read).collect()
}

fn dimension(name: &str) -> Result<Column, ApiError> {
    let named = |known: &&&str| known.eq_ignore_ascii_case(name);
    if let Some(known) = DIMENSIONS.iter().find(named) {
        return Ok(Column::Dimension(known));
    }
    if ELSEWHERE.iter().any(|known| named(&known)) {
        return Err(ApiError::not_simulated(format!(
            "the dimension {name} of costs"
        )));
    }
    Err(refused(format!(
        "dimension '{name}' is not valid for the scope"
    )))
}

/// Reads a condition. JSON that is read here is at most 128 levels deep.
fn filter(given: &Value) -> Result<Filter, ApiError> {
    let given = object(given, "a filter")?;
    only(
        given,
        "a filter",
        &["and", "or", "dimensions", "tags"],
        &["not"],
    )?;
    let mut parts = given.iter().filter(|(_, value)| !value.is_null());
    let (Some((member, value)), None) = (parts.next(), parts.next()) else {
        return Err(refused(
            "a filter has exactly one of and, or, dimensions and tags",
        ));
    };
    if member == "and" || member == "or" {
        let parts = list(given, member)?;
        if parts.len() < 2 {
            return Err(refused(format!("{member} needs at least two filters")));
        }
        let parts = parts.iter().map(filter).collect::<Result<_, _>>()?;
        return Ok(match member.as_str() {
            "and" => Filter::All(parts),
            _ => Filter::Any(parts),
        });
    }
    let comparison = object(value, member)?;
    only(comparison, member, &["name", "operator", "values"], &[])?;
    let operator = text(comparison, "operator");
    if !operator.eq_ignore_ascii_case("In") {
        return Err(refused(format!("operator '{operator}' is not supported")));
    }
    let values = list(comparison, "values")?.iter();
    let values: Option<Vec<String>> = values.map(|one| Some(one.as_str()?.to_owned())).collect();
    let values = values.filter(|values| !values.is_empty());
    let values = values.ok_or_else(|| refused("values is no list of texts"))?;
    let name = text(comparison, "name");
    let column = match member.as_str() {
        "tags" => Column::Tag(name.to_owned()),
        _ => dimension(name)?,
    };
    Ok(Filter::In(column, values))
}

#[cfg(test)]
mod tests;
