//! The harness: reads scenarios, drives providers, and hands records to the reports.
//!
//! It names no cloud outside [`providers`]. Deciding is kept separate from doing: `oracles`, `audit::compare` and
//! `cost` are pure, `run` makes the calls.

pub mod audit;
pub mod cli;
pub mod cost;
pub mod exit_code;
pub mod faults;
pub mod live;
pub mod oracles;
pub mod providers;
pub mod run;
pub mod scenario;
pub mod simulate;
pub mod wall_clock;
