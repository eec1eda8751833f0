//! Compares estimate, meter and bill line by line, and judges the total.
//!
//! Apart from gaps and claims, which it puts together.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::cost::{Billed, Charge, Estimate};
use kubeproof_reports::record::Cost;

use super::lines::lines;
use super::{claim, fixed, usd};

/// Everything that is known about the cost of a trial.
#[derive(Clone, Debug)]
pub struct Known {
    /// What the provisioner claims, US dollars an hour.
    pub claimed: Option<Decimal>,
    /// The estimate.
    pub estimate: Estimate,
    /// Per line, the estimate for the time that was lived.
    pub lived: BTreeMap<String, Decimal>,
    /// What the simulator's meter counted, in rehearsal.
    pub metered: Option<Vec<Charge>>,
    /// What the billing data say, or why they could not be read.
    pub billed: Bill,
    /// The ids of resources that outlived the run.
    pub orphans: BTreeSet<String>,
    /// Greatest difference that passes, percent.
    pub tolerance_percent: u32,
}

/// What became of the bill.
#[derive(Clone, Debug)]
pub enum Bill {
    /// It was read.
    Read(Billed),
    /// It is not there yet.
    Pending(String),
    /// It could not be read.
    Unreadable(String),
    /// There never will be one to read: the cloud has no billing data.
    Never(String),
    /// It is not looked at in this trial.
    NotAsked(String),
}

/// The comparison.
pub fn compare(known: &Known) -> Cost {
    let lines = lines(known);
    let estimated: Decimal = lines.iter().filter_map(|line| line.estimated).sum();
    let metered = known.metered.as_deref().map(total);
    let billed = match &known.billed {
        Bill::Read(bill) if !bill.charges.is_empty() => Some(total(&bill.charges)),
        _ => None,
    };
    let deviation = billed
        .or(metered)
        .and_then(|seen| deviation_percent(seen, estimated));
    let (mut verdict, mut message) = judge(known, billed, estimated, deviation);
    let claim = known
        .claimed
        .and_then(|claimed| claim::wrong(claimed, &known.estimate.lines, known.tolerance_percent));
    if let Some(claim) = claim {
        verdict = Verdict::Fail;
        message = claim;
    }
    Cost {
        verdict,
        claimed_usd_per_hour: known.claimed,
        list_usd_per_hour: Some(known.estimate.usd_per_hour()),
        estimated: Some(estimated),
        metered,
        billed,
        deviation_percent: deviation,
        tolerance_percent: known.tolerance_percent,
        free: false,
        lines,
        message,
    }
}

fn judge(
    known: &Known,
    billed: Option<Decimal>,
    estimated: Decimal,
    deviation: Option<Decimal>,
) -> (Verdict, String) {
    let bill = match &known.billed {
        Bill::NotAsked(why) => return (Verdict::Skipped, why.clone()),
        Bill::Pending(why) => return (Verdict::Pending, why.clone()),
        Bill::Unreadable(why) => return (Verdict::Unknown, format!("the bill: {why}")),
        Bill::Never(why) => return by_meter(known, estimated, why),
        Bill::Read(bill) => bill,
    };
    let Some(billed) = billed else {
        return (
            Verdict::Pending,
            "the billing data show nothing of the run yet".to_owned(),
        );
    };
    let deviates = match deviation {
        Some(percent) => format!("{} % of the bill", fixed(percent, 1)),
        // Credits, or a free tier: what it would have cost does not show.
        None => "of nothing there is no percentage".to_owned(),
    };
    let words = format!(
        "estimated {}, billed {}: {deviates}, {} % pass",
        usd(estimated, 4),
        usd(billed, 4),
        known.tolerance_percent
    );
    if !bill.is_final {
        return (Verdict::Pending, format!("{words}; the bill is not final"));
    }
    if !is_within(known, billed, estimated) {
        return (Verdict::Fail, words);
    }
    // A bill in which tags are missing may agree by luck. Where a meter counted, it must agree too.
    match known.metered.as_deref().map(total) {
        Some(metered) if !is_within(known, metered, estimated) => {
            let words = format!("{words}; but the meter counted {}", usd(metered, 4));
            (Verdict::Fail, words)
        }
        _ => (Verdict::Pass, words),
    }
}

/// Whether the estimate differs from what was seen by no more than the tolerance, a share of what was seen.
/// Exact: a rounded percentage would let a little more pass, and of zero there is none.
fn is_within(known: &Known, seen: Decimal, estimated: Decimal) -> bool {
    let allowed = seen.abs() * Decimal::from(known.tolerance_percent);
    (seen - estimated).abs() * Decimal::ONE_HUNDRED <= allowed
}

/// Judges by the meter alone, where there is no bill; without a meter nothing can be said.
fn by_meter(known: &Known, estimated: Decimal, why: &str) -> (Verdict, String) {
    let metered = known.metered.as_deref().map(total);
    let Some((metered, deviation)) =
        metered.and_then(|metered| Some((metered, deviation_percent(metered, estimated)?)))
    else {
        return (
            Verdict::Unknown,
            format!("neither billed nor metered: {why}"),
        );
    };
    let words = format!(
        "estimated {}, metered {}, never billed ({why}): {} % of the meter, {} % pass",
        usd(estimated, 4),
        usd(metered, 4),
        fixed(deviation, 1),
        known.tolerance_percent
    );
    if is_within(known, metered, estimated) {
        (Verdict::Pass, words)
    } else {
        (Verdict::Fail, words)
    }
}

/// The difference of the bill from the estimate, percent of the bill; `None` when the bill is zero, or so small
/// that no number holds the percentage.
fn deviation_percent(seen: Decimal, estimated: Decimal) -> Option<Decimal> {
    let off = (seen - estimated).checked_mul(Decimal::ONE_HUNDRED)?;
    Some(off.checked_div(seen)?.round_dp(2))
}

/// What charges come to, US dollars.
pub(super) fn total(charges: &[Charge]) -> Decimal {
    charges.iter().map(|charge| charge.usd).sum()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use kubeproof_contract::cost::EstimateLine;

    use super::super::samples;
    use super::*;

    fn known(estimated: i64, billed: Option<i64>, is_final: bool) -> Known {
        let charge = |cents| samples::charge("nodes", Decimal::new(cents, 2));
        let estimated = Decimal::new(estimated, 2);
        let line = EstimateLine {
            planned_usd: Some(estimated),
            ..samples::estimate("nodes", estimated)
        };
        Known {
            claimed: None,
            estimate: Estimate {
                lines: vec![line],
                left_out: Vec::new(),
            },
            lived: BTreeMap::new(),
            metered: None,
            billed: Bill::Read(Billed {
                charges: billed.into_iter().map(charge).collect(),
                is_final,
                attribution: Vec::new(),
                read_at: Timestamp::UNIX_EPOCH,
            }),
            orphans: BTreeSet::new(),
            tolerance_percent: 20,
        }
    }

    #[track_caller]
    fn check(known: &Known, expected: Verdict) {
        let cost = compare(known);
        assert_eq!(cost.verdict, expected, "{}", cost.message);
    }

    #[test]
    fn twenty_percent_of_the_bill_passes_and_more_does_not() {
        check(&known(80, Some(100), true), Verdict::Pass);
        check(&known(79, Some(100), true), Verdict::Fail);
        check(&known(120, Some(100), true), Verdict::Pass);
        check(&known(121, Some(100), true), Verdict::Fail);
    }

    #[test]
    fn a_bill_of_zero_agrees_with_nothing_but_zero() {
        check(&known(80, Some(0), true), Verdict::Fail);
        check(&known(0, Some(0), true), Verdict::Pass);
        check(&known(80, Some(-100), true), Verdict::Fail);
        let words = compare(&known(80, Some(0), true)).message;
        let expected =
            "estimated $0.8000, billed $0.0000: of nothing there is no percentage, 20 % pass";
        assert_eq!(words, expected);
    }

    #[test]
    fn a_percentage_that_only_rounds_to_the_tolerance_fails() {
        // 20.002 % of the bill.
        check(&known(79_998, Some(100_000), true), Verdict::Fail);
        check(&known(80_000, Some(100_000), true), Verdict::Pass);
    }

    #[test]
    fn the_difference_is_told_in_percent_of_the_bill() {
        let cost = compare(&known(75, Some(60), true));
        assert_eq!(cost.deviation_percent, Some(Decimal::from(-25)));
        let expected = "estimated $0.7500, billed $0.6000: -25.0 % of the bill, 20 % pass";
        assert_eq!(cost.message, expected);
    }

    #[test]
    fn the_meter_judges_by_the_same_tolerance_and_beside_a_bill_that_agrees() {
        let metered = |cents: i64, bill: Option<i64>| {
            let mut known = known(80, bill, true);
            known.metered = Some(vec![samples::charge("nodes", Decimal::new(cents, 2))]);
            known
        };
        check(&metered(100, Some(80)), Verdict::Pass);
        check(&metered(101, Some(80)), Verdict::Fail);
        check(&metered(0, Some(80)), Verdict::Fail);
        let never = |cents| Known {
            billed: Bill::Never("no billing API".to_owned()),
            ..metered(cents, None)
        };
        check(&never(100), Verdict::Pass);
        check(&never(101), Verdict::Fail);
        check(&never(0), Verdict::Unknown);
    }

    #[test]
    fn no_data_is_pending_and_never_zero() {
        check(&known(80, None, true), Verdict::Pending);
        check(&known(80, Some(80), false), Verdict::Pending);
        assert_eq!(compare(&known(80, None, true)).billed, None);
    }

    #[test]
    fn a_bill_that_cannot_be_read_is_unknown() {
        let mut known = known(80, None, true);
        known.billed = Bill::Unreadable("denied".to_owned());
        check(&known, Verdict::Unknown);
    }

    #[test]
    fn without_billing_data_the_meter_judges_and_is_never_called_a_bill() {
        let mut known = known(80, Some(80), true);
        let Bill::Read(bill) = &known.billed else {
            panic!("a bill that was read")
        };
        let charges = bill.charges.clone();
        known.billed = Bill::Never("no billing API".to_owned());
        check(&known, Verdict::Unknown);
        known.metered = Some(charges.clone());
        let cost = compare(&known);
        assert_eq!((cost.verdict, cost.billed), (Verdict::Pass, None));
        assert!(
            cost.message.contains("never billed (no billing API)"),
            "{}",
            cost.message
        );
        let mut more = charges;
        more[0].usd = Decimal::new(101, 2);
        known.metered = Some(more);
        check(&known, Verdict::Fail);
    }

    #[test]
    fn a_wrong_claim_fails_whatever_the_bill_says() {
        let mut known = known(80, Some(80), true);
        known.claimed = Some(Decimal::new(40, 2));
        check(&known, Verdict::Fail);
    }
}
