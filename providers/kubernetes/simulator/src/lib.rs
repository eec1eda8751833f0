//! A simulated Kubernetes API server: enough for kube-rs and kubectl, and its interface to a cloud.
//!
//! It knows no cloud: what a `LoadBalancer` service or a volume claim needs is handed out as requests
//! ([`cloud_provider::CloudProviderRequest`]) that the cloud's simulator carries out. It runs no program of
//! the host: it interprets a small subset of shell, and knows two images ([`probe`]). What a pod asks of a host outside
//! the cluster is handed out too ([`cloud_provider::PodRequest`]).

pub mod cloud_provider;
pub mod machines;
pub mod server;

mod api;
mod cluster;
mod controllers;
mod json;
mod kubectl;
mod node;
mod store;
mod wire;

pub use node::{other_scheduler, probe};

/// The resource types that the API server serves, such as `deployments.apps`.
pub fn resource_types() -> impl Iterator<Item = &'static str> {
    store::types::TYPES.iter().map(|served| served.id)
}
