//! NAT gateways: their states over time, and how their creation fails.

use super::account::{Account, Network, address, gateway, nat, subnet, tagged, vpc};

fn state(account: &mut Account, id: &str) -> String {
    account
        .ok("DescribeNatGateways", &[("NatGatewayId.1", id)])
        .first("state")
}

/// A public subnet with internet access, and an address.
fn ready(account: &mut Account) -> (String, String) {
    let vpc = vpc(account);
    let subnet = subnet(account, &vpc, "10.0.1.0/24");
    gateway(account, &vpc);
    (subnet, address(account))
}

#[test]
fn a_nat_gateway_is_pending_then_available_then_deleting_then_deleted_then_forgotten() {
    let mut account = Account::new();
    let (subnet, address) = ready(&mut account);
    let id = nat(&mut account, &subnet, &address, "t1");
    assert_eq!(state(&mut account, &id), "pending");
    account.pass(180);
    assert_eq!(state(&mut account, &id), "available");
    account.ok("DeleteNatGateway", &[("NatGatewayId", &id)]);
    assert_eq!(state(&mut account, &id), "deleting");
    account.refused(
        "ReleaseAddress",
        &[("AllocationId", &address)],
        "InvalidIPAddress.InUse",
    );
    account.pass(120);
    assert_eq!(state(&mut account, &id), "deleted");
    assert!(
        !account.keys().iter().any(|key| key.id == id),
        "a deleted one does not exist"
    );
    account.ok("ReleaseAddress", &[("AllocationId", &address)]);
    account.pass(3600);
    account.refused(
        "DescribeNatGateways",
        &[("NatGatewayId.1", &id)],
        "NatGatewayNotFound",
    );
}

/// Creates a gateway that must fail, and checks the reason and that it holds nothing.
fn check_failure(prepare: fn(&mut Account) -> (String, String), fault: &str, code: &str) {
    let mut account = Account::new();
    let (subnet, address) = prepare(&mut account);
    let before = account.keys();
    let params = tagged(
        "natgateway",
        &[("SubnetId", &subnet), ("AllocationId", &address)],
    );
    let id = account
        .faulty("CreateNatGateway", &params, fault)
        .first("natGatewayId");
    assert_eq!(
        state(&mut account, &id),
        "pending",
        "failures of creation show later"
    );
    account.pass(180);
    let failed = account.ok("DescribeNatGateways", &[("NatGatewayId.1", &id)]);
    assert_eq!(
        (failed.first("state"), failed.first("failureCode")),
        ("failed".into(), code.into())
    );
    let left: Vec<_> = account
        .keys()
        .into_iter()
        .filter(|key| !before.contains(key))
        .collect();
    assert_eq!(left.len(), 1, "only the failed gateway itself: {left:?}");
    account.pass(3600);
    account.refused(
        "DescribeNatGateways",
        &[("NatGatewayId.1", &id)],
        "NatGatewayNotFound",
    );
}

#[test]
fn a_nat_gateway_fails_without_an_attached_internet_gateway() {
    let prepare = |account: &mut Account| {
        let vpc = vpc(account);
        (subnet(account, &vpc, "10.0.1.0/24"), address(account))
    };
    check_failure(prepare, "", "Gateway.NotAttached");
}

#[test]
fn a_nat_gateway_fails_when_its_address_is_in_use() {
    let prepare = |account: &mut Account| {
        let (subnet, address) = ready(account);
        nat(account, &subnet, &address, "first");
        account.pass(200);
        (subnet, address)
    };
    check_failure(prepare, "", "Resource.AlreadyAssociated");
}

#[test]
fn an_injected_fault_makes_a_nat_gateway_fail_and_give_its_address_back() {
    check_failure(ready, "async-fail", "InternalError");
    check_failure(
        ready,
        "async-fail(InsufficientFreeAddressesInSubnet)",
        "InsufficientFreeAddressesInSubnet",
    );
}

#[test]
fn a_stuck_nat_gateway_stays_pending_until_it_is_deleted() {
    let mut account = Account::new();
    let (subnet, address) = ready(&mut account);
    let params = [
        ("SubnetId", subnet.as_str()),
        ("AllocationId", address.as_str()),
    ];
    let id = account
        .faulty("CreateNatGateway", &params, "async-stuck")
        .first("natGatewayId");
    account.pass(100_000);
    assert_eq!(state(&mut account, &id), "pending");
    account.ok("DeleteNatGateway", &[("NatGatewayId", &id)]);
    account.pass(120);
    assert_eq!(state(&mut account, &id), "deleted");
    account.ok("ReleaseAddress", &[("AllocationId", &address)]);
}

#[test]
fn a_gateway_deleted_while_pending_never_becomes_available() {
    let mut account = Account::new();
    let (subnet, address) = ready(&mut account);
    let id = nat(&mut account, &subnet, &address, "t1");
    account.ok("DeleteNatGateway", &[("NatGatewayId", &id)]);
    for _ in 0..30 {
        account.pass(10);
        assert!(["deleting", "deleted"].contains(&state(&mut account, &id).as_str()));
    }
    let periods = account.state().meter.periods();
    assert!(
        periods
            .iter()
            .all(|period| period.usage.line != "nat_gateway"),
        "{periods:?}"
    );
}

#[test]
fn the_same_client_token_makes_no_second_gateway() {
    let mut account = Account::new();
    let (subnet, address) = ready(&mut account);
    let first = nat(&mut account, &subnet, &address, "token");
    let again = nat(&mut account, &subnet, &address, "token");
    assert_eq!(first, again);
    assert_eq!(
        account.ok("DescribeNatGateways", &[]).all("natGatewayId"),
        [first]
    );
    let other = [
        ("SubnetId", subnet.as_str()),
        ("AllocationId", address.as_str()),
        ("ClientToken", "token"),
    ];
    account.refused("CreateNatGateway", &other, "IdempotentParameterMismatch");
}

#[test]
fn a_nat_gateway_is_billed_from_available_to_the_end_and_its_address_from_allocation() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    network.tear_down(&mut account);
    let charges: Vec<(String, String)> = account
        .state()
        .meter
        .periods()
        .iter()
        .map(|period| (period.usage.usage_type.clone(), period.usage.line.clone()))
        .collect();
    let types: Vec<&str> = charges
        .iter()
        .map(|(usage_type, _)| usage_type.as_str())
        .collect();
    // Allocated and idle, then in use by the gateway, then idle again until released.
    let expected = [
        "PublicIPv4:IdleAddress",
        "PublicIPv4:InUseAddress",
        "NatGateway-Hours",
        "PublicIPv4:IdleAddress",
    ];
    let ends: Vec<bool> = types
        .iter()
        .zip(expected)
        .map(|(found, wanted)| found.ends_with(wanted))
        .collect();
    assert_eq!((types.len(), ends), (4, vec![true; 4]), "{types:?}");
}

#[test]
fn a_private_nat_gateway_needs_no_address_and_no_internet_gateway() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let subnet = subnet(&mut account, &vpc, "10.0.1.0/24");
    let params = [
        ("SubnetId", subnet.as_str()),
        ("ConnectivityType", "private"),
    ];
    let id = account
        .ok("CreateNatGateway", &params)
        .first("natGatewayId");
    account.pass(180);
    assert_eq!(state(&mut account, &id), "available");
    let params = [("SubnetId", subnet.as_str())];
    account.refused("CreateNatGateway", &params, "MissingParameter");
}

#[test]
fn a_gateway_whose_deletion_fails_is_available_again_and_its_hours_go_on_uncut() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    account.faulty(
        "DeleteNatGateway",
        &[("NatGatewayId", &network.nat)],
        "async-fail",
    );
    account.pass(130);
    assert_eq!(state(&mut account, &network.nat), "available");
    let periods = account.state().meter.periods();
    let hours = periods
        .iter()
        .filter(|period| period.usage.line == "nat_gateway");
    assert_eq!(hours.map(|period| period.to).collect::<Vec<_>>(), [None]);
}

#[test]
fn a_route_takes_a_pending_gateway_and_is_a_black_hole_after_the_gateways_end() {
    let mut account = Account::new();
    let (subnet, address) = ready(&mut account);
    let id = nat(&mut account, &subnet, &address, "token-of-route");
    assert_eq!(state(&mut account, &id), "pending");
    let vpcs = account.ok("DescribeSubnets", &[("SubnetId.1", &subnet)]);
    let vpc = vpcs.first("vpcId");
    let table = account.ok("CreateRouteTable", &[("VpcId", &vpc)]);
    let table = table.first("routeTableId");
    let route = |cidr: &'static str| {
        [
            ("RouteTableId", table.as_str()),
            ("DestinationCidrBlock", cidr),
            ("NatGatewayId", id.as_str()),
        ]
    };
    account.ok("CreateRoute", &route("0.0.0.0/0"));
    let shown = |account: &mut Account| {
        let tables = account.ok("DescribeRouteTables", &[("RouteTableId.1", &table)]);
        // The first state is that of the local route.
        tables.all("state")[1].clone()
    };
    assert_eq!(shown(&mut account), "active");
    account.pass(200);
    account.ok("DeleteNatGateway", &[("NatGatewayId", &id)]);
    account.pass(200);
    assert_eq!(state(&mut account, &id), "deleted");
    assert_eq!(shown(&mut account), "blackhole");
    let second = route("192.0.2.0/24");
    account.refused("CreateRoute", &second, "InvalidNatGatewayID.NotFound");
}
