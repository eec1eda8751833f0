//! How long asynchronous operations take: drawn from the seed within documented or measured ranges.
//!
//! Ranges: EKS cluster 8–12 min, delete 3–8 min; node group 2–5 min, delete 3–10 min; NAT gateway
//! 1–3 min, delete 1–2 min; interfaces of EKS outlive the cluster by 1–5 min; IAM propagates in
//! 5–15 s; EC2 reads lag by seconds; a Fargate profile is made in 20 s to 6 min (eksctl#6375) and deleted in 1–20 min
//! (aws/containers-roadmap#1211). Sources: AWS user guides and waiters, see `README.md`.

use std::time::Duration;

use kubeproof_simkit::ids::Ids;

/// The durations of one simulated account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durations {
    /// `CreateCluster` to ACTIVE.
    pub cluster_create: Duration,
    /// `DeleteCluster` to gone.
    pub cluster_delete: Duration,
    /// How long the cluster's network interfaces outlive it.
    pub interfaces_linger: Duration,
    /// `CreateNodegroup` to ACTIVE, with its nodes Ready.
    pub node_group_create: Duration,
    /// `DeleteNodegroup` to gone.
    pub node_group_delete: Duration,
    /// `CreateNodegroup` to `CREATE_FAILED`, if the creation fails.
    pub node_group_failure: Duration,
    /// `CreateNatGateway` to available.
    pub nat_create: Duration,
    /// `DeleteNatGateway` to deleted.
    pub nat_delete: Duration,
    /// How long a deleted or failed NAT gateway stays visible.
    pub nat_visible: Duration,
    /// Until other services see a new role, its policies or instance profile.
    pub iam_propagation: Duration,
    /// How long an EC2 read may miss a new resource, at most.
    pub read_lag_max: Duration,
    /// Until a load balancer is active.
    pub load_balancer_create: Duration,
    /// How long a load balancer's interfaces outlive it.
    pub load_balancer_linger: Duration,
    /// Until a cluster or node group update has ended.
    pub update: Duration,
    /// Until usage shows in Cost Explorer.
    pub billing_lag: Duration,
    /// Until an event shows in `CloudTrail`.
    pub trail_lag: Duration,
    /// Until an interface endpoint is available.
    pub endpoint_create: Duration,
    /// Until a deleted one is gone.
    pub endpoint_delete: Duration,
    /// `CreateFargateProfile` to ACTIVE.
    pub fargate_create: Duration,
    /// `DeleteFargateProfile` to gone.
    pub fargate_delete: Duration,
}

impl Durations {
    /// Durations within their ranges, determined by the seed.
    pub fn seeded(seed: u64) -> Self {
        let mut ids = Ids::new(seed ^ 0x6475_7261);
        let mut seconds = |from: u64, to: u64| Duration::from_secs(from + ids.below(to - from + 1));
        Self {
            cluster_create: seconds(480, 720),
            cluster_delete: seconds(180, 480),
            interfaces_linger: seconds(60, 300),
            node_group_create: seconds(120, 300),
            node_group_delete: seconds(180, 420),
            node_group_failure: seconds(900, 1500),
            nat_create: seconds(60, 180),
            nat_delete: seconds(60, 120),
            nat_visible: Duration::from_hours(1),
            iam_propagation: seconds(5, 15),
            read_lag_max: seconds(1, 3),
            load_balancer_create: seconds(60, 180),
            load_balancer_linger: seconds(60, 180),
            update: seconds(30, 90),
            billing_lag: Duration::from_hours(24),
            trail_lag: Duration::from_mins(5),
            endpoint_create: seconds(60, 150),
            endpoint_delete: seconds(30, 90),
            fargate_create: seconds(20, 360),
            fargate_delete: seconds(60, 1200),
        }
    }
}
