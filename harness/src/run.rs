//! Runs trials: one file per phase, and the loop that drives them.
//!
//! Decisions are pure functions in `outcome`, `oracles`, `audit::compare` and `cost`; this folder makes the calls.

pub mod access_phase;
pub mod attempt;
pub mod attribution;
pub mod audit_phase;
pub mod bystander;
pub mod cancel;
pub mod checklist;
pub mod checks_phase;
pub mod cost_phase;
pub mod demand;
pub mod external;
pub mod folder;
pub mod ground_truth_audit;
pub mod injected;
pub mod job;
pub mod leftovers;
pub mod lifecycle;
pub mod live_access;
pub mod orphan_attribution;
pub mod outcome;
pub mod panic_guard;
pub mod plan;
pub mod progress;
pub mod provision;
pub mod readiness;
pub mod recorder;
pub mod registry;
pub mod reported;
pub mod run_directory;
pub mod runner;
pub mod spending;
pub mod sweep;
pub mod teardown;
pub mod trial;
pub mod trial_context;
pub mod unfinished;
pub mod unobserved;
