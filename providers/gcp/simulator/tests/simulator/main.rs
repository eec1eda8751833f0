//! The simulator through HTTP requests alone.
//!
//! One target, so that it is linked once.

mod autoscaler;
mod bench;
mod billing;
mod clusters;
mod fork;
#[path = "../../../../simkit/tests/support/fork.rs"]
mod fork_support;
mod fuzz;
#[path = "../../../../simkit/tests/support/fuzz.rs"]
mod fuzz_support;
mod iam;
mod lists;
mod load_balancers;
mod machines;
mod meter;
mod names_and_files;
mod networks;
mod pools;
mod price_list;
mod project;
mod registrations;
mod traces;
mod workload;
