//! Why a line of the estimate and the bill differ, in a word and a sentence.
//!
//! Apart from the verdict, which looks at the total: a small gap is named too.

use std::collections::BTreeSet;

use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Charge, EstimateLine};

use super::usd;

/// Below this difference, US dollars, there is no gap.
const NOTHING: Decimal = Decimal::from_parts(5, 0, 0, false, 4);

/// What is known of one line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its estimate.
    pub estimate: Option<&'a EstimateLine>,
    /// Estimated for the time that was lived.
    pub estimated: Option<Decimal>,
    /// Metered.
    pub metered: Option<Decimal>,
    /// Billed; `None` when the bill has no such charge, or was not read.
    pub billed: Option<Decimal>,
    /// Whether a bill of the run was read.
    pub bill_read: bool,
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
        let (billed, metered) = (usd(billed, 4), usd(metered, 4));
        return Some(format!(
            "attribution: the meter counted {metered}, of which the bill shows {billed} for the \
             run: the rest carries no tag of it"
        ));
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
    let sign = if difference.is_sign_negative() {
        "-"
    } else {
        "+"
    };
    let amount = format!("{sign}{}", usd(difference.abs(), 4));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(usd: Decimal) -> Charge {
        Charge {
            line: "x".to_owned(),
            usage_type: "X".to_owned(),
            resource_id: Some("id-1".to_owned()),
            run_id: None,
            quantity: Decimal::ONE,
            unit: "Hrs".to_owned(),
            usd,
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
}
