//! The detailed billing export: a table that fills from the meter, some hours late.
//!
//! A row is what one resource used of one thing in one clock hour. A row never changes; what comes late is a further row.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::Charge;
use kubeproof_simkit::meter::{Period, hourly, month_of};
use sha2::{Digest as _, Sha256};

use super::sql::Value;
use crate::cloud_billing::ACCOUNT;
use crate::prices::REGION;
use crate::skus::{self, Sku};
use crate::state::State;

/// Decimals of a cost in the export.
const DECIMALS: u32 = 6;
/// The name of the free tier's credit: made up; its type is Google's.
const FREE_TIER: &str = "Kubernetes Engine Free Tier";

/// The name of the table, in its dataset.
pub(crate) fn table() -> String {
    let account = ACCOUNT.replace('-', "_");
    format!("gcp_billing_export_resource_v1_{account}")
}

/// Since when there is a table: some hours after the export was enabled.
pub(crate) fn exists_since(state: &State) -> Option<Timestamp> {
    let since = state.setup.export_since?;
    let (least, _) = state.setup.export_lag_hours;
    since
        .checked_add(SignedDuration::from_hours(i64::from(least)))
        .ok()
}

/// A row.
struct Row<'s> {
    sku: Sku,
    period: &'s Period,
    hour: Timestamp,
    exported: Timestamp,
    /// In the unit of its price.
    quantity: Decimal,
    cost: Decimal,
    credit: Option<Decimal>,
}

/// All rows that are exported by now.
pub(crate) fn rows(state: &State) -> Vec<Vec<Value>> {
    let Some(since) = state.setup.export_since else {
        return Vec::new();
    };
    let known = skus::all();
    let credits = credits(state, since);
    let mut all = Vec::new();
    for period in state.meter.periods() {
        for (hour, charge) in hourly(period, since, state.now) {
            let credit = credits.get(&(period.usage.resource_id.as_str(), hour));
            // Pods are billed to their cluster too, and the free tier is for its fee.
            let credit = credit.filter(|_| skus::is_fee(&period.usage.usage_type));
            for (sku, quantity) in parts(&known, &charge) {
                let exported = exported(state, &sku, &period.usage.resource_id, hour);
                if exported <= state.now {
                    all.push(Row {
                        cost: cost(&sku, &charge, quantity),
                        sku,
                        period,
                        hour,
                        exported,
                        quantity,
                        credit: credit.copied(),
                    });
                }
            }
        }
    }
    all.sort_by_key(|row| row.exported);
    all.iter().map(|row| values(state, row)).collect()
}

/// What is credited to each resource in each hour.
fn credits(state: &State, since: Timestamp) -> BTreeMap<(&str, Timestamp), Decimal> {
    let mut credits = BTreeMap::new();
    for period in state.credits.periods() {
        for (hour, charge) in hourly(period, since, state.now) {
            let key = (period.usage.resource_id.as_str(), hour);
            *credits.entry(key).or_insert(Decimal::ZERO) += charge.usd;
        }
    }
    credits
}

/// What a charge is billed as: machines by their vCPUs and their memory.
fn parts(known: &[Sku], charge: &Charge) -> Vec<(Sku, Decimal)> {
    let mut known = known.iter();
    if let Some(sku) = known.find(|sku| sku.description == charge.usage_type) {
        return vec![(sku.clone(), charge.quantity)];
    }
    let parts = skus::of_machine(&charge.usage_type).into_iter();
    parts
        .map(|(sku, each)| (sku, each * charge.quantity))
        .collect()
}

/// The cost of a row. A gateway of many machines has a price that the list does not show.
fn cost(sku: &Sku, charge: &Charge, quantity: Decimal) -> Decimal {
    let is_whole = sku.description == charge.usage_type;
    let usd = if is_whole {
        charge.usd
    } else {
        quantity * sku.usd
    };
    usd.round_dp(DECIMALS)
}

/// When a row is exported: each some hours after the end of its own.
fn exported(state: &State, sku: &Sku, resource: &str, hour: Timestamp) -> Timestamp {
    let (least, most) = state.setup.export_lag_hours;
    let named = format!("{} {} {resource} {hour}", state.setup.seed, sku.description);
    let digest = Sha256::digest(named.as_bytes());
    let spread = u64::from(most.saturating_sub(least)) * 60 + 1;
    let some = digest
        .iter()
        .take(4)
        .fold(0, |sum, byte| sum * 256 + u64::from(*byte))
        % spread;
    // The hour itself, and then the lag.
    let minutes = 60 + u64::from(least) * 60 + some;
    let lag = SignedDuration::from_mins(i64::try_from(minutes).unwrap_or_default());
    hour.saturating_add(lag).unwrap_or(hour)
}

fn labels(all: &BTreeMap<String, String>) -> Value {
    let pair = |(key, value): (&String, &String)| {
        Value::Record(vec![Value::text(key), Value::text(value)])
    };
    Value::List(all.iter().map(pair).collect())
}

/// The values of a row, in the order of the columns.
fn values(state: &State, row: &Row<'_>) -> Vec<Value> {
    let (sku, setup) = (&row.sku, &state.setup);
    let end = row.hour.saturating_add(SignedDuration::from_hours(1));
    let (begin, next) = month_of(row.hour);
    let factor = sku.unit.factor(next.as_second() - begin.as_second());
    let (_, _, base) = sku.unit.base();
    let price = vec![
        Value::Number(sku.usd),
        Value::Number(Decimal::ZERO),
        Value::text(sku.unit.words()),
        Value::Number(Decimal::ONE),
    ];
    let month = row.hour.strftime("%Y%m").to_string();
    let one = || Value::Number(Decimal::ONE);
    vec![
        Value::text(ACCOUNT),
        Value::Record(vec![
            Value::text(sku.service_id()),
            Value::text(sku.service),
        ]),
        Value::Record(vec![Value::text(sku.id()), Value::text(&sku.description)]),
        Value::Time(row.hour),
        Value::Time(end.unwrap_or(row.hour)),
        Value::Record(vec![
            Value::text(&setup.project),
            Value::text(setup.project_number.to_string()),
            Value::text(&setup.project),
            Value::List(Vec::new()),
        ]),
        labels(&row.period.usage.tags),
        Value::List(Vec::new()),
        Value::Record(vec![
            Value::text(REGION),
            Value::text("US"),
            Value::text(REGION),
            Value::Null,
        ]),
        Value::Time(row.exported),
        Value::Number(row.cost),
        Value::text("USD"),
        one(),
        Value::Record(vec![
            Value::Number((row.quantity * factor).round_dp(DECIMALS)),
            Value::text(base),
            Value::Number(row.quantity),
            Value::text(sku.unit.words()),
        ]),
        Value::List(row.credit.map(credit).into_iter().collect()),
        Value::Record(vec![Value::text(month)]),
        Value::text("regular"),
        Value::Null,
        // The full names of Google's are not simulated.
        Value::Record(vec![
            Value::text(&row.period.usage.resource_id),
            Value::Null,
        ]),
        Value::Record(price),
        Value::Number(row.cost),
    ]
}

fn credit(usd: Decimal) -> Value {
    let name = || Value::text(FREE_TIER);
    Value::Record(vec![
        name(),
        Value::Number(usd.round_dp(DECIMALS)),
        name(),
        name(),
        Value::text("FREE_TIER"),
    ])
}
