//! The campaign: every call of a clean run, failed in every documented way, one lifecycle each.
//!
//! Points and schedules are pure data; only `campaign` runs anything, and it runs trials as `run` does.

pub mod campaign;
mod clean;
mod entry;
pub mod one;
mod ordered;
mod plan;
pub mod points;
pub mod schedules;
pub mod shard;
pub mod shrink;
