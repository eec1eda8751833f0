//! Filters: what they find, and that unknown ones are refused.

use kubeproof_aws_simulator::ec2::fields::values;
use kubeproof_aws_simulator::ec2::interfaces::Interface;
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

#[test]
fn filters_of_instances_and_interfaces_compare_with_what_those_hold() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let id = run(&mut account, &network.private);
    let state: &State = account.state();
    let instance = state.ec2.instances.get(&id).expect("an instance");
    let is_its = |one: &&Interface| {
        let held = one.attachment.as_ref();
        held.is_some_and(|held| held.instance_id.as_ref() == Some(&id))
    };
    let mut interfaces = state.ec2.interfaces.all();
    let interface = interfaces.find(is_its).expect("its interface");
    let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
    let ip = interface.private_ip.to_string();
    let check = |filter: &str, expected: Option<&[&str]>| {
        let seen = values(instance, state, filter);
        assert_eq!(seen, expected.map(owned), "instance {filter}");
    };
    check("instance-id", Some(&[&id]));
    check("instance-state-name", Some(&["running"]));
    check("instance-state-code", Some(&["16"]));
    check("vpc-id", Some(&[&network.vpc]));
    check("subnet-id", Some(&[&network.private]));
    check("private-ip-address", Some(&[&ip]));
    check("ip-address", Some(&[]));
    check("instance-lifecycle", Some(&[]));
    let interface_id = interface.meta.id.as_str();
    let of_interfaces = "network-interface.network-interface-id";
    check(of_interfaces, Some(&[interface_id]));
    let group = interface.group_ids[0].as_str();
    check("instance.group-id", Some(&[group]));
    check("colour", None);
    let check = |filter: &str, expected: Option<&[&str]>| {
        let seen = values(interface, state, filter);
        assert_eq!(seen, expected.map(owned), "interface {filter}");
    };
    check("status", Some(&["in-use"]));
    check("group-id", Some(&[group]));
    check("addresses.private-ip-address", Some(&[&ip]));
    check("requester-id", Some(&[]));
    check("attachment.instance-id", Some(&[&id]));
    check("attachment.status", Some(&["attached"]));
    check("attachment.device-index", Some(&["0"]));
    check("association.public-ip", Some(&[]));
    check("colour", None);
}
