//! Runs trials: one file per phase, and the loop that drives them.
//!
//! What decides is pure and stands in `expect`, `oracles`, `audit::compare` and `cost`; here it is done.

pub mod access;
pub mod attempt;
pub mod bill;
pub mod book;
pub mod broken;
pub mod bystander;
pub mod check_rows;
pub mod demand;
pub mod directory;
pub mod expect;
pub mod external;
pub mod folder;
pub mod handed;
pub mod in_truth;
pub mod injected;
pub mod job;
pub mod lab;
pub mod left;
pub mod lifecycle;
pub mod look;
pub mod observe;
pub mod others;
pub mod plan;
pub mod progress;
pub mod provision;
pub mod readiness;
pub mod registry;
pub mod reported;
pub mod spending;
pub mod stage;
pub mod stop;
pub mod sweep;
pub mod teardown;
pub mod trial;
pub mod unfinished;
pub mod unobserved;
pub mod whose;
