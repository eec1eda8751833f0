//! The shortest run whose bill can be judged, whenever it starts. Pure.
//!
//! What is billed by whole clock hours makes a run of ten minutes cost one hour or two. A forecast in the middle is off by
//! half of that difference, and a bill can only be judged when that is within the tolerance.

use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};

/// The longest run that is proposed, minutes.
const LONGEST: u32 = 240;

/// The fewest minutes from which on every bill lies within the tolerance of a forecast in the middle. `None` when a price
/// is not known, or no run of up to four hours is long enough.
pub fn shortest(estimate: impl Fn(u32) -> Estimate, tolerance_percent: u32) -> Option<u32> {
    let fits = |minutes: &u32| is_judgeable(&estimate(*minutes), tolerance_percent);
    (1..=LONGEST).rev().take_while(fits).last()
}

/// Whether the middle between the least and the most that a run can cost is within the tolerance of both.
fn is_judgeable(estimate: &Estimate, tolerance_percent: u32) -> bool {
    let sum =
        |part: fn(&EstimateLine) -> Decimal| -> Decimal { estimate.all_lines().map(part).sum() };
    let (least, most) = (sum(|line| line.min_usd), sum(|line| line.max_usd));
    let off = (most - least) / Decimal::TWO;
    estimate.unpriced.is_empty()
        && off * Decimal::ONE_HUNDRED <= least * Decimal::from(tolerance_percent)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn usd(text: &str) -> Decimal {
        text.parse().expect("an amount")
    }

    /// So much an hour by the minute, and so much for each clock hour that is touched.
    fn of(by_minute: &str, by_hour: &str, unpriced: bool) -> impl Fn(u32) -> Estimate {
        let (by_minute, by_hour) = (usd(by_minute), usd(by_hour));
        move |minutes| {
            let hours = Decimal::from(minutes.div_ceil(60));
            let spread = Decimal::from(u32::from(minutes > 0));
            let share = by_minute * Decimal::from(minutes) / Decimal::from(60);
            let line = EstimateLine {
                min_usd: share + by_hour * hours,
                max_usd: share + by_hour * (hours + spread),
                ..samples::estimate("all", Decimal::ONE)
            };
            Estimate {
                lines: vec![line],
                unpriced: unpriced.then(|| "a node".to_owned()).into_iter().collect(),
                ..Estimate::default()
            }
        }
    }

    #[test]
    fn two_nodes_with_two_gateways_need_41_minutes() {
        // By hand, for the cluster that is claimed to cost $0.18 an hour: $0.1976 by the second, and two gateways of
        // $0.045 a clock hour. Half of an hour's gateways, 0.045, is 20 % of 0.1976 × minutes / 60 + 0.09 from minute 41 on.
        assert_eq!(shortest(of("0.1976", "0.09", false), 20), Some(41));
        // Twice as exact takes longer than an hour: 0.045 is 10 % of 0.45, which two hours of gateways and 82 minutes
        // of the rest come to.
        assert_eq!(shortest(of("0.1976", "0.09", false), 10), Some(82));
    }

    #[test]
    fn what_is_billed_by_the_minute_can_be_judged_at_once_and_what_has_no_price_never() {
        assert_eq!(shortest(of("0.10", "0", false), 20), Some(1));
        assert_eq!(shortest(of("0.10", "0", true), 20), None);
        // Half an hour of several is within 12 % of four hours and more only.
        assert_eq!(shortest(of("0", "1", false), 12), None);
    }
}
