//! Valid requests that a fuzz test begins with.

/// A service, its operation and the parameters.
pub type Right = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Valid requests: service, operation, parameters. `VPC` and the like stand for the account's resources.
pub const RIGHT: &[Right] = &[
    (
        "ec2",
        "CreateVpc",
        &[
            ("CidrBlock", "10.1.0.0/16"),
            ("TagSpecification.1.ResourceType", "vpc"),
            ("TagSpecification.1.Tag.1.Key", "a"),
            ("TagSpecification.1.Tag.1.Value", "b"),
        ],
    ),
    (
        "ec2",
        "CreateSubnet",
        &[
            ("VpcId", "VPC"),
            ("CidrBlock", "172.31.200.0/24"),
            ("AvailabilityZone", "us-east-1a"),
        ],
    ),
    (
        "ec2",
        "CreateSecurityGroup",
        &[
            ("GroupName", "g"),
            ("GroupDescription", "d"),
            ("VpcId", "VPC"),
        ],
    ),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        &[
            ("GroupId", "SECURITY_GROUP"),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "22"),
            ("IpPermissions.1.ToPort", "22"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ],
    ),
    ("ec2", "AllocateAddress", &[("Domain", "vpc")]),
    (
        "ec2",
        "CreateNatGateway",
        &[("SubnetId", "SUBNET"), ("AllocationId", "ELASTIC_IP")],
    ),
    ("ec2", "CreateRouteTable", &[("VpcId", "VPC")]),
    (
        "ec2",
        "CreateRoute",
        &[
            ("RouteTableId", "ROUTE_TABLE"),
            ("DestinationCidrBlock", "10.9.0.0/16"),
            ("GatewayId", "INTERNET_GATEWAY"),
        ],
    ),
    ("ec2", "CreateInternetGateway", &[]),
    (
        "ec2",
        "CreateTags",
        &[
            ("ResourceId.1", "VPC"),
            ("Tag.1.Key", "k"),
            ("Tag.1.Value", "v"),
        ],
    ),
    (
        "ec2",
        "CreateVolume",
        &[
            ("AvailabilityZone", "us-east-1a"),
            ("Size", "8"),
            ("VolumeType", "gp3"),
        ],
    ),
    (
        "ec2",
        "ModifyVpcAttribute",
        &[("VpcId", "VPC"), ("EnableDnsHostnames.Value", "true")],
    ),
    (
        "ec2",
        "DescribeVpcs",
        &[
            ("Filter.1.Name", "vpc-id"),
            ("Filter.1.Value.1", "VPC"),
            ("MaxResults", "5"),
        ],
    ),
    ("ec2", "DescribeSubnets", &[("SubnetId.1", "SUBNET")]),
    (
        "ec2",
        "DescribeInstanceTypes",
        &[("InstanceType.1", "t3.medium")],
    ),
    ("ec2", "DeleteVpc", &[("VpcId", "VPC")]),
    ("ec2", "DeleteSubnet", &[("SubnetId", "SUBNET")]),
    (
        "iam",
        "CreateRole",
        &[
            ("RoleName", "r"),
            ("Path", "/"),
            (
                "AssumeRolePolicyDocument",
                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"eks.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}",
            ),
            ("MaxSessionDuration", "3600"),
        ],
    ),
    (
        "iam",
        "AttachRolePolicy",
        &[
            ("RoleName", "r"),
            (
                "PolicyArn",
                "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
            ),
        ],
    ),
    (
        "iam",
        "PutRolePolicy",
        &[
            ("RoleName", "r"),
            ("PolicyName", "p"),
            (
                "PolicyDocument",
                "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
            ),
        ],
    ),
    ("iam", "ListRoles", &[("MaxItems", "3")]),
    ("sts", "GetCallerIdentity", &[]),
    (
        "autoscaling",
        "DescribeAutoScalingGroups",
        &[("MaxRecords", "5")],
    ),
    (
        "elasticloadbalancing",
        "CreateLoadBalancer",
        &[
            ("Name", "n"),
            ("Type", "network"),
            ("Subnets.member.1", "SUBNET"),
        ],
    ),
];
