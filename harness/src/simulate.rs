//! Simulating: served accounts for programs that are not ours, and what such a program left in them.
//!
//! Apart from trials because nobody here drives the phases: whatever runs decides what it calls.

pub mod env_file;
pub mod environment;
pub mod session;
pub mod stock;
