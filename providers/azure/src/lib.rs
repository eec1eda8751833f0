//! Azure Kubernetes Service: the provisioner, credentials, and cost.
//!
//! All provider folders have the same layout: `provisioner`, `observer`, `cost`, and the simulator in a crate
//! of its own. The observer and the provider's entry point are not there yet.

pub mod api;
pub mod calls;
pub mod cost;
pub mod credentials;
pub mod dialect;
pub mod faults;
pub mod prices;
pub mod provisioner;
pub mod rehearsal;
pub mod routes;
pub mod spec;

#[cfg(test)]
mod tests;
