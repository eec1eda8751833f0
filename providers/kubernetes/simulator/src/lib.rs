//! A simulated Kubernetes API server: enough for kube-rs and kubectl, and its couplings to a cloud.
//!
//! It knows no cloud: what a LoadBalancer service or a volume claim needs is handed out as requests
//! ([`coupling::CloudRequest`]) that the cloud's simulator carries out. It runs no program of the
//! host: a few words of a shell are interpreted, and one image is known ([`probe`]).

pub mod coupling;
pub mod probe;
pub mod server;

mod access;
mod apply;
mod body;
mod cells;
mod change;
mod cluster;
mod create;
mod decode;
mod defaults;
mod delete;
mod deployments;
mod devices;
mod difference;
mod discovery;
mod events;
mod failure;
mod fields;
mod garbage;
mod jobs;
mod json;
mod kubelet;
mod list;
mod logs;
mod managers;
mod names;
mod namespaces;
mod nodes;
mod openapi;
mod options;
mod patch;
mod pod_defaults;
mod pod_status;
mod program;
mod protobuf;
mod replicasets;
mod requirements;
mod review;
mod route;
mod scale;
mod scheduler;
mod schema;
mod selectors;
mod services;
mod store;
mod strategic;
mod tables;
mod tokens;
mod types;
mod validate;
mod volumes;
mod watch;
mod workload;
