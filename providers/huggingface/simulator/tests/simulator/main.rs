//! The simulator through HTTP requests alone.
//!
//! One target, so that it is linked once.

mod access;
mod bench;
mod endpoints;
mod faults;
mod fork;
#[path = "../../../../simkit/tests/support/fork.rs"]
mod fork_support;
mod fuzz;
#[path = "../../../../simkit/tests/support/fuzz.rs"]
mod fuzz_support;
mod inference;
mod jobs;
mod lists;
mod meter;
mod repositories;
mod schedules;
