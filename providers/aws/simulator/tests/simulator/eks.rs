//! Tests of IAM, STS, EKS, Auto Scaling and the clusters' API servers, through HTTP requests alone.
//!
//! One target with a file per concept, so that they share the requests and link once.

mod access;
mod addons;
mod assumed_roles;
mod aws_auth;
mod bench;
mod capacity;
mod clusters;
mod encryption;
mod fargate;
mod iam;
mod kube_system;
mod kubernetes;
mod launch_templates;
mod node_groups;
mod replacement;
mod spot;
mod stale_reads;
mod support;
mod token;
mod updates;
