//! The operations that the simulated AWS knows, by service: what faults can target.
//!
//! In builds with debug assertions every answered call is looked up here, so that none is forgotten.

/// The operations of each service, in order.
pub const OPERATIONS: &[(&str, &[&str])] = &[
    (
        "autoscaling",
        &[
            "DeleteAutoScalingGroup",
            "DescribeAutoScalingGroups",
            "DescribeScalingActivities",
        ],
    ),
    (
        "ce",
        &[
            "GetCostAndUsage",
            "GetDimensionValues",
            "GetTags",
            "ListCostAllocationTags",
            "UpdateCostAllocationTagsStatus",
        ],
    ),
    ("cloudtrail", &["LookupEvents"]),
    (
        "ec2",
        &[
            "AllocateAddress",
            "AssociateAddress",
            "AssociateRouteTable",
            "AttachInternetGateway",
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CancelSpotInstanceRequests",
            "CreateInternetGateway",
            "CreateLaunchTemplate",
            "CreateNatGateway",
            "CreateNetworkInterface",
            "CreateRoute",
            "CreateRouteTable",
            "CreateSecurityGroup",
            "CreateSubnet",
            "CreateTags",
            "CreateVolume",
            "CreateVpc",
            "DeleteInternetGateway",
            "DeleteLaunchTemplate",
            "DeleteNatGateway",
            "DeleteNetworkInterface",
            "DeleteRoute",
            "DeleteRouteTable",
            "DeleteSecurityGroup",
            "DeleteSubnet",
            "DeleteTags",
            "DeleteVolume",
            "DeleteVpc",
            "DescribeAccountAttributes",
            "DescribeAddresses",
            "DescribeAddressesAttribute",
            "DescribeAvailabilityZones",
            "DescribeCapacityReservations",
            "DescribeDhcpOptions",
            "DescribeEgressOnlyInternetGateways",
            "DescribeFleets",
            "DescribeFlowLogs",
            "DescribeInstanceTypeOfferings",
            "DescribeInstanceTypes",
            "DescribeInstances",
            "DescribeInternetGateways",
            "DescribeKeyPairs",
            "DescribeLaunchTemplateVersions",
            "DescribeLaunchTemplates",
            "DescribeManagedPrefixLists",
            "DescribeNatGateways",
            "DescribeNetworkAcls",
            "DescribeNetworkInterfaces",
            "DescribePlacementGroups",
            "DescribeRegions",
            "DescribeRouteTables",
            "DescribeSecurityGroupRules",
            "DescribeSecurityGroups",
            "DescribeSnapshots",
            "DescribeSpotFleetRequests",
            "DescribeSpotInstanceRequests",
            "DescribeSubnets",
            "DescribeTags",
            "DescribeTransitGatewayVpcAttachments",
            "DescribeVolumes",
            "DescribeVpcAttribute",
            "DescribeVpcEndpoints",
            "DescribeVpcPeeringConnections",
            "DescribeVpcs",
            "DescribeVpnConnections",
            "DescribeVpnGateways",
            "DetachInternetGateway",
            "DetachNetworkInterface",
            "DetachVolume",
            "DisassociateAddress",
            "DisassociateRouteTable",
            "ModifySubnetAttribute",
            "ModifyVpcAttribute",
            "ReleaseAddress",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "TerminateInstances",
        ],
    ),
    (
        "eks",
        &[
            "AssociateAccessPolicy",
            "CreateAccessEntry",
            "CreateAddon",
            "CreateCluster",
            "CreateNodegroup",
            "CreatePodIdentityAssociation",
            "DeleteAccessEntry",
            "DeleteAddon",
            "DeleteCluster",
            "DeleteNodegroup",
            "DeletePodIdentityAssociation",
            "DescribeAccessEntry",
            "DescribeAddon",
            "DescribeCluster",
            "DescribeClusterVersions",
            "DescribeFargateProfile",
            "DescribeNodegroup",
            "DescribePodIdentityAssociation",
            "DescribeUpdate",
            "DisassociateAccessPolicy",
            "ListAccessEntries",
            "ListAccessPolicies",
            "ListAddons",
            "ListAssociatedAccessPolicies",
            "ListClusters",
            "ListFargateProfiles",
            "ListIdentityProviderConfigs",
            "ListNodegroups",
            "ListPodIdentityAssociations",
            "ListTagsForResource",
            "ListUpdates",
            "TagResource",
            "UntagResource",
            "UpdateAccessEntry",
            "UpdateClusterConfig",
            "UpdateClusterVersion",
            "UpdateNodegroupConfig",
            "UpdateNodegroupVersion",
            "UpdatePodIdentityAssociation",
        ],
    ),
    (
        "elasticloadbalancing",
        &[
            "CreateLoadBalancer",
            "CreateTargetGroup",
            "DeleteLoadBalancer",
            "DeleteTargetGroup",
            "DescribeLoadBalancers",
            "DescribeTags",
            "DescribeTargetGroups",
        ],
    ),
    (
        "iam",
        &[
            "AddRoleToInstanceProfile",
            "AttachRolePolicy",
            "CreateInstanceProfile",
            "CreateOpenIDConnectProvider",
            "CreatePolicy",
            "CreateRole",
            "CreateServiceLinkedRole",
            "DeleteInstanceProfile",
            "DeleteOpenIDConnectProvider",
            "DeletePolicy",
            "DeleteRole",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "GetInstanceProfile",
            "GetOpenIDConnectProvider",
            "GetPolicy",
            "GetRole",
            "GetRolePolicy",
            "GetUser",
            "ListAttachedRolePolicies",
            "ListEntitiesForPolicy",
            "ListInstanceProfileTags",
            "ListInstanceProfiles",
            "ListInstanceProfilesForRole",
            "ListOpenIDConnectProviderTags",
            "ListOpenIDConnectProviders",
            "ListPolicies",
            "ListPolicyTags",
            "ListPolicyVersions",
            "ListRolePolicies",
            "ListRoleTags",
            "ListRoles",
            "PutRolePolicy",
            "RemoveRoleFromInstanceProfile",
            "SimulatePrincipalPolicy",
            "TagRole",
            "UntagRole",
        ],
    ),
    (
        "logs",
        &[
            "CreateLogGroup",
            "DeleteLogGroup",
            "DescribeLogGroups",
            "ListTagsForResource",
            "TagResource",
        ],
    ),
    (
        "pricing",
        &["DescribeServices", "GetAttributeValues", "GetProducts"],
    ),
    (
        "servicequotas",
        &[
            "GetAWSDefaultServiceQuota",
            "GetServiceQuota",
            "ListAWSDefaultServiceQuotas",
            "ListServiceQuotas",
        ],
    ),
    ("sts", &["GetCallerIdentity"]),
    ("tagging", &["GetResources"]),
];

/// Whether an operation is one of them.
pub fn is_known(service: &str, operation: &str) -> bool {
    let of_service = OPERATIONS.iter().find(|(name, _)| *name == service);
    of_service.is_some_and(|(_, operations)| operations.contains(&operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_once_and_in_order() {
        let services: Vec<&str> = OPERATIONS.iter().map(|(name, _)| *name).collect();
        assert!(services.is_sorted_by(|one, next| one < next));
        for (service, operations) in OPERATIONS {
            assert!(operations.is_sorted_by(|one, next| one < next), "{service}");
        }
    }

    #[test]
    fn what_ec2_is_listed_with_it_has() {
        let (_, operations) = OPERATIONS.iter().find(|(name, _)| *name == "ec2").unwrap();
        for operation in *operations {
            assert!(crate::ec2::knows(operation), "{operation}");
        }
        assert!(!is_known("ec2", "CreateVPC") && !is_known("foo", "Bar"));
    }
}
