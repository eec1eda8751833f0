//! VPC endpoints, flow logs and further networks of a VPC: what they hold, and what holds them.

use super::account::{Account, Network, subnet, vpc};

const STS: &str = "com.amazonaws.us-east-1.sts";
const S3: &str = "com.amazonaws.us-east-1.s3";

fn interface_endpoint(account: &mut Account, network: &Network) -> String {
    account.ok(
        "ModifyVpcAttribute",
        &[
            ("VpcId", &network.vpc),
            ("EnableDnsHostnames.Value", "true"),
        ],
    );
    let params = [
        ("VpcId", network.vpc.as_str()),
        ("ServiceName", STS),
        ("VpcEndpointType", "Interface"),
        ("SubnetId.1", &network.private),
    ];
    account
        .ok("CreateVpcEndpoint", &params)
        .first("vpcEndpointId")
}

#[test]
fn an_interface_endpoint_holds_its_subnet_until_it_is_gone() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let id = interface_endpoint(&mut account, &network);
    let named = [("VpcEndpointId.1", id.as_str())];
    account.pass(5);
    assert_eq!(
        account.ok("DescribeVpcEndpoints", &named).first("state"),
        "pending"
    );
    account.pass(150);
    assert_eq!(
        account.ok("DescribeVpcEndpoints", &named).first("state"),
        "available"
    );
    account.ok("DeleteVpcEndpoints", &named);
    let subnet = [("SubnetId", network.private.as_str())];
    account.refused("DeleteSubnet", &subnet, "DependencyViolation");
    account.pass(90);
    account.ok("DeleteSubnet", &subnet);
    account.refused(
        "DescribeVpcEndpoints",
        &named,
        "InvalidVpcEndpointId.NotFound",
    );
}

#[test]
fn an_interface_endpoint_is_billed_by_its_zones_until_it_is_deleted() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let start = account.state().now;
    let id = interface_endpoint(&mut account, &network);
    account.pass(2 * 3600);
    account.ok("DeleteVpcEndpoints", &[("VpcEndpointId.1", &id)]);
    account.pass(2 * 3600);
    let state = account.state();
    let charges = state.meter.all_charges(start, state.now);
    let of_endpoint: Vec<String> = charges
        .iter()
        .filter(|charge| charge.line == "vpc_endpoint")
        .map(|charge| charge.usd.normalize().to_string())
        .collect();
    // Each clock hour that is touched counts: three at one cent.
    assert_eq!(of_endpoint, ["0.03"]);
}

#[test]
fn a_gateway_endpoint_is_a_route_of_its_tables_and_keeps_its_network() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    account.pass(5);
    let table = account
        .ok("CreateRouteTable", &[("VpcId", &vpc)])
        .first("routeTableId");
    account.pass(5);
    let params = [
        ("VpcId", vpc.as_str()),
        ("ServiceName", S3),
        ("RouteTableId.1", &table),
    ];
    let id = account
        .ok("CreateVpcEndpoint", &params)
        .first("vpcEndpointId");
    let seen = account.ok("DescribeRouteTables", &[("RouteTableId.1", &table)]);
    assert!(seen.all("gatewayId").contains(&id), "{}", seen.0);
    account.ok("DeleteRouteTable", &[("RouteTableId", &table)]);
    account.refused("DeleteVpc", &[("VpcId", &vpc)], "DependencyViolation");
    account.ok("DeleteVpcEndpoints", &[("VpcEndpointId.1", &id)]);
    account.ok("DeleteVpc", &[("VpcId", &vpc)]);
}

#[test]
fn an_unknown_service_and_a_second_private_name_are_refused() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    interface_endpoint(&mut account, &network);
    let mut check = |service: &str, kind: &str, code: &str| {
        let params = [
            ("VpcId", network.vpc.as_str()),
            ("ServiceName", service),
            ("VpcEndpointType", kind),
        ];
        account.refused("CreateVpcEndpoint", &params, code);
    };
    check(
        "com.amazonaws.us-east-1.tea",
        "Interface",
        "InvalidServiceName",
    );
    check(STS, "Gateway", "InvalidServiceName");
    check(STS, "Interface", "InvalidParameter");
}

#[test]
fn a_subnet_may_lie_in_a_further_network_which_stays_while_it_does() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let outside = [("VpcId", vpc.as_str()), ("CidrBlock", "100.64.1.0/24")];
    account.refused("CreateSubnet", &outside, "InvalidSubnet.Range");
    let more = [("VpcId", vpc.as_str()), ("CidrBlock", "100.64.0.0/16")];
    let made = account
        .ok("AssociateVpcCidrBlock", &more)
        .first("associationId");
    let subnet = subnet(&mut account, &vpc, "100.64.1.0/24");
    account.pass(5);
    let tables = account.ok("DescribeRouteTables", &[]);
    assert!(
        tables
            .all("destinationCidrBlock")
            .contains(&"100.64.0.0/16".to_owned())
    );
    account.refused(
        "DisassociateVpcCidrBlock",
        &[("AssociationId", &made)],
        "DependencyViolation",
    );
    account.ok("DeleteSubnet", &[("SubnetId", &subnet)]);
    account.ok("DisassociateVpcCidrBlock", &[("AssociationId", &made)]);
    let mut check = |cidr: &str| {
        let params = [("VpcId", vpc.as_str()), ("CidrBlock", cidr)];
        account.refused("AssociateVpcCidrBlock", &params, "InvalidVpc.Range");
    };
    check("10.0.0.0/20");
    check("192.168.0.0/16");
    check("100.64.0.0/8");
}

#[test]
fn a_flow_log_outlives_its_network() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let params = [
        ("ResourceType", "VPC"),
        ("ResourceId.1", vpc.as_str()),
        ("LogGroupName", "/flow"),
        (
            "DeliverLogsPermissionArn",
            "arn:aws:iam::123456789012:role/flow",
        ),
    ];
    let id = account.ok("CreateFlowLogs", &params).all("item");
    account.refused("CreateFlowLogs", &params, "FlowLogAlreadyExists");
    account.ok("DeleteVpc", &[("VpcId", &vpc)]);
    let there = |account: &Account| {
        let all = account.inventory();
        all.iter()
            .filter(|one| one.resource_type == "flow_log")
            .count()
    };
    assert_eq!(there(&account), 1);
    account.ok("DeleteFlowLogs", &[("FlowLogId.1", &id[0])]);
    assert_eq!(there(&account), 0);
}
