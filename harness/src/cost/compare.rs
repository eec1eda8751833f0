//! Compares estimate, meter and bill: each line by itself, and the total.
//!
//! A deviation is what was seen minus the estimate, in percent of what was seen: positive when the estimate is too low.

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_reports::record::{Cost, CostLine};

use super::inputs::{Bill, CostInputs};
use super::judge::is_within;
use super::lines::lines;
use super::sums::Sums;
use super::{claimed_rate, line_verdicts, usd};

/// The comparison.
pub fn compare(inputs: &CostInputs) -> Cost {
    let mut lines = lines(inputs);
    let sum =
        |part: fn(&CostLine) -> Option<Decimal>| -> Decimal { lines.iter().filter_map(part).sum() };
    let sums = Sums {
        estimated: sum(|line| line.estimated),
        metered: inputs.metered.as_ref().map(|_| sum(|line| line.metered)),
        billed: match &inputs.billed {
            Bill::Read(bill) if !bill.charges.is_empty() => Some(sum(|line| line.billed)),
            _ => None,
        },
        planned: inputs.estimate.planned_usd(),
    };
    let unpriced = &inputs.estimate.unpriced;
    let is_priced = unpriced.is_empty() && inputs.unpriced.is_empty();
    let Judgement {
        mut verdict,
        words: mut message,
        by_line,
    } = judge(inputs, &sums);
    if by_line && is_priced {
        let words = line_verdicts::judge_all(inputs, &mut lines);
        verdict = Verdict::of_all(
            lines
                .iter()
                .filter_map(|line| line.verdict)
                .chain([verdict]),
        );
        message.push_str(&words);
    }
    if !is_priced {
        verdict = Verdict::Unknown;
        message = without_price(inputs);
    }
    // A list price of which a part is not known says nothing about a claim.
    let claim = inputs.claimed.filter(|_| is_priced).and_then(|claimed| {
        claimed_rate::problem(claimed, &inputs.estimate.lines, inputs.tolerance_percent)
    });
    if let Some(claim) = claim {
        verdict = Verdict::Fail;
        message = claim;
    }
    Cost {
        verdict,
        claimed_usd_per_hour: inputs.claimed,
        list_usd_per_hour: is_priced.then(|| inputs.estimate.usd_per_hour()),
        estimated: Some(sums.estimated),
        metered: sums.metered,
        billed: sums.billed,
        deviation_percent: sums.deviation_from(Some(sums.estimated).filter(|_| is_priced)),
        planned: sums.planned.filter(|_| is_priced),
        plan_deviation_percent: sums.deviation_from(sums.planned.filter(|_| is_priced)),
        tolerance_percent: inputs.tolerance_percent,
        free: false,
        lines,
        bill_notes: bill_notes(inputs),
        bill: None,
        message,
    }
}

/// What the provider says of the bill that it read.
fn bill_notes(inputs: &CostInputs) -> Vec<String> {
    match &inputs.billed {
        Bill::Read(bill) => bill.attribution.clone(),
        _ => Vec::new(),
    }
}

/// What has no price: of the estimate, and of what was used.
fn without_price(inputs: &CostInputs) -> String {
    let mut words = "the cost is unknown: no price is known".to_owned();
    if !inputs.estimate.unpriced.is_empty() {
        words = format!("{words} for {}", inputs.estimate.unpriced.join(", "));
    }
    for used in &inputs.unpriced {
        words = format!("{words}; {used}");
    }
    words
}

/// The verdict over the total.
struct Judgement {
    verdict: Verdict,
    words: String,
    /// Whether the lines are to be judged as well.
    by_line: bool,
}

impl Judgement {
    /// Of the total alone.
    fn of_total(verdict: Verdict, words: String) -> Self {
        Self {
            verdict,
            words,
            by_line: false,
        }
    }

    /// Where the lines are to be judged as well.
    fn with_lines(verdict: Verdict, words: String) -> Self {
        Self {
            by_line: true,
            ..Self::of_total(verdict, words)
        }
    }
}

fn judge(inputs: &CostInputs, sums: &Sums) -> Judgement {
    let bill = match &inputs.billed {
        Bill::NotAsked(why) => return Judgement::of_total(Verdict::Skipped, why.clone()),
        Bill::Pending(why) => return Judgement::of_total(Verdict::Pending, why.clone()),
        Bill::Unreadable(why) => {
            return Judgement::of_total(Verdict::Unknown, format!("the bill: {why}"));
        }
        Bill::Never(why) => return by_meter(inputs, sums, why),
        Bill::Read(bill) => bill,
    };
    let Some(billed) = sums.billed else {
        let metered = sums.metered.filter(|metered| !metered.is_zero());
        let (verdict, words) = match metered {
            // With a meter, the bill was waited for until it was final.
            Some(metered) => {
                let metered = usd(metered, 4);
                let words = format!(
                    "the meter counted {metered}, and the closed bill shows nothing of the run: what \
                     it made carries no tag of it"
                );
                (Verdict::Unknown, words)
            }
            None => {
                let words = "the billing data show nothing of the run yet".to_owned();
                (Verdict::Pending, words)
            }
        };
        return Judgement::of_total(verdict, words);
    };
    let words = format!(
        "estimated {}, billed {}: {}",
        usd(sums.estimated, 4),
        usd(billed, 4),
        sums.words(inputs, "the bill")
    );
    if !bill.is_final {
        let words = format!("{words}; the bill is not final");
        return Judgement::of_total(Verdict::Pending, words);
    }
    let within = |seen| is_within(sums.estimated, seen, inputs.tolerance_percent);
    if !within(billed) {
        return Judgement::with_lines(Verdict::Fail, words);
    }
    // A bill in which tags are missing may agree by luck. Where a meter counted, it must agree too.
    match sums.metered {
        Some(metered) if !within(metered) => {
            let words = format!("{words}; but the meter counted {}", usd(metered, 4));
            Judgement::with_lines(Verdict::Fail, words)
        }
        _ => Judgement::with_lines(Verdict::Pass, words),
    }
}

/// Judges by the meter alone, where there is no bill; without a meter nothing can be said.
fn by_meter(inputs: &CostInputs, sums: &Sums, why: &str) -> Judgement {
    let Some(metered) = sums.metered.filter(|metered| !metered.is_zero()) else {
        let words = format!("neither billed nor metered: {why}");
        return Judgement::of_total(Verdict::Unknown, words);
    };
    let words = format!(
        "estimated {}, metered {}, never billed ({why}): {}",
        usd(sums.estimated, 4),
        usd(metered, 4),
        sums.words(inputs, "the meter")
    );
    let verdict = if is_within(sums.estimated, metered, inputs.tolerance_percent) {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    Judgement::with_lines(verdict, words)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kubeproof_contract::cost::EstimateLine;

    use super::super::samples;
    use super::*;

    fn inputs(estimated: i64, billed: Option<i64>, is_final: bool) -> CostInputs {
        let charge = |cents| samples::charge("nodes", Decimal::new(cents, 2));
        let estimated = Decimal::new(estimated, 2);
        let line = EstimateLine {
            planned_usd: Some(estimated),
            ..samples::estimate("nodes", estimated)
        };
        let mut inputs = samples::inputs(vec![line], billed.into_iter().map(charge).collect());
        if let Bill::Read(bill) = &mut inputs.billed {
            bill.is_final = is_final;
        }
        inputs
    }

    #[track_caller]
    fn check(inputs: &CostInputs, expected: Verdict) {
        let cost = compare(inputs);
        assert_eq!(cost.verdict, expected, "{}", cost.message);
    }

    #[test]
    fn twenty_percent_of_the_bill_passes_and_more_does_not() {
        check(&inputs(80, Some(100), true), Verdict::Pass);
        check(&inputs(79, Some(100), true), Verdict::Fail);
        check(&inputs(120, Some(100), true), Verdict::Pass);
        check(&inputs(121, Some(100), true), Verdict::Fail);
    }

    #[test]
    fn what_is_to_be_known_of_a_bill_is_kept() {
        let check = |change: fn(&mut CostInputs), expected: &[&str]| {
            let mut inputs = inputs(80, Some(100), true);
            change(&mut inputs);
            assert_eq!(compare(&inputs).bill_notes, expected);
        };
        check(|_| {}, &[]);
        let told = |inputs: &mut CostInputs| {
            if let Bill::Read(bill) = &mut inputs.billed {
                bill.attribution = vec!["gross of credits".to_owned()];
            }
        };
        check(told, &["gross of credits"]);
        check(|inputs| inputs.billed = Bill::Never("x".to_owned()), &[]);
    }

    #[test]
    fn a_bill_of_zero_agrees_with_nothing_but_zero() {
        check(&inputs(80, Some(0), true), Verdict::Fail);
        check(&inputs(0, Some(0), true), Verdict::Pass);
        check(&inputs(80, Some(-100), true), Verdict::Fail);
        let words = compare(&inputs(80, Some(0), true)).message;
        let expected = "estimated $0.8000, billed $0.0000: no percentage: the bill is zero, 20 % pass; \
                        line nodes (2 × nodes): fail: estimated $0.8000, billed $0.0000";
        assert_eq!(words, expected);
    }

    #[test]
    fn a_percentage_that_only_rounds_to_the_tolerance_fails() {
        // 20.002 % of the bill.
        check(&inputs(79_998, Some(100_000), true), Verdict::Fail);
        check(&inputs(80_000, Some(100_000), true), Verdict::Pass);
    }

    #[test]
    fn a_deviation_is_what_was_seen_less_the_estimate_and_says_so_in_words() {
        // (0.60 - 0.75) / 0.60 and (1.00 - 0.96) / 1.00.
        let check = |estimated, billed, percent: &str, words: &str| {
            let cost = compare(&inputs(estimated, Some(billed), true));
            assert_eq!(cost.deviation_percent, Some(percent.parse().unwrap()));
            assert_eq!(cost.plan_deviation_percent, cost.deviation_percent);
            assert!(cost.message.contains(words), "{}", cost.message);
        };
        check(
            75,
            60,
            "-25",
            "the estimate is 25.0 % above the bill, 20 % pass",
        );
        check(
            96,
            100,
            "4",
            "the estimate is 4.0 % below the bill, 20 % pass",
        );
        check(96, 96, "0", "the estimate is exactly the bill");
        // 20.004 % exactly: no rounding to what passes.
        check(
            79_996,
            100_000,
            "20.004",
            "the estimate is 20.004 % below the bill",
        );
    }

    #[test]
    fn a_run_that_took_longer_than_planned_says_both_deviations() {
        // Planned 45 minutes for $0.75; it lived three hours for $3.00, at the right price.
        let mut inputs = inputs(75, Some(300), true);
        let key = super::super::lines::key(&inputs.estimate.lines[0]);
        inputs.lifetime_usd = BTreeMap::from([(key, Decimal::from(3))]);
        let cost = compare(&inputs);
        assert_eq!(cost.verdict, Verdict::Pass);
        assert_eq!(cost.deviation_percent, Some(Decimal::ZERO));
        assert_eq!(cost.plan_deviation_percent, Some(Decimal::from(75)));
        let words = "planned $0.7500 for 45 minutes: that is 75.0 % below the bill";
        assert!(cost.message.ends_with(words), "{}", cost.message);
    }

    #[test]
    fn the_meter_judges_by_the_same_tolerance_and_beside_a_bill_that_agrees() {
        let metered = |cents: i64, bill: Option<i64>| {
            let mut inputs = inputs(80, bill, true);
            inputs.metered = Some(vec![samples::charge("nodes", Decimal::new(cents, 2))]);
            inputs
        };
        check(&metered(100, Some(80)), Verdict::Pass);
        check(&metered(101, Some(80)), Verdict::Fail);
        check(&metered(0, Some(80)), Verdict::Fail);
        let never = |cents| CostInputs {
            billed: Bill::Never("no billing API".to_owned()),
            ..metered(cents, None)
        };
        check(&never(100), Verdict::Pass);
        check(&never(101), Verdict::Fail);
        // Nothing was counted at all: the meter may be blind.
        check(&never(0), Verdict::Unknown);
    }

    #[test]
    fn no_data_is_pending_and_never_zero() {
        check(&inputs(80, None, true), Verdict::Pending);
        check(&inputs(80, Some(80), false), Verdict::Pending);
        assert_eq!(compare(&inputs(80, None, true)).billed, None);
    }

    #[test]
    fn a_bill_that_cannot_be_read_is_unknown() {
        let mut inputs = inputs(80, None, true);
        inputs.billed = Bill::Unreadable("denied".to_owned());
        check(&inputs, Verdict::Unknown);
    }

    #[test]
    fn without_billing_data_the_meter_judges_and_is_never_called_a_bill() {
        let mut inputs = inputs(80, Some(80), true);
        let Bill::Read(bill) = &inputs.billed else {
            panic!("a bill that was read")
        };
        let charges = bill.charges.clone();
        inputs.billed = Bill::Never("no billing API".to_owned());
        check(&inputs, Verdict::Unknown);
        inputs.metered = Some(charges.clone());
        let cost = compare(&inputs);
        assert_eq!((cost.verdict, cost.billed), (Verdict::Pass, None));
        assert!(
            cost.message.contains("never billed (no billing API)"),
            "{}",
            cost.message
        );
        let mut more = charges;
        more[0].usd = Decimal::new(101, 2);
        inputs.metered = Some(more);
        check(&inputs, Verdict::Fail);
    }

    #[test]
    fn a_wrong_claim_fails_whatever_the_bill_says() {
        let mut inputs = inputs(80, Some(80), true);
        inputs.claimed = Some(Decimal::new(40, 2));
        check(&inputs, Verdict::Fail);
    }
}
