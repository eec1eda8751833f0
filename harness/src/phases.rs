//! The phases of a trial, one file each. `lifecycle` drives them.
//!
//! Decisions are pure functions in `trial::outcome`, `oracles`, `audit::compare` and `cost`; this folder makes the calls.

pub mod access;
pub mod allow;
pub mod attempt;
pub mod audit;
pub mod budget;
pub mod bystander;
pub mod checks;
pub mod cost;
pub mod job;
pub mod leftovers;
pub mod provision;
pub mod reported;
pub mod teardown;
pub mod teardown_again;
pub mod unobserved;
