//! The controllers, and the events that they and the nodes write.

pub(crate) mod cron_schedule;
pub(crate) mod cronjobs;
pub(crate) mod daemonsets;
pub(crate) mod deployments;
pub(crate) mod disruption;
pub(crate) mod events;
pub(crate) mod garbage;
pub(crate) mod jobs;
pub(crate) mod label_selector;
pub(crate) mod namespaces;
pub(crate) mod replicasets;
pub(crate) mod revisions;
pub(crate) mod rollout;
pub(crate) mod services;
pub(crate) mod statefulsets;
pub(crate) mod volumes;
pub(crate) mod workload;
