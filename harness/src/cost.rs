//! The cost comparison: claimed, estimated, metered, billed; per line, with each gap named. Pure.
//!
//! Apart from reading bills (`run::bill`), so that every verdict can be tested on plain numbers.

pub mod claim;
pub mod compare;
pub mod gap;
mod lines;
pub mod lived;
#[cfg(test)]
mod samples;

use kubeproof_contract::Decimal;
use rust_decimal::RoundingStrategy;

/// The largest number that is shown with decimals: a billion billions.
const LARGEST: Decimal = Decimal::from_parts(0xa764_0000, 0x0de0_b6b3, 0, false, 0);

/// US dollars with so many decimals, rounded: `$0.2876`. (A decimal's own format cuts off.)
pub fn usd(amount: Decimal, decimals: u32) -> String {
    format!("${}", fixed(amount, decimals))
}

/// A number with so many decimals, rounded.
pub fn fixed(amount: Decimal, decimals: u32) -> String {
    // A number with all the digits that there can be has no room for more behind the point.
    if amount.abs() > LARGEST {
        return amount.trunc().to_string();
    }
    let rounded = amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    format!("{rounded:.*}", decimals as usize)
}
