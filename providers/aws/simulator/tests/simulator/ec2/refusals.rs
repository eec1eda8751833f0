//! Refusals of invalid requests: codes as in the EC2 API reference, and nothing changed.

use super::account::{Account, Network, address, vpc};

/// Builds a network, and checks that a call is refused.
fn check(action: &str, params: fn(&Network) -> Vec<(&str, &str)>, code: &str) {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let before = account.inventory();
    account.refused(action, &params(&network), code);
    assert_eq!(
        account.inventory(),
        before,
        "a refused {action} changed something"
    );
}

#[test]
fn networks_that_cannot_be_are_refused() {
    check(
        "CreateVpc",
        |_| vec![("CidrBlock", "10.0.0.0/8")],
        "InvalidVpc.Range",
    );
    check(
        "CreateVpc",
        |_| vec![("CidrBlock", "10.0.0.0/29")],
        "InvalidVpc.Range",
    );
    check(
        "CreateVpc",
        |_| vec![("CidrBlock", "ten")],
        "InvalidParameterValue",
    );
    check("CreateVpc", |_| vec![], "MissingParameter");
    let code = "InvalidSubnet.Range";
    check(
        "CreateSubnet",
        |n| vec![("VpcId", &n.vpc), ("CidrBlock", "10.1.0.0/24")],
        code,
    );
    check(
        "CreateSubnet",
        |n| vec![("VpcId", &n.vpc), ("CidrBlock", "10.0.9.0/29")],
        code,
    );
    let code = "InvalidSubnet.Conflict";
    check(
        "CreateSubnet",
        |n| vec![("VpcId", &n.vpc), ("CidrBlock", "10.0.1.0/24")],
        code,
    );
    check(
        "CreateSubnet",
        |n| vec![("VpcId", &n.vpc), ("CidrBlock", "10.0.0.0/20")],
        code,
    );
    let unknown_zone: fn(&Network) -> Vec<(&str, &str)> = |n| {
        let zone = ("AvailabilityZone", "us-east-1z");
        vec![("VpcId", &n.vpc), ("CidrBlock", "10.0.9.0/24"), zone]
    };
    check("CreateSubnet", unknown_zone, "InvalidParameterValue");
}

#[test]
fn a_second_use_of_what_can_be_used_once_is_refused() {
    check(
        "AttachInternetGateway",
        |n| vec![("InternetGatewayId", &n.gateway), ("VpcId", &n.vpc)],
        "Resource.AlreadyAssociated",
    );
    check(
        "AssociateRouteTable",
        |n| vec![("RouteTableId", &n.public_table), ("SubnetId", &n.private)],
        "Resource.AlreadyAssociated",
    );
    check(
        "CreateRoute",
        |n| {
            let destination = ("DestinationCidrBlock", "0.0.0.0/0");
            vec![
                ("RouteTableId", &n.private_table),
                destination,
                ("NatGatewayId", &n.nat),
            ]
        },
        "RouteAlreadyExists",
    );
    check(
        "CreateSecurityGroup",
        |n| {
            vec![
                ("VpcId", &n.vpc),
                ("GroupName", "nodes"),
                ("GroupDescription", "again"),
            ]
        },
        "InvalidGroup.Duplicate",
    );
    check(
        "AuthorizeSecurityGroupIngress",
        |n| super::account::from_group(&n.control, &n.nodes),
        "InvalidPermission.Duplicate",
    );
}

/// Operation, parameter, id and the code that refuses it.
const MISSING: &[(&str, &str, &str, &str)] = &[
    (
        "DescribeVpcs",
        "VpcId.1",
        "vpc-0123456789abcdef0",
        "InvalidVpcID.NotFound",
    ),
    (
        "DeleteVpc",
        "VpcId",
        "vpc-0123456789abcdef0",
        "InvalidVpcID.NotFound",
    ),
    (
        "DeleteSubnet",
        "SubnetId",
        "subnet-0123456789abcdef0",
        "InvalidSubnetID.NotFound",
    ),
    (
        "DeleteInternetGateway",
        "InternetGatewayId",
        "igw-0123456789abcdef0",
        "InvalidInternetGatewayID.NotFound",
    ),
    (
        "DeleteNatGateway",
        "NatGatewayId",
        "nat-0123456789abcdef0",
        "NatGatewayNotFound",
    ),
    (
        "ReleaseAddress",
        "AllocationId",
        "eipalloc-0123456789abcdef0",
        "InvalidAllocationID.NotFound",
    ),
    (
        "DeleteRouteTable",
        "RouteTableId",
        "rtb-0123456789abcdef0",
        "InvalidRouteTableID.NotFound",
    ),
    (
        "DeleteSecurityGroup",
        "GroupId",
        "sg-0123456789abcdef0",
        "InvalidGroup.NotFound",
    ),
    (
        "DescribeSecurityGroups",
        "GroupId.1",
        "nodes",
        "InvalidGroupId.Malformed",
    ),
    (
        "DeleteNetworkInterface",
        "NetworkInterfaceId",
        "eni-0123456789abcdef0",
        "InvalidNetworkInterfaceID.NotFound",
    ),
    (
        "TerminateInstances",
        "InstanceId.1",
        "i-0123456789abcdef0",
        "InvalidInstanceID.NotFound",
    ),
    (
        "TerminateInstances",
        "InstanceId.1",
        "machine",
        "InvalidInstanceID.Malformed",
    ),
    (
        "DeleteVolume",
        "VolumeId",
        "vol-0123456789abcdef0",
        "InvalidVolume.NotFound",
    ),
    (
        "DeleteLaunchTemplate",
        "LaunchTemplateId",
        "lt-0123456789abcdef0",
        "InvalidLaunchTemplateId.NotFound",
    ),
    (
        "DisassociateRouteTable",
        "AssociationId",
        "rtbassoc-0123456789abcdef0",
        "InvalidAssociationID.NotFound",
    ),
    (
        "DisassociateAddress",
        "AssociationId",
        "eipassoc-0123456789abcdef0",
        "InvalidAssociationID.NotFound",
    ),
];

#[test]
fn ids_that_are_not_there_are_refused_with_the_code_of_their_type() {
    for (action, param, id, code) in MISSING {
        Account::new().refused(action, &[(param, id)], code);
    }
}

#[test]
fn quotas_limit_what_can_be_created() {
    for (action, quota, code) in [
        ("CreateVpc", "L-F678F1CE", "VpcLimitExceeded"),
        (
            "CreateInternetGateway",
            "L-A4707A72",
            "InternetGatewayLimitExceeded",
        ),
        ("AllocateAddress", "L-0263D0A3", "AddressLimitExceeded"),
    ] {
        let mut account = Account::with(|setup| {
            setup.quotas.insert(quota.to_owned(), 2);
        });
        let params = [("CidrBlock", "10.0.0.0/16")];
        let held = usize::from(action != "AllocateAddress");
        for _ in held..2 {
            account.ok(action, &params);
        }
        account.refused(action, &params, code);
    }
}

#[test]
fn a_dry_run_says_that_it_would_have_succeeded_and_does_nothing() {
    let mut account = Account::new();
    let before = account.inventory();
    let params = [("CidrBlock", "10.0.0.0/16"), ("DryRun", "true")];
    let (status, text) = account.send("CreateVpc", &params, "");
    assert!(
        status == 412 && text.contains("<Code>DryRunOperation</Code>"),
        "{status} {text}"
    );
    assert_eq!(account.inventory(), before);
}

#[test]
fn an_unknown_operation_answers_501_and_names_itself() {
    let mut account = Account::new();
    for action in [
        "CreateVpcPeeringConnection",
        "CreateCapacityReservation",
        "CreateSnapshot",
    ] {
        for params in [&[][..], &[("DryRun", "true")][..]] {
            let (status, text) = account.send(action, params, "");
            assert!(status == 501 && text.contains(action), "{status} {text}");
        }
    }
}

#[test]
fn a_route_to_a_gateway_that_cannot_be_reached_is_refused() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let table = account
        .ok("CreateRouteTable", &[("VpcId", &vpc)])
        .first("routeTableId");
    let loose = account
        .ok("CreateInternetGateway", &[])
        .first("internetGatewayId");
    let to = |target: (&'static str, &str)| {
        let target = (target.0, target.1.to_owned());
        [
            ("RouteTableId", table.clone()),
            ("DestinationCidrBlock", "0.0.0.0/0".to_owned()),
            target,
        ]
    };
    for (target, code) in [
        (("GatewayId", loose.as_str()), "InvalidParameterValue"),
        (
            ("GatewayId", "igw-0123456789abcdef0"),
            "InvalidGatewayID.NotFound",
        ),
        (
            ("NatGatewayId", "nat-0123456789abcdef0"),
            "InvalidNatGatewayID.NotFound",
        ),
    ] {
        let params = to(target);
        let params: Vec<(&str, &str)> = params
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        account.refused("CreateRoute", &params, code);
    }
}

#[test]
fn a_released_address_is_gone_and_cannot_be_released_again() {
    let mut account = Account::new();
    let id = address(&mut account);
    account.ok("ReleaseAddress", &[("AllocationId", &id)]);
    let params = [("AllocationId", id.as_str())];
    account.refused("ReleaseAddress", &params, "InvalidAllocationID.NotFound");
    account.refused(
        "DescribeAddresses",
        &[("AllocationId.1", &id)],
        "InvalidAllocationID.NotFound",
    );
}
