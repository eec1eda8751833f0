//! The simulator through HTTP requests alone.
//!
//! One target, so that it is linked once.

mod access;
mod arm;
mod bench;
mod billing;
mod clusters;
mod control_planes;
mod directory;
mod fork;
#[path = "../../../../simkit/tests/support/fork.rs"]
mod fork_support;
mod fuzz;
#[path = "../../../../simkit/tests/support/fuzz.rs"]
mod fuzz_support;
mod groups;
mod meter;
mod networks;
mod prices;
mod quotas;
mod resource_graph;
