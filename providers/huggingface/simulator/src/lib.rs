//! A simulated Hugging Face account: Inference Endpoints, Jobs, Spaces, and what they cost.
//!
//! It speaks the public REST APIs of both hosts, and answers as the deployed models do. Each product has a folder, a
//! table of operations, and a part of the state of its own.

pub mod cloud;
pub mod setup;

mod access;
mod bystanders;
mod cluster;
mod endpoints;
mod flavors;
mod hub;
mod inference;
mod inventory;
mod jobs;
mod rate_limit;
mod repositories;
mod route;
mod state;
mod tags;
mod time;
mod webhooks;
mod whoami;
mod wire;

/// What the API servers of its clusters serve.
pub use kubeproof_kubernetes_simulator::resource_types;
pub use route::{answered_by_product, answered_operations, operation_of, operations, products};
