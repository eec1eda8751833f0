//! Hugging Face: inference endpoints and jobs. The provisioner, the independent observer, and cost.
//!
//! All provider folders have the same layout: `plan`, `provisioner`, `observer`, `deleter`, `cost`, and the simulator in
//! a crate of its own.

pub mod api;
mod beside;
mod calls;
pub mod client_environment;
mod cluster;
pub mod cost;
mod credentials;
pub mod defects;
pub mod deleter;
pub mod dialect;
mod external_changes;
mod faults;
pub mod marks;
pub mod observer;
pub mod permissions;
pub mod plan;
pub mod prices;
pub mod provider;
pub mod provisioner;
pub mod rehearsal;
pub mod routes;
pub mod spec;
