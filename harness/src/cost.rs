//! The cost comparison: claimed, estimated, metered, billed; per line, with each gap named. Pure.
//!
//! Apart from reading bills (`run::bill`), so that every verdict can be tested on plain numbers.

pub mod claim;
pub mod compare;
pub mod gap;
mod judge;
mod line_verdicts;
pub mod lines;
pub mod lived;
#[cfg(test)]
mod samples;
mod sums;

pub use kubeproof_reports::money::{dollars as usd, fixed};
