//! The cost comparison: claimed, estimated, metered, billed; line by line, with each mismatch named. Pure.

pub mod claimed_rate;
pub mod compare;
pub mod inputs;
mod judge;
pub mod lifetimes;
mod line_verdicts;
pub mod lines;
pub mod mismatch;
#[cfg(test)]
mod samples;
mod sums;

pub use kubeproof_reports::money::{dollars as usd, fixed};
