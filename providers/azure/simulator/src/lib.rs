//! A simulated Azure subscription: resource groups with what is in them, AKS clusters, role assignments, the directory
//! with its applications, and what it all costs.
//!
//! It speaks the wire format of Azure Resource Manager and of Microsoft Graph. Each resource type is a value that says
//! what its members are and what follows from them; reading, writing and deleting is written once, in `arm`.

pub mod cloud;
pub mod setup;
pub mod state;

mod activity;
mod aks;
mod arm;
mod authorization;
mod billing;
mod bystanders;
mod compute;
mod graph;
mod groups;
mod identity;
mod inventory;
mod list_only;
mod locks;
mod network;
mod prices;
mod providers;
mod quota;
mod resource_graph;
mod route;
mod subscription;
mod throttle;
mod token;
mod usages;
mod wire;

/// What the API servers of its clusters serve.
pub use kubeproof_kubernetes_simulator::resource_types;
pub use route::{answered_operations, operation_of, operations};
