//! How AWS rounds time into billed quantities.
//!
//! NAT gateways are billed by clock hours, gp3 volumes by months of their real length. Written independently of the
//! simulator's meter, so that the two can be compared.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::Decimal;

use crate::prices::HOURS_PER_MONTH;

/// The least that per-second usage is billed, seconds.
const SECONDS_MIN: i64 = 60;

/// Most calendar months of one usage: an estimate is for at most a day, a cluster for weeks.
const MONTHS_MAX: usize = 120;

/// How a duration becomes a billed quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Hours, in fractions, no minimum.
    Exact,
    /// Hours, in whole seconds, at least one minute.
    Seconds,
    /// Hours: each UTC clock hour that is touched counts whole.
    ClockHours,
    /// Months, in whole seconds, at least one minute, each month by its real length.
    CalendarMonth,
    /// The same, of at least an hour: KMS prorates by the hour.
    KeyMonth,
}

/// The quantity of a duration whose start is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The least, over all starts.
    pub min: Decimal,
    /// The mean, over a uniformly chosen start.
    pub expected: Decimal,
    /// The most, over all starts.
    pub max: Decimal,
}

impl Span {
    /// The quantities of a duration. Months count 730 hours here, as in list prices.
    pub fn of(rounding: Rounding, minutes: u32) -> Self {
        let hours = Decimal::from(minutes) / Decimal::from(60);
        let least = hours.max(Decimal::ONE / Decimal::from(60));
        let same = |quantity| Self {
            min: quantity,
            expected: quantity,
            max: quantity,
        };
        match rounding {
            Rounding::Exact => same(hours),
            Rounding::Seconds => same(least),
            Rounding::CalendarMonth => same(least / Decimal::from(HOURS_PER_MONTH)),
            Rounding::KeyMonth => same(hours.max(Decimal::ONE) / Decimal::from(HOURS_PER_MONTH)),
            // A start anywhere in the hour touches one hour more than the duration on average.
            Rounding::ClockHours => Self {
                min: hours.ceil().max(Decimal::ONE),
                expected: hours + Decimal::ONE,
                max: hours.ceil().max(Decimal::ONE) + Decimal::ONE,
            },
        }
    }
}

/// The billed quantity of one unit used from `from` to `to`.
pub fn quantity(rounding: Rounding, from: Timestamp, to: Timestamp) -> Decimal {
    let milliseconds = (to.as_millisecond() - from.as_millisecond()).max(0);
    match rounding {
        Rounding::Exact => Decimal::from(milliseconds) / Decimal::from(3_600_000),
        Rounding::Seconds => {
            let seconds = (milliseconds + 500) / 1000;
            Decimal::from(seconds.max(SECONDS_MIN)) / Decimal::from(3600)
        }
        Rounding::ClockHours if milliseconds == 0 => Decimal::ZERO,
        Rounding::ClockHours => {
            let first = from.as_millisecond().div_euclid(3_600_000);
            let last = (to.as_millisecond() - 1).div_euclid(3_600_000);
            Decimal::from(last - first + 1)
        }
        Rounding::CalendarMonth => months(from, to.max(from)),
        Rounding::KeyMonth => {
            let hour = SignedDuration::from_hours(1);
            months(from, to.max(from.saturating_add(hour).unwrap_or(to)))
        }
    }
}

fn months(from: Timestamp, to: Timestamp) -> Decimal {
    let to = to.as_second().max(from.as_second() + SECONDS_MIN);
    let mut at = from.as_second();
    let mut total = Decimal::ZERO;
    for _ in 0..MONTHS_MAX {
        let Some((begin, end)) = month_of(at) else {
            break;
        };
        let until = to.min(end);
        total += Decimal::from(until - at) / Decimal::from(end - begin);
        if until >= to {
            break;
        }
        at = until;
    }
    total
}

/// The first second of the calendar month (UTC) of a second, and of the next month.
pub fn month_of(second: i64) -> Option<(i64, i64)> {
    let date = Timestamp::from_second(second)
        .ok()?
        .to_zoned(TimeZone::UTC)
        .date();
    let begin = date.first_of_month();
    let end = date.last_of_month().tomorrow().ok()?;
    let second = |date: jiff::civil::Date| {
        date.to_zoned(TimeZone::UTC)
            .map(|zoned| zoned.timestamp().as_second())
            .ok()
    };
    Some((second(begin)?, second(end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rounding: Rounding, from: &str, to: &str, expected: &str) {
        let quantity = quantity(rounding, from.parse().unwrap(), to.parse().unwrap());
        let expected: Decimal = expected.parse().unwrap();
        assert_eq!(quantity.round_dp(6), expected, "{rounding:?} {from} {to}");
    }

    #[test]
    fn each_clock_hour_that_is_touched_counts_whole() {
        let clock = Rounding::ClockHours;
        check(clock, "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", "1");
        check(clock, "2026-11-23T10:59:59Z", "2026-11-23T11:00:01Z", "2");
        // Measured: 28 hours billed for 27.04 hours of life (2026-08-13 08:4x to 11:5x).
        check(clock, "2026-08-13T08:49:00Z", "2026-08-14T11:51:42Z", "28");
        check(clock, "2026-08-13T08:49:00Z", "2026-08-13T08:49:00Z", "0");
    }

    #[test]
    fn seconds_have_a_minimum_of_one_minute() {
        let seconds = Rounding::Seconds;
        check(
            seconds,
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:10Z",
            "0.016667",
        );
        check(
            seconds,
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:45:00Z",
            "0.75",
        );
        check(
            Rounding::Exact,
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:10Z",
            "0.002778",
        );
    }

    #[test]
    fn months_have_their_real_length() {
        // Measured: 20 GB for 1810 s in April (720 h) are 0.0139660 GB-months.
        check(
            Rounding::CalendarMonth,
            "2026-04-21T10:00:00Z",
            "2026-04-21T10:30:10Z",
            "0.000698",
        );
        // One hour of April (720 h) and one of May (744 h).
        check(
            Rounding::CalendarMonth,
            "2026-04-30T23:00:00Z",
            "2026-05-01T01:00:00Z",
            "0.002733",
        );
    }

    #[test]
    fn a_key_is_billed_for_an_hour_at_least() {
        // 45 minutes and an hour of a month of 720 hours.
        let check = |to: &str, expected: &str| {
            check(Rounding::KeyMonth, "2026-11-23T10:00:00Z", to, expected);
        };
        check("2026-11-23T10:45:00Z", "0.001389");
        check("2026-11-23T12:00:00Z", "0.002778");
    }

    #[test]
    fn clock_hours_of_an_unknown_start_are_the_duration_and_one_more_on_average() {
        let check = |minutes: u32, min: u32, expected: &str, max: u32| {
            let span = Span::of(Rounding::ClockHours, minutes);
            assert_eq!(span.min, Decimal::from(min), "{minutes}");
            assert_eq!(span.expected, expected.parse().unwrap(), "{minutes}");
            assert_eq!(span.max, Decimal::from(max), "{minutes}");
        };
        check(45, 1, "1.75", 2);
        check(60, 1, "2", 2);
        check(61, 2, "2.0166666666666666666666666667", 3);
    }
}
