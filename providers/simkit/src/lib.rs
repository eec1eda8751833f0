//! What every simulator needs: the cloud trait, seeded ids, timers, the meter, and the in-memory and socket servers.
//!
//! It knows no cloud. A simulator is synchronous and deterministic: ids come from the seed, time from
//! the clock, and nothing in it waits.

#![warn(missing_docs)]

pub mod account;
pub mod answers;
pub mod bench;
pub mod bystanders;
pub mod cloud;
pub mod firewall;
pub mod history;
pub mod idempotency;
pub mod ids;
pub mod in_memory;
pub mod injected;
pub mod meter;
pub mod operation;
pub mod paced_clock;
pub mod page;
pub mod proxy;
pub mod rate_limit;
pub mod rest;
pub mod router;
pub mod serve;
pub mod stale_reads;
pub mod store;
pub mod timers;
pub mod websocket;
