//! The Kubernetes side of every provider: readiness, the job that proves a cluster, and leftovers.
//!
//! Written with kube-rs against the Kubernetes API, over the contract's transport: it knows no
//! cloud and no simulator.

pub mod client;
pub mod dialect;
pub mod error;
pub mod job;
pub mod leftovers;
pub mod ready;

mod attempt;
mod diagnosis;
mod namespace;
mod probe;

pub use client::client;
pub use error::KubernetesError;
