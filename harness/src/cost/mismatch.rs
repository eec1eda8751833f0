//! Why a line of the estimate and the bill differ, as a word and a sentence.
//!
//! A small mismatch is named too; that does not affect the verdict. An amount is what was seen minus the estimate.

use std::collections::BTreeSet;

use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Charge, EstimateLine};

use super::judge::NOTHING;
use super::usd;

/// What is known of one line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub estimate: Option<&'a EstimateLine>,
    /// Estimated for the actual lifetime.
    pub estimated: Option<Decimal>,
    pub metered: Option<Decimal>,
    /// Billed; `None` when the bill has no such charge, or was not read.
    pub billed: Option<Decimal>,
    /// Whether a bill of the run was read.
    pub bill_read: bool,
    /// Whether the cloud bills it without tags, so that others' use may be in it.
    pub shared: bool,
    /// Whether the estimate leaves it out on purpose.
    pub left_out: bool,
    /// The charges: of the bill, or of the meter while the bill is pending.
    pub charges: &'a [Charge],
    /// The ids of resources that outlived the run.
    pub orphans: &'a BTreeSet<String>,
}

/// Why estimate and bill (or meter, while the bill is pending) differ. `None` when they do not.
pub fn name(line: &Line<'_>) -> Option<String> {
    let expected = line.metered.or(line.estimated);
    let seen = line
        .billed
        .or(line.metered)
        .or(expected.filter(|_| line.bill_read))?;
    if let (Some(billed), Some(metered)) = (line.billed, line.metered)
        && (billed - metered).abs() >= NOTHING
    {
        return Some(beside_the_meter(billed, metered, line.shared));
    }
    if line.bill_read && line.billed.is_none() {
        let seen = usd(seen, 4);
        return Some(format!(
            "missing line: the bill shows nothing of the run here, where {seen} was expected"
        ));
    }
    let difference = seen - line.estimated.unwrap_or_default();
    if difference.abs() < NOTHING {
        return None;
    }
    let plus = if difference.is_sign_negative() {
        ""
    } else {
        "+"
    };
    let amount = format!("{plus}{}", usd(difference, 4));
    let orphan = line
        .charges
        .iter()
        .filter_map(|charge| charge.resource_id.as_ref())
        .find(|id| line.orphans.contains(*id));
    if let Some(id) = orphan {
        return Some(format!("orphan: {amount}: {id} was left running"));
    }
    if line
        .charges
        .iter()
        .any(|charge| charge.usd.is_sign_negative())
    {
        return Some(format!("credit: {amount}"));
    }
    if line.left_out {
        return Some(format!(
            "left out: {amount}: the estimate leaves it out on purpose"
        ));
    }
    let Some(estimate) = line.estimate else {
        return Some(format!(
            "missing line: {amount}: the estimate has no such line"
        ));
    };
    if seen.is_zero() {
        return Some(format!(
            "missing line: {amount}: nothing was charged for {}",
            estimate.title
        ));
    }
    if estimate.min_usd != estimate.max_usd {
        return Some(format!("rounding: {amount}: whole hours are charged"));
    }
    Some(format!(
        "time: {amount}: it was charged for another time than it was there"
    ))
}

/// Why the bill shows another amount than the meter counted.
fn beside_the_meter(billed: Decimal, metered: Decimal, shared: bool) -> String {
    let more = billed > metered;
    let (billed, metered) = (usd(billed, 4), usd(metered, 4));
    match (more, shared) {
        (false, _) => format!(
            "attribution: the meter counted {metered}, of which the bill shows {billed} for the \
             run: the rest carries no tag of it"
        ),
        (true, true) => format!(
            "attribution: the meter counted {metered}, the bill shows {billed}: it is billed \
             without tags, and others use it too"
        ),
        (true, false) => format!("price: the meter counted {metered}, the bill shows {billed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn charge(usd: Decimal) -> Charge {
        Charge {
            resource_id: Some("id-1".to_owned()),
            ..samples::charge("x", usd)
        }
    }

    #[track_caller]
    fn check(estimated: i64, billed: i64, orphans: &[&str], expected: Option<&str>) {
        let orphans = orphans.iter().map(|id| (*id).to_owned()).collect();
        let billed = Decimal::new(billed, 2);
        let line = Line {
            estimate: None,
            estimated: Some(Decimal::new(estimated, 2)),
            metered: None,
            billed: Some(billed),
            bill_read: true,
            shared: false,
            left_out: false,
            charges: &[charge(billed)],
            orphans: &orphans,
        };
        let name = name(&line);
        assert_eq!(
            name.as_deref()
                .map(|name| name.split(':').next().unwrap_or_default()),
            expected
        );
    }

    #[test]
    fn what_the_bill_does_not_show_is_a_gap_even_when_meter_and_estimate_agree() {
        let line = Line {
            estimate: None,
            estimated: Some(Decimal::ONE),
            metered: Some(Decimal::ONE),
            billed: None,
            bill_read: true,
            shared: false,
            left_out: false,
            charges: &[],
            orphans: &BTreeSet::new(),
        };
        assert!(name(&line).is_some_and(|gap| gap.starts_with("missing line")));
        let pending = Line {
            bill_read: false,
            ..line
        };
        assert_eq!(name(&pending), None);
    }

    #[test]
    fn gaps_are_named() {
        check(10, 10, &[], None);
        check(0, 10, &[], Some("missing line"));
        check(10, 20, &["id-1"], Some("orphan"));
        check(10, -5, &[], Some("credit"));
    }

    fn estimate(min: i64, max: i64) -> EstimateLine {
        EstimateLine {
            min_usd: Decimal::new(min, 2),
            ..samples::estimate("box", Decimal::new(max, 2))
        }
    }

    /// In cents; the whole sentence.
    #[track_caller]
    fn check_said(
        estimate: &EstimateLine,
        (estimated, metered, billed): (i64, Option<i64>, i64),
        expected: Option<&str>,
    ) {
        let billed = Decimal::new(billed, 2);
        let line = Line {
            estimate: Some(estimate),
            estimated: Some(Decimal::new(estimated, 2)),
            metered: metered.map(|cents| Decimal::new(cents, 2)),
            billed: Some(billed),
            bill_read: true,
            shared: false,
            left_out: false,
            charges: &[charge(billed)],
            orphans: &BTreeSet::new(),
        };
        assert_eq!(name(&line).as_deref(), expected);
    }

    #[test]
    fn a_gap_says_how_much_and_in_which_direction() {
        let (exact, by_hours) = (estimate(10, 10), estimate(10, 20));
        let shorter = "time: -$0.0400: it was charged for another time than it was there";
        check_said(&exact, (10, None, 6), Some(shorter));
        let longer = "time: +$0.0400: it was charged for another time than it was there";
        check_said(&exact, (10, None, 14), Some(longer));
        let hours = "rounding: +$0.0400: whole hours are charged";
        check_said(&by_hours, (10, None, 14), Some(hours));
        let nothing = "missing line: -$0.1000: nothing was charged for 2 × box";
        check_said(&by_hours, (10, None, 0), Some(nothing));
    }

    #[test]
    fn a_bill_that_shows_other_than_the_meter_counted_lacks_tags() {
        let exact = estimate(10, 10);
        let attribution = "attribution: the meter counted $0.1000, of which the bill shows $0.0400 for the \
                           run: the rest carries no tag of it";
        check_said(&exact, (10, Some(10), 4), Some(attribution));
        check_said(&exact, (10, Some(10), 10), None);
        let more = "price: the meter counted $0.1000, the bill shows $0.1400";
        check_said(&exact, (10, Some(10), 14), Some(more));
    }

    #[test]
    fn less_than_a_gap_is_none_and_as_much_is_one() {
        let orphans = BTreeSet::new();
        let gap = |billed: Decimal, metered: Option<Decimal>| {
            let line = Line {
                estimate: None,
                estimated: Some(Decimal::ONE),
                metered,
                billed: Some(billed),
                bill_read: true,
                shared: false,
                left_out: false,
                charges: &[],
                orphans: &orphans,
            };
            name(&line).is_some()
        };
        let under = NOTHING / Decimal::TWO;
        assert!(gap(Decimal::ONE + NOTHING, None) && !gap(Decimal::ONE + under, None));
        assert!(gap(Decimal::ONE - NOTHING, None) && !gap(Decimal::ONE - under, None));
        let metered = Some(Decimal::ONE);
        assert!(gap(Decimal::ONE + NOTHING, metered) && !gap(Decimal::ONE + under, metered));
    }
}
