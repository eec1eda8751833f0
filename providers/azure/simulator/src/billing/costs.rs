//! Cost data: what each resource cost on each day, as far as it is known yet, and the answer to a question about it.
//!
//! Usage of an hour shows some hours later, with the next refresh; there are six refreshes a day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{Period, hourly, instant, utc_date};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::query::{Amount, Column, Filter, Granularity, Query};
use super::{Tags, tags_at};
use crate::prices;
use crate::state::State;

/// Decimals of a cost: "charges are shown at eight decimal places" (Microsoft's page on cost data).
const DECIMALS: u32 = 8;
/// Seconds between two refreshes: "refreshed six times a day" (the same page).
const REFRESH: i64 = 4 * 3600;

/// What one resource used of one thing in one hour.
pub(super) struct Row<'s> {
    period: &'s Period,
    tags: &'s Tags,
    day: Date,
    charge_type: &'static str,
    quantity: Decimal,
    usd: Decimal,
}

/// The group of a resource, by its id.
fn group_of(id: &str) -> &str {
    let mut parts = id.split('/');
    let _ = parts.find(|part| part.eq_ignore_ascii_case("resourcegroups"));
    parts.next().unwrap_or_default()
}

/// The type of a resource, by its id.
fn type_of(id: &str) -> String {
    let below = id.rsplit_once("/providers/").map_or("", |(_, below)| below);
    let mut parts = below.split('/');
    let namespace = parts.next().unwrap_or_default();
    let types: Vec<&str> = parts.step_by(2).collect();
    format!("{namespace}/{}", types.join("/"))
}

impl Row<'_> {
    fn dimension(&self, state: &State, name: &str) -> String {
        let usage = &self.period.usage;
        match name {
            "ChargeType" => self.charge_type.to_owned(),
            "Meter" => usage.usage_type.clone(),
            "MeterCategory" => usage.service.clone(),
            "MeterSubCategory" => prices::subcategory(&usage.usage_type).unwrap_or_default(),
            "ResourceGroup" | "ResourceGroupName" => group_of(&usage.resource_id).to_owned(),
            "ResourceId" => usage.resource_id.clone(),
            "ResourceType" => type_of(&usage.resource_id),
            "SubscriptionId" => state.setup.subscription.clone(),
            "UnitOfMeasure" => usage.unit.clone(),
            _ => String::new(),
        }
    }

    fn tag(&self, name: &str) -> &str {
        let mut tags = self.tags.iter();
        let found = tags.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    fn value(&self, state: &State, column: &Column) -> String {
        match column {
            Column::Dimension(name) => self.dimension(state, name),
            Column::Tag(name) => self.tag(name).to_owned(),
        }
    }

    fn fits(&self, state: &State, filter: &Filter) -> bool {
        match filter {
            Filter::All(parts) => parts.iter().all(|part| self.fits(state, part)),
            Filter::Any(parts) => parts.iter().any(|part| self.fits(state, part)),
            Filter::In(column, values) => {
                let value = self.value(state, column);
                values.iter().any(|one| one.eq_ignore_ascii_case(&value))
            }
        }
    }
}

/// When usage of an hour that begins now shows.
fn shown_at(state: &State, period: &Period, hour: Timestamp) -> Timestamp {
    let (least, most) = state.setup.cost_lag_hours;
    let usage = &period.usage;
    let named = format!(
        "{} {} {} {hour}",
        state.setup.seed, usage.resource_id, usage.usage_type
    );
    let digest = Sha256::digest(named.as_bytes());
    let spread = i64::from(most.saturating_sub(least)) * 3600 + 1;
    let some = digest.iter().take(4);
    let some = some.fold(0, |sum, byte| sum * 256 + i64::from(*byte)) % spread;
    let known = hour.as_second() + 3600 + i64::from(least) * 3600 + some;
    let refresh = (known + REFRESH - 1).div_euclid(REFRESH) * REFRESH;
    Timestamp::from_second(refresh).unwrap_or(Timestamp::MAX)
}

/// The usage of these days that shows by now, of a group or of all.
pub(super) fn rows<'s>(
    state: &'s State,
    group: Option<&str>,
    (first, last): (Date, Date),
) -> Vec<Row<'s>> {
    let since = instant(first).unwrap_or(state.now);
    let mut all = Vec::new();
    for period in state.meter.periods() {
        let is_over = period.to.is_some_and(|to| to <= since);
        let is_elsewhere = group
            .is_some_and(|group| !group_of(&period.usage.resource_id).eq_ignore_ascii_case(group));
        if is_over || is_elsewhere {
            continue;
        }
        for (hour, charge) in hourly(period, since, state.now) {
            let day = utc_date(hour);
            if !(first..=last).contains(&day) || shown_at(state, period, hour) > state.now {
                continue;
            }
            let begun = hour.max(period.from);
            let mut add = |charge_type, part: Decimal| {
                all.push(Row {
                    period,
                    tags: tags_at(state, &period.usage, begun),
                    day,
                    charge_type,
                    quantity: charge.quantity * part,
                    usd: charge.usd * part,
                });
            };
            add("Usage", Decimal::ONE);
            let refunded = state.setup.refunded_percent;
            if refunded > 0 {
                add("Refund", -Decimal::new(i64::from(refunded), 2));
            }
        }
    }
    all
}

/// A number on the wire. Costs have few enough digits that none is lost.
fn number(value: Decimal) -> Value {
    let text = value.round_dp(DECIMALS).normalize().to_string();
    serde_json::from_str(&text).unwrap_or_default()
}

/// The names and types of the columns of an answer.
pub(super) fn columns(query: &Query) -> Vec<Value> {
    let column = |name: &str, kind: &str| json!({"name": name, "type": kind});
    let mut all: Vec<Value> = query
        .amounts
        .iter()
        .map(|(name, _)| column(name, "Number"))
        .collect();
    if query.granularity == Granularity::Daily {
        all.push(column("UsageDate", "Number"));
    }
    for grouping in &query.grouping {
        match grouping {
            Column::Dimension(name) => all.push(column(name, "String")),
            Column::Tag(_) => {
                all.extend([column("TagKey", "String"), column("TagValue", "String")]);
            }
        }
    }
    all.push(column("Currency", "String"));
    all
}

/// The rows of an answer: each group once, in order.
pub(super) fn answer(state: &State, query: &Query, rows: &[Row<'_>]) -> Vec<Value> {
    let mut groups: BTreeMap<(Option<Date>, Vec<String>), Vec<Decimal>> = BTreeMap::new();
    let fitting = rows.iter().filter(|row| {
        let mut filters = query.filter.iter();
        filters.all(|filter| row.fits(state, filter))
    });
    for row in fitting {
        let day = (query.granularity == Granularity::Daily).then_some(row.day);
        let values = query.grouping.iter();
        let values = values.map(|column| row.value(state, column)).collect();
        let zero = || vec![Decimal::ZERO; query.amounts.len()];
        let sums = groups.entry((day, values)).or_insert_with(zero);
        for (sum, (_, amount)) in sums.iter_mut().zip(&query.amounts) {
            *sum += match amount {
                Amount::Cost => row.usd * state.setup.currency.per_usd,
                Amount::Usd => row.usd,
                Amount::Quantity => row.quantity,
            };
        }
    }
    let shown = groups.into_iter().map(|((day, values), sums)| {
        let mut cells: Vec<Value> = sums.into_iter().map(number).collect();
        if let Some(day) = day {
            let digits = day.strftime("%Y%m%d").to_string();
            cells.push(digits.parse::<u64>().map_or(Value::Null, Value::from));
        }
        for (value, column) in values.into_iter().zip(&query.grouping) {
            if let Column::Tag(name) = column {
                cells.push(json!(name));
            }
            cells.push(json!(value));
        }
        // The account's currency, also beside amounts in US dollars: so the real service has it.
        cells.push(json!(state.setup.currency.code));
        Value::Array(cells)
    });
    shown.collect()
}
