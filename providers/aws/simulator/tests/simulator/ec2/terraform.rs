//! The reads that terraform's AWS provider makes (recorded with terraform 1.11.4 and provider
//! 5.100.0): each is answered with what the provider looks for.

use super::account::{Account, Network};
use super::instances::run;

/// Builds a network and checks that a read's answer holds a piece of XML.
fn check(action: &str, params: fn(&Network) -> Vec<(&str, &str)>, holds: fn(&Network) -> String) {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let answer = account.ok(action, &params(&network)).0;
    let holds = holds(&network);
    assert!(answer.contains(&holds), "{action}: no {holds} in {answer}");
}

#[test]
fn reads_of_a_vpc_are_answered() {
    let read = "DescribeVpcAttribute";
    for_each(
        read,
        &[
            (
                "enableDnsHostnames",
                "<enableDnsHostnames><value>false</value>",
            ),
            ("enableDnsSupport", "<enableDnsSupport><value>true</value>"),
            (
                "enableNetworkAddressUsageMetrics",
                "<enableNetworkAddressUsageMetrics><value>false</value>",
            ),
        ],
    );
    check(
        "DescribeNetworkAcls",
        |n| {
            let of_vpc = ("Filter.2.Value.1", n.vpc.as_str());
            let default = [("Filter.1.Name", "default"), ("Filter.1.Value.1", "true")];
            [&default[..], &[("Filter.2.Name", "vpc-id"), of_vpc]].concat()
        },
        |n| format!("<vpcId>{}</vpcId>", n.vpc),
    );
    check(
        "DescribeRouteTables",
        |n| {
            let of_vpc = ("Filter.2.Value.1", n.vpc.as_str());
            let main = [
                ("Filter.1.Name", "association.main"),
                ("Filter.1.Value.1", "true"),
            ];
            [&main[..], &[("Filter.2.Name", "vpc-id"), of_vpc]].concat()
        },
        |_| "<main>true</main>".to_owned(),
    );
}

fn for_each(action: &str, attributes: &[(&str, &str)]) {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    for (attribute, holds) in attributes {
        let answer = account
            .ok(action, &[("VpcId", &network.vpc), ("Attribute", attribute)])
            .0;
        assert!(answer.contains(holds), "{answer}");
    }
}

#[test]
fn reads_of_addresses_and_associations_are_answered() {
    check(
        "DescribeAddressesAttribute",
        |n| vec![("AllocationId.1", &n.address), ("Attribute", "domain-name")],
        |n| {
            format!(
                "<addressSet><item><publicIp>198.18.0.10</publicIp><allocationId>{}",
                n.address
            )
        },
    );
    check(
        "DescribeRouteTables",
        |n| {
            let name = "association.route-table-association-id";
            vec![
                ("Filter.1.Name", name),
                ("Filter.1.Value.1", &n.associations[0]),
            ]
        },
        |n| format!("<routeTableId>{}</routeTableId>", n.public_table),
    );
    check(
        "DescribeNetworkInterfaces",
        |n| {
            vec![
                ("Filter.1.Name", "subnet-id"),
                ("Filter.1.Value.1", &n.public),
            ]
        },
        |n| {
            format!(
                "<description>Interface for NAT Gateway {}</description>",
                n.nat
            )
        },
    );
}

#[test]
fn reads_of_zones_and_types_are_answered() {
    check(
        "DescribeAvailabilityZones",
        |_| {
            vec![
                ("Filter.1.Name", "state"),
                ("Filter.1.Value.1", "available"),
            ]
        },
        |_| "<zoneName>us-east-1a</zoneName><zoneId>use1-az1</zoneId>".to_owned(),
    );
    check(
        "DescribeInstanceTypes",
        |_| vec![("InstanceType.1", "t3.medium")],
        |_| "<sizeInMiB>4096</sizeInMiB>".to_owned(),
    );
    check(
        "DescribeInstanceTypeOfferings",
        |_| {
            let filter = [
                ("Filter.1.Name", "instance-type"),
                ("Filter.1.Value.1", "t3.medium"),
            ];
            [&filter[..], &[("LocationType", "availability-zone")]].concat()
        },
        |_| "<location>us-east-1c</location>".to_owned(),
    );
}

#[test]
fn every_type_with_a_price_in_the_region_has_a_size() {
    let mut account = Account::new();
    let listed = account.ok("DescribeInstanceTypes", &[]).all("instanceType");
    let table = include_str!("../../../../prices.csv");
    let priced: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("aws,us-east-1,instance,"))
        .filter_map(|rest| rest.split(',').next())
        .collect();
    assert!(priced.len() > 20);
    let missing: Vec<&&str> = priced
        .iter()
        .filter(|name| !listed.iter().any(|known| known == **name))
        .collect();
    assert!(missing.is_empty(), "{missing:?} of {listed:?}");
}

#[test]
fn what_cannot_be_created_is_listed_as_empty() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    run(&mut account, &network.private);
    for (action, set) in [
        ("DescribeSnapshots", "snapshotSet"),
        ("DescribeKeyPairs", "keySet"),
        ("DescribeVpcEndpoints", "vpcEndpointSet"),
        ("DescribeFlowLogs", "flowLogSet"),
    ] {
        let answer = account.ok(action, &[]).0;
        assert!(answer.contains(&format!("<{set}></{set}>")), "{answer}");
    }
}

#[test]
fn a_launch_template_is_made_described_and_deleted_by_name() {
    let mut account = Account::new();
    let before = account.keys();
    let params = [
        ("LaunchTemplateName", "nodes"),
        ("LaunchTemplateData.InstanceType", "t3.medium"),
        ("ClientToken", "t"),
    ];
    let id = account
        .ok("CreateLaunchTemplate", &params)
        .first("launchTemplateId");
    assert_eq!(
        account
            .ok("CreateLaunchTemplate", &params)
            .first("launchTemplateId"),
        id
    );
    let taken = [("LaunchTemplateName", "nodes")];
    let code = "InvalidLaunchTemplateName.AlreadyExistsException";
    account.refused("CreateLaunchTemplate", &taken, code);
    let versions = account.ok(
        "DescribeLaunchTemplateVersions",
        &[("LaunchTemplateId", &id)],
    );
    assert_eq!(versions.first("instanceType"), "t3.medium");
    account.ok("DeleteLaunchTemplate", &taken);
    assert_eq!(account.keys(), before);
    let code = "InvalidLaunchTemplateName.NotFoundException";
    account.refused(
        "DescribeLaunchTemplates",
        &[("LaunchTemplateName.1", "nodes")],
        code,
    );
}
