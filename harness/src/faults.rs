//! Campaigns: fail every call of a clean run in every documented way, one lifecycle each.
//!
//! Injection points and schedules are pure data; only `campaign` and `lifecycle` run anything.

pub mod campaign;
mod clean;
pub mod injection_points;
pub mod lifecycle;
mod plan;
mod reorder_buffer;
pub mod schedules;
pub mod shard;
pub mod shrink;
mod summary;
