//! Kubernetes on the machines of a cloud that gives no Kubernetes of its own: k3s, installed by cloud-init.
//!
//! The cloud launches machines and says their addresses; all that makes a cluster of them is here.

pub mod cloud_init;
pub mod cluster_ca;

mod keys;

pub use cloud_init::K3s;
pub use cluster_ca::{ClusterCa, ClusterCaError};

/// The port of the API server.
pub const API_PORT: u16 = 6443;
