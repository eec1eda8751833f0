//! A whole network: what building it creates, and that taking it down leaves nothing.

use super::account::{Account, Network, vpc};

#[test]
fn a_network_built_and_taken_down_leaves_the_inventory_as_it_was() {
    let mut account = Account::new();
    let before = account.keys();
    assert_eq!(
        before.len(),
        12,
        "the default VPC and what comes with it: {before:?}"
    );
    let network = Network::build(&mut account);
    // VPC with table, ACL and group; 2 subnets, gateway, address, NAT and its interface, 2 tables,
    // 2 groups.
    assert_eq!(account.keys().len() - before.len(), 14);
    network.tear_down(&mut account);
    assert_eq!(account.keys(), before);
    assert!(
        account
            .state()
            .meter
            .periods()
            .iter()
            .all(|period| period.to.is_some())
    );
}

#[test]
fn every_resource_of_a_network_carries_the_tag_that_its_create_asked_for() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let tagged: Vec<String> = account
        .inventory()
        .into_iter()
        .filter(|one| one.tags.get("kubeproof:run").is_some_and(|run| run == "r1"))
        .map(|one| one.id)
        .collect();
    let made = [
        &network.vpc,
        &network.public,
        &network.private,
        &network.gateway,
        &network.nat,
        &network.address,
        &network.public_table,
        &network.private_table,
        &network.nodes,
        &network.control,
    ];
    assert_eq!(tagged.len(), made.len());
    assert!(
        made.iter().all(|id| tagged.contains(id)),
        "{tagged:?} of {network:?}"
    );
}

#[test]
fn a_new_vpc_comes_with_a_main_route_table_a_network_acl_and_a_default_group() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let of_vpc = ("Filter.1.Value.1", vpc.as_str());
    let in_vpc = [("Filter.1.Name", "vpc-id"), of_vpc];
    let table = account.ok("DescribeRouteTables", &in_vpc);
    assert_eq!(table.all("main"), ["true"]);
    assert_eq!(table.first("destinationCidrBlock"), "10.0.0.0/16");
    assert_eq!(
        account.ok("DescribeNetworkAcls", &in_vpc).all("default"),
        ["true"]
    );
    assert_eq!(
        account
            .ok("DescribeSecurityGroups", &in_vpc)
            .all("groupDescription")
            .len(),
        1
    );
}

#[test]
fn a_subnet_says_how_many_of_its_addresses_are_free() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let free = |account: &mut Account, id: &str| {
        account
            .ok("DescribeSubnets", &[("SubnetId.1", id)])
            .first("availableIpAddressCount")
    };
    assert_eq!(free(&mut account, &network.private), "251");
    assert_eq!(
        free(&mut account, &network.public),
        "250",
        "the NAT gateway has one"
    );
}

#[test]
fn vpc_attributes_are_changed_one_at_a_time_and_read_back() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let read = |account: &mut Account| {
        let params = [("VpcId", vpc.as_str()), ("Attribute", "enableDnsHostnames")];
        account.ok("DescribeVpcAttribute", &params).first("value")
    };
    assert_eq!(read(&mut account), "false");
    account.ok(
        "ModifyVpcAttribute",
        &[("VpcId", &vpc), ("EnableDnsHostnames.Value", "true")],
    );
    assert_eq!(read(&mut account), "true");
    let both = [
        ("VpcId", vpc.as_str()),
        ("EnableDnsHostnames.Value", "false"),
        ("EnableDnsSupport.Value", "false"),
    ];
    account.refused("ModifyVpcAttribute", &both, "InvalidParameterCombination");
    assert_eq!(
        read(&mut account),
        "true",
        "a refused change changes nothing"
    );
}

#[test]
fn a_route_is_a_black_hole_once_its_target_is_gone() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let table = [("RouteTableId.1", network.private_table.as_str())];
    let active = account.ok("DescribeRouteTables", &table).0;
    assert!(!active.contains("blackhole"), "{active}");
    account.ok("DeleteNatGateway", &[("NatGatewayId", &network.nat)]);
    account.pass(130);
    let after = account.ok("DescribeRouteTables", &table).0;
    assert!(after.contains("<state>blackhole</state>"), "{after}");
}

#[test]
fn the_main_association_can_move_to_another_table_of_the_vpc() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let in_vpc = [
        ("Filter.1.Name", "vpc-id"),
        ("Filter.1.Value.1", vpc.as_str()),
    ];
    let main = account.ok("DescribeRouteTables", &in_vpc);
    let (association, old) = (
        main.first("routeTableAssociationId"),
        main.first("routeTableId"),
    );
    let table = account
        .ok("CreateRouteTable", &[("VpcId", &vpc)])
        .first("routeTableId");
    account.refused(
        "DeleteRouteTable",
        &[("RouteTableId", &old)],
        "DependencyViolation",
    );
    account.ok(
        "ReplaceRouteTableAssociation",
        &[("AssociationId", &association), ("RouteTableId", &table)],
    );
    account.ok("DeleteRouteTable", &[("RouteTableId", &old)]);
    account.refused(
        "DeleteRouteTable",
        &[("RouteTableId", &table)],
        "DependencyViolation",
    );
}
