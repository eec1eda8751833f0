//! Laws that every rounding rule must keep, over arbitrary times. They also cover prices and clouds for which we have
//! no bill.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{
    Period, Rounding, Usage, charge, daily, hour_of, hourly, instant, quantity, utc_date,
};
use proptest::prelude::*;

const MIN: u32 = 60;
const RULES: [Rounding; 6] = [
    Rounding::Seconds { min_seconds: MIN },
    Rounding::Exact,
    Rounding::ClockHours,
    Rounding::ElapsedHours,
    Rounding::CalendarMonth { min_seconds: MIN },
    Rounding::Once,
];

/// A start within two years, to the millisecond.
fn start() -> impl Strategy<Value = Timestamp> {
    (1_767_225_600_000_i64..1_830_297_600_000)
        .prop_map(|at| Timestamp::from_millisecond(at).expect("a time stamp"))
}

fn after(from: Timestamp, milliseconds: i64) -> Timestamp {
    from + SignedDuration::from_millis(milliseconds)
}

fn period(rounding: Rounding, from: Timestamp, to: Timestamp) -> Period {
    let usage = Usage {
        line: "line".to_owned(),
        service: "service".to_owned(),
        usage_type: "type".to_owned(),
        unit: "Hrs".to_owned(),
        usd_per_unit: "0.0416".parse().expect("a decimal"),
        amount: Decimal::from(20),
        rounding,
        resource_id: "id".to_owned(),
        tags: BTreeMap::new(),
        run_id: None,
    };
    Period {
        usage,
        from,
        to: Some(to),
    }
}

proptest! {
    #[test]
    fn more_time_is_never_less_quantity(
        from in start(), a in 0_i64..10_000_000_000, b in 0_i64..10_000_000_000,
    ) {
        let (short, long) = (a.min(b), a.max(b));
        for rule in RULES {
            prop_assert!(
                quantity(rule, from, after(from, short)) <= quantity(rule, from, after(from, long)),
                "{rule:?}"
            );
        }
    }

    #[test]
    fn splitting_does_not_lower_the_quantity(
        from in start(), a in 60_000_i64..1_000_000_000, b in 60_000_i64..1_000_000_000,
    ) {
        let (middle, to) = (after(from, a), after(from, a + b));
        // One second at a month's end may belong to the shorter or to the longer month.
        let second = Decimal::ONE / Decimal::from(28 * 86_400);
        for rule in RULES {
            let whole = quantity(rule, from, to);
            let parts = quantity(rule, from, middle) + quantity(rule, middle, to);
            let by_month = matches!(rule, Rounding::CalendarMonth { .. });
            let slack = if by_month { second } else { Decimal::ZERO };
            prop_assert!(parts + slack >= whole, "{rule:?}: {parts} < {whole}");
        }
    }

    #[test]
    fn clock_hours_are_at_least_the_hours_and_less_than_two_more(
        from in start(), length in 1_i64..10_000_000_000,
    ) {
        let hours = Decimal::from(length) / Decimal::from(3_600_000);
        let billed = quantity(Rounding::ClockHours, from, after(from, length));
        prop_assert!(billed >= hours && billed < hours + Decimal::TWO, "{billed} for {hours}");
    }

    #[test]
    fn clock_hours_are_never_fewer_than_hours_rounded_up(
        from in start(), length in 1_i64..10_000_000_000,
    ) {
        let to = after(from, length);
        prop_assert!(
            quantity(Rounding::ClockHours, from, to) >= quantity(Rounding::ElapsedHours, from, to)
        );
    }

    #[test]
    fn the_days_of_a_charge_add_up_to_it_and_none_is_negative(
        from in start(), length in 0_i64..900_000_000,
    ) {
        let to = after(from, length);
        for rule in RULES {
            let period = period(rule, from, to);
            let whole = charge(&period, to);
            let days = daily(&period, to);
            let usd: Decimal = days.iter().map(|(_, charge)| charge.usd).sum();
            let amount: Decimal = days.iter().map(|(_, charge)| charge.quantity).sum();
            prop_assert_eq!(usd, whole.usd, "{:?}", rule);
            prop_assert_eq!(amount, whole.quantity, "{:?}", rule);
            prop_assert!(days.iter().all(|(_, charge)| charge.usd > Decimal::ZERO));
            prop_assert!(days.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn clock_hours_belong_to_their_own_day(from in start(), length in 1_i64..900_000_000) {
        let to = after(from, length);
        for (day, charge) in daily(&period(Rounding::ClockHours, from, to), to) {
            let begin = instant(day).expect("a day").max(from);
            let end = after(instant(day).expect("a day"), 86_400_000).min(to);
            prop_assert_eq!(utc_date(begin), day);
            prop_assert_eq!(
                charge.quantity,
                Decimal::from(20) * quantity(Rounding::ClockHours, begin, end)
            );
        }
    }

    #[test]
    fn the_hours_of_a_period_add_up_and_those_from_a_time_on_are_the_last_of_them(
        from in start(), length in 1_i64..1_000_000_000, later in 0_i64..1_000_000_000,
    ) {
        let (to, since) = (after(from, length), after(from, later));
        for rule in RULES {
            let period = period(rule, from, to);
            let hours = hourly(&period, from, to);
            let sum: Decimal = hours.iter().map(|(_, charge)| charge.usd).sum();
            prop_assert_eq!(sum, charge(&period, to).usd, "{:?}", rule);
            prop_assert!(hours.is_sorted_by(|(a, _), (b, _)| a < b), "{rule:?}");
            prop_assert!(hours.iter().all(|(hour, _)| hour_of(*hour) == *hour), "{rule:?}");
            let mut last = hours;
            last.retain(|(hour, _)| *hour >= hour_of(since));
            prop_assert_eq!(hourly(&period, since, to), last, "{:?}", rule);
        }
    }
}
