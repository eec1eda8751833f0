//! A simulated AWS account that speaks the real wire protocols.
//!
//! Kept separate from the provider crate so that the observer can share no code with it, and so that it builds
//! without the SDKs. Facts and their sources: `README.md` beside this crate.

pub mod autoscaling;
pub mod balancing;
pub mod billing;
pub mod bystanders;
pub mod cloud;
pub mod durations;
pub mod ec2;
pub mod eks;
pub mod events;
pub mod iam;
pub mod kms;
mod lifetime;
pub mod logs;
pub mod operations;
pub mod policy;
pub mod quotas;
pub mod setup;
pub mod sigv4;
pub mod sqs;
pub mod state;
pub mod sts;
pub mod tagging;
pub mod trail;
pub mod wire;

/// What the API servers of its clusters serve.
pub use kubeproof_kubernetes_simulator::resource_types;
