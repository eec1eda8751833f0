//! A simulated Lambda Cloud account: instances, keys, filesystems, firewall rules, and k3s on instances.
//!
//! It speaks the public API's wire format and executes nothing: the cloud-init document of a launch is
//! parsed, and the known installation of k3s in it is simulated; anything else is refused by name.

pub mod cloud;
pub mod setup;
pub mod state;

mod bystanders;
mod catalogue;
mod filesystems;
mod firewall;
mod instances;
mod inventory;
mod keys;
mod launch;
mod lifecycle;
mod route;
mod trail;
mod wire;

/// What the API servers of its clusters serve.
pub use kubeproof_kubernetes_simulator::resource_types;
pub use route::operations;
