//! A simulated Google Cloud project: networks, machines and disks of Compute Engine, GKE clusters, and what they cost.
//!
//! It speaks the public REST APIs' wire format. Each service has a folder, a table of operations in each of its
//! files, and a part of the state of its own.

pub mod cloud;
pub mod setup;
pub mod state;

mod asset;
mod auth;
mod bigquery;
mod bystanders;
mod cloud_billing;
mod compute;
mod container;
mod dns;
mod file;
mod hub;
mod iam;
mod inventory;
mod kms;
mod links;
mod logging;
mod named;
mod prices;
mod project;
mod resource_manager;
mod route;
mod service_usage;
mod skus;
mod token;
mod wire;

/// What the API servers of its clusters serve.
pub use kubeproof_kubernetes_simulator::resource_types;
pub use route::{operations, services};
