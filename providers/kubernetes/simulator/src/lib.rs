//! A simulated Kubernetes API server: enough for kube-rs and kubectl, and its couplings to a cloud.
//!
//! It knows no cloud: what a LoadBalancer service or a volume claim needs is handed out as requests
//! ([`coupling::CloudRequest`]) that the cloud's simulator carries out.

pub mod coupling;
pub mod server;
