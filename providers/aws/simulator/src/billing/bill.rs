//! The bill: the part of the metered usage that has been published, in rows per day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{self, Period};

use crate::billing::Billing;
use crate::state::State;

/// A record of usage.
pub const USAGE: &str = "Usage";
/// A record of a promotional credit.
pub const CREDIT: &str = "Credit";

/// The percentage of usage that the account's credit pays: as in the measured account, so that comparing
/// net amounts is wrong by that much.
const CREDIT_PERCENT: i64 = 95;

/// One row of the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The UTC day.
    pub day: Date,
    /// [`USAGE`] or [`CREDIT`].
    pub record_type: &'static str,
    /// The service, such as `EC2 - Other`.
    pub service: String,
    /// The usage type, such as `NatGateway-Hours`.
    pub usage_type: String,
    pub region: String,
    /// The tags whose keys are active as cost allocation tags.
    pub tags: BTreeMap<String, String>,
    /// Unit of the quantity.
    pub unit: String,
    /// The quantity; none for credits.
    pub quantity: Decimal,
    /// US dollars.
    pub usd: Decimal,
}

/// The time up to which usage is published.
pub fn published_until(state: &State) -> Timestamp {
    let lag = SignedDuration::try_from(state.durations.billing_lag).unwrap_or(SignedDuration::MAX);
    state.now.checked_sub(lag).unwrap_or(Timestamp::MIN)
}

/// All rows published so far.
pub fn rows(state: &State) -> Vec<Row> {
    let until = published_until(state);
    state
        .meter
        .periods()
        .iter()
        .filter(|period| period.from < until)
        .flat_map(|period| rows_of(state, period, until))
        .collect()
}

fn rows_of(state: &State, period: &Period, until: Timestamp) -> Vec<Row> {
    let mut rows = Vec::new();
    // Measured: addresses in use appear on untagged rows, whatever tags the address has.
    let untagged = period.usage.usage_type.ends_with("PublicIPv4:InUseAddress");
    let none = BTreeMap::new();
    let tags = if untagged { &none } else { &period.usage.tags };
    for (day, charge) in meter::daily(period, until) {
        let usage = Row {
            day,
            record_type: USAGE,
            service: period.usage.service.clone(),
            usage_type: charge.usage_type,
            region: state.setup.region.clone(),
            tags: visible(&state.billing, tags, day),
            unit: charge.unit,
            quantity: charge.quantity,
            usd: charge.usd,
        };
        rows.push(credit(&usage));
        rows.push(usage);
    }
    rows
}

fn credit(usage: &Row) -> Row {
    Row {
        record_type: CREDIT,
        quantity: Decimal::ZERO,
        usd: -usage.usd * Decimal::new(CREDIT_PERCENT, 2),
        ..usage.clone()
    }
}

/// The tags that the bill of a day shows: activation takes effect from its day on, not retroactively.
fn visible(
    billing: &Billing,
    tags: &BTreeMap<String, String>,
    day: Date,
) -> BTreeMap<String, String> {
    let shows = |key: &String| {
        billing.cost_tags.get(key).is_some_and(|tag| {
            tag.active && tag.changed_at.is_none_or(|at| meter::utc_date(at) <= day)
        })
    };
    tags.iter()
        .filter(|(key, _)| shows(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The tag keys on published usage: only those can become cost allocation tags.
pub fn tag_keys(state: &State) -> BTreeMap<String, Timestamp> {
    let until = published_until(state);
    let mut keys = BTreeMap::new();
    for period in state
        .meter
        .periods()
        .iter()
        .filter(|period| period.from < until)
    {
        let last = period.to.unwrap_or(until).min(until);
        for key in period.usage.tags.keys() {
            let used = keys.entry(key.clone()).or_insert(last);
            *used = last.max(*used);
        }
    }
    keys
}
