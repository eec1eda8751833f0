//! Simulation: serves accounts to other programs and reports what those left in them.

pub mod account_diff;
pub mod env_file;
pub mod environment;
pub mod session;
