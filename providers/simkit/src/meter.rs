//! The meter: what the cloud would bill, with the real rounding rules.
//!
//! Generic over clouds: a service opens and closes usages, the rules of rounding come with them.
//! Sources of the rules: the table of billing rules in `providers/aws/COST.md`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::Charge;
use serde::{Deserialize, Serialize};

/// How a duration becomes a billed quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rounding {
    /// Whole seconds, at least `min_seconds`.
    Seconds {
        /// The least that is billed, seconds.
        min_seconds: u32,
    },
    /// Exact fractions of a second, no minimum.
    Exact,
    /// Each UTC clock hour that is touched counts whole.
    ClockHours,
    /// The elapsed time in hours, rounded up.
    ElapsedHours,
    /// Whole seconds, at least `min_seconds`, in months of the real length of the calendar month.
    CalendarMonth {
        /// The least that is billed, seconds.
        min_seconds: u32,
    },
}

/// A usage that costs while it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The stable line name (`nat_gateway`).
    pub line: String,
    /// The billing service, such as `EC2 - Other`.
    pub service: String,
    /// The usage type, such as `NatGateway-Hours`.
    pub usage_type: String,
    /// Unit of the quantity: `Hrs`, `GB-Mo`.
    pub unit: String,
    /// US dollars per unit.
    pub usd_per_unit: Decimal,
    /// How many units pass per hour or month: 1, or the GB of a disk.
    pub amount: Decimal,
    /// The rule of rounding.
    pub rounding: Rounding,
    /// The resource that is used.
    pub resource_id: String,
    /// The tags that the bill knows for it. Empty where the cloud leaves usage untagged.
    pub tags: BTreeMap<String, String>,
    /// The run that caused it, known to the meter even where the bill has no tag.
    pub run_id: Option<String>,
}

/// A usage with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// What was used.
    pub usage: Usage,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it lasts.
    pub to: Option<Timestamp>,
}

/// The meter of one account.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    periods: Vec<Period>,
    open: BTreeMap<String, usize>,
}

impl Meter {
    /// Begins to count a usage under `key`. A key that is open already is closed first.
    pub fn start(&mut self, key: impl Into<String>, usage: Usage, at: Timestamp) {
        let key = key.into();
        self.stop(&key, at);
        self.open.insert(key, self.periods.len());
        self.periods.push(Period { usage, from: at, to: None });
    }

    /// Ends the usage under `key`, if it is open.
    pub fn stop(&mut self, key: &str, at: Timestamp) {
        if let Some(index) = self.open.remove(key) {
            self.periods[index].to = Some(at);
        }
    }

    /// Changes the bill's tags of the open usages of a resource.
    pub fn retag(&mut self, resource_id: &str, tags: &BTreeMap<String, String>) {
        for index in self.open.values() {
            let usage = &mut self.periods[*index].usage;
            if usage.resource_id == resource_id {
                usage.tags.clone_from(tags);
            }
        }
    }

    /// All periods, open ones too.
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// The charges of a run since `from`, as of `now`.
    pub fn charges(&self, run_id: &str, from: Timestamp, now: Timestamp) -> Vec<Charge> {
        self.periods
            .iter()
            .filter(|period| period.usage.run_id.as_deref() == Some(run_id))
            .filter(|period| period.to.unwrap_or(now) >= from)
            .map(|period| charge(period, now))
            .collect()
    }
}

/// The charge of one period, as of `now`.
pub fn charge(period: &Period, now: Timestamp) -> Charge {
    let usage = &period.usage;
    let to = period.to.unwrap_or(now).min(now).max(period.from);
    let quantity = usage.amount * quantity(usage.rounding, period.from, to);
    Charge {
        line: usage.line.clone(),
        usage_type: usage.usage_type.clone(),
        resource_id: Some(usage.resource_id.clone()),
        run_id: usage.run_id.clone(),
        quantity,
        unit: usage.unit.clone(),
        usd: quantity * usage.usd_per_unit,
    }
}

/// The billed quantity of one unit used from `from` to `to`, in hours or months as the rule says.
pub fn quantity(rounding: Rounding, from: Timestamp, to: Timestamp) -> Decimal {
    match rounding {
        Rounding::Exact => milliseconds(from, to) / Decimal::from(3_600_000),
        Rounding::Seconds { min_seconds } => seconds(from, to, min_seconds) / Decimal::from(3600),
        Rounding::ElapsedHours => (milliseconds(from, to) / Decimal::from(3_600_000)).ceil(),
        Rounding::ClockHours => {
            if to <= from {
                return Decimal::ZERO;
            }
            let first = from.as_second().div_euclid(3600);
            // The last instant belongs to an hour only if some of that hour passed.
            let last = (to.as_millisecond() - 1).div_euclid(3_600_000);
            Decimal::from(last - first + 1)
        }
        Rounding::CalendarMonth { min_seconds } => by_month(from, to, min_seconds),
    }
}

fn milliseconds(from: Timestamp, to: Timestamp) -> Decimal {
    Decimal::from((to.as_millisecond() - from.as_millisecond()).max(0))
}

fn seconds(from: Timestamp, to: Timestamp, min_seconds: u32) -> Decimal {
    (milliseconds(from, to) / Decimal::from(1000)).round().max(Decimal::from(min_seconds))
}

/// Splits a period at calendar months: each month's share is measured in its own length.
fn by_month(from: Timestamp, to: Timestamp, min_seconds: u32) -> Decimal {
    let floor = Decimal::from(min_seconds);
    let mut total = Decimal::ZERO;
    let mut at = from;
    // A usage of over a thousand months is not a usage: the loop has a limit.
    for _ in 0..1200 {
        let (begin, end) = month_of(at);
        let until = to.min(end);
        let part = seconds(at, until, 0);
        let part = if at == from && until == to { part.max(floor) } else { part };
        total += part / seconds(begin, end, 1);
        if until >= to {
            break;
        }
        at = until;
    }
    total
}

/// The first instants of the calendar month of `at` (UTC) and of the next one.
pub fn month_of(at: Timestamp) -> (Timestamp, Timestamp) {
    let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let begin = date.first_of_month();
    let end = begin.saturating_add(jiff::Span::new().months(1));
    let instant = |date: jiff::civil::Date| {
        date.to_zoned(jiff::tz::TimeZone::UTC).map_or(at, |zoned| zoned.timestamp())
    };
    (instant(begin), instant(end))
}
