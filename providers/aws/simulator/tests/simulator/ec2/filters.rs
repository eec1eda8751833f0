//! Filters: what they find, and that unknown ones are refused.

use kubeproof_aws_simulator::ec2::describe::{ResourceKind, filter_names};
use kubeproof_aws_simulator::ec2::{
    acls, addresses, dhcp_options, instances, interfaces, internet_gateways, launch_templates,
    nat_gateways, route_tables, security_group_rules, security_groups, subnets, volumes, vpcs,
};
use kubeproof_aws_simulator::state::State;

use super::account::{Account, Network};
use super::instances::run;

/// Builds a network and checks which ids a filter finds.
fn check(
    action: &str,
    filter: (&str, fn(&Network) -> String),
    id: &str,
    expected: fn(&Network) -> Vec<&String>,
) {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let value = filter.1(&network);
    let params = [
        ("Filter.1.Name", filter.0),
        ("Filter.1.Value.1", value.as_str()),
    ];
    let found = account.ok(action, &params).all(id);
    assert_eq!(
        found.iter().collect::<Vec<_>>(),
        expected(&network),
        "{action} {filter:?}"
    );
}

#[test]
fn filters_find_what_they_name() {
    let of_vpc: fn(&Network) -> String = |network| network.vpc.clone();
    check(
        "DescribeVpcs",
        ("tag:kubeproof:run", |_| "r1".into()),
        "vpcId",
        |n| vec![&n.vpc],
    );
    check(
        "DescribeVpcs",
        ("tag-key", |_| "kubeproof:*".into()),
        "vpcId",
        |n| vec![&n.vpc],
    );
    check(
        "DescribeVpcs",
        ("tag:kubeproof:run", |_| "r2".into()),
        "vpcId",
        |_| vec![],
    );
    check("DescribeSubnets", ("vpc-id", of_vpc), "subnetId", |n| {
        vec![&n.public, &n.private]
    });
    check(
        "DescribeSubnets",
        ("cidr-block", |_| "10.0.1.*".into()),
        "subnetId",
        |n| vec![&n.public],
    );
    check(
        "DescribeInternetGateways",
        ("attachment.vpc-id", of_vpc),
        "internetGatewayId",
        |n| vec![&n.gateway],
    );
    check(
        "DescribeNatGateways",
        ("state", |_| "available".into()),
        "natGatewayId",
        |n| vec![&n.nat],
    );
    check(
        "DescribeNatGateways",
        ("state", |_| "deleted".into()),
        "natGatewayId",
        |_| vec![],
    );
    check(
        "DescribeAddresses",
        ("tag:kubeproof:run", |_| "r1".into()),
        "allocationId",
        |n| vec![&n.address],
    );
    check(
        "DescribeSecurityGroups",
        ("group-name", |_| "nodes".into()),
        "groupId",
        |n| vec![&n.nodes],
    );
}

#[test]
fn conditions_of_different_filters_must_all_hold_and_any_value_of_one_may() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let both = [
        ("Filter.1.Name", "vpc-id"),
        ("Filter.1.Value.1", network.vpc.as_str()),
        ("Filter.2.Name", "group-name"),
        ("Filter.2.Value.1", "nodes"),
        ("Filter.2.Value.2", "default"),
    ];
    let names = account.ok("DescribeSecurityGroups", &both).0;
    assert_eq!(names.matches("<groupName>nodes</groupName>").count(), 1);
    assert_eq!(
        names.matches("<groupName>default</groupName>").count(),
        1,
        "of this VPC only"
    );
    assert!(!names.contains("<groupName>control</groupName>"));
}

#[test]
fn an_unknown_filter_is_refused_and_never_ignored() {
    let mut account = Account::new();
    for action in [
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeInternetGateways",
        "DescribeNatGateways",
        "DescribeAddresses",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeSecurityGroupRules",
        "DescribeNetworkAcls",
        "DescribeDhcpOptions",
        "DescribeNetworkInterfaces",
        "DescribeInstances",
        "DescribeVolumes",
        "DescribeLaunchTemplates",
        "DescribeTags",
        "DescribeAvailabilityZones",
        "DescribeRegions",
        "DescribeInstanceTypes",
        "DescribeInstanceTypeOfferings",
    ] {
        let params = [("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")];
        let message = account.refused(action, &params, "InvalidParameterValue");
        let message = message.replace("&apos;", "'");
        assert_eq!(message, "The filter 'colour' is invalid", "{action}");
    }
}

/// Every filter of a resource type has values: otherwise it would silently find nothing.
fn check_values<T: ResourceKind>(state: &State) {
    let spec = &T::SPEC;
    let item = T::store(state)
        .all()
        .next()
        .unwrap_or_else(|| panic!("no {}", spec.noun));
    for name in filter_names::<T>() {
        assert!(item.values(state, name).is_some(), "{} {name}", spec.noun);
    }
    assert!(
        item.values(state, "colour").is_none(),
        "{} colour",
        spec.noun
    );
}

#[test]
fn every_filter_that_is_admitted_is_known_to_its_concept() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    run(&mut account, &network.private);
    account.ok("CreateLaunchTemplate", &[("LaunchTemplateName", "one")]);
    let state = account.state();
    check_values::<vpcs::Vpc>(state);
    check_values::<subnets::Subnet>(state);
    check_values::<internet_gateways::InternetGateway>(state);
    check_values::<nat_gateways::NatGateway>(state);
    check_values::<addresses::Address>(state);
    check_values::<route_tables::RouteTable>(state);
    check_values::<security_groups::SecurityGroup>(state);
    check_values::<security_group_rules::SecurityGroupRule>(state);
    check_values::<acls::NetworkAcl>(state);
    check_values::<dhcp_options::DhcpOptions>(state);
    check_values::<interfaces::Interface>(state);
    check_values::<instances::Instance>(state);
    check_values::<volumes::Volume>(state);
    check_values::<launch_templates::LaunchTemplate>(state);
}
