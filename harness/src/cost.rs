//! The cost comparison: claimed, estimated, metered, billed; per line, with each gap named. Pure.
//!
//! Apart from reading bills (`run::bill`), so that every verdict can be tested on plain numbers.

pub mod claim;
pub mod compare;
pub mod gap;
pub mod lived;
