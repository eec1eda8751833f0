//! The lines of the comparison: what each thing was estimated, metered and billed, and why that differs.
//!
//! A line is one usage: things of two usage types are never added up.

use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Charge, Estimate, EstimateLine};
use kubeproof_reports::record::CostLine;
use rust_decimal::RoundingStrategy;

use super::inputs::{Bill, CostInputs};
use super::mismatch;

/// Decimals of an amount in a record: the finest unit that a cloud bills in.
const DECIMALS: u32 = 10;

/// The lines of an estimate of one usage each: what is billed together is one line.
pub fn merged(estimate: &Estimate) -> Vec<EstimateLine> {
    let mut all: Vec<EstimateLine> = Vec::new();
    for line in estimate.all_lines() {
        match all.iter_mut().find(|existing| existing.is_same_usage(line)) {
            Some(existing) => add(existing, line),
            None => all.push(line.clone()),
        }
    }
    all
}

fn add(existing: &mut EstimateLine, more: &EstimateLine) {
    existing.title = format!("{} + {}", existing.title, more.title);
    existing.count += more.count;
    existing.usd_per_hour += more.usd_per_hour;
    existing.min_usd += more.min_usd;
    existing.expected_usd += more.expected_usd;
    existing.max_usd += more.max_usd;
    existing.planned_usd = existing
        .planned_usd
        .zip(more.planned_usd)
        .map(|(a, b)| a + b);
    if existing.source != more.source {
        existing.source = format!("{}; {}", existing.source, more.source);
    }
}

/// All lines: those of the estimate in its order, then those that only meter or bill know, one for each
/// usage type.
pub(super) fn lines(inputs: &CostInputs) -> Vec<CostLine> {
    let billed = match &inputs.billed {
        Bill::Read(bill) if !bill.charges.is_empty() => Some(bill.charges.as_slice()),
        _ => None,
    };
    let estimated = merged(&inputs.estimate);
    let mut more: Vec<(&str, &str)> = Vec::new();
    let metered = inputs.metered.iter().flatten();
    for charge in metered.chain(billed.into_iter().flatten()) {
        let usage = (charge.line.as_str(), charge.usage_type.as_str());
        let is_estimated = estimated.iter().any(|line| line.covers(charge));
        if !is_estimated && !more.contains(&usage) {
            more.push(usage);
        }
    }
    let of_estimate = estimated.iter().map(|estimate| {
        let is_of = |charge: &Charge| estimate.covers(charge);
        line(inputs, &estimate.line, Some(estimate), billed, &is_of)
    });
    let others = more.iter().map(|(name, usage)| {
        let is_of = |charge: &Charge| charge.line == *name && charge.usage_type == *usage;
        line(inputs, name, None, billed, &is_of)
    });
    of_estimate.chain(others).collect()
}

fn line(
    inputs: &CostInputs,
    name: &str,
    estimate: Option<&EstimateLine>,
    billed: Option<&[Charge]>,
    is_of: &dyn Fn(&Charge) -> bool,
) -> CostLine {
    let of_line = |charges: &[Charge]| -> Vec<Charge> {
        let ours = charges.iter().filter(|charge| is_of(charge));
        ours.cloned().collect()
    };
    let metered_charges = inputs.metered.as_deref().map(of_line);
    let bill_read = billed.is_some();
    // No charge is not a charge of zero.
    let billed_charges = billed.map(of_line).filter(|charges| !charges.is_empty());
    let metered = metered_charges.as_deref().map(total);
    let billed = billed_charges.as_deref().map(total);
    let charges = billed_charges.or(metered_charges).unwrap_or_default();
    let estimated = estimate.map(|estimate| {
        let lifetime_usd = inputs.lifetime_usd.get(&key(estimate)).copied();
        rounded(
            lifetime_usd
                .or(estimate.planned_usd)
                .unwrap_or(estimate.expected_usd),
        )
    });
    let gap = mismatch::name(&mismatch::Line {
        estimate,
        estimated,
        metered,
        billed,
        bill_read,
        shared: inputs.is_shared(name),
        left_out: inputs.is_left_out(&charges),
        charges: &charges,
        orphans: &inputs.orphans,
    });
    CostLine {
        line: name.to_owned(),
        estimate: estimate.cloned(),
        estimated,
        metered,
        billed,
        gap,
        verdict: None,
        charges,
    }
}

/// What a line's usage is called: estimates of the same usage have the same.
pub fn key(line: &EstimateLine) -> String {
    format!("{} {}", line.line, line.usage_types.join(","))
}

/// What charges come to, US dollars.
fn total(charges: &[Charge]) -> Decimal {
    rounded(charges.iter().map(|charge| charge.usd).sum())
}

fn rounded(usd: Decimal) -> Decimal {
    let strategy = RoundingStrategy::MidpointAwayFromZero;
    usd.round_dp_with_strategy(DECIMALS, strategy).normalize()
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn charge(line: &str, usd: i64) -> Charge {
        samples::charge(line, Decimal::from(usd))
    }

    fn inputs(billed: Vec<Charge>) -> CostInputs {
        let estimates = ["node", "gateway"].map(|line| samples::estimate(line, Decimal::ONE));
        samples::inputs(estimates.to_vec(), billed)
    }

    /// Each line with what was billed for it and the first words of its gap.
    #[track_caller]
    fn check(billed: Vec<Charge>, expected: &[(&str, Option<i64>, Option<&str>)]) {
        let lines = lines(&inputs(billed));
        let seen: Vec<_> = lines
            .iter()
            .map(|line| {
                let gap = line.gap.as_deref().and_then(|gap| gap.split(':').next());
                (line.line.as_str(), line.billed, gap)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, usd, gap)| (*name, usd.map(Decimal::from), *gap))
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn each_line_has_its_own_charges_and_no_charge_is_not_a_charge_of_zero() {
        let missing = Some("missing line");
        check(
            vec![charge("node", 1)],
            &[("node", Some(1), None), ("gateway", None, missing)],
        );
        check(
            vec![charge("gateway", 1), charge("node", 1), charge("disk", 2)],
            &[
                ("node", Some(1), None),
                ("gateway", Some(1), None),
                ("disk", Some(2), missing),
            ],
        );
    }

    #[test]
    fn a_bill_that_shows_nothing_at_all_misses_no_line_yet() {
        check(Vec::new(), &[("node", None, None), ("gateway", None, None)]);
    }

    #[test]
    fn usages_of_two_types_are_two_lines_and_of_one_type_one() {
        let of = |usage: &str, usd| EstimateLine {
            usage_types: vec![usage.to_owned()],
            ..samples::estimate("node", Decimal::from(usd))
        };
        let billed = |usage: &str, usd| Charge {
            usage_type: usage.to_owned(),
            ..charge("node", usd)
        };
        let inputs = samples::inputs(
            vec![of("small", 1), of("large", 5), of("small", 2)],
            vec![billed("large", 5), billed("small", 3), billed("huge", 9)],
        );
        let seen: Vec<_> = lines(&inputs)
            .into_iter()
            .map(|line| (line.estimated, line.billed))
            .collect();
        let usd = |usd| Some(Decimal::from(usd));
        assert_eq!(seen, [(usd(3), usd(3)), (usd(5), usd(5)), (None, usd(9))]);
    }
}
