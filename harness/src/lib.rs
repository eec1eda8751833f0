//! The harness: reads scenarios, drives providers, and hands records to the reports.
//!
//! It names no cloud outside [`providers`]. Deciding is kept separate from doing: `oracles`, `audit::compare` and
//! `cost` are pure, `inspect` and `phases` make the calls. `tests/harness/layers.rs` lists the layers, from the bottom up.

pub mod audit;
pub mod cli;
pub mod cost;
pub mod exit_code;
pub mod faults;
pub mod inspect;
pub mod lifecycle;
pub mod live;
pub mod oracles;
pub mod permissions;
pub mod phases;
pub mod prices;
pub mod programs;
pub mod providers;
pub mod recorder;
pub mod run_directory;
pub mod runner;
pub mod scenario;
pub mod settle;
pub mod simulate;
pub mod sweep;
pub mod trial;
pub mod trial_context;
pub mod wall_clock;
