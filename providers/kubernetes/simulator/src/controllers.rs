//! The controllers, and the events that they and the nodes write.

pub(crate) mod deployments;
pub(crate) mod events;
pub(crate) mod garbage;
pub(crate) mod jobs;
pub(crate) mod namespaces;
pub(crate) mod replicasets;
pub(crate) mod services;
pub(crate) mod volumes;
pub(crate) mod workload;
