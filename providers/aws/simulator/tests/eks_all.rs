//! Tests of IAM, STS, EKS, Auto Scaling and the clusters' API servers, through HTTP requests alone.
//!
//! One target with a file per concept, so that they share the requests and link once.

#[path = "eks_tests/access.rs"]
mod access;
#[path = "eks_tests/bench.rs"]
mod bench;
#[path = "eks_tests/capacity.rs"]
mod capacity;
#[path = "eks_tests/clusters.rs"]
mod clusters;
#[path = "eks_tests/iam.rs"]
mod iam;
#[path = "eks_tests/kubernetes.rs"]
mod kubernetes;
#[path = "eks_tests/launch_templates.rs"]
mod launch_templates;
#[path = "eks_tests/node_groups.rs"]
mod node_groups;
#[path = "eks_tests/spot.rs"]
mod spot;
#[path = "eks_tests/stale_reads.rs"]
mod stale_reads;
#[path = "eks_tests/token.rs"]
mod token;
