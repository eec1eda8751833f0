//! The Kubernetes side of every provider: readiness, the proofs that a cluster works, leftovers.
//!
//! It uses kube-rs over the contract's transport, and knows no cloud and no simulator.

pub mod calls;
pub mod client;
pub mod consumer;
pub mod dialect;
pub mod error;
pub mod gpu;
pub mod identity;
pub mod ingresses;
pub mod job;
pub mod kubeconfig;
pub mod leftovers;
pub mod machines;
pub mod ready;
pub mod scale;
pub mod workload;

mod attempt;
mod diagnosis;
mod namespace;
mod probe;

pub use client::client;
pub use error::KubernetesError;
pub use kube::Client;
