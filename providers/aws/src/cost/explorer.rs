//! Reads Cost Explorer to the last page: rows by day, usage type and the run's tag.
//!
//! Kept separate from attribution, which is pure. Each page costs a cent.

use std::collections::BTreeMap;

use aws_sdk_costexplorer::types::{
    DateInterval, Dimension, DimensionValues, Expression, Granularity, Group, GroupDefinition,
    GroupDefinitionType, TagValues,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::RUN_TAG;

use crate::observer::clients::{failed, observer_error};

const CALL: &str = "ce:GetCostAndUsage";
/// The currency of the contract. Accounts of some sellers are billed in another one.
const CURRENCY: &str = "USD";

/// Most pages of one answer; each costs a cent.
const PAGES_MAX: usize = 10;

/// One group of Cost Explorer's answer.
#[derive(Clone, Debug)]
pub struct Row {
    /// The first day of its time.
    pub day: String,
    /// The usage type, such as `NatGateway-Hours`.
    pub usage_type: String,
    /// The run that its tag names; empty when it has none.
    pub tag: String,
    /// US dollars before credits.
    pub usd: Decimal,
    pub quantity: Decimal,
    pub unit: String,
}

/// Cost Explorer's answers, all pages of them.
#[derive(Default)]
pub struct Answers {
    pub rows: Vec<Row>,
    /// Days, by their first date, and whether they may still change.
    pub days: BTreeMap<String, bool>,
}

/// The days from `from` to `now`.
///
/// # Errors
/// When the SDK refuses them.
pub fn period(from: Timestamp, now: Timestamp) -> Result<DateInterval, ObserverError> {
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let end = date(now).tomorrow().unwrap_or(date(now));
    DateInterval::builder()
        .start(date(from).to_string())
        .end(end.to_string())
        .build()
        .map_err(|error| observer_error(CALL, error.to_string()))
}

/// Gross of credits: usage only, without credits, refunds and taxes.
pub fn usage_only() -> Expression {
    let usage = DimensionValues::builder()
        .key(Dimension::RecordType)
        .values("Usage")
        .build();
    Expression::builder().dimensions(usage).build()
}

/// Usage whose tag has this value.
pub fn usage_tagged(key: &str, value: &str) -> Expression {
    let tag = TagValues::builder().key(key).values(value).build();
    let tagged = Expression::builder().tags(tag).build();
    Expression::builder().and(usage_only()).and(tagged).build()
}

/// All rows under a filter, or nothing when Cost Explorer has no data.
///
/// # Errors
/// When a page cannot be read, or there are too many.
pub async fn answers(
    client: &aws_sdk_costexplorer::Client,
    period: &DateInterval,
    filter: Expression,
) -> Result<Option<Answers>, ObserverError> {
    let by = |kind, key: &str| GroupDefinition::builder().r#type(kind).key(key).build();
    let request = client
        .get_cost_and_usage()
        .time_period(period.clone())
        .granularity(Granularity::Daily)
        .metrics("UnblendedCost")
        .metrics("UsageQuantity")
        .filter(filter)
        .group_by(by(GroupDefinitionType::Dimension, "USAGE_TYPE"))
        .group_by(by(GroupDefinitionType::Tag, RUN_TAG));
    let mut answers = Answers::default();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let answer = match request.clone().set_next_page_token(token).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("DataUnavailableException") => return Ok(None),
            Err(error) => return Err(failed(CALL, &error)),
        };
        for result in answer.results_by_time() {
            let day = result
                .time_period()
                .map_or("", |time| time.start())
                .to_owned();
            answers.days.insert(day.clone(), result.estimated());
            for group in result.groups() {
                answers.rows.push(row(&day, group)?);
            }
        }
        token = answer.next_page_token;
        if token.is_none() {
            return Ok(Some(answers));
        }
    }
    Err(observer_error(
        CALL,
        format!("more than {PAGES_MAX} pages: given up"),
    ))
}

/// The largest amount accepted: sums and percentages of such amounts stay far below what a decimal can hold.
const AMOUNT_MAX: Decimal = Decimal::from_parts(0x89e8_0000, 0x8ac7_2304, 0, false, 0);

fn row(day: &str, group: &Group) -> Result<Row, ObserverError> {
    let prefix = format!("{RUN_TAG}$");
    let tag = group
        .keys()
        .iter()
        .find_map(|key| key.strip_prefix(&prefix))
        .unwrap_or_default();
    let usage_type = group.keys().iter().find(|key| !key.starts_with(&prefix));
    let metric = |name: &str| group.metrics().and_then(|metrics| metrics.get(name));
    let amount = |name: &str| -> Result<Decimal, ObserverError> {
        let text = metric(name)
            .and_then(|value| value.amount())
            .unwrap_or_default();
        let parsed = text.parse().or_else(|_| Decimal::from_scientific(text));
        parsed
            .ok()
            .filter(|amount: &Decimal| amount.abs() <= AMOUNT_MAX)
            .ok_or_else(|| observer_error(CALL, format!("`{text}` is not an amount of {name}")))
    };
    let usd = amount("UnblendedCost")?;
    let currency = metric("UnblendedCost").and_then(|value| value.unit());
    if currency != Some(CURRENCY) && !usd.is_zero() {
        let currency = currency.unwrap_or("no currency");
        let why = format!(
            "billed in {currency}, and no one states its rate: only {CURRENCY} can be compared"
        );
        return Err(observer_error(CALL, why));
    }
    Ok(Row {
        day: day.to_owned(),
        usage_type: usage_type.cloned().unwrap_or_default(),
        tag: tag.to_owned(),
        usd,
        quantity: amount("UsageQuantity")?,
        unit: metric("UsageQuantity")
            .and_then(|value| value.unit())
            .unwrap_or_default()
            .to_owned(),
    })
}
