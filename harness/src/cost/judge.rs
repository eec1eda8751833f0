//! Judges one line of the comparison by itself, so that no error hides behind another.
//!
//! The sentences are in `mismatch`; `compare` judges the total.
//!
//! | what is known of a line | verdict |
//! |---|---|
//! | estimate and what was seen differ by less than half a thousandth of a dollar, or by no more than the tolerance, in percent of what was seen | pass |
//! | the meter differs from the estimate by more | fail |
//! | the meter agrees, the bill shows less or nothing: what is used carries no tag of the run | unknown |
//! | the meter agrees, the bill shows more | fail; pass where the cloud bills the line without tags, so that others' use is in it |
//! | no meter, the bill differs by more | fail; unknown where it shows more and the cloud bills the line without tags |
//! | no meter, the bill shows nothing of the line | unknown |
//! | estimated at nothing, and something was seen | fail, whatever the tolerance |

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;

/// Below this difference, US dollars, a line has no gap: a minimum of a minute, a second rounded up.
pub const NOTHING: Decimal = Decimal::from_parts(5, 0, 0, false, 4);

/// What is known of a line.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineAmounts {
    /// Estimated for the actual lifetime; `None` when the estimate has no such line.
    pub estimated: Option<Decimal>,
    /// Metered; `None` without a meter.
    pub metered: Option<Decimal>,
    /// Billed; `None` when the bill has no such charge, or was not read.
    pub billed: Option<Decimal>,
    /// Whether a bill of the run was read.
    pub bill_read: bool,
    /// Whether the cloud bills it without tags, so that the run's part is told by time and count only.
    pub shared: bool,
}

/// The verdict over a line.
pub fn judge(line: &LineAmounts, tolerance_percent: u32) -> Verdict {
    let expected = line.estimated.unwrap_or_default();
    let agrees = |seen: Decimal| agrees(expected, seen, tolerance_percent);
    if line.metered.is_some_and(|metered| !agrees(metered)) {
        return Verdict::Fail;
    }
    match (line.billed, line.metered) {
        (None, Some(_)) if !line.bill_read => Verdict::Pass,
        (None, None) if expected.abs() < NOTHING => Verdict::Pass,
        (None, None) => Verdict::Unknown,
        (billed, Some(_)) if agrees(billed.unwrap_or_default()) => Verdict::Pass,
        (None, Some(_)) => Verdict::Unknown,
        (Some(billed), Some(metered)) if billed < metered => Verdict::Unknown,
        (Some(_), Some(_)) if line.shared => Verdict::Pass,
        (Some(billed), None) if agrees(billed) => Verdict::Pass,
        (Some(billed), None) if line.shared && billed > expected => Verdict::Unknown,
        (Some(_), _) => Verdict::Fail,
    }
}

/// Whether a line of the estimate and what was seen of it agree.
fn agrees(expected: Decimal, seen: Decimal, tolerance_percent: u32) -> bool {
    (seen - expected).abs() < NOTHING || is_within(expected, seen, tolerance_percent)
}

/// Whether an estimate differs from what was seen by no more than the tolerance, a share of what was seen.
/// Exact: a rounded percentage would let a little more pass, and of zero there is none. An estimate of
/// nothing agrees with nothing only, whatever the tolerance.
pub fn is_within(expected: Decimal, seen: Decimal, tolerance_percent: u32) -> bool {
    if expected.is_zero() {
        return seen.is_zero();
    }
    let allowed = seen.abs().checked_mul(Decimal::from(tolerance_percent));
    let difference = (seen - expected).abs().checked_mul(Decimal::ONE_HUNDRED);
    // What no number holds is no agreement.
    difference
        .zip(allowed)
        .is_some_and(|(difference, allowed)| difference <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thousandths of a dollar: estimated, metered, billed on a bill that was read.
    #[track_caller]
    fn check(line: (Option<i64>, Option<i64>, Option<i64>), shared: bool, expected: Verdict) {
        let usd = |thousandths| Decimal::new(thousandths, 3);
        let (estimated, metered, billed) = line;
        let seen = LineAmounts {
            estimated: estimated.map(usd),
            metered: metered.map(usd),
            billed: billed.map(usd),
            bill_read: true,
            shared,
        };
        assert_eq!(judge(&seen, 20), expected, "{line:?}");
    }

    #[test]
    fn every_row_of_the_table_holds() {
        let check = |line, expected| check(line, false, expected);
        check((Some(80), Some(100), Some(100)), Verdict::Pass);
        check((Some(79), Some(100), Some(100)), Verdict::Fail);
        check((Some(79), None, Some(100)), Verdict::Fail);
        check((Some(80), Some(80), Some(120)), Verdict::Fail);
        check((Some(80), Some(80), Some(40)), Verdict::Unknown);
        check((Some(80), Some(80), None), Verdict::Unknown);
        check((Some(80), None, None), Verdict::Unknown);
        check((None, Some(80), Some(80)), Verdict::Fail);
        check((None, None, Some(80)), Verdict::Fail);
        check((None, Some(0), None), Verdict::Pass);
        check((Some(0), Some(80), Some(80)), Verdict::Fail);
        check((Some(80), Some(0), None), Verdict::Fail);
    }

    #[test]
    fn what_is_billed_without_tags_may_hold_others_use_and_never_less_than_ours() {
        let check = |line, expected| check(line, true, expected);
        check((Some(80), Some(80), Some(400)), Verdict::Pass);
        check((Some(80), Some(80), Some(40)), Verdict::Unknown);
        check((Some(80), Some(101), Some(101)), Verdict::Fail);
        check((Some(80), None, Some(400)), Verdict::Unknown);
        check((Some(80), None, Some(40)), Verdict::Fail);
    }

    #[test]
    fn less_than_half_a_thousandth_is_no_difference_and_as_much_is_one() {
        let of = |billed: &str| LineAmounts {
            estimated: Some(Decimal::new(1, 4)),
            billed: Some(billed.parse().unwrap()),
            bill_read: true,
            ..LineAmounts::default()
        };
        assert_eq!(judge(&of("0.00059999"), 20), Verdict::Pass);
        assert_eq!(judge(&of("0.0006"), 20), Verdict::Fail);
    }

    #[test]
    fn an_estimate_of_nothing_agrees_with_nothing_only() {
        let nothing = Decimal::ZERO;
        assert!(!is_within(nothing, Decimal::ONE, 100));
        assert!(is_within(nothing, nothing, 20));
        // 20.004 % of the bill.
        assert!(!is_within(
            "79.996".parse().unwrap(),
            Decimal::ONE_HUNDRED,
            20
        ));
    }

    #[test]
    fn without_a_bill_the_meter_judges_alone() {
        let of = |metered| LineAmounts {
            estimated: Some(Decimal::new(80, 2)),
            metered: Some(Decimal::new(metered, 2)),
            ..LineAmounts::default()
        };
        assert_eq!(judge(&of(100), 20), Verdict::Pass);
        assert_eq!(judge(&of(101), 20), Verdict::Fail);
    }
}
