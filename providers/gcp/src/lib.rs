//! Google Kubernetes Engine: the provisioner, the observer, credentials, and cost.
//!
//! All provider folders have the same layout: `provisioner`, `observer`, `cost`, and the simulator in a crate
//! of its own. The provider's entry point is not there yet.

pub mod api;
pub mod calls;
pub mod cost;
pub mod credentials;
pub mod deleter;
pub mod dialect;
pub mod faults;
pub mod kubeconfig;
pub mod marks;
pub mod observer;
pub mod permissions;
pub mod prices;
pub mod provisioner;
pub mod rehearsal;
pub mod routes;
pub mod spec;

#[cfg(test)]
mod tests;
