//! The AWS-managed policies that a cluster can need, by ARN.
//!
//! An unknown name is `NoSuchEntity`, as with a misspelt one.

/// Names below `arn:aws:iam::aws:policy/`.
const NAMES: &[&str] = &[
    "AmazonEKSClusterPolicy",
    "AmazonEKSServicePolicy",
    "AmazonEKSVPCResourceController",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKSWorkerNodeMinimalPolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryPowerUser",
    "AmazonEKSFargatePodExecutionRolePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEBSCSIDriverPolicyV2",
    "AmazonEC2ReadOnlyAccess",
    "AmazonEC2FullAccess",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchAgentServerPolicy",
    "AdministratorAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
];

/// Those below `arn:aws:iam::aws:policy/service-role/`.
const SERVICE_ROLE_NAMES: &[&str] = &[
    "AmazonEBSCSIDriverPolicy",
    "AmazonEFSCSIDriverPolicy",
    "AutoScalingNotificationAccessRole",
];

/// Whether an ARN is that of an AWS policy that the simulator knows.
pub fn exists(arn: &str) -> bool {
    let Some(name) = arn.strip_prefix("arn:aws:iam::aws:policy/") else {
        return false;
    };
    match name.strip_prefix("service-role/") {
        Some(name) => SERVICE_ROLE_NAMES.contains(&name),
        None => NAMES.contains(&name),
    }
}
