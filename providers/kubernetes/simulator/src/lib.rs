//! A simulated Kubernetes API server: enough for kube-rs and kubectl, and its couplings to a cloud.
//!
//! It knows no cloud: what a LoadBalancer service or a volume claim needs is handed out as requests
//! ([`coupling::CloudRequest`]) that the cloud's simulator carries out. It runs no program of the
//! host: the one workload that it interprets is the probe ([`probe`]).

pub mod coupling;
pub mod probe;
pub mod server;

mod change;
mod cluster;
mod create;
mod defaults;
mod delete;
mod discovery;
mod failure;
mod garbage;
mod jobs;
mod json;
mod kubelet;
mod list;
mod logs;
mod namespaces;
mod nodes;
mod openapi;
mod patch;
mod pod_defaults;
mod pod_status;
mod review;
mod route;
mod scheduler;
mod selectors;
mod services;
mod store;
mod strategic;
mod tables;
mod types;
mod validate;
mod volumes;
mod watch;
