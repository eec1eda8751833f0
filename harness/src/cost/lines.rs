//! The lines of the comparison: what each thing was estimated, metered and billed, and why that differs.
//!
//! Apart from the verdict, which looks at totals.

use kubeproof_contract::cost::Charge;
use kubeproof_reports::record::CostLine;

use super::compare::{Bill, Known, total};
use super::gap;

/// All lines: those of the estimate in its order, then those that only meter or bill know.
pub(super) fn lines(known: &Known) -> Vec<CostLine> {
    let billed = match &known.billed {
        Bill::Read(bill) if !bill.charges.is_empty() => Some(bill.charges.as_slice()),
        _ => None,
    };
    let mut names: Vec<&str> = Vec::new();
    let estimated = known.estimate.lines.iter().map(|line| line.line.as_str());
    let charged = known
        .metered
        .iter()
        .flatten()
        .chain(billed.into_iter().flatten());
    for name in estimated.chain(charged.map(|charge| charge.line.as_str())) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| line(known, name, billed))
        .collect()
}

fn line(known: &Known, name: &str, billed: Option<&[Charge]>) -> CostLine {
    let of_line = |charges: &[Charge]| -> Vec<Charge> {
        charges
            .iter()
            .filter(|charge| charge.line == name)
            .cloned()
            .collect()
    };
    let estimate = known.estimate.lines.iter().find(|line| line.line == name);
    let metered_charges = known.metered.as_deref().map(of_line);
    let bill_read = billed.is_some();
    // No charge is not a charge of zero.
    let billed_charges = billed.map(of_line).filter(|charges| !charges.is_empty());
    let metered = metered_charges.as_deref().map(total);
    let billed = billed_charges.as_deref().map(total);
    let charges = billed_charges.or(metered_charges).unwrap_or_default();
    let estimated = estimate.map(|estimate| {
        known
            .lived
            .get(name)
            .copied()
            .or(estimate.planned_usd)
            .unwrap_or(estimate.expected_usd)
    });
    let gap = gap::name(&gap::Line {
        estimate,
        estimated,
        metered,
        billed,
        bill_read,
        charges: &charges,
        orphans: &known.orphans,
    });
    CostLine {
        line: name.to_owned(),
        estimate: estimate.cloned(),
        estimated,
        metered,
        billed,
        gap,
        charges,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;
    use kubeproof_contract::Decimal;
    use kubeproof_contract::cost::{Billed, Estimate};

    use super::super::samples;
    use super::*;

    fn charge(line: &str, usd: i64) -> Charge {
        samples::charge(line, Decimal::from(usd))
    }

    fn known(billed: Vec<Charge>) -> Known {
        Known {
            claimed: None,
            estimate: Estimate {
                lines: ["node", "gateway"]
                    .map(|line| samples::estimate(line, Decimal::ONE))
                    .to_vec(),
                left_out: Vec::new(),
            },
            lived: BTreeMap::new(),
            metered: None,
            billed: Bill::Read(Billed {
                charges: billed,
                is_final: true,
                attribution: Vec::new(),
                read_at: Timestamp::UNIX_EPOCH,
            }),
            orphans: BTreeSet::new(),
            tolerance_percent: 20,
        }
    }

    /// Each line with what was billed for it and the first words of its gap.
    #[track_caller]
    fn check(billed: Vec<Charge>, expected: &[(&str, Option<i64>, Option<&str>)]) {
        let lines = lines(&known(billed));
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
}
