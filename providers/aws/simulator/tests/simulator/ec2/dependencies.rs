//! What AWS refuses to delete while something needs it. Other simulators let most of this pass.

use super::account::{Account, Network};

/// Builds a network, and checks that a call is refused and changes nothing.
fn check(action: &str, params: fn(&Network) -> Vec<(&str, &str)>, code: &str, says: &str) {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let before = account.inventory();
    let message = account.refused(action, &params(&network), code);
    assert!(message.contains(says), "{message:?} does not say {says:?}");
    assert_eq!(
        account.inventory(),
        before,
        "a refused {action} changed something"
    );
}

#[test]
fn an_address_cannot_be_released_while_a_nat_gateway_has_it() {
    check(
        "ReleaseAddress",
        |network| vec![("AllocationId", &network.address)],
        "InvalidIPAddress.InUse",
        "in use",
    );
}

#[test]
fn an_internet_gateway_cannot_be_detached_while_public_addresses_are_mapped() {
    check(
        "DetachInternetGateway",
        |network| {
            vec![
                ("InternetGatewayId", &network.gateway),
                ("VpcId", &network.vpc),
            ]
        },
        "DependencyViolation",
        "has some mapped public address(es)",
    );
}

#[test]
fn an_internet_gateway_cannot_be_deleted_while_it_is_attached() {
    check(
        "DeleteInternetGateway",
        |network| vec![("InternetGatewayId", &network.gateway)],
        "DependencyViolation",
        "has dependencies and cannot be deleted",
    );
}

#[test]
fn a_subnet_cannot_be_deleted_while_an_interface_is_in_it() {
    check(
        "DeleteSubnet",
        |network| vec![("SubnetId", &network.public)],
        "DependencyViolation",
        "has dependencies and cannot be deleted",
    );
}

#[test]
fn a_vpc_cannot_be_deleted_while_anything_but_its_defaults_is_in_it() {
    check(
        "DeleteVpc",
        |network| vec![("VpcId", &network.vpc)],
        "DependencyViolation",
        "has dependencies and cannot be deleted",
    );
}

#[test]
fn a_route_table_cannot_be_deleted_while_a_subnet_is_associated() {
    check(
        "DeleteRouteTable",
        |network| vec![("RouteTableId", &network.private_table)],
        "DependencyViolation",
        "has dependencies",
    );
}

#[test]
fn a_security_group_cannot_be_deleted_while_another_groups_rule_refers_to_it() {
    check(
        "DeleteSecurityGroup",
        |network| vec![("GroupId", &network.nodes)],
        "DependencyViolation",
        "has a dependent object",
    );
}

#[test]
fn each_thing_left_in_a_vpc_alone_keeps_it_from_being_deleted() {
    for (what, make) in [
        ("subnet", "CreateSubnet"),
        ("route table", "CreateRouteTable"),
        ("security group", "CreateSecurityGroup"),
        ("internet gateway", "AttachInternetGateway"),
    ] {
        let mut account = Account::new();
        let vpc = super::account::vpc(&mut account);
        let mut params = vec![("VpcId", vpc.as_str())];
        let gateway = account
            .ok("CreateInternetGateway", &[])
            .first("internetGatewayId");
        match make {
            "CreateSubnet" => params.push(("CidrBlock", "10.0.0.0/24")),
            "CreateSecurityGroup" => {
                params.extend([("GroupName", "one"), ("GroupDescription", "one")]);
            }
            "AttachInternetGateway" => params.push(("InternetGatewayId", &gateway)),
            _ => {}
        }
        account.ok(make, &params);
        let message = account.refused("DeleteVpc", &[("VpcId", &vpc)], "DependencyViolation");
        assert!(message.contains(&vpc), "{what}: {message}");
    }
}

#[test]
fn the_interface_of_a_nat_gateway_can_neither_be_deleted_nor_lose_its_address() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let interfaces = account.ok(
        "DescribeNetworkInterfaces",
        &[
            ("Filter.1.Name", "interface-type"),
            ("Filter.1.Value.1", "nat_gateway"),
        ],
    );
    let id = interfaces.first("networkInterfaceId");
    assert_eq!(interfaces.first("requesterManaged"), "true");
    let params = [("NetworkInterfaceId", id.as_str())];
    account.refused("DeleteNetworkInterface", &params, "OperationNotPermitted");
    let association = account
        .ok("DescribeAddresses", &[("AllocationId.1", &network.address)])
        .first("associationId");
    let params = [("AssociationId", association.as_str())];
    account.refused("DisassociateAddress", &params, "AuthFailure");
}

#[test]
fn the_default_group_and_the_main_table_cannot_be_deleted() {
    let mut account = Account::new();
    let group = account
        .ok("DescribeSecurityGroups", &[("GroupName.1", "default")])
        .first("groupId");
    account.refused(
        "DeleteSecurityGroup",
        &[("GroupId", &group)],
        "CannotDelete",
    );
    let tables = account.ok("DescribeRouteTables", &[]);
    let (table, association) = (
        tables.first("routeTableId"),
        tables.first("routeTableAssociationId"),
    );
    account.refused(
        "DeleteRouteTable",
        &[("RouteTableId", &table)],
        "DependencyViolation",
    );
    let params = [("AssociationId", association.as_str())];
    account.refused("DisassociateRouteTable", &params, "InvalidParameterValue");
}
