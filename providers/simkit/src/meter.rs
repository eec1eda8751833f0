//! The meter: what the cloud would bill, with the real rounding rules.
//!
//! It works for any cloud: services start and stop usages, which carry their rounding rules. The sources of the rules
//! are in each provider's table of billing rules.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::Charge;
use rust_decimal::RoundingStrategy;
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
    /// Each UTC clock hour that is touched counts as a whole hour.
    ClockHours,
    /// Whole minutes, rounded up.
    Minutes,
    /// The elapsed time in hours, rounded up.
    ElapsedHours,
    /// Whole seconds, at least `min_seconds`, as a fraction of the calendar month's real length.
    CalendarMonth {
        /// The least that is billed, seconds.
        min_seconds: u32,
    },
    /// One unit, no matter how long it lasts: a request.
    Once,
}

/// A usage that is charged while it lasts.
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
    /// How many units are used per hour or month: 1, or the GB of a disk.
    pub amount: Decimal,
    /// The rounding rule.
    pub rounding: Rounding,
    /// The resource that is used.
    pub resource_id: String,
    /// The tags that the bill shows for it. Empty where the cloud leaves usage untagged.
    pub tags: BTreeMap<String, String>,
    /// The run that caused it, which the meter knows even where the bill has no tag.
    pub run_id: Option<String>,
}

impl Usage {
    /// One unit of a resource by the hour, exactly, of no run and without tags. The names are those of the line, the
    /// service and the usage type.
    pub fn of(
        resource_id: &str,
        [line, service, usage_type]: [&str; 3],
        usd_per_hour: Decimal,
    ) -> Self {
        Self {
            line: line.to_owned(),
            service: service.to_owned(),
            usage_type: usage_type.to_owned(),
            unit: "Hrs".to_owned(),
            usd_per_unit: usd_per_hour,
            amount: Decimal::ONE,
            rounding: Rounding::Exact,
            resource_id: resource_id.to_owned(),
            tags: BTreeMap::new(),
            run_id: None,
        }
    }
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
    /// Starts to count a usage under `key`. If the key is open already, it is stopped first.
    pub fn start(&mut self, key: impl Into<String>, usage: Usage, at: Timestamp) {
        let key = key.into();
        self.stop(&key, at);
        self.open.insert(key, self.periods.len());
        self.periods.push(Period {
            usage,
            from: at,
            to: None,
        });
    }

    /// Stops the usage under `key`, if it is open.
    pub fn stop(&mut self, key: &str, at: Timestamp) {
        if let Some(index) = self.open.remove(key) {
            self.periods[index].to = Some(at);
        }
    }

    /// Changes the tags on the bill for the open usages of a resource.
    pub fn retag(&mut self, resource_id: &str, tags: &BTreeMap<String, String>) {
        for index in self.open.values() {
            let usage = &mut self.periods[*index].usage;
            if usage.resource_id == resource_id {
                usage.tags.clone_from(tags);
            }
        }
    }

    /// The open period under `key`.
    pub fn open(&self, key: &str) -> Option<&Period> {
        self.open
            .get(key)
            .and_then(|index| self.periods.get(*index))
    }

    /// All periods, including open ones.
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }

    /// The charges of a run since `from`, as of `now`.
    pub fn charges(&self, run_id: &str, from: Timestamp, now: Timestamp) -> Vec<Charge> {
        self.since(from, now)
            .filter(|period| period.usage.run_id.as_deref() == Some(run_id))
            .map(|period| charge(period, now))
            .collect()
    }

    /// All charges since `from`, no matter who caused them, as of `now`.
    pub fn all_charges(&self, from: Timestamp, now: Timestamp) -> Vec<Charge> {
        self.since(from, now)
            .map(|period| charge(period, now))
            .collect()
    }

    fn since(&self, from: Timestamp, now: Timestamp) -> impl Iterator<Item = &Period> {
        self.periods
            .iter()
            .filter(move |period| period.to.unwrap_or(now) >= from)
    }
}

/// The charge of one period, as of `now`.
pub fn charge(period: &Period, now: Timestamp) -> Charge {
    let to = period.to.unwrap_or(now).min(now).max(period.from);
    charge_of(
        &period.usage,
        quantity(period.usage.rounding, period.from, to),
    )
}

/// The charges of one period as of `now`, each with its UTC day. They add up to [`charge`]: a day's charge is what
/// is owed at its end minus what was owed at its beginning.
pub fn daily(period: &Period, now: Timestamp) -> Vec<(Date, Charge)> {
    let to = period.to.unwrap_or(now).min(now).max(period.from);
    let mut days = Vec::new();
    let mut before = Decimal::ZERO;
    let mut day = utc_date(period.from);
    // Bounded: no usage lasts a century.
    for _ in 0..36_525 {
        let next = day.saturating_add(Span::new().days(1));
        let end = instant(next).unwrap_or(to).min(to);
        let owed = quantity(period.usage.rounding, period.from, end);
        if owed > before {
            days.push((day, charge_of(&period.usage, owed - before)));
        }
        before = owed;
        if end >= to {
            break;
        }
        day = next;
    }
    days
}

/// The charges of one period as of `now`, each with the beginning of its UTC clock hour, from the hour of `since` on.
/// Together with what was owed before that hour they add up to [`charge`].
pub fn hourly(period: &Period, since: Timestamp, now: Timestamp) -> Vec<(Timestamp, Charge)> {
    let to = period.to.unwrap_or(now).min(now).max(period.from);
    let owed_at = |at: Timestamp| quantity(period.usage.rounding, period.from, at.min(to));
    let mut hours = Vec::new();
    let mut hour = hour_of(period.from.max(since));
    let mut before = if hour <= period.from {
        Decimal::ZERO
    } else {
        owed_at(hour)
    };
    // Bounded: no bill is read for more than ten years.
    for _ in 0..87_660 {
        let next = hour
            .saturating_add(SignedDuration::from_hours(1))
            .unwrap_or(to);
        let owed = owed_at(next);
        if owed > before {
            hours.push((hour, charge_of(&period.usage, owed - before)));
        }
        before = owed;
        if next >= to {
            break;
        }
        hour = next;
    }
    hours
}

/// The beginning of the UTC clock hour of an instant.
pub fn hour_of(at: Timestamp) -> Timestamp {
    let second = at.as_second().div_euclid(HOUR) * HOUR;
    Timestamp::from_second(second).unwrap_or(at)
}

fn charge_of(usage: &Usage, units: Decimal) -> Charge {
    let quantity = usage.amount * units;
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

/// The number of decimals of a quantity: enough for any bill, and few enough for exact sums.
const DECIMALS: u32 = 15;
/// Seconds in an hour.
const HOUR: i64 = 3600;
/// Nanoseconds in an hour.
const HOUR_NANOSECONDS: i128 = 3_600_000_000_000;

/// The billed quantity of one unit used from `from` to `to`, in hours or months depending on the rule. It is zero
/// for no time; a request counts as one immediately.
pub fn quantity(rounding: Rounding, from: Timestamp, to: Timestamp) -> Decimal {
    if rounding == Rounding::Once {
        return Decimal::ONE;
    }
    if to <= from {
        return Decimal::ZERO;
    }
    let exact = match rounding {
        Rounding::Once => Decimal::ONE,
        Rounding::Exact => elapsed_hours(from, to),
        Rounding::Seconds { min_seconds } => {
            Decimal::from(seconds(from, to, min_seconds)) / Decimal::from(HOUR)
        }
        Rounding::Minutes => {
            let minutes = (seconds(from, to, 1) + 59) / 60;
            Decimal::from(minutes) / Decimal::from(60)
        }
        Rounding::ElapsedHours => elapsed_hours(from, to).ceil(),
        Rounding::ClockHours => {
            let first = from.as_nanosecond().div_euclid(HOUR_NANOSECONDS);
            // The last instant belongs to an hour only if some of that hour passed.
            let last = (to.as_nanosecond() - 1).div_euclid(HOUR_NANOSECONDS);
            Decimal::from(last - first + 1)
        }
        Rounding::CalendarMonth { min_seconds } => by_month(from, seconds(from, to, min_seconds)),
    };
    // Rounded up, so that the parts of a period never add up to less than the whole.
    exact.round_dp_with_strategy(DECIMALS, RoundingStrategy::AwayFromZero)
}

fn elapsed_hours(from: Timestamp, to: Timestamp) -> Decimal {
    // Milliseconds: finer than any bill, and far within the range of a decimal.
    let milliseconds = (to.as_nanosecond() - from.as_nanosecond()).div_euclid(1_000_000);
    Decimal::from(milliseconds) / Decimal::from(HOUR * 1000)
}

/// Whole seconds, rounded up, at least `min_seconds`.
fn seconds(from: Timestamp, to: Timestamp, min_seconds: u32) -> i64 {
    let nanoseconds = to.as_nanosecond() - from.as_nanosecond();
    let whole = (nanoseconds + 999_999_999).div_euclid(1_000_000_000);
    i64::try_from(whole)
        .unwrap_or(i64::MAX)
        .max(i64::from(min_seconds))
}

/// Splits seconds at calendar months: each month's share is measured in its own length.
fn by_month(from: Timestamp, seconds: i64) -> Decimal {
    let start = from.as_second();
    let end = start.saturating_add(seconds);
    let mut total = Decimal::ZERO;
    let mut at = start;
    // Bounded: no usage lasts over a thousand months.
    for _ in 0..1200 {
        let Ok(instant) = Timestamp::from_second(at) else {
            break;
        };
        let (begin, next) = month_of(instant);
        let until = end.min(next.as_second());
        let length = (next.as_second() - begin.as_second()).max(1);
        total += Decimal::from(until - at) / Decimal::from(length);
        if until >= end {
            break;
        }
        at = until;
    }
    total
}

/// The first instants of the calendar month of `at` (UTC) and of the next one.
pub fn month_of(at: Timestamp) -> (Timestamp, Timestamp) {
    let begin = utc_date(at).first_of_month();
    let end = begin.saturating_add(Span::new().months(1));
    let beyond = at
        .saturating_add(SignedDuration::from_hours(31 * 24))
        .unwrap_or(at);
    (instant(begin).unwrap_or(at), instant(end).unwrap_or(beyond))
}

/// The UTC date of an instant.
pub fn utc_date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The first instant of a UTC date; `None` beyond the end of the calendar.
pub fn instant(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}
