//! AWS: the EKS provisioner, the independent observer of the account, and cost.
//!
//! Every provider has the same parts: `plan`, `provisioner`, `observer`, `deleter` and `cost`. The simulator is a crate of its own
//! beside this one.

mod calls;
pub mod catalogue;
pub mod client_environment;
pub mod cost;
pub mod credentials;
pub mod defects;
pub mod deleter;
pub mod dialect;
mod error;
pub mod faults;
mod json_call;
mod known_limits;
pub mod kubeconfig;
mod log_groups;
pub mod observer;
pub mod permissions;
pub mod placeholder;
pub mod plan;
pub mod prices;
pub mod provider;
pub mod provisioner;
pub mod rehearsal;
pub mod sdk;
pub mod spec;
pub mod terraform;
