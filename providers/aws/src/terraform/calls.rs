//! The calls that terraform's AWS provider makes to create, read and delete each type: what `init` holds against the
//! simulator before the first apply.
//!
//! Written from what resources of terraform-provider-aws 6 do, and not compared with journals of all types: it is a hint
//! before the first apply, and never a verdict. What the simulator does not know is answered by name during the run. Types
//! that it does not know are here too, so that the missing call can be named.

/// Types of resources, and of data sources (`data …`), with their calls.
#[rustfmt::skip]
pub const CALLS: &[(&str, &str)] = &[
    // Networks.
    ("aws_vpc", "ec2:CreateVpc ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:ModifyVpcAttribute ec2:DeleteVpc"),
    ("aws_default_vpc", "ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:ModifyVpcAttribute"),
    ("aws_vpc_ipv4_cidr_block_association", "ec2:AssociateVpcCidrBlock ec2:DescribeVpcs ec2:DisassociateVpcCidrBlock"),
    ("aws_vpc_dhcp_options", "ec2:CreateDhcpOptions ec2:DescribeDhcpOptions ec2:DeleteDhcpOptions"),
    ("aws_vpc_dhcp_options_association", "ec2:AssociateDhcpOptions ec2:DescribeVpcs"),
    ("aws_subnet", "ec2:CreateSubnet ec2:DescribeSubnets ec2:ModifySubnetAttribute ec2:DeleteSubnet"),
    ("aws_internet_gateway", "ec2:CreateInternetGateway ec2:AttachInternetGateway ec2:DescribeInternetGateways ec2:DetachInternetGateway ec2:DeleteInternetGateway"),
    ("aws_egress_only_internet_gateway", "ec2:CreateEgressOnlyInternetGateway ec2:DescribeEgressOnlyInternetGateways ec2:DeleteEgressOnlyInternetGateway"),
    ("aws_eip", "ec2:AllocateAddress ec2:DescribeAddresses ec2:DescribeAddressesAttribute ec2:ReleaseAddress"),
    ("aws_eip_association", "ec2:AssociateAddress ec2:DescribeAddresses ec2:DisassociateAddress"),
    ("aws_nat_gateway", "ec2:CreateNatGateway ec2:DescribeNatGateways ec2:DeleteNatGateway"),
    ("aws_route_table", "ec2:CreateRouteTable ec2:CreateRoute ec2:DescribeRouteTables ec2:DeleteRouteTable"),
    ("aws_default_route_table", "ec2:DescribeRouteTables ec2:DeleteRoute ec2:CreateRoute"),
    ("aws_route", "ec2:CreateRoute ec2:DescribeRouteTables ec2:DeleteRoute"),
    ("aws_route_table_association", "ec2:AssociateRouteTable ec2:DescribeRouteTables ec2:DisassociateRouteTable"),
    ("aws_main_route_table_association", "ec2:ReplaceRouteTableAssociation ec2:DescribeRouteTables"),
    ("aws_network_acl", "ec2:CreateNetworkAcl ec2:DescribeNetworkAcls ec2:CreateNetworkAclEntry ec2:ReplaceNetworkAclAssociation ec2:DeleteNetworkAcl"),
    ("aws_network_acl_rule", "ec2:CreateNetworkAclEntry ec2:DescribeNetworkAcls ec2:DeleteNetworkAclEntry"),
    ("aws_default_network_acl", "ec2:DescribeNetworkAcls ec2:CreateNetworkAclEntry ec2:DeleteNetworkAclEntry"),
    ("aws_security_group", "ec2:CreateSecurityGroup ec2:DescribeSecurityGroups ec2:AuthorizeSecurityGroupIngress ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress ec2:DeleteSecurityGroup"),
    ("aws_default_security_group", "ec2:DescribeSecurityGroups ec2:RevokeSecurityGroupIngress ec2:RevokeSecurityGroupEgress"),
    ("aws_security_group_rule", "ec2:AuthorizeSecurityGroupIngress ec2:AuthorizeSecurityGroupEgress ec2:DescribeSecurityGroups ec2:RevokeSecurityGroupIngress ec2:RevokeSecurityGroupEgress"),
    ("aws_vpc_security_group_ingress_rule", "ec2:AuthorizeSecurityGroupIngress ec2:DescribeSecurityGroupRules ec2:RevokeSecurityGroupIngress"),
    ("aws_vpc_security_group_egress_rule", "ec2:AuthorizeSecurityGroupEgress ec2:DescribeSecurityGroupRules ec2:RevokeSecurityGroupEgress"),
    ("aws_vpc_endpoint", "ec2:CreateVpcEndpoint ec2:DescribeVpcEndpoints ec2:DescribePrefixLists ec2:DeleteVpcEndpoints"),
    ("aws_vpc_endpoint_route_table_association", "ec2:ModifyVpcEndpoint ec2:DescribeVpcEndpoints"),
    ("aws_vpc_peering_connection", "ec2:CreateVpcPeeringConnection"),
    ("aws_ec2_transit_gateway", "ec2:CreateTransitGateway"),
    ("aws_ec2_transit_gateway_vpc_attachment", "ec2:CreateTransitGatewayVpcAttachment"),
    ("aws_vpn_gateway", "ec2:CreateVpnGateway"),
    ("aws_customer_gateway", "ec2:CreateCustomerGateway"),
    ("aws_flow_log", "ec2:CreateFlowLogs ec2:DescribeFlowLogs ec2:DeleteFlowLogs"),
    ("aws_network_interface", "ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DeleteNetworkInterface"),
    // Machines.
    ("aws_instance", "ec2:RunInstances ec2:DescribeInstances ec2:DescribeInstanceAttribute ec2:DescribeInstanceCreditSpecifications ec2:ModifyInstanceAttribute ec2:TerminateInstances"),
    ("aws_spot_instance_request", "ec2:RequestSpotInstances ec2:DescribeSpotInstanceRequests"),
    ("aws_launch_template", "ec2:CreateLaunchTemplate ec2:DescribeLaunchTemplates ec2:DescribeLaunchTemplateVersions ec2:CreateLaunchTemplateVersion ec2:DeleteLaunchTemplate"),
    ("aws_key_pair", "ec2:ImportKeyPair ec2:DescribeKeyPairs ec2:DeleteKeyPair"),
    ("aws_placement_group", "ec2:CreatePlacementGroup"),
    ("aws_ebs_volume", "ec2:CreateVolume ec2:DescribeVolumes ec2:DeleteVolume"),
    ("aws_ebs_encryption_by_default", "ec2:EnableEbsEncryptionByDefault"),
    ("aws_ec2_tag", "ec2:CreateTags ec2:DescribeTags ec2:DeleteTags"),
    ("aws_autoscaling_group", "autoscaling:CreateAutoScalingGroup autoscaling:DescribeAutoScalingGroups autoscaling:DeleteAutoScalingGroup"),
    ("aws_autoscaling_group_tag", "autoscaling:CreateOrUpdateTags autoscaling:DescribeTags"),
    ("aws_autoscaling_lifecycle_hook", "autoscaling:PutLifecycleHook"),
    ("aws_autoscaling_policy", "autoscaling:PutScalingPolicy"),
    // Clusters.
    ("aws_eks_cluster", "eks:CreateCluster eks:DescribeCluster eks:DeleteCluster"),
    ("aws_eks_node_group", "eks:CreateNodegroup eks:DescribeNodegroup eks:DeleteNodegroup"),
    ("aws_eks_fargate_profile", "eks:CreateFargateProfile eks:DescribeFargateProfile eks:DeleteFargateProfile"),
    ("aws_eks_addon", "eks:CreateAddon eks:DescribeAddon eks:DeleteAddon"),
    ("aws_eks_access_entry", "eks:CreateAccessEntry eks:DescribeAccessEntry eks:DeleteAccessEntry"),
    ("aws_eks_access_policy_association", "eks:AssociateAccessPolicy eks:ListAssociatedAccessPolicies eks:DisassociateAccessPolicy"),
    ("aws_eks_pod_identity_association", "eks:CreatePodIdentityAssociation eks:DescribePodIdentityAssociation eks:DeletePodIdentityAssociation"),
    ("aws_eks_identity_provider_config", "eks:AssociateIdentityProviderConfig eks:DescribeIdentityProviderConfig eks:DisassociateIdentityProviderConfig"),
    // Roles.
    ("aws_iam_role", "iam:CreateRole iam:GetRole iam:ListRolePolicies iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole iam:DeleteRole"),
    ("aws_iam_role_policy", "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy"),
    ("aws_iam_role_policy_attachment", "iam:AttachRolePolicy iam:ListAttachedRolePolicies iam:DetachRolePolicy"),
    ("aws_iam_policy", "iam:CreatePolicy iam:GetPolicy iam:GetPolicyVersion iam:ListPolicyVersions iam:DeletePolicy"),
    ("aws_iam_instance_profile", "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile iam:GetInstanceProfile iam:RemoveRoleFromInstanceProfile iam:DeleteInstanceProfile"),
    ("aws_iam_openid_connect_provider", "iam:CreateOpenIDConnectProvider iam:GetOpenIDConnectProvider iam:DeleteOpenIDConnectProvider"),
    ("aws_iam_service_linked_role", "iam:CreateServiceLinkedRole iam:GetRole iam:DeleteServiceLinkedRole"),
    ("aws_iam_user", "iam:CreateUser"),
    ("aws_iam_access_key", "iam:CreateAccessKey"),
    ("aws_iam_group", "iam:CreateGroup"),
    // Keys and logs.
    ("aws_kms_key", "kms:CreateKey kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:EnableKeyRotation kms:ListResourceTags kms:ScheduleKeyDeletion"),
    ("aws_kms_alias", "kms:CreateAlias kms:ListAliases kms:DeleteAlias"),
    ("aws_kms_grant", "kms:CreateGrant kms:ListGrants kms:RevokeGrant"),
    ("aws_cloudwatch_log_group", "logs:CreateLogGroup logs:PutRetentionPolicy logs:DescribeLogGroups logs:ListTagsForResource logs:DeleteLogGroup"),
    ("aws_cloudwatch_log_stream", "logs:CreateLogStream logs:DescribeLogStreams logs:DeleteLogStream"),
    // Balancers.
    ("aws_lb", "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:DescribeLoadBalancerAttributes elasticloadbalancing:ModifyLoadBalancerAttributes"),
    ("aws_alb", "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:DescribeLoadBalancerAttributes elasticloadbalancing:ModifyLoadBalancerAttributes"),
    ("aws_lb_target_group", "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:DescribeTargetGroupAttributes elasticloadbalancing:ModifyTargetGroupAttributes"),
    ("aws_lb_listener", "elasticloadbalancing:CreateListener"),
    ("aws_elb", "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:DescribeLoadBalancerAttributes"),
    // Other services.
    ("aws_s3_bucket", "s3:CreateBucket"),
    ("aws_dynamodb_table", "dynamodb:CreateTable"),
    ("aws_ecr_repository", "ecr:CreateRepository"),
    ("aws_route53_zone", "route53:CreateHostedZone"),
    ("aws_route53_record", "route53:ChangeResourceRecordSets"),
    ("aws_acm_certificate", "acm:RequestCertificate"),
    ("aws_sqs_queue", "sqs:CreateQueue sqs:GetQueueAttributes sqs:ListQueueTags sqs:DeleteQueue"),
    ("aws_sqs_queue_policy", "sqs:SetQueueAttributes sqs:GetQueueAttributes"),
    ("aws_sns_topic", "sns:CreateTopic"),
    ("aws_cloudwatch_event_rule", "events:PutRule events:DescribeRule events:ListTagsForResource events:DeleteRule"),
    ("aws_cloudwatch_event_target", "events:PutTargets events:ListTargetsByRule events:RemoveTargets"),
    ("aws_cloudwatch_metric_alarm", "monitoring:PutMetricAlarm"),
    ("aws_db_instance", "rds:CreateDBInstance"),
    ("aws_rds_cluster", "rds:CreateDBCluster"),
    ("aws_elasticache_cluster", "elasticache:CreateCacheCluster"),
    ("aws_efs_file_system", "elasticfilesystem:CreateFileSystem"),
    ("aws_efs_mount_target", "elasticfilesystem:CreateMountTarget"),
    ("aws_lambda_function", "lambda:CreateFunction"),
    ("aws_secretsmanager_secret", "secretsmanager:CreateSecret"),
    ("aws_ssm_parameter", "ssm:PutParameter"),
    // Data sources.
    ("data aws_availability_zones", "ec2:DescribeAvailabilityZones"),
    ("data aws_ami", "ec2:DescribeImages"),
    ("data aws_caller_identity", "sts:GetCallerIdentity"),
    ("data aws_ec2_instance_type", "ec2:DescribeInstanceTypes"),
    ("data aws_ec2_instance_type_offerings", "ec2:DescribeInstanceTypeOfferings"),
    ("data aws_ecrpublic_authorization_token", "ecr-public:GetAuthorizationToken"),
    ("data aws_eks_addon_version", "eks:DescribeAddonVersions"),
    ("data aws_eks_cluster", "eks:DescribeCluster"),
    ("data aws_eks_cluster_auth", ""),
    ("data aws_eks_cluster_versions", "eks:DescribeClusterVersions"),
    ("data aws_iam_policy", "iam:GetPolicy iam:GetPolicyVersion"),
    ("data aws_iam_policy_document", ""),
    ("data aws_iam_role", "iam:GetRole"),
    ("data aws_iam_session_context", "iam:GetRole"),
    ("data aws_kms_alias", "kms:ListAliases kms:DescribeKey"),
    ("data aws_kms_key", "kms:DescribeKey"),
    ("data aws_partition", ""),
    ("data aws_region", ""),
    ("data aws_route53_zone", "route53:ListHostedZones"),
    ("data aws_route_table", "ec2:DescribeRouteTables"),
    ("data aws_route_tables", "ec2:DescribeRouteTables"),
    ("data aws_security_group", "ec2:DescribeSecurityGroups"),
    ("data aws_service_principal", ""),
    ("data aws_ssm_parameter", "ssm:GetParameter"),
    ("data aws_subnet", "ec2:DescribeSubnets"),
    ("data aws_subnets", "ec2:DescribeSubnets"),
    ("data aws_vpc", "ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:DescribeRouteTables"),
    ("data aws_vpc_endpoint_service", "ec2:DescribeVpcEndpointServices"),
    ("data aws_vpcs", "ec2:DescribeVpcs"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_named_once_and_each_call_has_a_service() {
        let mut names: Vec<&str> = CALLS.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CALLS.len());
        for (name, calls) in CALLS {
            let is_call = |call: &str| call.split(':').count() == 2;
            assert!(calls.split_whitespace().all(is_call), "{name}");
            assert!(
                name.trim_start_matches("data ").starts_with("aws_"),
                "{name}"
            );
        }
    }
}
