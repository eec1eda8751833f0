//! What every simulator needs: the cloud trait, seeded ids, timers, the meter and the way in.
//!
//! It knows no cloud. A simulator is synchronous and deterministic: ids come from the seed, time from
//! the clock, and nothing in it waits.

pub mod cloud;
pub mod history;
pub mod ids;
pub mod memory;
pub mod meter;
pub mod pace;
pub mod serve;
pub mod timers;
