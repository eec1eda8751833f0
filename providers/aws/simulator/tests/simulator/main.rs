//! The simulator through HTTP requests alone.
//!
//! One target, so that it is linked once.

mod balancing_life;
mod billing_cost_explorer;
mod billing_prices;
mod billing_worked_example;
mod bystanders_and_tagging;
mod ec2;
mod eks;
mod fork;
#[path = "../../../../simkit/tests/support/fork.rs"]
mod fork_support;
mod fuzz;
#[path = "../../../../simkit/tests/support/fuzz.rs"]
mod fuzz_support;
mod keys;
mod over_sockets;
mod policy_decisions;
mod queues;
mod quotas_and_logs;
mod requests;
mod trail_lookup;
mod unknown_services;
