//! The totals of a comparison, and how far they deviate from one another.
//!
//! A deviation is a figure and a sentence, not yet a verdict.

use kubeproof_contract::Decimal;
use kubeproof_reports::money::deviation;

use super::inputs::CostInputs;
use super::usd;

/// The totals, US dollars: each the sum of its lines.
pub(super) struct Sums {
    pub(super) estimated: Decimal,
    pub(super) metered: Option<Decimal>,
    pub(super) billed: Option<Decimal>,
    pub(super) planned: Option<Decimal>,
}

impl Sums {
    /// The difference of what was seen (the bill, else the meter) from an estimate, percent of what was seen;
    /// `None` when that is zero.
    pub(super) fn deviation_from(&self, estimate: Option<Decimal>) -> Option<Decimal> {
        let seen = self
            .billed
            .or(self.metered)
            .filter(|seen| !seen.is_zero())?;
        let difference = (seen - estimate?).checked_mul(Decimal::ONE_HUNDRED)?;
        difference
            .checked_div(seen)
            .map(|percent| percent.normalize())
    }

    /// Both deviations as sentences: the price's, and the plan's, which is another one when the run took another
    /// time than was planned.
    pub(super) fn words(&self, inputs: &CostInputs, seen: &str) -> String {
        let most = inputs.tolerance_percent;
        let price = match self.deviation_from(Some(self.estimated)) {
            Some(percent) => deviation(percent, most, ("the estimate", seen)),
            // Credits, or a free tier: what it would have cost does not show.
            None => format!("no percentage: {seen} is zero"),
        };
        let plan = self.planned.zip(self.deviation_from(self.planned));
        let plan = plan.map(|(planned, percent)| {
            let minutes = inputs.planned_minutes;
            let words = deviation(percent, most, ("that", seen));
            format!(
                "; planned {} for {minutes} minutes: {words}",
                usd(planned, 4)
            )
        });
        format!("{price}, {most} % pass{}", plan.unwrap_or_default())
    }
}
