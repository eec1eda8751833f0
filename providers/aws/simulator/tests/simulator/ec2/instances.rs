//! Instances: what comes with one, what goes with it, and what it leaves.

use std::collections::BTreeMap;

use kubeproof_aws_simulator::ec2::instances::{NewInstance, private_dns_name, run_internal};
use kubeproof_aws_simulator::ec2::interfaces::{self, NewInterface};
use kubeproof_aws_simulator::ec2::launch_options::LaunchOptions;
use kubeproof_aws_simulator::ec2::volumes;

use super::account::{Account, Network};

fn new(subnet: &str, instance_type: &str) -> NewInstance {
    NewInstance {
        subnet_id: subnet.to_owned(),
        instance_type: instance_type.to_owned(),
        group_ids: Vec::new(),
        disk_gb: 20,
        tags: BTreeMap::from([("kubeproof:run".to_owned(), "r1".to_owned())]),
        volume_tags: BTreeMap::new(),
        interface_tags: BTreeMap::new(),
        disk_stays: false,
        instance_profile: None,
        run_id: None,
        spot: None,
        options: LaunchOptions::default(),
    }
}

/// Runs an instance as EKS would.
pub fn run(account: &mut Account, subnet: &str) -> String {
    let id = run_internal(account.state(), new(subnet, "t3.medium")).expect("it runs");
    account.pass(4);
    id
}

fn state(account: &mut Account, id: &str) -> String {
    account
        .ok("DescribeInstances", &[("InstanceId.1", id)])
        .first("name")
}

fn open_lines(account: &mut Account) -> Vec<String> {
    let periods = account.state().meter.periods();
    let open = periods.iter().filter(|period| period.to.is_none());
    open.map(|period| period.usage.line.clone()).collect()
}

#[test]
fn a_terminated_instance_takes_its_disk_and_interface_along_and_is_readable_for_an_hour() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let (before, lines) = (account.keys(), open_lines(&mut account));
    let id = run(&mut account, &network.private);
    assert_eq!(state(&mut account, &id), "running");
    assert_eq!(
        account.keys().len() - before.len(),
        3,
        "instance, volume, interface"
    );
    assert_eq!(open_lines(&mut account)[lines.len()..], ["nodes", "disks"]);
    let ended = account.ok("TerminateInstances", &[("InstanceId.1", &id)]);
    assert_eq!(ended.all("name"), ["shutting-down", "running"]);
    account.refused(
        "DeleteSubnet",
        &[("SubnetId", &network.private)],
        "DependencyViolation",
    );
    account.pass(60);
    assert_eq!(account.keys(), before);
    assert_eq!(open_lines(&mut account), lines);
    assert_eq!(state(&mut account, &id), "terminated");
    account.pass(3600);
    account.refused(
        "DescribeInstances",
        &[("InstanceId.1", &id)],
        "InvalidInstanceID.NotFound",
    );
}

#[test]
fn an_instance_in_a_public_subnet_has_a_public_address_that_is_billed() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let lines = open_lines(&mut account);
    let id = run(&mut account, &network.public);
    let found = account.ok("DescribeInstances", &[("InstanceId.1", &id)]);
    assert!(
        found.first("ipAddress").starts_with("198.18."),
        "{}",
        found.0
    );
    assert_eq!(
        open_lines(&mut account)[lines.len()..],
        ["nodes", "public_ipv4", "disks"]
    );
    account.ok("TerminateInstances", &[("InstanceId.1", &id)]);
    account.pass(60);
    assert_eq!(open_lines(&mut account), lines);
}

#[test]
fn what_was_not_to_go_with_the_instance_is_left_available() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let id = run(&mut account, &network.private);
    let left = NewInterface {
        subnet_id: network.private.clone(),
        description: format!("aws-K8S-{id}"),
        interface_type: "interface".to_owned(),
        requester_managed: false,
        group_ids: vec![network.nodes.clone()],
        tags: BTreeMap::new(),
        instance_id: Some(id.clone()),
        delete_on_termination: false,
    };
    let left = interfaces::create(account.state(), left).expect("made");
    let params = [("NetworkInterfaceId", left.as_str())];
    account.refused(
        "DeleteNetworkInterface",
        &params,
        "InvalidNetworkInterface.InUse",
    );
    account.ok("TerminateInstances", &[("InstanceId.1", &id)]);
    account.pass(60);
    let found = account.ok(
        "DescribeNetworkInterfaces",
        &[("NetworkInterfaceId.1", &left)],
    );
    assert_eq!(found.first("status"), "available");
    account.refused(
        "DeleteSecurityGroup",
        &[("GroupId", &network.nodes)],
        "DependencyViolation",
    );
    account.ok("DeleteNetworkInterface", &params);
}

#[test]
fn the_primary_interface_of_an_instance_cannot_be_detached() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let id = run(&mut account, &network.private);
    let filter = [
        ("Filter.1.Name", "attachment.instance-id"),
        ("Filter.1.Value.1", id.as_str()),
    ];
    let attachment = account
        .ok("DescribeNetworkInterfaces", &filter)
        .first("attachmentId");
    let params = [("AttachmentId", attachment.as_str())];
    account.refused("DetachNetworkInterface", &params, "OperationNotPermitted");
}

#[test]
fn a_type_without_a_price_cannot_be_run_and_leaves_nothing() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let before = account.inventory();
    let error = run_internal(account.state(), new(&network.private, "x99.huge")).expect_err("no");
    assert_eq!(error.code, "InvalidParameterValue");
    assert_eq!(account.inventory(), before);
}

#[test]
fn the_quota_of_standard_vcpus_limits_how_many_instances_run() {
    let mut account = Account::with(|setup| {
        setup.quotas.insert("L-1216C47A".to_owned(), 4);
    });
    let network = Network::build(&mut account);
    let first = run(&mut account, &network.private);
    run(&mut account, &network.private);
    let refused = run_internal(account.state(), new(&network.private, "t3.medium"));
    assert_eq!(refused.expect_err("2 of 2").code, "VcpuLimitExceeded");
    account.ok("TerminateInstances", &[("InstanceId.1", &first)]);
    run(&mut account, &network.private);
}

#[test]
fn an_instance_is_named_after_its_private_address() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let id = run(&mut account, &network.private);
    let name = private_dns_name(account.state(), &id);
    assert_eq!(name.as_deref(), Some("ip-10-0-101-4.ec2.internal"));
}

#[test]
fn a_volume_in_use_cannot_be_deleted_and_a_free_one_can() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let instance = run(&mut account, &network.private);
    let of_instance = [
        ("Filter.1.Name", "attachment.instance-id"),
        ("Filter.1.Value.1", instance.as_str()),
    ];
    let root = account
        .ok("DescribeVolumes", &of_instance)
        .first("volumeId");
    account.refused("DeleteVolume", &[("VolumeId", &root)], "VolumeInUse");
    let id = volumes::create_internal(
        account.state(),
        "us-east-1a",
        (8, volumes::VolumeType::Gp3),
        BTreeMap::new(),
        Some("r1".to_owned()),
    );
    account.pass(4);
    let found = account.ok("DescribeVolumes", &[("VolumeId.1", &id)]);
    assert_eq!(
        (found.first("status"), found.first("size")),
        ("available".into(), "8".into())
    );
    account.ok("DeleteVolume", &[("VolumeId", &id)]);
    account.refused(
        "DescribeVolumes",
        &[("VolumeId.1", &id)],
        "InvalidVolume.NotFound",
    );
}
