//! The verdicts of all lines, and what is said of those that do not pass.
//!
//! The judgement over one line (`judge`) knows figures only.

use std::fmt::Write as _;

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_reports::record::CostLine;

use super::inputs::{Bill, CostInputs};
use super::judge::{LineAmounts, judge};
use super::usd;

/// Gives each line its verdict, and says of those that do not pass what they were.
pub(super) fn judge_all(inputs: &CostInputs, lines: &mut [CostLine]) -> String {
    let bill_read = matches!(&inputs.billed, Bill::Read(_));
    let mut words = String::new();
    for line in lines {
        if inputs.is_left_out(&line.charges) {
            continue;
        }
        let seen = LineAmounts {
            estimated: line.estimated,
            metered: line.metered,
            billed: line.billed,
            bill_read,
            shared: inputs.is_shared(&line.line),
        };
        let verdict = judge(&seen, inputs.tolerance_percent);
        line.verdict = Some(verdict);
        if verdict != Verdict::Pass {
            let (name, amounts) = (name(line), amounts(line, bill_read));
            let _ = write!(words, "; line {name}: {verdict}: {amounts}");
        }
    }
    words
}

/// The name of a line, with its usage type where the estimate has none of it.
fn name(line: &CostLine) -> String {
    match (&line.estimate, line.charges.first()) {
        (Some(estimate), _) => format!("{} ({})", line.line, estimate.title),
        (None, Some(charge)) if charge.usage_type != line.line => {
            format!("{} ({})", line.line, charge.usage_type)
        }
        (None, _) => line.line.clone(),
    }
}

fn amounts(line: &CostLine, bill_read: bool) -> String {
    let of = |amount: Option<Decimal>| amount.map_or_else(|| "nothing".to_owned(), |it| usd(it, 4));
    let mut words = format!("estimated {}", of(line.estimated));
    if line.metered.is_some() {
        let _ = write!(words, ", metered {}", of(line.metered));
    }
    if bill_read {
        let _ = write!(words, ", billed {}", of(line.billed));
    }
    words
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::cost::Charge;
    use proptest::prelude::*;

    use super::super::compare::compare;
    use super::super::samples;
    use super::*;

    /// Lines by name: estimated, metered and billed in cents.
    type Cents<'a> = (&'a str, Option<i64>, Option<i64>, Option<i64>);

    fn inputs(lines: &[Cents<'_>]) -> CostInputs {
        let usd = |cents| Decimal::new(cents, 2);
        let charges = |amount: fn(&Cents<'_>) -> Option<i64>| -> Vec<Charge> {
            let of = |line: &Cents<'_>| Some(samples::charge(line.0, usd(amount(line)?)));
            lines.iter().filter_map(of).collect()
        };
        let estimate = lines
            .iter()
            .filter_map(|line| Some(samples::estimate(line.0, usd(line.1?))))
            .collect();
        let metered = lines.iter().any(|line| line.2.is_some());
        CostInputs {
            metered: metered.then(|| charges(|line| line.2)),
            ..samples::inputs(estimate, charges(|line| line.3))
        }
    }

    #[track_caller]
    fn check(lines: &[Cents<'_>], expected: Verdict) {
        let cost = compare(&inputs(lines));
        assert_eq!(cost.verdict, expected, "{}", cost.message);
    }

    #[test]
    fn two_errors_that_cancel_do_not_pass() {
        let right = ("cluster", Some(10), Some(10), Some(10));
        // A gateway unbilled, a node billed twice: the totals agree to the cent.
        let gateway = ("gateway", Some(9), Some(9), None);
        let node = ("node", Some(9), Some(9), Some(18));
        check(&[right, gateway, node], Verdict::Fail);
        // The same without a meter.
        let gateway = ("gateway", Some(9), None, None);
        let node = ("node", Some(9), None, Some(18));
        check(
            &[("cluster", Some(10), None, Some(10)), gateway, node],
            Verdict::Fail,
        );
        // The same errors in the estimate: meter and bill agree with each other.
        let gateway = ("gateway", Some(18), Some(9), Some(9));
        let node = ("node", None, Some(9), Some(9));
        check(&[right, gateway, node], Verdict::Fail);
    }

    #[test]
    fn a_missing_line_and_a_gap_of_attribution_change_the_verdict() {
        let right = ("cluster", Some(100), Some(100), Some(100));
        check(&[right], Verdict::Pass);
        // Within 20 % of the total, each of them.
        check(&[right, ("disk", None, Some(1), Some(1))], Verdict::Fail);
        check(&[right, ("disk", Some(1), Some(1), None)], Verdict::Unknown);
        check(
            &[right, ("node", Some(10), Some(10), Some(5))],
            Verdict::Unknown,
        );
        let without_meter = ("cluster", Some(100), None, Some(100));
        check(
            &[without_meter, ("disk", Some(1), None, None)],
            Verdict::Unknown,
        );
    }

    #[test]
    fn what_the_estimate_leaves_out_on_purpose_is_in_the_total_only() {
        let of = |bytes| {
            let mut inputs = inputs(&[
                ("cluster", Some(100), Some(100), Some(100)),
                ("bytes", None, Some(bytes), Some(bytes)),
            ]);
            inputs.estimate.left_out_usage_types =
                vec![samples::charge("", Decimal::ZERO).usage_type];
            compare(&inputs)
        };
        // 100 of 125 are 20 % below, of 126 more.
        assert_eq!(of(25).verdict, Verdict::Pass);
        assert_eq!(of(26).verdict, Verdict::Fail);
        let gap = of(25).lines[1].gap.clone();
        assert!(gap.is_some_and(|gap| gap.starts_with("left out: +$0.2500")));
    }

    #[test]
    fn a_price_that_is_not_known_makes_the_cost_unknown_and_no_claim_is_judged_by_a_part() {
        let mut inputs = inputs(&[("cluster", Some(10), Some(10), Some(10))]);
        inputs.claimed = Some(Decimal::ONE);
        assert_eq!(compare(&inputs).verdict, Verdict::Fail);
        inputs.estimate.unpriced = vec!["2 × node".to_owned()];
        let cost = compare(&inputs);
        assert_eq!(
            (cost.verdict, cost.list_usd_per_hour),
            (Verdict::Unknown, None)
        );
        assert_eq!(
            cost.message,
            "the cost is unknown: no price is known for 2 × node"
        );
    }

    #[test]
    fn a_closed_bill_without_anything_of_the_run_is_unknown() {
        let cost = compare(&inputs(&[("cluster", Some(10), Some(10), None)]));
        assert_eq!(cost.verdict, Verdict::Unknown);
        assert!(
            cost.message.contains("carries no tag of it"),
            "{}",
            cost.message
        );
    }

    proptest! {
        #[test]
        fn what_one_line_lacks_and_another_has_too_much_never_passes(
            amounts in proptest::collection::vec(1..500_i64, 2..6),
            moved in 0.21..1.0_f64,
        ) {
            let names = ["a", "b", "c", "d", "e"];
            let mut lines: Vec<Cents<'_>> = names
                .iter()
                .zip(&amounts)
                .map(|(name, cents)| (*name, Some(*cents * 100), None, Some(*cents * 100)))
                .collect();
            prop_assert_eq!(compare(&inputs(&lines)).verdict, Verdict::Pass);
            // At least 21 % of the first line, billed under the second.
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small")]
            let cents = (amounts[0] as f64 * 100.0 * moved).ceil() as i64;
            lines[0].3 = Some(amounts[0] * 100 - cents);
            lines[1].3 = Some(amounts[1] * 100 + cents);
            let cost = compare(&inputs(&lines));
            prop_assert_ne!(cost.verdict, Verdict::Pass);
            prop_assert_eq!(cost.deviation_percent, Some(Decimal::ZERO));
        }

        #[test]
        fn totals_are_the_sums_of_their_lines_and_a_deviation_has_the_sign_of_bill_less_estimate(
            amounts in proptest::collection::vec((0..500_i64, 0..500_i64, 1..500_i64), 1..6),
        ) {
            let names = ["a", "b", "c", "d", "e"];
            let lines: Vec<Cents<'_>> = names
                .iter()
                .zip(&amounts)
                .map(|(name, (e, m, b))| (*name, Some(*e), Some(*m), Some(*b)))
                .collect();
            let cost = compare(&inputs(&lines));
            let sum = |part: fn(&CostLine) -> Option<Decimal>| -> Decimal {
                cost.lines.iter().filter_map(part).sum()
            };
            prop_assert_eq!(cost.estimated, Some(sum(|line| line.estimated)));
            prop_assert_eq!(cost.metered, Some(sum(|line| line.metered)));
            prop_assert_eq!(cost.billed, Some(sum(|line| line.billed)));
            let (billed, estimated) = (cost.billed.unwrap(), cost.estimated.unwrap());
            let percent = cost.deviation_percent.unwrap();
            prop_assert_eq!(percent.cmp(&Decimal::ZERO), billed.cmp(&estimated));
        }
    }
}
