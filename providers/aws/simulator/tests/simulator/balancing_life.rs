//! Load balancers of both APIs: their lifecycle, what they hold, and how long they hold it.

use std::collections::BTreeMap;

use kubeproof_aws_simulator::balancing::classic::{self, NewClassic};
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_contract::Decimal;
use kubeproof_simkit::cloud::Cloud;

use crate::requests::{
    START, account, at, ec2, pass, query, query_ok, query_with_fault, setup, text, texts,
};

const CLASSIC: &str = "2012-06-01";
const V2: &str = "2015-12-01";

struct Network {
    subnet_id: String,
    group_id: String,
}

fn network(cloud: &mut AwsCloud) -> Network {
    let vpc_id = text(
        &ec2(cloud, "CreateVpc", &[("CidrBlock", "10.0.0.0/16")]),
        "vpcId",
    );
    pass(cloud, 1);
    let subnet = [("VpcId", vpc_id.as_str()), ("CidrBlock", "10.0.1.0/24")];
    let subnet_id = text(&ec2(cloud, "CreateSubnet", &subnet), "subnetId");
    let group = [
        ("VpcId", vpc_id.as_str()),
        ("GroupName", "lb"),
        ("GroupDescription", "balancer"),
    ];
    let group_id = text(&ec2(cloud, "CreateSecurityGroup", &group), "groupId");
    pass(cloud, 1);
    Network {
        subnet_id,
        group_id,
    }
}

fn elb(cloud: &mut AwsCloud, version: &str, action: &str, params: &[(&str, &str)]) -> String {
    query_ok(cloud, "elasticloadbalancing", version, action, params)
}

fn classic_balancer(cloud: &mut AwsCloud, network: &Network, name: &str) {
    let new = NewClassic {
        name: name.to_owned(),
        subnet_ids: vec![network.subnet_id.clone()],
        group_ids: vec![network.group_id.clone()],
        tags: BTreeMap::from([("kubernetes.io/cluster/c1".to_owned(), "owned".to_owned())]),
        run_id: Some("r1".to_owned()),
    };
    classic::create_internal(cloud.state(), new).expect("a balancer");
}

fn code(cloud: &mut AwsCloud, action: &str, name: &str, id: &str) -> String {
    let (status, answer) = query(cloud, "ec2", "2016-11-15", action, &[(name, id)]);
    if status == 200 {
        "ok".to_owned()
    } else {
        text(&answer, "Code")
    }
}

#[test]
fn a_deleted_balancer_holds_its_subnet_and_group_for_a_while() {
    let mut cloud = account(setup());
    let network = network(&mut cloud);
    classic_balancer(&mut cloud, &network, "a1");
    classic::delete_internal(cloud.state(), "a1");
    assert_eq!(
        code(&mut cloud, "DeleteSubnet", "SubnetId", &network.subnet_id),
        "DependencyViolation"
    );
    assert_eq!(
        code(
            &mut cloud,
            "DeleteSecurityGroup",
            "GroupId",
            &network.group_id
        ),
        "DependencyViolation"
    );
    pass(&mut cloud, 4);
    assert_eq!(
        code(&mut cloud, "DeleteSubnet", "SubnetId", &network.subnet_id),
        "ok"
    );
    assert_eq!(
        code(
            &mut cloud,
            "DeleteSecurityGroup",
            "GroupId",
            &network.group_id
        ),
        "ok"
    );
}

#[test]
fn a_balancers_interface_says_whose_it_is() {
    let mut cloud = account(setup());
    let network = network(&mut cloud);
    classic_balancer(&mut cloud, &network, "a1");
    let inventory = cloud.inventory();
    let interfaces: Vec<_> = inventory
        .iter()
        .filter(|one| one.resource_type == "network_interface")
        .collect();
    assert_eq!(interfaces.len(), 1);
    assert_eq!(
        interfaces[0]
            .properties
            .get("description")
            .map(String::as_str),
        Some("ELB a1")
    );
    assert!(
        inventory
            .iter()
            .any(|one| one.resource_type == "elb_classic" && one.id == "a1")
    );
}

#[test]
fn a_balancer_is_billed_by_clock_hours_with_an_address_per_subnet() {
    let mut cloud = account(setup());
    let network = network(&mut cloud);
    pass(&mut cloud, 48);
    classic_balancer(&mut cloud, &network, "a1");
    pass(&mut cloud, 20);
    classic::delete_internal(cloud.state(), "a1");
    pass(&mut cloud, 10);
    let mut lines: BTreeMap<String, Decimal> = BTreeMap::new();
    for charge in cloud.metered("r1", at(START)) {
        *lines.entry(charge.line).or_default() += charge.usd;
    }
    // 10:50 to 11:10: two clock hours of 0.025.
    assert_eq!(lines["load_balancer"], "0.050".parse().expect("a decimal"));
    let address = lines["public_ipv4"];
    let least = "0.00166".parse().expect("a decimal");
    assert!(
        address > least,
        "20 minutes of 0.005 an hour at least: {address}"
    );
}

#[test]
fn classic_balancers_come_in_pages_with_markers() {
    let mut setup = setup();
    setup.page_size_max = 1;
    let mut cloud = account(setup);
    let network = network(&mut cloud);
    classic_balancer(&mut cloud, &network, "a1");
    classic_balancer(&mut cloud, &network, "a2");
    let page = elb(&mut cloud, CLASSIC, "DescribeLoadBalancers", &[]);
    assert_eq!(texts(&page, "LoadBalancerName"), ["a1"]);
    let marker = text(&page, "NextMarker");
    let page = elb(
        &mut cloud,
        CLASSIC,
        "DescribeLoadBalancers",
        &[("Marker", &marker)],
    );
    assert_eq!(texts(&page, "LoadBalancerName"), ["a2"]);
    assert!(texts(&page, "NextMarker").is_empty());
    let tags = elb(
        &mut cloud,
        CLASSIC,
        "DescribeTags",
        &[("LoadBalancerNames.member.1", "a2")],
    );
    assert_eq!(texts(&tags, "Key"), ["kubernetes.io/cluster/c1"]);
}

#[test]
fn deleting_a_balancer_twice_succeeds() {
    let mut cloud = account(setup());
    let network = network(&mut cloud);
    let params = [
        ("LoadBalancerName", "a1"),
        ("Subnets.member.1", network.subnet_id.as_str()),
        ("Listeners.member.1.Protocol", "TCP"),
    ];
    let dns = text(
        &elb(&mut cloud, CLASSIC, "CreateLoadBalancer", &params),
        "DNSName",
    );
    assert!(
        dns.starts_with("a1-") && dns.ends_with(".us-east-1.elb.amazonaws.com"),
        "{dns}"
    );
    for _ in 0..2 {
        elb(
            &mut cloud,
            CLASSIC,
            "DeleteLoadBalancer",
            &[("LoadBalancerName", "a1")],
        );
    }
    let wanted = [("LoadBalancerNames.member.1", "a1")];
    let (_, answer) = query(
        &mut cloud,
        "elasticloadbalancing",
        CLASSIC,
        "DescribeLoadBalancers",
        &wanted,
    );
    assert_eq!(text(&answer, "Code"), "LoadBalancerNotFound");
}

#[test]
fn a_network_balancer_is_provisioning_before_it_is_active() {
    let mut cloud = account(setup());
    let network = network(&mut cloud);
    let params = [
        ("Name", "n1"),
        ("Type", "network"),
        ("Subnets.member.1", network.subnet_id.as_str()),
        ("Tags.member.1.Key", "kubeproof:run"),
        ("Tags.member.1.Value", "r1"),
    ];
    let created = elb(&mut cloud, V2, "CreateLoadBalancer", &params);
    let arn = text(&created, "LoadBalancerArn");
    assert!(arn.contains(":loadbalancer/net/n1/"), "{arn}");
    let state = |cloud: &mut AwsCloud| {
        let params = [("LoadBalancerArns.member.1", arn.as_str())];
        let found = elb(cloud, V2, "DescribeLoadBalancers", &params);
        texts(&found, "Code").join("")
    };
    assert_eq!(state(&mut cloud), "provisioning");
    pass(&mut cloud, 4);
    assert_eq!(state(&mut cloud), "active");
    let tags = elb(
        &mut cloud,
        V2,
        "DescribeTags",
        &[("ResourceArns.member.1", &arn)],
    );
    assert_eq!(texts(&tags, "Value"), ["r1"]);
    elb(
        &mut cloud,
        V2,
        "DeleteLoadBalancer",
        &[("LoadBalancerArn", &arn)],
    );
    pass(&mut cloud, 4);
    assert_eq!(
        code(&mut cloud, "DeleteSubnet", "SubnetId", &network.subnet_id),
        "ok"
    );
}

/// Checks the state of a network balancer an hour after a fault was injected into its creation.
fn check_faulty(fault: &str, expected: &str) {
    let mut cloud = account(setup());
    let network = network(&mut cloud);
    let params = [
        ("Name", "n1"),
        ("Type", "network"),
        ("Subnets.member.1", network.subnet_id.as_str()),
    ];
    let call = ("elasticloadbalancing", V2, "CreateLoadBalancer");
    let (status, _) = query_with_fault(&mut cloud, call, &params, fault);
    assert_eq!(status, 200, "{fault}: the failure comes later");
    pass(&mut cloud, 60);
    let found = elb(&mut cloud, V2, "DescribeLoadBalancers", &[]);
    assert_eq!(text(&found, "Code"), expected, "{fault}");
}

#[test]
fn a_creation_can_fail_stick_or_be_late() {
    check_faulty("async-fail", "failed");
    check_faulty("async-stuck", "provisioning");
    check_faulty("async-late(3)", "active");
    check_faulty("async-late(1000)", "provisioning");
}

#[test]
fn a_target_group_outlives_its_balancer_until_it_is_deleted() {
    let mut cloud = account(setup());
    let params = [
        ("Name", "t1"),
        ("Protocol", "TCP"),
        ("Port", "80"),
        ("VpcId", "vpc-1"),
    ];
    let created = elb(&mut cloud, V2, "CreateTargetGroup", &params);
    let arn = text(&created, "TargetGroupArn");
    let count = |cloud: &AwsCloud| {
        let all = cloud.inventory();
        all.iter()
            .filter(|one| one.resource_type == "elbv2_target_group")
            .count()
    };
    assert_eq!(count(&cloud), 1);
    elb(
        &mut cloud,
        V2,
        "DeleteTargetGroup",
        &[("TargetGroupArn", &arn)],
    );
    assert_eq!(count(&cloud), 0);
}

#[test]
fn tags_of_more_than_twenty_balancers_are_refused() {
    let mut cloud = account(setup());
    let names: Vec<(String, String)> = (1..=21)
        .map(|n| (format!("LoadBalancerNames.member.{n}"), format!("a{n}")))
        .collect();
    let params: Vec<(&str, &str)> = names
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let (status, answer) = query(
        &mut cloud,
        "elasticloadbalancing",
        CLASSIC,
        "DescribeTags",
        &params,
    );
    assert_eq!(
        (status, text(&answer, "Code").as_str()),
        (400, "ValidationError")
    );
}
